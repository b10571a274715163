"""Who holds a kernel lock: the line that a holder leaves in the lock's file, and whether it still is true.

In: a lock's path. Out: the process that wrote the line, if that very process lives in this boot; a pid alone
proves nothing. `myself` is what a holder leaves; keeper imports this too, so it imports no store.
"""

import os
import re
import stat
from pathlib import Path

from looop.child import tree
from looop.child.proc import Proc

_LINE = re.compile(rb"pid (\d{1,10}), started (\d{1,20}), boot (\S+)\n")
_LONGEST = 256


def myself() -> bytes:
    """Give the line of this process."""
    me = os.getpid()
    return f"pid {me}, started {tree.start_time(me)}, boot {tree.boot_id()}\n".encode()


def living(lock: Path) -> Proc | None:
    """Give the process that says it holds the lock, if it lives; None for no line, or an untrue one.

    The lock itself is not tried: even a moment's try could turn away a keeper that starts.
    """
    found = _LINE.match(_head(lock))
    if found is None or found[3].decode() != tree.boot_id():
        return None
    process = tree.proc(int(found[1]))
    if process is None or process.start != int(found[2]) or process.dead:
        return None
    return process


def _head(path: Path) -> bytes:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.read(fd, _LONGEST) if stat.S_ISREG(os.fstat(fd).st_mode) else b""
    finally:
        os.close(fd)
