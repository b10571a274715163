"""Where a chaos run happens: a person with a launcher, a profile whose AI and sensors are actors, the clues.

In: a folder. Out: `Stage`: verbs that are called, processes that are found and hit, notes that actors left.
"""

import json
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL

from looop.child import tree
from looop.child.proc import Proc
from looop.engine import holder
from support.launching import Launchers
from support.person import Person, person
from support.surviving import answers
from support.tested import ROOT

HERE = Path(__file__).parent
PATIENCE = 60.0
"""Seconds that a verb, an engine's return or the truth may take on a loaded machine."""

_SETTINGS = {
    "runner": "chaos",
    "interval": 5,
    "busy_interval": 1,
    "active_interval": 2,
    "edit_settle": 0.2,
    "tick_timeout": 5,
    "sensor_timeout": 2,
    "max_sessions": 0,
    "max_decides_per_hour": 0,
    "max_decides_per_day": 0,
    "flag_wait_max": 20,
}


class Violation(AssertionError):  # noqa: N818 - the word for it
    """Something that must hold, and did not."""


@dataclass
class Stage:
    """One profile and all who act in it."""

    looop: Person
    notes: Path

    @property
    def data(self) -> Path:
        """The profile's folder."""
        return self.looop.profile.data

    def actor(self, kind: str) -> str:
        """Give the command of an actor, for a shell."""
        return f"exec {shlex.join([sys.executable, '-S', str(HERE / 'actor.py'), kind, str(self.notes)])}"

    def noted(self, name: str) -> list[str]:
        """Give the whole lines of one of the actors' notes."""
        path = self.notes / name
        return path.read_text().split("\n")[:-1] if path.exists() else []

    @property
    def keeper(self) -> Proc | None:
        """The keeper that lives."""
        return holder.living(self.looop.profile.keeper_lock)

    @property
    def engine(self) -> Proc | None:
        """The engine that lives, and holds the profile."""
        return holder.living(self.looop.profile.lock)

    def answers(self) -> bool:
        """Tell whether an engine can be called."""
        return self.engine is not None and answers(self.looop.profile.sock)

    def steps(self, word: str) -> list[Proc]:
        """Give the processes that the engine has started for a tick or a sensor."""
        engine = self.engine
        below = tree.descendants(engine.pid) if engine else ()
        return [one for one in below if not one.dead and word in command_line(one.pid)]


def command_line(pid: int) -> str:
    """Give a process's arguments, "" when it has gone."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    return ""


def must(condition: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
    """Wait for what has to become true; Violation when it does not."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            raise Violation(f"not within {patience:g} s: {what}")
        time.sleep(0.01)


def hit(process: Proc | None) -> bool:
    """SIGKILL a process, and wait for its end; False if there is none."""
    if process is None or not tree.send(process, SIGKILL):
        return False
    must(lambda: not tree.alive(process.pid, process.start), f"the end of the killed process {process.pid}")
    return True


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """Set it up, and see that nothing of it is left afterwards."""
    notes = folder / "notes"
    notes.mkdir()
    (notes / "mode").write_text("note")
    quick = folder / "quick"
    quick.write_text(f'#!/bin/sh\nshift 3\nexec {shlex.quote(sys.executable)} -P {HERE / "quick.py"} "$@"\n')
    quick.chmod(0o700)
    (folder / "bin").mkdir()
    launcher = str(Launchers(folder / "bin")())
    places = {"LAUNCHER_TEST_PYTHON": str(quick), "PYTHONPATH": str(ROOT)}
    with person(folder, program=(launcher,), **places) as looop:
        found = Stage(looop, notes)
        runner = {
            "tick": found.actor("tick"),
            "interactive": found.actor("agent"),
            "resume": found.actor("agent"),
        }
        settings = json.loads(looop.profile.config.read_text())
        looop.profile.config.write_text(json.dumps(settings | _SETTINGS | {"runners": {"chaos": runner}}))
        try:
            yield found
        finally:
            _let_go(found)


def _let_go(found: Stage) -> None:
    """Have nothing stopped that the end of the profile waits for."""
    for process in (found.keeper, found.engine):
        if process is not None:
            subprocess.run(["kill", "-CONT", str(process.pid)], check=False, capture_output=True)
