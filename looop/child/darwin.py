"""The process table of macOS, from `ps`: what `child.tree` asks of a platform. Standard library only.

Written to the documentation of ps(1) and sysctl(8) and untested: macOS has no /proc and no subreaper, so
trees are found by parent, group, session and a key in the environment; what leaves all four is lost to us.
"""

import os
import signal
import subprocess
import time
from contextlib import AbstractContextManager, nullcontext

from looop.child.proc import Proc

_PS = "/bin/ps"
_FIELDS = ["-o", "pid=", "-o", "ppid=", "-o", "pgid=", "-o", "stat=", "-o", "tt=", "-o", "lstart="]
_LSTART = "%a %b %d %H:%M:%S %Y"


def table() -> dict[int, Proc]:
    """Read every process once."""
    return {entry.pid: entry for entry in map(_row, _ask([_PS, "-A", *_FIELDS]).splitlines())}


def proc(pid: int) -> Proc | None:
    """Read one process; None when there is none."""
    return next(map(_row, _ask([_PS, "-p", str(pid), *_FIELDS]).splitlines()), None)


def namespace(pid: int) -> str | None:  # noqa: ARG001 - the seam's
    """Tell that there is one for all."""
    return ""


def children(pid: int) -> tuple[int, ...]:
    """Tell a process's direct children, dead ones too."""
    return tuple(found.pid for found in table().values() if found.ppid == pid)


def carries(pid: int, entry: str) -> bool:
    """Whether a process was started with this `NAME=value`; `-E` shows it for one's own processes only."""
    return entry in _ask([_PS, "-E", "-ww", "-p", str(pid), "-o", "command="]).split()


def branding(mark: str) -> AbstractContextManager[None]:  # noqa: ARG001 - the seam's
    """Do nothing: no limit of another process can be read."""
    return nullcontext()


def branded(pid: int, mark: str) -> bool:  # noqa: ARG001 - the seam's
    """Tell that nobody is."""
    return False


def bearers(entry: str) -> frozenset[int]:
    """All processes that `carries` holds for."""
    lines = (line.split() for line in _ask([_PS, "-A", "-E", "-ww", "-o", "pid=,command="]).splitlines())
    return frozenset(int(words[0]) for words in lines if entry in words)


def boot_id() -> str:
    """Name this boot: no pid or start time means anything in another one."""
    return _ask(["/usr/sbin/sysctl", "-n", "kern.bootsessionuuid"]).strip()


def become_subreaper() -> bool:
    """Tell that macOS cannot do it."""
    return False


def is_subreaper() -> bool:
    """Tell that macOS cannot do it."""
    return False


def send(target: Proc, number: signal.Signals) -> bool:
    """Signal that very process; False when it is gone, recycled or not ours to signal."""
    found = proc(target.pid)
    if found is None or found.start != target.start:
        return False
    try:
        os.kill(target.pid, number)
    except OSError:
        return False
    return True


def _row(line: str) -> Proc:
    pid, parent, group, state, terminal, started = line.split(None, 5)
    start = int(time.mktime(time.strptime(started.strip(), _LSTART)))
    sits = terminal.strip("?-") != ""
    return Proc(int(pid), int(parent), int(group), _session(int(pid)), start, state[0], sits)


def _session(pid: int) -> int:
    # ps prints a kernel address for `sess`.
    try:
        return os.getsid(pid)
    except OSError:
        return 0


def _ask(argv: list[str]) -> str:
    # The C locale, or the dates would not parse; a bound, because a beat waits for this.
    done = subprocess.run(
        argv, capture_output=True, check=False, timeout=5, env={"LC_ALL": "C"}, stdin=subprocess.DEVNULL
    )
    return done.stdout.decode(errors="surrogateescape")
