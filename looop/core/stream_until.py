"""When a limit ends, read from the sentence that an agent prints about it.

In: the sentence and the time now. Out: epoch seconds, or None when it doesn't say or the reading makes no
sense. Times of day without a zone are this machine's; the zones' own data is the standard library's.
"""

import re
from datetime import datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

_FAR = 400 * 86400.0  # an end further away than this is a misreading
_WINDOW = 60  # characters after "again in" that may hold the amount

_EPOCH = re.compile(r"\|(\d{10})\b", re.ASCII)
_ISO = re.compile(
    r"(?:reset|again|until|after)\D{0,12}(20\d\d-\d\d-\d\dT\d\d:\d\d(?::\d\d)?(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d))",
    re.IGNORECASE | re.ASCII,
)
_IN = re.compile(r"(?:again in|retry in|resets? in|retry[- ]after:?)\s", re.IGNORECASE)
_AMOUNT = re.compile(
    r"[\s,]*(?:and )?(\d{1,9}(?:\.\d{1,6})?)(?!\d)\s?([a-z]{1,8})?", re.IGNORECASE | re.ASCII
)
_UNITS = {"ms": 0.001, "s": 1, "sec": 1, "second": 1, "m": 60, "min": 60, "minute": 60}
_UNITS |= {"h": 3600, "hr": 3600, "hour": 3600, "d": 86400, "day": 86400, "": 1}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CLOCK = re.compile(
    r"(?:resets?(?: at| on)?|again at)\s"
    r"(?:(?P<month>[a-z]{3})[a-z]{0,6} (?P<day>\d{1,2})(?:st|nd|rd|th)?(?:,? (?P<year>20\d\d))?,? (?:at )?)?"
    r"(?P<hour>\d{1,2})(?::(?P<minute>\d\d))?\s?(?P<half>[ap]m)?(?: ?\((?P<zone>[a-z0-9_+/-]{1,40})\))?",
    re.IGNORECASE | re.ASCII,
)


def ends_at(text: str, now: float | None) -> float | None:
    """Tell when the limit that a sentence speaks of ends; without `now` only ends that need none."""
    try:
        found = _absolute(text)
        if found is None and now is not None:
            found = _relative(text, now)
        if found is None and now is not None:
            found = _of_day(text, now)
    except (ValueError, OverflowError, OSError):  # the 31st of June, an unknown zone, a year too far
        return None
    if found is None or (now is not None and not now < found < now + _FAR):
        return None
    return found


def _absolute(text: str) -> float | None:
    if epoch := _EPOCH.search(text):
        return float(epoch[1])
    if iso := _ISO.search(text):
        return datetime.fromisoformat(iso[1]).timestamp()
    return None


def _relative(text: str, now: float) -> float | None:
    start = _IN.search(text)
    if start is None:
        return None
    place, end, seconds = start.end(), start.end() + _WINDOW, 0.0
    while amount := _AMOUNT.match(text, place, end):
        unit = (amount[2] or "").lower()
        scale = _UNITS.get(unit) or _UNITS.get(unit.removesuffix("s"))
        if scale is None:
            break
        seconds += float(amount[1]) * scale
        place = amount.end()
    return now + seconds if seconds else None


def _of_day(text: str, now: float) -> float | None:
    found = _CLOCK.search(text)
    if found is None:
        return None
    # Without a zone the machine's own, and no offset of today's: that may be another one by then.
    zone = _zone(found["zone"])
    here = datetime.fromtimestamp(now, zone)
    hour = int(found["hour"])
    if found["half"]:
        hour = hour % 12 + (12 if found["half"].lower() == "pm" else 0)
    then = here.replace(hour=hour, minute=int(found["minute"] or 0), second=0, microsecond=0)
    if not found["month"]:
        return (then if then > here else then + timedelta(days=1)).timestamp()
    month = _MONTHS.index(found["month"].lower()) + 1
    then = then.replace(year=int(found["year"] or here.year), month=month, day=int(found["day"]))
    if then <= here and not found["year"]:
        then = then.replace(year=here.year + 1)
    return then.timestamp()


def _zone(name: str | None) -> tzinfo | None:
    # ZoneInfo raises ValueError for a bad name and KeyError (ZoneInfoNotFoundError) for an unknown one.
    try:
        return ZoneInfo(name) if name else None
    except KeyError:
        return None
