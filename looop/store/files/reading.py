"""Read files that people and agents may have put there: regular ones only, never blocking, never unbounded.

In: a path and a limit in bytes. Out: bytes. FileNotFoundError alone means absence; every other OSError
is trouble that the caller must not take for absence.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# NONBLOCK: a pipe or device that takes the file's place after the look at it can't block the open.
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
_CHUNK = 1 << 20
_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFDIR: "a folder",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class NotRegular(OSError):  # noqa: N818 - a fact about the file
    """The path names something that is not a regular file; `what` says what it is ("a named pipe")."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(errno.EINVAL, f"is {what}, not a regular file", str(path))
        self.what = what


class TooLarge(OSError):  # noqa: N818 - a fact about the file
    """The file holds more than the limit; `size` is what it holds, in bytes."""

    def __init__(self, path: Path, size: int, limit: int) -> None:
        super().__init__(errno.EFBIG, f"is larger than {limit} bytes", str(path))
        self.size = size


def read_regular(path: Path, limit: int, *, at: int | None = None) -> bytes:
    """Read all of a regular file. TooLarge if it holds more than `limit` bytes, NotRegular if it is none.

    With `at`, a descriptor of its folder, no link on the way to that folder is followed any more.
    """
    with opened(path, at=at) as (fd, found):
        if found.st_size > limit:
            raise TooLarge(path, found.st_size, limit)
        data = _read_up_to(fd, limit + 1, found.st_size)
    if len(data) > limit:
        raise TooLarge(path, len(data), limit)
    return data


def fingerprint(path: Path, limit: int) -> tuple[str, int]:
    """Give a regular file's SHA-256 in hex, and its size; TooLarge if that is more than `limit` bytes."""
    import hashlib  # noqa: PLC0415 - OpenSSL, which most verbs don't load

    with opened(path) as (fd, found):
        size, sum_ = 0, hashlib.sha256()
        while size <= limit and (part := os.read(fd, _CHUNK)):
            size += len(part)
            sum_.update(part)
    if size > limit:
        raise TooLarge(path, max(size, found.st_size), limit)
    return sum_.hexdigest(), size


def read_head(path: Path, limit: int) -> tuple[bytes, int]:
    """Read the first `limit` bytes of a regular file, and tell how many it holds in all."""
    with opened(path) as (fd, found):
        data = _read_up_to(fd, limit, found.st_size)
    return data, max(found.st_size, len(data))


def tail(path: Path, limit: int) -> bytes:
    """Read the last `limit` bytes of a log, from its end: its size costs nothing. An absent log is empty."""
    try:
        with opened(path) as (fd, found):
            os.lseek(fd, max(0, found.st_size - limit), os.SEEK_SET)
            return _read_up_to(fd, limit, found.st_size)
    except FileNotFoundError:
        return b""


def present(path: Path) -> bool:
    """Tell whether anything has this name, a link to nothing included. Only ENOENT says no; errors pass."""
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    return True


@contextmanager
def opened(path: Path, flags: int = _FLAGS, *, at: int | None = None) -> Iterator[tuple[int, os.stat_result]]:
    """Open a regular file and close it again; gives the descriptor and what fstat says of it."""
    name = path if at is None else path.name
    # Looking first: the open of a device may do something, and that of a pipe may wake its writer.
    require_regular(path, _looked_at(path, name, at))
    fd = os.open(name, flags, dir_fd=at)
    try:
        found = os.fstat(fd)
        require_regular(path, found)
        yield fd, found
    finally:
        os.close(fd)


def _looked_at(path: Path, name: Path | str, at: int | None) -> os.stat_result:
    try:
        return os.stat(name, dir_fd=at, follow_symlinks=False)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise NotRegular(path, "behind links that lead in a circle") from error


def require_regular(path: Path, found: os.stat_result) -> None:
    """Raise NotRegular unless `found` describes a regular file."""
    if not stat.S_ISREG(found.st_mode):
        raise NotRegular(path, _KINDS.get(stat.S_IFMT(found.st_mode), "something else"))


def _read_up_to(fd: int, limit: int, size: int) -> bytes:
    """Read to the end or the limit; `size` is what to expect, though a file may grow or not tell it."""
    parts = [os.read(fd, min(limit, size + 1))]
    if len(parts[0]) == min(limit, size):  # one byte more was asked for, so this is the end
        return parts[0]
    while (limit := limit - len(parts[-1])) > 0 and (part := os.read(fd, min(limit, _CHUNK))):
        parts.append(part)
    return b"".join(parts)
