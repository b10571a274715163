"""Streams that are lines: bytes in any pieces become whole lines, and each line one value of its format.

In: bytes. Out: the events of a format's `Reader`. A format is a reader; this does the rest for all of them.
"""

from typing import Any, Protocol

from looop.core.stream_base import LINE, Event, Result, line
from looop.core.stream_json import decode
from looop.core.stream_tape import Tape


class Reader(Protocol):
    """One agent's format."""

    def read(self, value: dict[str, Any]) -> list[Event]:
        """Understand one JSON object of its output."""

    def end(self, code: int | None, stderr: bytes) -> Result:
        """Tell how the run ended."""


class Lines:
    """Cuts bytes into lines of at most 1 MiB; of a longer one only its place is left, as None."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._skipping = False

    def feed(self, data: bytes) -> list[bytes | None]:
        """Give the lines that these bytes complete, without their ends."""
        *whole, rest = data.split(b"\n")
        found: list[bytes | None] = []
        for part in whole:
            found += self._grow(part)
            if not self._skipping:
                found.append(bytes(self._rest))
            self._rest.clear()
            self._skipping = False
        return found + self._grow(rest)

    def last(self) -> list[bytes | None]:
        """Give the last line, if it had no end."""
        rest, self._rest = bytes(self._rest), bytearray()
        return [rest] if rest else []

    def _grow(self, part: bytes) -> list[bytes | None]:
        if self._skipping:
            return []
        self._rest += part
        if len(self._rest) <= LINE:
            return []
        self._rest.clear()
        self._skipping = True
        return [None]


class JsonLines:
    """A stream of one JSON object per line. Anything else that an agent prints there becomes a note."""

    def __init__(self, reader: Reader, tape: Tape) -> None:
        self._reader = reader
        self._tape = tape
        self._lines = Lines()

    def feed(self, data: bytes) -> list[Event]:
        """Take the next bytes and give the events that they complete."""
        return self._understand(self._lines.feed(data))

    def finish(self, code: int | None, stderr: bytes = b"") -> Result:
        """Tell how it ended, once."""
        self._understand(self._lines.last())
        return self._reader.end(code, stderr)

    def _understand(self, lines: list[bytes | None]) -> list[Event]:
        return [event for one in lines for event in self._one(one)]

    def _one(self, data: bytes | None) -> list[Event]:
        if data is None:
            return self._tape.note(f"a line of more than {LINE >> 20} MiB was dropped")
        value = decode(data)
        if isinstance(value, dict):
            return self._reader.read(value)
        return self._tape.note(line(data[:LINE].decode(errors="replace")))
