"""A generation's raw output, by offset, however many segments its log has been cut into.

In: a session's folder, while keeper appends to `output.log`, renames it to `output-<base>.log` and drops what
is older. Out: bytes. Only names and sizes are trusted, and only when no rename came between looking at them.
"""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CURRENT = "output.log"
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
_TRIES = 8  # a rotation comes once in tens of megabytes: two in a row are a stopped machine's doing
_STEP = 65536


@dataclass(frozen=True, slots=True)
class _Segment:
    """An open piece of the log. Its base never changes: it may be read whatever became of its name."""

    base: int
    fd: int

    @property
    def end(self) -> int:
        return self.base + os.fstat(self.fd).st_size


class Transcript:
    """Read one generation's output. Synchronous and cheap: one `pread`, one more look only at the end.

    OSError when the disk fails; a log that is not there is an empty one. Not to be shared between threads.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._segments: tuple[_Segment, ...] = ()  # oldest first, without a gap; the last one grows
        self._retired = False

    def start(self) -> int:
        """Give the offset of the first byte that is still there: above 0 once the head was cut."""
        with self._held():
            self._look()
            return self._segments[0].base if self._segments else 0

    def base(self) -> int:
        """Give where the segment that still grows begins: what is before will be cut first."""
        with self._held():
            self._look()
            return self._segments[-1].base if self._segments else 0

    def end(self) -> int:
        """Give the offset behind the last byte."""
        with self._held():
            self._look()
            return self._segments[-1].end if self._segments else 0

    def read(self, offset: int, limit: int = _STEP) -> tuple[int, bytes]:
        """Give at most `limit` bytes and where they begin; no bytes at the end.

        They begin later than asked for where the head was cut. An offset behind the end gives no bytes.
        """
        with self._held():
            for _ in range(_TRIES):
                at, data = self._pread(offset, limit)
                if data or not self._look():
                    return at, data
            return offset, b""

    def back(self, lines: int, limit: int = 1 << 20) -> int:
        """Give the offset at which the last `lines` lines begin, looking through at most `limit` bytes.

        A line break at the very end ends the last line and begins none.
        """
        begin, end = self.start(), self.end()
        floor, at, wanted = max(begin, end - limit), end, max(0, lines)
        if not wanted:
            return end
        while at > floor:
            since = max(floor, at - _STEP)
            data = self._between(since, at)
            breaks = data.count(b"\n") - (at == end and data.endswith(b"\n"))
            if breaks >= wanted:
                return since + _nth_last(data[:-1] if at == end else data, wanted) + 1
            wanted, at = wanted - breaks, since
        return floor

    def close(self) -> None:
        """Close what is open. A later call opens it again."""
        for segment in self._segments:
            os.close(segment.fd)
        self._segments = ()

    def retire(self) -> None:
        """Hold nothing open between two calls from now on: whoever still reads it may never close it."""
        self._retired = True
        self.close()

    @contextlib.contextmanager
    def _held(self) -> Iterator[None]:
        try:
            yield
        finally:
            if self._retired:
                self.close()

    def _between(self, since: int, until: int) -> bytes:
        parts, at = list[bytes](), since
        while at < until:
            begin, data = self.read(at, until - at)
            if not data or begin != at:  # cut this very moment: what is left of it has no line breaks
                return b"".join(parts).rjust(until - since, b" ")
            parts.append(data)
            at += len(data)
        return b"".join(parts)

    def _pread(self, offset: int, limit: int) -> tuple[int, bytes]:
        for segment in self._segments:
            at = max(offset, segment.base)
            if data := os.pread(segment.fd, limit, at - segment.base):
                return at, data
        return offset, b""

    def _look(self) -> bool:
        """Look whether the log was rotated or began to exist; True if it was, and all is as it is now."""
        if self._segments and self._is_current(self._segments[-1].fd):
            return False
        before = [(it.base, os.fstat(it.fd).st_ino) for it in self._segments]
        for _ in range(_TRIES):
            if self._open_all():
                break
        return before != [(it.base, os.fstat(it.fd).st_ino) for it in self._segments]

    def _open_all(self) -> bool:
        """Open every segment; True if no rename came between."""
        with contextlib.ExitStack() as opened:
            current = self._opened(CURRENT, opened)
            found = [(base, self._opened(name, opened)) for base, name in self._rotated()]
            if not self._settled(current) or any(fd is None for _, fd in found):
                return False
            chain = _chained([_Segment(base, fd) for base, fd in found if fd is not None], current)
            opened.pop_all()  # from here on they are ours
        kept = {it.fd for it in chain}
        self.close()
        for fd in {fd for _, fd in found if fd is not None} - kept:
            os.close(fd)
        self._segments = chain
        return True

    def _settled(self, current: int | None) -> bool:
        return not (self._folder / CURRENT).exists() if current is None else self._is_current(current)

    def _opened(self, name: str, closing: contextlib.ExitStack) -> int | None:
        try:
            fd = os.open(self._folder / name, _FLAGS)
        except FileNotFoundError:
            return None
        closing.callback(os.close, fd)
        return fd

    def _is_current(self, fd: int) -> bool:
        """Tell whether an open file is still called `output.log`: its inode can't be another's while open."""
        try:
            found, ours = os.lstat(self._folder / CURRENT), os.fstat(fd)
        except FileNotFoundError:
            return False
        return (found.st_ino, found.st_dev) == (ours.st_ino, ours.st_dev)

    def _rotated(self) -> list[tuple[int, str]]:
        try:
            names = os.listdir(self._folder)  # noqa: PTH208 - names are what is asked for, thousands of times
        except FileNotFoundError:
            return []
        bases = ((name[7:-4], name) for name in names if name.startswith("output-") and name.endswith(".log"))
        return sorted((int(base), name) for base, name in bases if base.isascii() and base.isdecimal())


def last_write(folder: Path) -> float | None:
    """Tell when output was last written, epoch seconds; None if it never was, or nobody can tell."""
    with contextlib.suppress(OSError):
        found = (folder / CURRENT).lstat()
        return found.st_mtime if found.st_size else None
    return None


def _chained(rotated: list[_Segment], current: int | None) -> tuple[_Segment, ...]:
    """Keep the newest segments that follow on each other; the present one begins where the last one ends."""
    chain = [_Segment(rotated[-1].end if rotated else 0, current)] if current is not None else []
    for segment in reversed(rotated):
        if chain and segment.end != chain[0].base:
            break
        chain.insert(0, segment)
    return tuple(chain)


def _nth_last(data: bytes, count: int) -> int:
    at = len(data)
    for _ in range(count):
        at = data.rindex(b"\n", 0, at)
    return at
