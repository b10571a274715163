"""Who runs a program from a folder that is to be removed. Linux tells; elsewhere nobody is found.

In: a folder. Out: pids of this user's, this process apart.
"""

import os
from collections.abc import Iterator
from pathlib import Path

_PROC = Path("/proc")


def running_from(folder: Path) -> tuple[int, ...]:
    """Name the processes whose program lies below the folder; what can't be looked at is another user's."""
    inside = f"{os.path.realpath(folder)}/"
    return tuple(pid for pid in _pids() if pid != os.getpid() and _program(pid).startswith(inside))


def _pids() -> Iterator[int]:
    try:
        names = os.listdir(_PROC)  # noqa: PTH208 - names are numbers
    except FileNotFoundError:
        return
    yield from sorted(int(name) for name in names if name.isdecimal())


def _program(pid: int) -> str:
    try:
        return str((_PROC / str(pid) / "exe").readlink())
    except OSError:
        return ""
