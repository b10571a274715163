"""What the agents cost: `cost`, from the ledger.

In: entries. Out: sums by day and by runner, in which the unknown stays unknown.
"""

import time
from collections.abc import Iterable

import msgspec

from looop.cli.disk import disk
from looop.cli.inject import ACall, ALive, AProfile, Json
from looop.cli.show import DAY, emit, line, many, spend, table
from looop.core.problem import Exit
from looop.store import ledger

_DAYS = 7


class Sum(msgspec.Struct, frozen=True):
    """What some asks cost together; `unknown` of them reported no cost, so `usd` may be too small."""

    name: str
    asks: int
    usd: float
    unknown: int
    input_tokens: int
    output_tokens: int


class CostView(msgspec.Struct, frozen=True):
    """What `cost --json` prints: the last seven local days, newest first, and today by runner."""

    today: Sum
    days: tuple[Sum, ...]
    runners: tuple[Sum, ...]
    v: int = 1


async def cost(*, call: ACall, profile: AProfile, live: ALive, json: Json = False) -> int:
    """Show what the agents cost, today and in the last seven days."""
    now = time.time()
    entries = await disk(live, ledger.entries, profile, now - _DAYS * DAY)
    today = [entry for entry in entries if _day(entry.at) == _day(now)]
    view = CostView(
        _sum("today", today),
        tuple(
            _sum(day, [entry for entry in entries if _day(entry.at) == day])
            for day in sorted({_day(entry.at) for entry in entries}, reverse=True)
        ),
        tuple(
            _sum(runner, [entry for entry in today if entry.runner == runner])
            for runner in sorted({entry.runner for entry in today})
        ),
    )
    await emit(call, view, table(map(_sum_row, [view.today, *view.runners, *view.days])), json=json)
    return int(Exit.DONE)


def _day(at: float) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(at))


def _sum(name: str, entries: Iterable[ledger.Entry]) -> Sum:
    found = list(entries)
    return Sum(
        name,
        len(found),
        round(sum(entry.usd or 0.0 for entry in found), 6),
        sum(entry.usd is None for entry in found),
        sum(entry.input_tokens or 0 for entry in found),
        sum(entry.output_tokens or 0 for entry in found),
    )


def _sum_row(item: Sum) -> list[str]:
    return [line(item.name, 30), many(item.asks, "ask"), spend(item.usd, item.asks, item.unknown)]
