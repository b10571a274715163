"""What no mount could hide from a program on Linux: sockets without a path, and the kernel's keyrings.

In: nothing. Out: the calling thread, and all that it starts, has a keyring of its own and, from Linux 6.12 on
(Landlock), may connect to no abstract socket that somebody else made (X11, D-Bus, session managers). For
keeper and the engine: standard library alone, nothing imported after a fork.
"""

import ctypes
import functools
import os
import sys
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# From linux/landlock.h, linux/prctl.h and the system call table, the same on every architecture.
_CREATE_RULESET = 444
_RESTRICT_SELF = 446
_VERSION_ASKED = 1
_SCOPES_SINCE = 6  # version of the interface
_ABSTRACT_SOCKETS = 1
_NO_NEW_PRIVILEGES = 38
_KEYCTL = {"x86_64": 250, "aarch64": 219}.get(os.uname().machine)
_JOIN_SESSION_KEYRING = 1


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


def possible() -> bool:
    """Tell whether this kernel keeps programs from abstract sockets."""
    if not sys.platform.startswith("linux"):
        return False
    version = _libc().syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION_ASKED))
    return int(version) >= _SCOPES_SINCE


def enter() -> None:
    """Restrict this thread and all that it will start, for ever. OSError when the kernel refuses.

    Where the kernel keeps no keyrings there is nothing in them.
    """
    libc = _libc()
    if _KEYCTL is not None:
        libc.syscall(_KEYCTL, _JOIN_SESSION_KEYRING, None)
    if possible():
        _leave_abstract_sockets(libc)


def _leave_abstract_sockets(libc: ctypes.CDLL) -> None:
    rules = _Ruleset(0, 0, _ABSTRACT_SOCKETS)
    made = libc.syscall(
        _CREATE_RULESET, ctypes.byref(rules), ctypes.c_size_t(ctypes.sizeof(rules)), ctypes.c_uint32(0)
    )
    if made < 0:
        raise OSError(ctypes.get_errno(), "landlock_create_ruleset")
    try:
        if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) or libc.syscall(
            _RESTRICT_SELF, ctypes.c_int(made), ctypes.c_uint32(0)
        ):
            raise OSError(ctypes.get_errno(), "landlock_restrict_self")
    finally:
        os.close(made)


def within(start: Callable[[], T]) -> T:
    """Start a program from a thread that is restricted, and ends: the caller itself stays free.

    Returns or raises what `start` does. A thread costs about 0.1 ms, and it has ended before this returns.
    """
    outcome: list[T] = []
    failed: list[BaseException] = []

    def work() -> None:
        try:
            enter()
            outcome.append(start())
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            failed.append(error)

    thread = threading.Thread(target=work, name="scope")
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return outcome[0]


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
