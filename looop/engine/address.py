"""Where an engine listens, and who is at the other end of a connection.

In: a socket's path of any length. Out: a connection to an engine of our own user, and the kernel's word on
a peer's pid and user. Both ends use it: `engine.client` to connect, `engine.control` to bind and to judge.
Imports nothing that costs time, because a relayed verb comes through here.
"""

from __future__ import annotations

import _socket
import errno
import os
import sys
import time

TYPE_CHECKING = False  # see core.wire
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Protocol

    class Connection(Protocol):
        """A socket of the standard library or of Trio."""

        def getsockopt(self, level: int, optname: int, buflen: int, /) -> bytes:
            """Ask the kernel."""


LONGEST = 100  # bytes; the kernel's limit is 108 on Linux and 104 on macOS
PAUSE = 0.02  # seconds between two tries at a full queue

# <sys/un.h> of macOS; the standard library has no names for these.
_SOL_LOCAL, _LOCAL_PEERCRED, _LOCAL_PEERPID, _XUCRED_SIZE = 0, 0x001, 0x002, 76


def socket_path(env: Mapping[str, str], cwd: str) -> str | None:
    """Find the profile's socket as `store.paths.locate` does, without what importing that costs.

    None where `locate` has a problem to tell.
    """
    if data := env.get("LOOOP_DATA_DIR"):
        return f"{cwd}/{data}/.sock" if data[0] != "/" else f"{data}/.sock"
    state, home = env.get("XDG_STATE_HOME", ""), env.get("HOME", "")
    if state.startswith("/"):
        return f"{state}/looop/.sock"
    return f"{home}/.local/state/looop/.sock" if home.startswith("/") else None


def dial(path: str, patience: float) -> _socket.socket | None:
    """Connect to an engine of our own user, non-blocking; None when none listens there.

    Waits up to `patience` seconds while its queue of callers is full, the sign of one that is busy or hung.
    """
    until = time.monotonic() + patience
    while True:
        line = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        line.setblocking(False)  # noqa: FBT003 - the standard library's own signature
        try:
            at_short_path(path, line.connect)
            if peer(line)[1] == os.geteuid():
                return line
            line.close()
        except OSError as error:
            line.close()
            if error.errno == errno.EAGAIN and time.monotonic() < until:
                time.sleep(PAUSE)
                continue
        return None


def peer(line: Connection) -> tuple[int, int]:
    """Tell pid and user of the process at the other end, as the kernel noted them.

    A pid of 0 is a process that this one cannot see. OSError when the peer is gone before it was noted.
    """
    if sys.platform != "linux":
        return _peer_on_macos(line)
    raw = line.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, 12)  # struct ucred: pid, uid, gid
    return int.from_bytes(raw[:4], sys.byteorder), int.from_bytes(raw[4:8], sys.byteorder)


def at_short_path(path: str, act: Callable[[str], None]) -> None:
    """Call `act` with an address of `path` that the kernel takes, valid during the call only.

    Raises what `act` raises, and OSError when the folder can't be opened.
    """
    if len(os.fsencode(path)) <= LONGEST:
        act(path)
        return
    folder, name = os.path.split(path)
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if sys.platform == "linux":
            act(f"/proc/self/fd/{opened}/{name}")
        else:
            _from_inside(opened, name, act)
    finally:
        os.close(opened)


def _peer_on_macos(line: Connection) -> tuple[int, int]:
    """Ask for `struct xucred`, which begins with its version and the uid. Not tested."""
    credentials = line.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, _XUCRED_SIZE)
    pid = line.getsockopt(_SOL_LOCAL, _LOCAL_PEERPID, 4)
    return int.from_bytes(pid, sys.byteorder), int.from_bytes(credentials[4:8], sys.byteorder)


def _from_inside(folder: int, name: str, act: Callable[[str], None]) -> None:
    """Act from inside the folder. Not tested: macOS has no /proc.

    The working directory is the whole process's, so it is left again at once; every other path in this
    program is absolute.
    """
    before = os.open(".", os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fchdir(folder)
        act(name)
    finally:
        os.fchdir(before)
        os.close(before)
