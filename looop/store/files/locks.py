"""Kernel locks: the kernel lets go of them when their holder dies, so none is ever stale or unlinked.

In: the path of a lock file. Out: a `Lock`, or `Held` when another process has it; that it could not be
opened is an OSError, which means something else. What stands in the file is for people only.
"""

import contextlib
import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from looop.store.files.reading import require_regular
from looop.store.files.writing import PRIVATE, set_mode

_OPEN = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_HOLDER_BYTES = 256


class Held(Exception):  # noqa: N818 - a fact about the lock
    """Another holder has the lock; `holder` is what it wrote about itself, "" if nothing."""

    def __init__(self, path: Path, holder: str) -> None:
        super().__init__(f"{path} is held" + (f" by {holder}" if holder else ""))
        self.path = path
        self.holder = holder


class Lock:
    """A held lock, released by `release`, by leaving its `with`, or by the end of the process.

    The descriptor isn't inherited by programs that are started. Built from an inherited descriptor it
    takes a lock over that survived an `execve`.
    """

    def __init__(self, path: Path, fd: int) -> None:
        self.path = path
        self._fd = fd

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def fileno(self) -> int:
        """Give the descriptor that holds the lock; -1 once it is released."""
        return self._fd

    def release(self) -> None:
        """Let go; a second call does nothing. The file stays."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def write_holder(self, line: bytes) -> None:
        """Say in the file who holds the lock. A disk that is full or broken is no reason to fail."""
        with contextlib.suppress(OSError):
            os.ftruncate(self._fd, 0)
            os.pwrite(self._fd, line, 0)


def lock(path: Path, *, block: bool = False) -> Lock:
    """Take a lock, or raise Held; with `block`, wait for it. OSError when the file can't be opened.

    Waiting is not interruptible by Trio: only for locks that are held for moments.
    """
    while True:
        taken = Lock(path, _open(path))
        try:
            fcntl.flock(taken.fileno(), fcntl.LOCK_EX | (0 if block else fcntl.LOCK_NB))
            if _still_there(path, taken.fileno()):
                return taken
        except BlockingIOError:
            holder = os.pread(taken.fileno(), _HOLDER_BYTES, 0).decode(errors="replace").strip()
            taken.release()
            raise Held(path, holder) from None
        except BaseException:
            taken.release()
            raise
        taken.release()


def _open(path: Path) -> int:
    with contextlib.suppress(FileNotFoundError):
        require_regular(path, path.lstat())
    fd = os.open(path, _OPEN, PRIVATE)
    try:
        found = os.fstat(fd)
        require_regular(path, found)
        set_mode(fd, found, PRIVATE)
    except BaseException:
        os.close(fd)
        raise
    return fd


def _still_there(path: Path, fd: int) -> bool:
    """Tell whether the path still names the locked file: a folder may have been removed and made again."""
    try:
        return os.path.samestat(os.fstat(fd), path.lstat())
    except FileNotFoundError:
        return False
