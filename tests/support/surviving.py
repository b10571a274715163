"""What tests of survival need: a flood whose every line counts, engines that are awaited, quick timing.

In: a `support.person.Person`. Out: sessions that flood until they are told to stop, and the proof that not a
line of it was lost, doubled or moved.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from looop.child import tree
from looop.child.proc import Proc
from looop.engine import holder
from looop.engine.address import dial
from looop.engine.timing import Timing
from support.person import PATIENCE, Person
from support.tested import ROOT, build
from support.waiting import until

# Numbered lines until a file is there, then how many there were. It pauses, or it would fill the log's limit.
_FLOOD = """awk 'BEGIN {{
    while ((getline x < "{stop}") < 0) {{
        for (k = 0; k < 2000; k++) printf "%09d\\n", i++
        fflush()
        system("sleep 0.05")
    }}
    printf "all %d\\n", i
    exit {code}
}}'"""
_UP = """
import os, sys, trio
from pathlib import Path
from looop.engine import startup
from looop.engine.timing import Timing
from looop.store.paths import Profile
data, config, timing, build, *command = sys.argv[1:]
startup.build = lambda: build
profile, timing = Profile(Path(data), Path(config)), Timing.parse(timing)
trio.run(lambda: startup.up(profile, env=os.environ, command=command, timing=timing))
"""


class Floods:
    """Sessions that flood at once, until `stop`."""

    def __init__(self, looop: Person, folder: Path, number: int) -> None:
        self._looop = looop
        self._stop = folder / "stop"
        self.names = tuple(f"flood{index}" for index in range(number))
        for index, name in enumerate(self.names):
            command = _FLOOD.format(stop=self._stop, code=self.code(index))
            looop("start-session", name, "--command", command)
        for name in self.names:
            self.grow(name)

    @staticmethod
    def code(index: int) -> int:
        """Give the exit code of one."""
        return 20 + index

    def grow(self, name: str) -> None:
        """Wait until it has said more than it has now, which needs no engine."""
        log = self._looop.profile.sessions / name / "output.log"
        size = log.stat().st_size
        until(lambda: log.stat().st_size > size + 20_000, f"{name} to say more")

    def stop(self) -> None:
        """Have all end, and see that nothing of what they said and how they ended is lost."""
        self._stop.touch()
        for index, name in enumerate(self.names):
            assert self._looop.call("wait", name).returncode == self.code(index)
            *lines, last = self._looop("log", name, "--raw", "--since", "0").splitlines()
            assert last == f"all {len(lines)}"
            assert len(lines) > 2000
            assert lines == [f"{number:09}" for number in range(len(lines))]


def next_engine(looop: Person, before: Proc) -> Proc:
    """Wait for the engine after this one, and until it can be called."""

    def found() -> bool:
        engine = holder.living(looop.profile.lock)
        return engine is not None and engine.pid != before.pid and answers(looop.profile.sock)

    until(found, "another engine")
    return looop.engine


def answers(sock: Path) -> bool:
    """Tell whether somebody listens there."""
    line = dial(str(sock), 0)
    if line is not None:
        line.close()
    return line is not None


def gone(processes: Sequence[Proc]) -> None:
    """Wait until none of these lives."""
    until(lambda: not any(tree.alive(each.pid, each.start) for each in processes), f"the end of {processes}")


def killed(process: Proc, number: int = signal.SIGKILL) -> None:
    """Send a signal, and wait for the end that it brings."""
    os.kill(process.pid, number)
    gone([process])


def started_with(looop: Person, timing: Timing) -> None:
    """Do `up`, with this patience of keeper and engine for each other."""
    where = (str(looop.profile.data), str(looop.profile.config), timing.argument(), build())
    code = [sys.executable, "-P", "-c", _UP, *where, *looop.program]
    env = looop.env | {"PYTHONPATH": str(ROOT)}
    subprocess.run(code, env=env, cwd=looop.profile.data.parent, timeout=PATIENCE, check=True)


def leaderless(looop: Person) -> None:
    """Take away the goals that would have the rehearsal start sessions of its own."""
    for goal in (looop.profile.data / "goals").glob("*.md"):
        goal.unlink()


def leader(looop: Person, name: str) -> Proc:
    """Give the first process of a session."""
    found = tree.proc(int(looop.session(name)["pid"]))
    assert found is not None
    return found
