"""How a value is shown: one JSON line for machines, plain lines for people, nothing harmful for terminals.

In: a view (a msgspec Struct with `v`) and its text. Out: the caller's stdout. Used by every read verb.
"""

import json as stdlib_json
import re
import time
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from looop.core.quote import visible
from looop.engine.call import Call

_ESCAPES = (
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|\x1b[\]PX^_][^\x07\x1b]{0,4096}(?:\x07|\x1b\\)"  # OSC, DCS …: titles, links, clipboards
    r"|\x1b[ -/]*[0-Z\\^-~]"
)
"""Terminal sequences as ECMA-48 spells them. Bounded and without nested repeats, so linear on any text."""

DAY = 86400.0


class DoneView(msgspec.Struct, frozen=True):
    """What a verb that changes something prints with `--json`; `recorded`: it happens when its tick lands."""

    said: str
    recorded: bool = False
    v: int = 1


async def emit(call: Call, view: msgspec.Struct, text: str, *, json: bool, painted: bool = False) -> None:
    """Show a view: its JSON on one line, or its text, cleaned here unless looop has `painted` it.

    What is not ours has to be one `line` where a line of it could pass for one of ours.
    """
    shown = text if painted or json else clean(text)
    await call.out(encode(view) if json else ended(shown))


async def news(call: Call, text: str) -> None:
    """Tell something beside a verb's result, on stderr, cleaned; nothing for an empty text."""
    if text:
        await call.err(ended(clean(text)))


def encode(value: Any) -> str:
    """Give one line of ASCII JSON: nothing in it can move a cursor, and any name survives, valid or not."""
    plain = msgspec.to_builtins(value)
    if "v" in plain:
        plain = {"v": plain.pop("v"), **plain}
    return stdlib_json.dumps(plain, ensure_ascii=True, separators=(",", ":")) + "\n"


def ended(text: str) -> str:
    """End a text with a newline, unless it is empty."""
    return text if not text or text.endswith("\n") else text + "\n"


def clean(text: str) -> str:
    """Make a text that looop did not write safe to show: sequences go, what can't be seen is spelled out."""
    text = text.replace("\r\n", "\n")
    return visible(re.sub(_ESCAPES, "", text) if "\x1b" in text else text)


def line(text: str, width: int = 0) -> str:
    """Clean a text and make it one line, of at most `width` cells (0: any)."""
    flat = " ".join(clean(text).split())
    return flat if not width or cells(flat) <= width else _cut(flat, width)


def cells(text: str) -> int:
    """Count the cells that a text takes on a terminal: two for wide characters, none for marks."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) > 0 for c in text)


def table(rows: Iterable[Sequence[str]]) -> str:
    """Align columns by cells, the last one free. Each cell is cleaned here: no text can forge a row."""
    grid = [[clean(cell).replace("\n", " ") for cell in row] for row in rows]
    if not grid:
        return ""
    widths = [max(cells(row[i]) for row in grid) for i in range(len(grid[0]) - 1)]
    return "\n".join(
        "  ".join(
            [text + " " * (width - cells(text)) for text, width in zip(row, widths, strict=False)] + row[-1:]
        )
        for row in grid
    )


def when(at: float, now: float | None = None) -> str:
    """Give a local time: the hour today, else the date too. Far or broken values don't raise."""
    try:
        moment = time.localtime(at)
        today = time.localtime(time.time() if now is None else now)
    except (OverflowError, ValueError, OSError):
        return "at an impossible time"
    return time.strftime("%H:%M:%S" if moment[:3] == today[:3] else "%Y-%m-%d %H:%M", moment)


def span(seconds: float) -> str:
    """Give a length of time in its two largest units: `4m 10s`, `2h`, `3d 1h`."""
    whole = int(max(0.0, min(seconds, 3650 * DAY)))
    parts = [
        f"{amount}{unit}"
        for unit, size, ring in (("d", 86400, 0), ("h", 3600, 24), ("m", 60, 60), ("s", 1, 60))
        if (amount := whole // size % ring if ring else whole // size)
    ]
    return " ".join(parts[:2]) or "0s"


def until(at: float | None, now: float) -> str:
    """Say until when something lasts."""
    return "until a person acts" if at is None else f"until {when(at, now)} ({span(at - now)})"


def money(usd: float | None) -> str:
    """Show a cost; what is unknown is never shown as zero."""
    return "unknown" if usd is None else f"${usd:.4f}" if 0 < usd < 0.01 else f"${usd:.2f}"  # noqa: PLR2004 - below a cent two digits would say nothing


def spend(usd: float, asks: int, unknown: int) -> str:
    """Say what asks cost, without passing the unknown for nothing."""
    if not unknown:
        return money(usd)
    return money(None) if unknown >= asks and not usd else f"{money(usd)} and {unknown} of unknown cost"


def many(count: int, noun: str, plural: str = "") -> str:
    """Count things: `1 goal`, `3 goals`."""
    return f"{count} {noun if count == 1 else plural or noun + 's'}"


def _cut(text: str, width: int) -> str:
    kept = ""
    for char in text:
        if cells(kept) + cells(char) > width - 1:
            break
        kept += char
    return kept + "…"
