"""Children that try to outlive who started them (`child/hostile.py`), all kinds at once, each to be named.

In: what a step or a session shall do once it has started them. Out: a shell script; who of them lives, seen
from outside of all cells. One kind is missing: a chain of forks, whose links live for milliseconds, is seen
by no look from outside; `child/test_survivors.py` counts it from within.
"""

import os
import shlex
import shutil
import sys
from collections import Counter
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from looop.child import tree
from support.waiting import until

PROGRAM = Path(__file__).parents[1] / "child" / "hostile.py"
HANGING = (
    "stopped",
    "ignores-term",
    "exec",
    "daemon-then-hang",
    "cleared-daemon-then-hang",
    "forks-for-ever",
)
LEAVING = (
    "daemon-holds-stdout",
    "daemon-is-silent",
    "daemon-cleared-environment",
    "daemon-in-group",
    "first-thread-ends",
)
WHOLE = {"stopped": 2, "ignores-term": 4, "exec": 4, "daemon-then-hang": 2, "cleared-daemon-then-hang": 2}
"""How many processes a kind is when all of it is there; one, where it is not said."""

PAUSE = 0.1  # seconds between two forks: there are many of them at once
MULTIPLY = "forks-for-ever"  # begins when all others are there, or a slow machine drowns before that
ALL = (*HANGING, *LEAVING)


@dataclass(frozen=True)
class Hostiles:
    """One of each kind, told by marks in their arguments. `gate` is a file whose coming they may wait for."""

    gate: Path
    kinds: Collection[str] = ALL
    mark: str = field(default_factory=lambda: f"mark-{os.urandom(6).hex()}")

    def script(self, then: str) -> str:
        """Start them all; `{gate}` in what comes then waits for the gate.

        Their program lies beside the gate: a cell need not show the checkout. Each crowd has its own copy,
        because one that is being written over is an empty program to those who are just starting.
        """
        program = shutil.copy(PROGRAM, self.gate.with_name(f"{self.gate.name}.{PROGRAM.name}"))
        python = shlex.join([os.path.realpath(sys.executable), "-S", str(program)])
        calls = {kind: f"{python} {kind} {self.mark}.{kind} {PAUSE}" for kind in self.kinds}
        if last := calls.pop(MULTIPLY, None):
            calls[MULTIPLY] = f"({_until(self._others)}; exec {last})"
        each = "\n".join(f"{call} &" for call in calls.values())
        return f"{each}\n{then.replace('{gate}', _until(self.gate))}\n"

    @property
    def _others(self) -> Path:
        return self.gate.with_name(f"{self.gate.name}.others")

    def alive(self) -> list[str]:
        """Name those that live, with their processes."""
        found = ((entry.pid, _words(entry.pid)) for entry in tree.table().values() if not entry.dead)
        return sorted(f"{kind} {pid}" for pid, words in found for kind in self.kinds if self._is(kind, words))

    def _is(self, kind: str, words: list[str]) -> bool:
        return f"{self.mark}.{kind}" in words  # a whole argument: a shell has all marks in its script

    def missing(self) -> list[str]:
        """Name the kinds that are not all there."""
        there = Counter(name.split()[0] for name in self.alive())
        return [kind for kind in self.kinds if there[kind] < WHOLE.get(kind, 1)]

    def whole(self) -> bool:
        """Tell whether one of each kind lives; who multiplies may begin once all others do."""
        missing = set(self.missing())
        if missing == {MULTIPLY}:
            self._others.touch()
        return not missing

    def begun(self) -> None:
        """Wait until one of each kind lives."""
        try:
            until(self.whole, "all of them to begin")
        except AssertionError as error:
            raise AssertionError(f"{error}; missing are {self.missing()}") from None


def _until(gate: Path) -> str:
    return f"until test -e {shlex.quote(str(gate))}; do sleep 0.05; done"


def _words(pid: int) -> list[str]:
    """Give a process's arguments, also of one whose first thread has ended: the others still have them."""
    with suppress(OSError):  # it has gone
        for path in (Path(f"/proc/{pid}/cmdline"), *Path(f"/proc/{pid}/task").glob("*/cmdline")):
            if words := path.read_text(errors="replace"):
                return words.split("\0")
    return []
