"""Lengths and moments as people type them: `90`, `20m`, `1h30m`, `2d`; `18:00`, `2026-03-01 09:00`.

In: text and the time now. Out: seconds. A moment without a date that has passed today is tomorrow's.
"""

import re
import time
from datetime import datetime

from looop.core import duration
from looop.core.problem import Exit, Problem

_HOUR = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)


def span(text: str) -> float:
    """Read a length of time in seconds; Problem USAGE `bad-value` for anything else."""
    seconds = duration.parse(text)
    if seconds is None:
        raise _bad(text, "a length of time: write 90, 20m, 1h30m or 2d")
    return seconds


def moment(text: str, now: float) -> float:
    """Read a moment in local time as epoch seconds; Problem USAGE `bad-value` if it is none or has passed."""
    if (at := hour(text, now)) is not None:
        return at if at > now else _next_day(at)
    try:
        at = datetime.fromisoformat(text.strip()).timestamp()
    except (ValueError, OverflowError, OSError):
        raise _bad(text, "a time: write 18:00, or 2026-03-01 09:00") from None
    if at <= now:
        raise _bad(text, "still to come")
    return at


def hour(text: str, now: float) -> float | None:
    """Read `HH:MM` as a moment of today, past or to come; None for anything else."""
    found = _HOUR.fullmatch(text.strip())
    if not found:
        return None
    today = datetime.fromtimestamp(now)  # noqa: DTZ006 - a person's clock is the local one
    return today.replace(hour=int(found[1]), minute=int(found[2]), second=0, microsecond=0).timestamp()


def _next_day(at: float) -> float:
    # By the calendar, since a day may have 23 or 25 hours; mktime knows that, a sum of seconds does not.
    parts = time.localtime(at)
    return time.mktime((*parts[:2], parts[2] + 1, *parts[3:6], 0, 0, -1))


def _bad(text: str, wanted: str) -> Problem:
    return Problem(Exit.USAGE, "bad-value", f'"{text[:40]}" is not {wanted}.')
