"""Stories of what is read on a disk that fails: what can't be read is said to be so, and is never absent."""

import json
from collections.abc import AsyncIterator, Iterator

from faults.errors import Story
from looop.core.sessions import Known, Meta
from looop.engine.ptylog import Log
from looop.store import claims, events, flags, ledger, sessions
from looop.store.ledger import Entry
from support.profiles import GOAL, made_in
from support.verbs import Looop


class Looking(Story):
    """A person who looks at everything: each verb shows the same as on a well disk, or says why not."""

    name = "looking"

    VERBS = (
        *(("goals",), ("goal", "show", "a"), ("sensors",), ("journal",)),
        *(("claims",), ("cost",), ("events",), ("ls",)),
    )

    async def prepare(self) -> None:
        """Make a profile with one of each."""
        profile = self.profile = made_in(self.folder)
        (profile.goals / "a.md").write_text(GOAL)
        sensor = profile.sensors / "s.sh"
        sensor.write_text("#!/bin/sh\necho 1\n")
        sensor.chmod(0o700)
        profile.journal.write_text("- 2025-11-22 10:00 did it\n")
        profile.config.write_text('{"runner": "rehearsal"}')
        profile.config.chmod(0o600)
        folder = profile.sessions / "a"
        folder.mkdir(mode=0o700)
        meta = Meta("a", "G", "true", str(profile.data), 1.0, (80, 24))
        sessions.write_meta(sessions.Entry(folder, meta, Known(since=1.0)))
        claims.take(profile, "desk", "a", "G")
        ledger.record(profile, Entry(1.0, "tick-20251122-100000-abcdef", "mine", 0.25, outcome="landed"))
        events.emit(profile, "began", at=1.0)
        flags.raise_flag(profile, "disk", "the disk is full")
        self.looop = Looop(profile)
        self.wanted = {verb: (await self.looop(*verb)).out for verb in self.VERBS}
        self.wrong = list[str]()

    async def tell(self) -> None:
        """Look at everything."""
        for verb in self.VERBS:
            said = await self.looop(*verb)
            if said.code == 0 and said.out != self.wanted[verb] and not said.err and "read" not in said.out:
                self.wrong.append(f"{verb} hides it: {said.out!r}")
            if "Traceback" in said.err:
                self.wrong.append(said.err)

    async def broken(self) -> AsyncIterator[str]:
        """Give what was hidden."""
        for violation in self.wrong:
            yield violation


class Pumping(Story):
    """Keeper's log of a session: it takes all that is said, waits while the disk fails, and loses no byte."""

    name = "pumping"

    async def prepare(self) -> None:
        """Begin a log whose segments are small, so that it is rotated on the way."""
        self.place = self.folder / "data" / "a"
        self.place.mkdir(parents=True)
        self.log = Log.create(str(self.place), 4000)
        self.said = b""

    async def tell(self) -> None:
        """Say fifty lines, with a record now and then."""
        for number in range(50):
            line = f"{number:09} {'x' * 50}\n".encode()
            self.log.append(line)
            self.said += line
            if number % 10 == 0:
                self.log.note(did=number)
            assert self.log.offset == len(self.said), "an offset is wrong while the disk fails"

    async def broken(self) -> AsyncIterator[str]:
        """Let what waits be written, and compare it, from wherever the kept segments begin."""
        if not self.log.flush():
            yield "something waits for a disk that is well"
        self.log.close()
        for violation in self._lost():
            yield violation

    def _lost(self) -> Iterator[str]:
        older = sorted(self.place.glob("output-*.log"), key=lambda path: int(path.stem[7:]))
        start = int(older[0].stem[7:]) if older else 0
        kept = b"".join(path.read_bytes() for path in (*older, self.place / "output.log"))
        if kept != self.said[start:]:
            yield f"{len(self.said) - start} bytes were said from {start} on, and {len(kept)} are kept"
        lines = (self.place / "pty.jsonl").read_text().splitlines()
        if [json.loads(line)["did"] for line in lines] != [0, 10, 20, 30, 40]:
            yield f"a record is lost: {lines}"
