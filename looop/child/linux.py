"""The process table of Linux, from /proc: what `child.tree` asks of a platform. Standard library only."""

import contextlib
import ctypes
import errno
import functools
import os
import resource
import signal
from collections.abc import Iterator

from looop.child.proc import Proc

_SET_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER and PR_GET_CHILD_SUBREAPER of linux/prctl.h
_GET_SUBREAPER = 37
_BRAND = resource.RLIMIT_RTTIME
"""The limit in which a brand is kept, of microseconds that a real-time program may run on: see `branding`."""


def table() -> dict[int, Proc]:
    """Read every process once: about 20 µs each."""
    found = (proc(int(name)) for name in _names("/proc") if name.isdigit())
    return {entry.pid: entry for entry in found if entry is not None}


def proc(pid: int) -> Proc | None:
    """Read one process; None when there is none."""
    try:
        raw = _read(f"/proc/{pid}/stat")
    except OSError:
        return None
    # The second field is the program's name in brackets and may hold anything, brackets and spaces too.
    fields = raw[raw.rfind(b")") + 2 :].split()
    state, ppid, pgrp, session = fields[0].decode(), int(fields[1]), int(fields[2]), int(fields[3])
    if state == "Z" and int(fields[17]) > 1:
        state = "S"  # only its first thread has ended: it lives on in the others
    return Proc(pid, ppid, pgrp, session, int(fields[19]), state, fields[4] != b"0")


def namespace(pid: int) -> str | None:
    """Name the process's namespace of pids; None when that can't be seen."""
    try:
        return os.readlink(f"/proc/{pid}/ns/pid")  # noqa: PTH115 - as `_read`, for its cost
    except OSError:
        return None


def children(pid: int) -> tuple[int, ...]:
    """Tell a process's direct children, dead ones too: about 50 µs for one without threads.

    Read until it says the same twice: the kernel's list may leave out a child while another one ends.
    """
    tasks = f"/proc/{pid}/task"
    found, before = None, None
    try:
        while found is None or found != before:
            before, found = found, [_read(f"{tasks}/{task}/children") for task in _names(tasks)]
    except OSError:  # a thread ended in between, or a kernel without CONFIG_PROC_CHILDREN
        return tuple(found.pid for found in table().values() if found.ppid == pid)
    return tuple(int(word) for one in found for word in one.split())


def carries(pid: int, entry: str) -> bool:
    """Whether a process was started with `entry` (`NAME=value`) in its environment."""
    try:
        return os.fsencode(entry) in _read(f"/proc/{pid}/environ").split(b"\0")
    except OSError:
        return False


@contextlib.contextmanager
def branding(mark: str) -> Iterator[None]:
    """Brand what is started meanwhile: that stays, whatever it does to its environment. `mark` is in hex.

    It is kept in a limit that is too high to limit anything, and is inherited like all limits (getrlimit(2)).
    Nothing where somebody has set a lower limit for good. No other thread may start a program meanwhile.
    """
    before = resource.getrlimit(_BRAND)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(_BRAND, (_brand(mark), before[1]))
    try:
        yield
    finally:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(_BRAND, before)


def branded(pid: int, mark: str) -> bool:
    """Whether a process was started with the brand of this mark, or below one that was."""
    try:
        return resource.prlimit(pid, _BRAND)[0] == _brand(mark)
    except OSError:
        return False


def _brand(mark: str) -> int:
    # Between 2⁶² and 2⁶³, the largest limit that Python sets: a hundred thousand years.
    return (1 << 62) + int(mark, 16) % (1 << 62)


def bearers(entry: str) -> frozenset[int]:
    """All processes that `carries` holds for: a look at every one, for platforms without a subreaper."""
    return frozenset(pid for pid in map(int, filter(str.isdigit, _names("/proc"))) if carries(pid, entry))


@functools.cache
def boot_id() -> str:
    """Name this boot: no pid or start time means anything in another one."""
    return _read("/proc/sys/kernel/random/boot_id").decode().strip()


def become_subreaper() -> bool:
    """Make this process the parent of all orphans below it, for good; False when the kernel won't."""
    return bool(_libc().prctl(_SET_SUBREAPER, 1, 0, 0, 0) == 0)


def is_subreaper() -> bool:
    """Whether orphans below this process become its children."""
    value = ctypes.c_int()
    asked = _libc().prctl(_GET_SUBREAPER, ctypes.byref(value), 0, 0, 0)
    return bool(asked == 0 and value.value == 1)


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None)


def send(target: Proc, number: signal.Signals) -> bool:
    """Signal that very process; False when it is gone, recycled or not ours to signal."""
    pinned = -1
    try:
        # The descriptor pins the process: no recycled pid can come between the look and the signal.
        pinned = _pin(target.pid)
        found = proc(target.pid)
        if found is None or found.start != target.start:
            return False
        if pinned >= 0:
            signal.pidfd_send_signal(pinned, number)
        else:
            os.kill(target.pid, number)
    except OSError:
        return False
    finally:
        if pinned >= 0:
            os.close(pinned)
    return True


def _pin(pid: int) -> int:
    try:
        return os.pidfd_open(pid)
    except OSError as error:
        if error.errno == errno.ENOSYS:  # Linux before 5.3
            return -1
        raise


def _names(folder: str) -> list[str]:
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries]


def _read(path: str) -> bytes:
    # A third of the cost of Path.read_bytes, which counts when a whole table is read.
    opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return b"".join(iter(lambda: os.read(opened, 65536), b""))
    finally:
        os.close(opened)
