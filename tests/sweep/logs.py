"""Stories of a log that is rotated while somebody follows it: not a byte is lost, doubled or moved."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from looop.session.transcript import Transcript
from support.person import Person
from support.waiting import until
from sweep.lived import KEEPER, PATIENCE, Lived, asked, noted, surely, views
from sweep.sweep import Story, Trap

FLOOD = "flood"
LIMIT = 8192  # bytes of a log, and half of it a segment
LINES = 1600  # of ten bytes each, as a terminal writes them
_PIECE = 100  # lines at once, then a pause in which keeper and engine do what they do


class Rotation(Lived):
    """A session floods over four segments; the engine is struck."""

    name = "rotation"
    lines = LINES

    def prepare(self, looop: Person) -> None:
        """Set the limit of logs."""
        super().prepare(looop)
        settings = json.loads(looop.profile.config.read_text())
        looop.profile.config.write_text(json.dumps(settings | {"session_log_max_bytes": LIMIT}))

    def before(self, looop: Person) -> None:
        """Have one that is about to flood, and ends with it."""
        assert surely(looop, "start-session", FLOOD, "--command", noted(looop, self._flood(looop))).code == 0
        self.folder = looop.profile.sessions / FLOOD

    def act(self, looop: Person) -> None:
        """Let it flood to its end, or to who was struck."""
        _go(looop).touch()
        until(lambda: self.trap.hit or _over(looop), "it to end")

    def after(self, looop: Person) -> Iterator[str]:
        """Compare what is kept with what was said, in the files and as a verb shows it."""
        died = self.keeper_died()
        until(lambda: views(looop)[FLOOD]["state"] in {"ended", "killed", "lost"}, "it to be over")
        view = views(looop)[FLOOD]
        if (view["state"], view["code"]) != (("lost", None) if died else ("ended", 7)):
            yield f"it is {view['state']} with {view['code']}"
        transcript = Transcript(self.folder)
        start, end = transcript.start(), transcript.end()
        kept = b"".join(_all(transcript, start))
        transcript.close()
        whole = b"".join(b"%08d\r\n" % number for number in range(self.lines))
        if kept != whole[start:end]:
            yield f"of {start} to {end} there is {len(kept)} bytes, not as they were said"
        if not died and end != len(whole):
            yield f"it ends at {end}, and {len(whole)} bytes were said"
        shown = surely(looop, "log", FLOOD, "--raw", "--since", "0")
        if shown.out.encode() != kept:
            yield f"`log --raw` shows {len(shown.out)} bytes of {len(kept)}: {shown.err}"

    def _flood(self, looop: Person) -> str:
        counted = f'for (k = 0; k < {_PIECE} && i < {self.lines}; k++) printf "%08d\\n", i++'
        pieces = f'while (i < {self.lines}) {{ {counted}; fflush(); system("sleep 0.02") }}'
        return f"while ! test -e {_go(looop)}; do sleep 0.05; done; awk 'BEGIN {{ {pieces} }}'; exit 7"


class RotationKeeper(Rotation):
    """Keeper is struck: what it had read is there, without a gap."""

    name = "rotation-keeper"
    who = (KEEPER,)
    lines = 1000


class Followers(Rotation):
    """Somebody follows the log, waits for a word and for the end, all across the engine that is struck."""

    name = "followers"
    lines = 800

    def prepare(self, looop: Person) -> None:
        """Leave the logs whole."""
        Lived.prepare(self, looop)

    def tell(self, looop: Person, trap: Trap) -> None:
        """End those who follow, whatever comes."""
        self.waiting: dict[str, subprocess.Popen[str]] = {}
        try:
            super().tell(looop, trap)
        finally:
            for process in self.waiting.values():
                with process:
                    process.kill()

    def before(self, looop: Person) -> None:
        """Begin to follow."""
        super().before(looop)
        self.waiting = {
            verb: looop.start(*argv)
            for verb, argv in {
                "log": ("log", FLOOD, "-f", "--raw", "--since", "0"),
                "expect": ("expect", FLOOD, f"{self.lines - 1:08}"),
                "wait": ("wait", FLOOD),
            }.items()
        }
        until(lambda: all(_connected(process.pid) for process in self.waiting.values()), "all to call")
        surely(looop, "ls")  # asked after them, so they were taken

    def after(self, looop: Person) -> Iterator[str]:
        """Look what they say as well."""
        yield from super().after(looop)
        whole = "".join(f"{number:08}\n" for number in range(self.lines))
        for verb, process in self.waiting.items():
            with suppress(subprocess.TimeoutExpired):
                process.wait(PATIENCE)
            process.kill()
            out, err = process.communicate()
            if process.returncode != (7 if verb == "wait" else 0):
                yield f"`{verb}` ended with {process.returncode}: {err}"
            if verb == "log" and out.replace("\r\n", "\n") != whole:
                yield f"`log -f` showed {len(out)} bytes for {len(whole)}: {err}"


def _all(transcript: Transcript, start: int) -> Iterator[bytes]:
    offset = start
    while (piece := transcript.read(offset))[1]:
        offset = piece[0] + len(piece[1])
        yield piece[1]


def _over(looop: Person) -> bool:
    found = asked(looop, "ls", "--json")
    if found is None or found.code != 0:
        return False
    return any(one["id"] == FLOOD and one["ended"] for one in json.loads(found.out)["sessions"])


def _connected(pid: int) -> bool:
    links = (os.readlink(fd) for fd in Path(f"/proc/{pid}/fd").iterdir())  # noqa: PTH115 - no paths
    with suppress(FileNotFoundError):
        return any(link.startswith("socket:") for link in links)
    return False


def _go(looop: Person) -> Path:
    return looop.profile.data.parent / "go"


LOGS: tuple[type[Story], ...] = (Rotation, RotationKeeper, Followers)
