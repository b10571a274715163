"""A foreground tick in two processes, so that a SIGKILL of either leaves nothing running.

The first one waits and is the subreaper: whatever a killed tick leaves falls to it and is killed. The second
one works; it hears the first one's end on a pipe, and then ends its agent and itself. A profile with an
engine has keeper for this.
"""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import NoReturn

import trio

from looop.child import tree
from looop.child.proc import Proc
from looop.core.problem import Problem
from looop.engine import holder, machine
from looop.store import paths

STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SIGNALLED = 128  # plus the signal's number, as shells have it

_line: int | None = None


def run(work: Callable[[], int]) -> int:
    """Do `work` in a process of its own and give its exit code, or 128 and the signal that ended it.

    INT, TERM and HUP are handed on to it; when it has ended, nothing that it started lives but the
    keeper that its landing may have started. Where no process can be seen it is done here, and says so.
    """
    if machine.lacks():
        return work()
    heard, held = os.pipe()
    worker = os.fork()
    if worker == 0:
        os.close(held)
        _work(work, heard)
    os.close(heard)
    tree.become_subreaper()

    def hand_on(number: int, _frame: FrameType | None) -> None:
        with suppress(ProcessLookupError):
            os.kill(worker, number)

    for number in STOPS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, hand_on)
    _, status = os.waitpid(worker, 0)
    tree.sweep((), spared=_is_keeper)
    os.close(held)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else SIGNALLED - code


def _is_keeper(process: Proc) -> bool:
    """Whether this is the keeper of the profile that the environment names, or its guardian."""
    try:
        profile = paths.locate(os.environ, os.getcwd())  # noqa: PTH109 - a string, and it may be gone
    except (Problem, OSError):
        return False
    found = holder.living(profile.keeper_lock)
    return found is not None and process.pid in {found.pid, found.ppid}


async def orphaned() -> None:
    """Return when the waiting process has ended; never in a process that has none."""
    while _line is None:
        await trio.sleep_forever()
    await trio.lowlevel.wait_readable(_line)


def _work(work: Callable[[], int], heard: int) -> NoReturn:
    global _line  # noqa: PLW0603 - a fact about this process, like its pid
    _line = heard
    code = 1
    try:
        code = work()
    finally:
        os._exit(code)
