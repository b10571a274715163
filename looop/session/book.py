"""One generation's records, read on only when keeper has added to them.

In: `pty.jsonl`. Out: `Records`. A look is one `stat`; keeper appends and never rewrites.
"""

from contextlib import suppress
from pathlib import Path

from looop.session import records
from looop.session.records import Records


class Book:
    """The records of one folder, as they are now."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._size = -1
        self._reader = records.Reader(folder)
        self._records = Records()

    def now(self) -> Records:
        """Give them. A disk that fails gives what was read before."""
        with suppress(OSError):
            size = (self._folder / records.NAME).lstat().st_size
            if size != self._size:
                self._records = self._reader.read()
                self._size = size
        return self._records

    @property
    def pid(self) -> int | None:
        """The first process, which stays what it is: once it is known, nothing is looked at."""
        return self._records.pid or self.now().pid

    def size(self, otherwise: tuple[int, int]) -> tuple[int, int]:
        """Give the present columns and lines."""
        sizes = self.now().sizes
        return sizes[-1][1:] if sizes else otherwise
