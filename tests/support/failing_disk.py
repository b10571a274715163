"""A disk that fails below one folder, for this process: the N-th call, or all from there on, or by halves.

In: a folder, and which calls count. Out: while the block lasts, functions of `os` that fail as it would. All
that looop writes and reads goes through them (`store.files`), in whatever thread. For whole programs there is
`support.supervised`, which costs a process for each point; this costs none, so that every point can be tried.
"""

import errno
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

WRITES = ("write", "pwrite", "fsync", "ftruncate", "replace", "rename", "link", "unlink", "mkdir", "rmdir")
READS = ("read", "pread", "listdir", "scandir", "lstat", "stat")
SHORT = 0
"""Instead of an errno: a write takes the first half of its bytes, as on a disk that is nearly full."""

_REAL = {name: getattr(os, name) for name in (*WRITES, *READS, "open")}
_readlink = os.readlink


@dataclass
class FailingDisk:
    """What fails, and what has: `calls` are those that counted so far, `hit` is the first that failed."""

    root: Path
    at: int
    number: int = errno.ENOSPC
    stays: bool = False
    reads: bool = False
    calls: list[str] = field(default_factory=list)
    hit: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def judge(self, name: str, path: str) -> bool:
        """Count one call; whether it fails."""
        if not (path == str(self.root) or path.startswith(f"{self.root}/")):
            return False
        with self._lock:
            self.calls.append(f"{name} {path.removeprefix(str(self.root)).lstrip('/')}")
            count = len(self.calls)
            if not self.at or count < self.at or (count > self.at and not self.stays):
                return False
            self.hit = self.hit or self.calls[-1]
        return True

    @contextmanager
    def failing(self) -> Iterator[None]:
        """Put it in the place of the real disk."""
        names = READS if self.reads else ("write",) if self.number == SHORT else WRITES
        try:
            for name in names:
                setattr(os, name, self._wrapped(name))
            if self.number != SHORT:
                os.open = self._open
            yield
        finally:
            for name, real in _REAL.items():
                setattr(os, name, real)

    def _wrapped(self, name: str) -> Callable[..., Any]:
        real = _REAL[name]

        def call(first: Any, *args: Any, **kwargs: Any) -> Any:
            at = kwargs.get("dir_fd", kwargs.get("src_dir_fd"))
            if self.judge(name, _place(first, at)):
                if self.number != SHORT:
                    raise _error(self.number, first)
                return real(first, bytes(args[0])[: max(1, len(args[0]) // 2)])
            return real(first, *args, **kwargs)

        return call

    def _open(self, path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        creates = bool(flags & os.O_CREAT)
        if creates != self.reads and self.judge("open", _place(path, dir_fd)):
            raise _error(self.number, path)
        found: int = _REAL["open"](path, flags, mode, dir_fd=dir_fd)
        return found


def _error(number: int, first: object) -> OSError:
    if isinstance(first, int):
        return OSError(number, os.strerror(number))
    return OSError(number, os.strerror(number), os.fspath(first))  # type: ignore[call-overload]


def _place(first: Any, at: int | None) -> str:
    """Name what a call is about: a descriptor by its file, a name by the folder it is in."""
    if isinstance(first, int):
        try:
            return _readlink(f"/proc/self/fd/{first}")
        except OSError:
            return ""
    path = os.fsdecode(first)
    if at is not None and not path.startswith("/"):
        return f"{_place(at, None)}/{path}"
    return path
