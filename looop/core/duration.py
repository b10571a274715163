"""Durations as people write them: `90`, `20s`, `10m`, `1h30m`, `3d`; a bare number is seconds.

In: text or a number. Out: seconds. 0 means "no limit" everywhere; huge values saturate.
"""

import re

LONGEST = 10 * 365 * 86400.0
"""Seconds: what a longer duration is taken for. Ten years are for ever, and fit every clock."""

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}
_PART = r"(\d{1,30}(?:\.\d{1,30})?)(ms|[smhdw])"
_BARE = r"\d{1,30}(?:\.\d{1,30})?"


def parse(text: str) -> float | None:
    """Give the seconds that the text means, None if it is no duration."""
    text = text.strip().lower()
    if re.fullmatch(_BARE, text, flags=re.ASCII):
        return saturated(float(text))
    parts = re.findall(_PART, text, flags=re.ASCII)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return saturated(sum(float(number) * _SECONDS[unit] for number, unit in parts))


def saturated(seconds: float) -> float:
    """Give the duration, or the longest that there is."""
    return min(seconds, LONGEST)
