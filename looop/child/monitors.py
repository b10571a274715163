"""The processes that only make a cell and wait for it: whose end would be everybody's within, at once.

In: a program that was started in a cell, and all below it. Out: which of them a polite signal has to spare.
bubblewrap is two processes around a command: a monitor outside, and the first process of the cell, which
ends with what it runs. On macOS nothing stands around a confined program. Standard library only, for keeper.
"""

import os
from collections.abc import Iterable

from looop.child.proc import Proc

PROGRAM = b"bwrap"  # see `child.bubblewrap`
_HEAD = 4096  # bytes of a command line


def monitors(top: Iterable[int], below: Iterable[Proc]) -> tuple[int, ...]:
    """Give those of `top` that monitor a cell, and the first process in each, all pids."""
    outer = [pid for pid in top if _is_monitor(pid)]
    return (*outer, *(entry.pid for entry in below if entry.ppid in outer))


def command_line(pid: int) -> bytes | None:
    """Give the head of a process's NUL-separated arguments; None where that can't be read."""
    try:
        fd = os.open(f"/proc/{pid}/cmdline", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return os.read(fd, _HEAD)
    except OSError:  # it has just gone
        return None
    finally:
        os.close(fd)


def _is_monitor(pid: int) -> bool:
    program = (command_line(pid) or b"").partition(b"\0")[0]
    return program.rpartition(b"/")[2] == PROGRAM
