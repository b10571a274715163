"""The events: what happened, one JSON line each, for machines that follow along.

In: a kind and fields. Out: `events.jsonl`, with one predecessor once it has grown large. A half-written
line is passed over: events inform, nothing is decided by them.
"""

import json
import time
from dataclasses import dataclass, field
from typing import Any

import msgspec

from looop.store import files
from looop.store.paths import Profile

ROTATE_AT = 8 << 20
"""Bytes of the file before it becomes `events.1.jsonl`."""

_TAIL_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class Event:
    """One event; `at` is epoch seconds."""

    at: float
    kind: str
    fields: dict[str, Any] = field(default_factory=dict)


def emit(profile: Profile, kind: str, *, at: float | None = None, **fields: Any) -> None:
    """Add an event, of now unless `at` (epoch seconds) says otherwise. OSError when the disk is full."""
    files.rotate(profile.events, ROTATE_AT, keep_all=False)
    ours = {"v": 1, "at": round(time.time() if at is None else at, 3), "event": kind}
    line = msgspec.to_builtins({**ours, **fields, **ours})
    # Unlike msgspec's, this encoder takes names that are no Unicode, as folders may hold them.
    files.append(profile.events, json.dumps(line, ensure_ascii=False, separators=(",", ":")))


def read(profile: Profile, count: int) -> tuple[Event, ...]:
    """Give the last `count` events, oldest first, across one rotation."""
    lines = files.tail_lines(profile.events, count, _TAIL_BYTES)
    return tuple(event for line in lines if (event := _event(line)))


def _event(line: str) -> Event | None:
    try:
        value = msgspec.json.decode(line.encode(), type=dict[str, Any])
        at, kind = float(value.pop("at")), value.pop("event")
    except (msgspec.DecodeError, RecursionError, KeyError, TypeError, ValueError):
        return None
    value.pop("v", None)
    return Event(at, str(kind), value)
