"""A file that grows, read as whole lines from any offset on, across rotations.

In: a path and an offset. Out: batches of lines. Only the file is looked at; who writes it need not know.
Used by `cli.follow`.
"""

import contextlib
import os
from pathlib import Path

from looop.store.files.reading import opened

_CHUNK = 65536
_LONGEST = 1 << 20
"""Bytes of a line that is shown before its end has come."""


class Growing:
    """Reads what is added. `offset` is where the next unread line begins, in bytes of the current file.

    The file is held open between two reads, so that the end of one that is rotated away is still read.
    """

    def __init__(self, path: Path, offset: int = 0) -> None:
        self._path = path
        self._held = contextlib.ExitStack()
        self._fd = -1
        self._partial = b""
        self.offset = max(0, offset)

    def close(self) -> None:
        """Let go of the file; a second call does nothing."""
        self._held.close()
        self._fd = -1

    def grown(self) -> bool:
        """Tell whether a read may find something; never reads."""
        try:
            if self._fd < 0:
                return self._path.lstat().st_size > self.offset
            here = os.fstat(self._fd)
            return here.st_size != self._read_to or not os.path.samestat(here, self._path.lstat())
        except FileNotFoundError:
            return False

    def lines(self, *, end: bool = False) -> list[str]:
        """Read the next lines, [] when there is no more yet; with `end` also one that lacks its newline."""
        if self._fd < 0 and not self._open():
            return []
        fresh = os.pread(self._fd, _CHUNK, self._read_to)
        data = self._partial + fresh
        replaced = not fresh and self._replaced()
        whole = (
            len(data) if len(data) > _LONGEST or (not fresh and (end or replaced)) else data.rfind(b"\n") + 1
        )
        self._partial = data[whole:]
        self.offset += whole
        if replaced:
            self.close()
            self.offset, self._partial = 0, b""
        return data[:whole].decode(errors="replace").removesuffix("\n").split("\n") if whole else []

    @property
    def _read_to(self) -> int:
        return self.offset + len(self._partial)

    def _open(self) -> bool:
        try:
            self._fd, found = self._held.enter_context(opened(self._path))
        except FileNotFoundError:
            return False
        if found.st_size < self.offset:  # rotated while we were away: what is new begins at its beginning
            self.offset = 0
        return True

    def _replaced(self) -> bool:
        """Tell whether this file has been rotated away or cut, and so will not grow any more."""
        here = os.fstat(self._fd)
        if here.st_size < self._read_to:
            return True
        try:
            return not os.path.samestat(here, self._path.lstat())
        except FileNotFoundError:
            return False


def start_of_last(path: Path, count: int, limit: int = 8 << 20) -> int:
    """Find the offset at which the last `count` lines begin (0: all), looking back at most `limit` bytes."""
    try:
        with opened(path) as (fd, found):
            first = max(0, found.st_size - limit)
            data = os.pread(fd, limit, first)
    except FileNotFoundError:
        return 0
    if not count:
        return first
    place = len(data.removesuffix(b"\n"))
    for _ in range(count):
        place = data.rfind(b"\n", 0, place)
        if place < 0:
            return first
    return first + place + 1
