"""Another user of the machine: what they try on what is somebody else's, and what came of it.

In: paths and processes. Out: a line for each attempt that did something. Only root can become another user,
so elsewhere nothing is tried; `closed` reads from the mode bits what the kernel would say.
"""

import os
import signal
import socket
import stat
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

STRANGER = 65533
"""A uid that nobody has: `nobody` may own things."""

PLAYED = os.geteuid() == 0
"""Whether a stranger can be played here."""


def did(paths: Iterable[Path], pids: Iterable[int]) -> list[str]:
    """Try everything on these, as whoever calls; a line for each thing that worked."""
    tried = [(f"{name} {path}", act, str(path)) for path in paths for name, act in _ON_PATHS.items()]
    for proc in (f"/proc/{pid}" for pid in pids):
        tried += [(f"read {proc}/{part}", _told, f"{proc}/{part}") for part in ("environ", "maps", "stack")]
        tried += [(f"see {proc}/{part}", os.readlink, f"{proc}/{part}") for part in ("cwd", "root", "exe")]
        tried += [(f"list {proc}/fd", os.listdir, f"{proc}/fd"), (f"signal {proc}", _signal, proc)]
    return [what for what, act, on in tried if _worked(act, on)]


def closed(path: Path) -> bool:
    """Whether the mode bits leave nothing of it to others; a link is as closed as what holds it.

    So is what has gone.
    """
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return True
    return stat.S_ISLNK(mode) or not stat.S_IMODE(mode) & 0o7077


def _worked(act: Callable[[str], object], on: str) -> bool:
    try:
        act(on)
    except OSError:
        return False
    return True


def _read(path: str) -> None:
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - a path as it is
        file.read(64)


def _told(path: str) -> None:
    """Read something: of a process that has ended these can be opened, and are empty."""
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - as above
        if not file.read(64):
            raise OSError(path)


def _connect(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(path)


def _signal(proc: str) -> None:
    os.kill(int(proc.removeprefix("/proc/")), signal.SIGCONT)


def _plant(path: str) -> None:
    os.close(os.open(f"{path}/planted", os.O_CREAT | os.O_EXCL | os.O_WRONLY))


def _append(path: str) -> None:
    os.close(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK))


_ON_PATHS: Mapping[str, Callable[[str], object]] = {
    "read": _read,
    "list": os.listdir,
    "connect": _connect,
    "append": _append,
    "plant": _plant,
    "mode": lambda path: os.chmod(path, 0o777),  # noqa: PTH101 - as above
    "link": lambda path: os.link(path, f"{path}.linked"),
    "rename": lambda path: os.rename(path, f"{path}.x"),  # noqa: PTH104
    "remove": os.unlink,
}
