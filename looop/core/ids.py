"""Names: check those that a person or an agent gives, make those that looop gives.

In: text from a command line, or a time. Out: a name that is safe as a file name and in a
prompt. Names found on disk are tolerated elsewhere; only names that are given are judged here.
"""

import re
from collections.abc import Iterable
from datetime import datetime

from looop.core.problem import Exit, Problem

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PULSE = "pulse"
"""The one session id that is the loop's own."""

_RUN = r"tick-\d{8}-\d{6}-[0-9a-f]{6}"


def is_name(text: str) -> bool:
    """Tell whether this is a plain name: 1 to 64 of `A-Z a-z 0-9 . _ -`, a letter or digit first."""
    return re.fullmatch(_NAME, text) is not None


def goal_name(text: str) -> str:
    """Turn `x`, `x.md` or `goals/x.md` into `x.md`; Problem USAGE `bad-name` if it is no goal's name."""
    return _checked(_stem(text, "goals/", ".md"), text, "goal name") + ".md"


def sensor_name(text: str) -> str:
    """Turn `x`, `x.sh` or `sensors/x.sh` into `x`; Problem USAGE `bad-name` if it is no sensor's name."""
    return _checked(_stem(text, "sensors/", ".sh"), text, "sensor name")


def session_id(text: str) -> str:
    """Check a session's id, `x` or `sessions/x`; Problem USAGE `bad-name`, REFUSED `reserved` for `pulse`."""
    name = _checked(text.removeprefix("sessions/"), text, "session id")
    if name.lower() == PULSE:
        raise Problem(
            Exit.REFUSED, "reserved", f"The id {name!r} is the loop's own: give the session another one."
        )
    return name


def ulid(now_ms: int, entropy: bytes) -> str:
    """Name a generation: 26 characters that sort by time (github.com/ulid/spec), from 10 random bytes."""
    number = (now_ms % (1 << 48)) << 80 | int.from_bytes(entropy[:10].rjust(10, b"\0"))
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))


def run_id(now: datetime) -> str:
    """Name a run: `tick-YYYYMMDD-HHMMSS-` and the part of the second as six hex digits."""
    return stamped("tick", now)


def stamped(kind: str, now: datetime) -> str:
    """Name something by its kind and its time, to the microsecond."""
    return f"{kind}-{now:%Y%m%d-%H%M%S}-{(now.microsecond << 24) // 1_000_000:06x}"


def is_run_id(text: str) -> bool:
    """Tell whether this is the name of a run."""
    return re.fullmatch(_RUN, text, flags=re.ASCII) is not None


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """Find the choice that was most likely meant, whatever its case, or None if none is close."""
    import difflib  # noqa: PLC0415 - only a mistake needs it

    by_case = {choice.casefold(): choice for choice in choices}
    found = difflib.get_close_matches(word.casefold(), by_case, n=1, cutoff=0.6)
    return by_case[found[0]] if found else None


def _stem(text: str, folder: str, suffix: str) -> str:
    return text.removeprefix(folder).removesuffix(suffix)


def _checked(name: str, given: str, what: str) -> str:
    if is_name(name):
        return name
    raise Problem(
        Exit.USAGE,
        "bad-name",
        f"{given[:80]!r} is no {what}: use 1 to 64 letters, digits, '.', '_' or '-', "
        "starting with a letter or digit.",
    )
