"""What a conversation has used, added up: one figure for each of the agent's answers, counted once.

In: `Used` values in any order, again and again. Out: sums by local day. Nobody's word for a day is lost by
reading its transcript anew: the same lines give the same sums. `usage_lines` reads agents' lines.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

_QUARTER = 900.0


@dataclass(frozen=True, slots=True)
class Used:
    """One answer of a model. `key` is the agent's own name for it; a later figure takes its place.

    `fresh` are input tokens that no cache held; `usd` is the agent's own figure. `at`: epoch seconds.
    """

    key: str
    at: float | None = None
    model: str = ""
    fresh: int = 0
    cache_read: int = 0
    cache_write: int = 0
    output: int = 0
    usd: float | None = None

    @property
    def input(self) -> int:
        """All input tokens, cached ones too."""
        return self.fresh + self.cache_read + self.cache_write


@dataclass(frozen=True, slots=True)
class Trouble:
    """What the agent reported instead of an answer: a limit, an expired login."""

    text: str
    status: int | None = None
    at: float | None = None


@dataclass(frozen=True, slots=True)
class Sum:
    """What was used in a day. `usd` None: nobody knows. `at` is when the day's first answer came.

    `source` is who knows: the `agent`, a person's `prices`, or the worker that `reported` it.
    """

    at: float
    input: int = 0
    output: int = 0
    usd: float | None = None
    source: str = ""


Priced = Callable[[Used], float | None]
"""What an answer costs by a person's prices, where its agent told no dollars."""


class Tally:
    """All answers of one conversation. `trouble` is there as long as no answer came after it."""

    def __init__(self, began: float) -> None:
        self._began = began
        self._used: dict[str, Used] = {}
        self._last = began
        self.trouble: Trouble | None = None

    def add(self, found: Iterable[Used | Trouble]) -> None:
        """Take what an agent's lines said, in their order."""
        for it in found:
            if isinstance(it, Trouble):
                self.trouble = it
                continue
            self.trouble = None
            # A line without a time came when the line before it did: what is read twice must not move.
            before = self._used.get(it.key)
            at = before.at if before else it.at if it.at is not None else self._last
            self._last = at if at is not None else self._last
            self._used[it.key] = replace(it, at=at)

    def days(self, priced: Priced) -> dict[str, Sum]:
        """Sum up by local day (`2026-01-31`), in order; a day with one answer of unknown cost is unknown."""
        quarters: dict[float, list[Used]] = {}  # of an hour: no zone's midnight is within one
        for it in sorted(self._used.values(), key=_at):
            quarters.setdefault(_at(it) // _QUARTER, []).append(it)
        found: dict[str, list[Used]] = {}
        for quarter, used in quarters.items():
            found.setdefault(day_of(quarter * _QUARTER), []).extend(used)
        return {day: _sum(used, priced) for day, used in found.items()}


def day_of(at: float) -> str:
    """Name the local day of a moment."""
    try:
        return dt.datetime.fromtimestamp(at).strftime("%Y-%m-%d")  # noqa: DTZ006 - local time is meant
    except (OverflowError, ValueError, OSError):
        return "1970-01-01"


def settled(days: Mapping[str, Sum], before: Mapping[str, Sum]) -> dict[str, Sum]:
    """Bring sums together with what was known `before`: a figure never becomes smaller or unknown again.

    A day of which nothing at all is known is nothing once another one is known to have had answers.
    """
    found = {day: _larger(days.get(day), before.get(day)) for day in sorted({*days, *before})}
    empty = [day for day, it in found.items() if it == Sum(it.at)]
    if len(empty) == len(found):
        return found
    return found | {day: replace(found[day], usd=0.0) for day in empty}


def topped(days: Mapping[str, Sum], total: float, source: str, at: float) -> dict[str, Sum]:
    """Take over a `total` for all days: what it has beyond their sum belongs to the day of `at`.

    Days of unknown cost are contained in it. A smaller one changes nothing that is known.
    """
    day = day_of(at)
    found = {day: Sum(at), **days}
    more = total - sum(it.usd or 0.0 for it in found.values())
    if more <= 0 and all(it.usd is not None for it in days.values()):
        return dict(days)
    found = {
        it: one if one.usd is not None else replace(one, usd=0.0, source=source) for it, one in found.items()
    }
    found[day] = replace(found[day], usd=(found[day].usd or 0.0) + max(0.0, more), source=source)
    return dict(sorted(found.items()))


def _larger(now: Sum | None, before: Sum | None) -> Sum:
    both = [it for it in (now, before) if it is not None]
    known = [it for it in both if it.usd is not None]
    best = max(known, key=lambda it: it.usd or 0.0, default=both[0])
    return Sum(
        min(it.at for it in both),
        max(it.input for it in both),
        max(it.output for it in both),
        best.usd,
        best.source,
    )


def _sum(used: list[Used], priced: Priced) -> Sum:
    costs = [it.usd if it.usd is not None else priced(it) for it in used]
    known = [cost for cost in costs if cost is not None]
    complete = len(known) == len(costs)
    agents = all(it.usd is not None for it in used)
    return Sum(
        at=_at(used[0]),
        input=sum(it.input for it in used),
        output=sum(it.output for it in used),
        usd=sum(known) if complete else None,
        source="agent" if agents else "prices" if complete else "",
    )


def _at(used: Used) -> float:
    return used.at if used.at is not None else 0.0
