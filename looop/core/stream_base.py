"""What every agent's output stream comes down to: events while it runs, one result at its end. No I/O.

In: nothing. Out: the values that `core.stream_*` produce, that `loop.decide` shows and that the ledger keeps.
"""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

LINE = 1 << 20
"""Bytes of one line that are still looked at; a longer one is dropped, and a note says so."""

_SHOWN = 1000
# C0 but for tab and newline, DEL, C1, and what changes the direction of text: data must not draw.
_UNSHOWN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


class Fault(Enum):
    """Why an agent's turn failed. LOGIN and USAGE_LIMIT are states that retrying does not end."""

    LOGIN = "not logged in"
    USAGE_LIMIT = "usage limit reached"
    RATE_LIMITED = "rate limited"
    OVERLOADED = "model overloaded"
    FAILED = "agent failed"
    NO_RESULT = "no result"

    def __str__(self) -> str:
        return self.value


class EventKind(Enum):
    """What an event is."""

    SAID = "said"
    CALLED = "called"
    NOTE = "note"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Event:
    """One thing an agent said or did, in one line without control characters."""

    kind: EventKind
    text: str


@dataclass(frozen=True, slots=True)
class Cost:
    """What a turn cost. None is unknown, never zero; `input_tokens` counts cached ones too."""

    usd: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """How a turn ended. Without a `fault` it ended well, whatever it then did.

    `reason` is one line for people, set with a fault; `until` is when a limit ends, in epoch seconds, if the
    agent said so. `said` is its last words, `acts` the tools it called, in order.
    """

    fault: Fault | None = None
    reason: str | None = None
    until: float | None = None
    cost: Cost = Cost()
    said: str = ""
    acts: tuple[str, ...] = ()


class Stream(Protocol):
    """An agent's stdout, parsed as it arrives. Takes any bytes, raises nothing, holds a few MiB at most."""

    def feed(self, data: bytes) -> list[Event]:
        """Take the next bytes and give the events that they complete."""

    def finish(self, code: int | None, stderr: bytes = b"") -> Result:
        """Tell how it ended, once: by its exit code (None: killed), what it printed, and its stderr."""


def plain(text: str) -> str:
    """Strip what could draw on a terminal, keep the lines."""
    return _UNSHOWN.sub("", text)


def line(text: str, limit: int = _SHOWN) -> str:
    """Make one line of any text, without control characters, cut at `limit`."""
    flat = " ".join(plain(text[: 4 * limit]).split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"
