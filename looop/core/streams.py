"""Agents' output streams, parsed as they arrive: which parser belongs to which output format. No I/O.

In: a format's name, then the bytes of a run. Out: events while it runs and a `Result` at its end, for
`loop.decide`. Each format is a file of its own; what they share is `stream_base` and `stream_tape`.
"""

from collections.abc import Callable

from looop.core.stream_base import Cost, Event, EventKind, Fault, Result, Stream
from looop.core.stream_claude import Claude
from looop.core.stream_codex import Codex
from looop.core.stream_gemini import Gemini
from looop.core.stream_lines import JsonLines
from looop.core.stream_opencode import OpenCode
from looop.core.stream_pi import Pi
from looop.core.stream_tape import Tape
from looop.core.stream_text import Text

__all__ = ["FORMATS", "Cost", "Event", "EventKind", "Fault", "Result", "Stream", "stream"]

_PARSERS: dict[str, Callable[[Tape], Stream]] = {
    "claude": lambda tape: JsonLines(Claude(tape), tape),
    "pi": lambda tape: JsonLines(Pi(tape), tape),
    "codex": lambda tape: JsonLines(Codex(tape), tape),
    "opencode": lambda tape: JsonLines(OpenCode(tape), tape),
    "gemini": Gemini,
    "rehearsal": lambda tape: Text(tape, free=True),
    "text": Text,
}

FORMATS = tuple(_PARSERS)
"""The output formats that a runner may name."""


def stream(output: str, *, now: float | None = None) -> Stream:
    """Make the parser of an output format; one that is not in `FORMATS` is read as text.

    `now` is epoch seconds: limits that end "in 3 hours" or "at 3pm" have an `until` only when it is given.
    """
    return _PARSERS.get(output, Text)(Tape(now))
