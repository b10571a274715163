"""A generation that is over: its output and its last screen, as the files have them.

In: an `Entry`. Out: what `session.follow` and the verbs read. Nothing of it changes any more.
"""

from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Self

import trio

from looop.core.sessions import Known, Meta
from looop.session.book import Book
from looop.session.display import Display
from looop.session.transcript import Transcript
from looop.store.sessions import Entry

_SLICE = 65536


@dataclass(frozen=True, slots=True)
class Past:
    """One of them. `offset` is its output's end, `size` the last columns and lines."""

    entry: Entry
    offset: int
    size: tuple[int, int]

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """Read the rest of it. A log that can't be read counts as empty: who reads it will be told."""
        end = 0
        with closing(Transcript(entry.folder)) as transcript, suppress(OSError):
            end = transcript.end()
        return cls(entry, end, Book(entry.folder).size(entry.meta.size))

    @property
    def meta(self) -> Meta:
        """What it was started with."""
        return self.entry.meta

    @property
    def known(self) -> Known:
        """How it ended."""
        return self.entry.known


class Remains:
    """The output and the screen of one that is over. `close` it."""

    def __init__(self, past: Past) -> None:
        self.transcript = Transcript(past.entry.folder)
        self.display = Display(past.entry.folder, self.transcript, Book(past.entry.folder).now)
        self.ended: bool = True

    def end(self) -> int:
        """Give the offset behind the last byte."""
        return self.transcript.end()

    async def read(self, offset: int, limit: int = _SLICE) -> tuple[int, bytes]:
        """Read output, from where there still is some; b"" at the end."""
        await trio.lowlevel.checkpoint()
        return self.transcript.read(offset, limit)

    async def grown(self, offset: int) -> None:
        """Return: nothing will come."""
        del offset
        await trio.lowlevel.checkpoint()

    async def rows(self) -> tuple[int, tuple[str, ...]]:
        """Give the offset that the screen shows, and its rows."""
        screen = await self.display.current()
        return self.display.offset, screen.text()

    def close(self) -> None:
        """Close the log."""
        self.transcript.close()
