"""What was written down line by line: `journal` and `events`.

In: the journal, the events. Out: views of their newest lines.
"""

import re
from typing import Any

import msgspec

from looop.cli.disk import disk
from looop.cli.follow import pursue
from looop.cli.growing import start_of_last
from looop.cli.inject import ACall, ALive, AProfile, Follow, Json, Since, Tail
from looop.cli.show import clean, emit, encode, line, when
from looop.core.problem import Exit
from looop.store import events as event_log
from looop.store import memory

_ALL = 1_000_000
_STAMPED = re.compile(r"- (\d{4}-\d\d-\d\d \d\d:\d\d) (.*)")


class JournalLine(msgspec.Struct, frozen=True):
    """One line: its local time as it stands there (None: the line has none) and its text."""

    at: str | None
    text: str


class JournalView(msgspec.Struct, frozen=True):
    """What `journal --json` prints, oldest first."""

    lines: tuple[JournalLine, ...]
    v: int = 1


class EventLine(msgspec.Struct, frozen=True):
    """One event; `at` is epoch seconds."""

    at: float
    event: str
    fields: dict[str, Any]


class EventsView(msgspec.Struct, frozen=True):
    """What `events --json` prints, oldest first."""

    events: tuple[EventLine, ...]
    v: int = 1


async def journal(*, call: ACall, profile: AProfile, live: ALive, tail: Tail = 20, json: Json = False) -> int:
    """Show the newest lines of the journal, one for each tick."""
    lines = await disk(live, memory.journal_lines, profile, tail or _ALL)
    text = "\n".join(clean(text) for text in lines) or "The journal is empty: no tick has asked the AI yet."
    await emit(call, JournalView(tuple(map(_stamped, lines))), text, json=json)
    return int(Exit.DONE)


async def events(
    *,
    call: ACall,
    profile: AProfile,
    live: ALive,
    tail: Tail = 20,
    follow: Follow = False,
    since: Since = None,
    json: Json = False,
) -> int:
    """Show what happened, for machines.

    With --follow and --json: one object a line.
    """
    if follow:
        start = await disk(live, start_of_last, profile.events, tail) if since is None else since
        show = _raw if json else _readable
        return await pursue(call, live, profile.events, start, show, ("events", "-f", *["--json"] * json))
    found = await disk(live, event_log.read, profile, tail or _ALL)
    view = EventsView(tuple(EventLine(event.at, event.kind, event.fields) for event in found))
    text = "\n".join(map(_event_text, view.events)) or "No events yet."
    await emit(call, view, text, json=json)
    return int(Exit.DONE)


def _stamped(text: str) -> JournalLine:
    found = _STAMPED.fullmatch(text)
    return JournalLine(found[1], found[2]) if found else JournalLine(None, text)


def _raw(lines: list[str], _: int) -> str:
    found = [event for event in map(_parsed, lines) if event]
    return "".join(encode({"v": 1, "at": event.at, "event": event.event, **event.fields}) for event in found)


def _readable(lines: list[str], _: int) -> str:
    return "".join(f"{_event_text(event)}\n" for event in map(_parsed, lines) if event)


def _parsed(text: str) -> EventLine | None:
    try:
        fields = msgspec.json.decode(text.encode(errors="replace"), type=dict[str, Any])
        at, event = fields.pop("at"), fields.pop("event")
    except (msgspec.MsgspecError, RecursionError, KeyError):
        return None
    fields.pop("v", None)
    return EventLine(float(at), str(event), fields) if isinstance(at, int | float) else None


def _event_text(event: EventLine) -> str:
    fields = " ".join(f"{key}={_plain(value)}" for key, value in event.fields.items())
    return f"{when(event.at)}  {line(event.event)}  {line(fields, 300)}".rstrip()


def _plain(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
