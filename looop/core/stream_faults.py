"""Which fault is it: agents report failures in prose, in status numbers, or in both.

In: an error's text, its HTTP status if known, and the time. Out: a `Finding`. The words are those of real
agents, run against a model that failed in every way; what no word fits is FAILED.
"""

import re
from dataclasses import dataclass

from looop.core.stream_base import Fault
from looop.core.stream_until import ends_at

_LOOK = 4000  # characters of an error that are looked at
_SOON = 900.0  # a quota that is back within these seconds is a rate, not a usage limit

_STATUS = re.compile(
    r"(?:^|status[\s:=]{1,3}|code[\s:=\"]{1,4}|error:? |http[/ ]|\()([45]\d\d)\b", re.IGNORECASE | re.ASCII
)
_LOGIN = re.compile(
    r"not logged in|/login|log ?in again|sign in|authenticat|unauthori[sz]ed|invalid[ _](?:x-)?api[ _-]key"
    r"|(?:no|missing) api key|api key (?:not|is not|is in)\s?valid|token (?:has |is )?(?:been )?"
    r"(?:expired|revoked|invalid)|credentials (?:not found|expired|missing)",
    re.IGNORECASE,
)
_USAGE = re.compile(
    r"usage.limit|hit your (?:\w{1,20} ){0,3}limit|(?:weekly|hour|session|monthly|daily) limit|quota"
    r"|out.of.credits|credit balance|insufficient (?:funds|credit|balance)|billing|spend(?:ing)? limit",
    re.IGNORECASE,
)
_RATE = re.compile(r"rate[ _-]?limit|too many requests|resource_exhausted", re.IGNORECASE)
_BUSY = re.compile(r"overloaded|at capacity|service unavailable|temporarily unavailable", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault, and when it ends in epoch seconds if that is known."""

    fault: Fault
    until: float | None = None


def classify(text: str, status: int | None = None, now: float | None = None) -> Finding:
    """Tell the fault that an error means. Without `now` (epoch seconds) relative ends stay unknown."""
    text = text[:_LOOK]
    status = status or _status(text)
    limited = status == 429  # noqa: PLR2004 - HTTP: too many requests, whatever the words say
    if status == 401 or (not limited and _LOGIN.search(text)):  # noqa: PLR2004 - HTTP: unauthorized
        return Finding(Fault.LOGIN)
    until = ends_at(text, now)
    soon = until is not None and now is not None and until - now <= _SOON
    if status == 402 or (_USAGE.search(text) and not soon):  # noqa: PLR2004 - HTTP: payment required
        return Finding(Fault.USAGE_LIMIT, until)
    if limited or _RATE.search(text) or _USAGE.search(text):
        return Finding(Fault.RATE_LIMITED, until)
    if status in {503, 529} or _BUSY.search(text):
        return Finding(Fault.OVERLOADED, until)
    return Finding(Fault.FAILED)


def _status(text: str) -> int | None:
    found = _STATUS.search(text)
    return int(found[1]) if found else None
