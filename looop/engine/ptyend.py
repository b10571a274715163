"""The end of terminals' process trees, a step at a time, so that all other terminals go on meanwhile.

In: a leader's pid and a grace; who keeper's own children are. Out: signals until nothing of it lives. A step
takes some milliseconds at most; `due` says when the next one is. For `engine.ptys`.
"""

import math
import signal
from collections.abc import Collection, Iterator, Sequence

from looop.child import tree
from looop.child.inside import SHELL
from looop.child.monitors import command_line, monitors
from looop.engine.keeperlog import log

PASS = 0.005  # seconds between two passes of killing
PATIENCE = 5.0  # seconds after which what can't be killed is tried more rarely, or left alone
RARELY = 1.0
HASTE, SLOWLY = 1.0, 0.1  # seconds of sweeping at full speed, and the pause between passes after that
_SHELL = "\0".join(SHELL).encode()


class Ending:
    """One tree's end on request: TERM, a grace, KILL. `told` once somebody asked for it."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._killing: Iterator[object] | None = None
        self._hasty_until = math.inf
        self.told = False
        self.due = math.inf

    def begin(self, now: float, grace: float) -> None:
        """Ask politely, and kill after `grace` seconds; a second call can only shorten that."""
        if not self.told and grace > 0:
            ask(self._pid)
        self.told = True
        self.due = min(self.due, now + max(0.0, grace))

    def resume(self, due: float) -> None:
        """Take over an end that was begun before a renewal."""
        self.told, self.due = True, due

    def step(self, now: float) -> None:
        """Do one pass of killing; there are more until the leader has ended. Its status is not collected."""
        if self._killing is None:
            self._killing = tree.killing(self._pid)
            self._hasty_until = min(self._hasty_until, now + PATIENCE)
        try:
            more = next(self._killing, None) is not None
        except OSError:  # the table could not be read
            more = False
        if not more:
            self._killing = None
        self.due = now + (PASS if more and now < self._hasty_until else RARELY)


class Sweeper:
    """Kills what ended sessions and dead engines left: children of ours that we did not start ourselves."""

    def __init__(self, known: Collection[int]) -> None:
        self._known = known
        self._sweeping: Iterator[object] | None = None
        self._until = math.inf
        self.due = math.inf

    @property
    def busy(self) -> bool:
        """Whether something is still being killed."""
        return self._sweeping is not None

    def begin(self, now: float) -> None:
        """Look at once; `busy` is False right away if there is nothing."""
        if self._sweeping is None:
            self._until = now + PATIENCE
            self._sweeping = tree.sweeping(self._known)
            self.step(now)

    def step(self, now: float) -> None:
        """Do one pass."""
        try:
            more = self._sweeping is not None and next(self._sweeping, None) is not None
        except OSError:
            more = False
        if more and now >= self._until:
            log("something that was left running can't be killed")
            more = False
        if not more:
            self._sweeping = None
        hasty = now < self._until - PATIENCE + HASTE
        self.due = now + (PASS if hasty else SLOWLY) if more else math.inf


def ask(leader: int) -> None:
    """Send TERM to all below a leader, and let what was stopped go on so that it hears.

    The shell on top ends by itself when what it runs has ended, and keeps it together till then: so does what
    makes a cell around it, whose end would be everybody's at once. The shell itself is asked only if it runs
    nothing, and what has taken its place always.
    """
    below = [entry for entry in tree.descendants(leader) if not entry.dead]
    found = tree.proc(leader)
    top = [found] if found is not None else []
    holders = _holders(leader, below)
    asked = [entry for entry in (*below, *top) if entry.pid not in holders]
    for entry in asked or [entry for entry in (*below, *top) if entry.pid in holders[-1:]]:
        tree.send(entry, signal.SIGTERM)
    for entry in [*below, *top]:
        tree.send(entry, signal.SIGCONT)


def _holders(leader: int, below: Sequence[tree.Proc]) -> tuple[int, ...]:
    """Give the processes that only hold others, the innermost shell last; none if none is on top.

    On top is the shell, or what makes a cell around another. A keeper that was renewed has both, one in the
    other.
    """
    command = command_line(leader)
    around = monitors([leader, *(entry.pid for entry in below if entry.ppid == leader)], below)
    if leader not in around and command is not None and not command.startswith(_SHELL):
        return ()  # None: no such table here; it mostly is a shell
    shells = [
        entry.pid
        for entry in below
        if entry.ppid in around and (command_line(entry.pid) or b"").startswith(_SHELL)
    ]
    return (leader, *around, *shells) if shells else (leader,)
