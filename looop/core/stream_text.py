"""Plain text, for a person's own runner and for rehearsal: lines are said, the exit code tells how it ended.

In: bytes. Out: an event for each line that says something, and a result.
"""

from collections import deque

from looop.core.stream_base import LINE, Event, Fault, Result, line
from looop.core.stream_lines import Lines
from looop.core.stream_tape import Tape

_LAST = 20  # lines that count as its last words


class Text:
    """Reads one run of a program that prints text. A `free` one costs nothing, any other an unknown sum."""

    def __init__(self, tape: Tape, *, free: bool = False) -> None:
        self._tape = tape
        self._lines = Lines()
        self._last: deque[str] = deque(maxlen=_LAST)
        if free:
            tape.spend(0.0, (0,), (0,))

    def feed(self, data: bytes) -> list[Event]:
        """Take the next bytes and give the events that they complete."""
        return [event for one in self._lines.feed(data) for event in self._one(one)]

    def finish(self, code: int | None, stderr: bytes = b"") -> Result:
        """Tell how it ended, once."""
        for one in self._lines.last():
            self._one(one)
        self._tape.said("\n".join(self._last))
        if code == 0:
            return self._tape.ended_well()
        return self._tape.broke_off(code, stderr, Fault.FAILED)

    def _one(self, data: bytes | None) -> list[Event]:
        if data is None:
            return self._tape.note(f"a line of more than {LINE >> 20} MiB was dropped")
        text = line(data.decode(errors="replace"))
        if text:
            self._last.append(text)
        return self._tape.said(text)
