"""What a test session leaves behind: processes that still live, folders and sockets in the temp folder.

In: nothing but the machine. Out: one line per thing left. On Linux the session runs below a small guardian
that adopts and reaps every orphan, as init would, so a daemon that forked itself away is found too.
"""

import contextlib
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from ctypes import CDLL
from pathlib import Path
from types import FrameType
from typing import NamedTuple, NoReturn

PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
PATIENCE = 10.0

_root = os.getpid()


class Process(NamedTuple):
    """One row of the process table."""

    pid: int
    parent: int
    state: str
    command: str


def guard() -> None:
    """Split this process: the caller goes on as the child, the parent adopts orphans and never returns."""
    global _root  # noqa: PLW0603 - one process, one guardian
    if sys.platform != "linux":
        return
    CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    session = os.fork()
    if session:
        _watch(session)
    _root = os.getppid()


def processes(patience: float = PATIENCE) -> list[str]:
    """Name every live process that this session started, once they had `patience` seconds to end."""
    deadline = time.monotonic() + patience
    while living := [row for row in below(_root) if row.pid != os.getpid() and row.state[0] != "Z"]:
        if time.monotonic() > deadline:
            break
        time.sleep(0.05)
    return [f"process {row.pid} (parent {row.parent}): {row.command}" for row in living]


def below(root: int) -> list[Process]:
    """Give the descendants of `root`, in one pass over the process table."""
    rows = list(_table())
    found, parents = list[Process](), {root}
    while parents:
        children = [row for row in rows if row.parent in parents]
        found += children
        parents = {row.pid for row in children}
    return found


def names() -> set[str]:
    """Give what lies in the temp folder and is ours by its name, or is a socket."""
    folder = Path(tempfile.gettempdir())
    return {str(path) for path in folder.iterdir() if "looop" in path.name or _is_socket(path)}


def new_names(before: set[str], patience: float = PATIENCE) -> list[str]:
    """Name what is new since `before` and does not go away by itself (another session's folders do)."""
    deadline = time.monotonic() + patience
    while (new := names() - before) and time.monotonic() < deadline:
        time.sleep(0.05)
    return sorted(new)


def _watch(session: int) -> NoReturn:
    def forward(number: int, _: FrameType | None) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(session, number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, forward)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to the session as well
    pid = status = 0
    while pid != session:
        pid, status = os.wait()
    _kill_all()
    code = os.waitstatus_to_exitcode(status)
    os._exit(code if code >= 0 else 128 - code)


def _kill_all() -> None:
    """Kill what is left below us until nothing is; it was reported before."""
    while left := below(os.getpid()):
        for row in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(row.pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.wait()
            while os.waitpid(-1, os.WNOHANG)[0]:  # all: a look at the table costs more the more have ended
                pass


def _table() -> Iterator[Process]:
    if not Path("/proc/self/stat").exists():
        yield from _table_by_ps()
        return
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                stat_line = Path(entry.path, "stat").read_text(errors="replace")
                command = Path(entry.path, "cmdline").read_text(errors="replace").replace("\0", " ")
                state, parent = stat_line.rpartition(")")[2].split()[:2]
                yield Process(int(entry.name), int(parent), state, command or stat_line)


def _table_by_ps() -> Iterator[Process]:
    rows = subprocess.run(
        ["ps", "-axo", "pid=,ppid=,stat=,command="], capture_output=True, text=True, check=True
    )
    for line in rows.stdout.splitlines():
        pid, parent, state, command = line.split(None, 3)
        if not command.startswith("ps -axo"):
            yield Process(int(pid), int(parent), state, command)


def _is_socket(path: Path) -> bool:
    try:
        return stat.S_ISSOCK(path.lstat().st_mode)
    except OSError:
        return False
