"""A controlling terminal for this process, whose verbs are then a person's; and calls that have none.

In: a process that may lead a session. Out: a terminal that lives as long as this process. What is started
below has it too, unless it begins a session of its own, as `apart` has it do.
"""

import fcntl
import os
import pty
import termios
from contextlib import suppress

from looop.child import tree

_held: list[int] = []  # both ends of it: without them the terminal hangs up


def sit_down() -> None:
    """Take a terminal if this process has none, in a session of its own; where that can't be, do nothing."""
    found = tree.proc(os.getpid())
    if found is None or found.terminal:
        return
    with suppress(OSError):
        os.setsid()
        _held.extend(pty.openpty())
        fcntl.ioctl(_held[1], termios.TIOCSCTTY, 0)


def apart(*command: str) -> tuple[str, ...]:
    """Give the command that runs this one without a terminal, as cron or a unit would."""
    return ("setsid", "--wait", *command)
