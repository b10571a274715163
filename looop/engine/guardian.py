"""The guardian: keeper's parent, which does nothing but see to it that no session outlives keeper.

In: what keeper gets. Out: keeper, as a child; and when that has ended, however it did, nothing of what it
kept. A session whose keeper was killed is hung up. What ignores that, in a session of its own and without a
mark in its environment, is nobody's any more: only a subreaper above keeper knows whose it was. Till all is
gone `.keeper.lock` is held, so no other keeper starts. Neighbours: `keeper`; `startup`, which starts both.
"""

import contextlib
import os
import signal
import time
from collections.abc import Sequence

from looop.child import tree
from looop.child.proc import Proc
from looop.engine import keeper, renewal
from looop.engine.keeperlog import log
from looop.engine.timing import Timing

FAREWELL = 2.0  # seconds that sessions have for their own end after the hang-up
PAUSE = 0.02  # seconds between two looks
KILLING = 5.0  # seconds after which what can't be killed is left alone, or no keeper could ever start


def main(argv: Sequence[str]) -> int:
    """Be the guardian, and in a child keeper, as `keeper.main` says; keeper's exit code.

    A keeper that was renewed has its guardian already, unless it is older than guardians. Where orphans don't
    fall to anybody there is none.
    """
    if argv[2] == renewal.RENEWED or not tree.become_subreaper():
        return keeper.main(argv)
    child = os.fork()
    if child == 0:
        return keeper.main(argv)
    return _guard(child, Timing.parse(argv[1]))


def _guard(child: int, timing: Timing) -> int:
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):  # a logout tells all: keeper goes first
        signal.signal(number, signal.SIG_IGN)
    os.chdir("/")
    os.closerange(keeper.LOCK + 1, os.sysconf("SC_OPEN_MAX"))
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    _clear(child, timing)
    return code if code >= 0 else 128 - code


def _clear(ended: int, timing: Timing) -> None:
    """Return when nothing is left of what this keeper kept.

    Its engine sees by itself that it has gone, and ends its steps: it has `timing.grace` seconds for that.
    """
    began = time.monotonic()

    def engines(entry: Proc) -> bool:
        return entry.session == ended

    while _alive():
        late = time.monotonic() - began
        if late >= timing.grace:
            if not tree.sweep((), limit=KILLING):
                log("something that keeper had started can't be killed")
            return
        if late >= FAREWELL:
            tree.sweep((), spared=engines, limit=KILLING)
        time.sleep(PAUSE)


def _alive() -> bool:
    """Tell whether a child of ours lives; those that have ended are collected."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
        return True
    return False
