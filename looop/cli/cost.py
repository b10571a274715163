"""What the agents cost: `cost`, from the ledger; and what a worker says of itself, `spent`.

In: entries. Out: sums by day, runner, goal, session or tick, in which the unknown stays unknown and what a
worker only said is told apart.
"""

import datetime as dt
import time
from collections.abc import Callable, Iterable
from typing import Annotated, Literal

import msgspec
from cyclopts import Parameter

from looop.cli.asking import session_of
from looop.cli.disk import disk
from looop.cli.fleet import sessions_of
from looop.cli.inject import ACall, ALive, AProfile, Json
from looop.cli.show import DAY, DoneView, emit, line, many, money, spend, table
from looop.cli.tab import LivingId, Tab
from looop.core.problem import Exit, Problem
from looop.store import ledger
from looop.store.ledger import Entry

By = Literal["tick", "session", "goal", "runner", "day"]
_WORDS = ("tick", "session", "goal", "runner", "day")
_MOST_DAYS = 3650
_MOST_USD = 1e6


class Sum(msgspec.Struct, frozen=True):
    """What some asks and sessions cost together; `unknown` of them are of unknown cost, beyond `usd`.

    `sessions` are counted each day anew in `unknown`, once in `sessions`. `reported` is the part of `usd`
    that workers only said.
    """

    name: str
    asks: int
    usd: float
    unknown: int
    input_tokens: int
    output_tokens: int
    sessions: int = 0
    reported: float = 0.0


class CostView(msgspec.Struct, frozen=True):
    """What `cost --json` prints: the last local days, newest first, and today by runner; or with --by `rows`.

    The rows are of all those days: ticks and days newest first, others the dearest first.
    """

    today: Sum
    days: tuple[Sum, ...]
    runners: tuple[Sum, ...]
    by: str | None = None
    rows: tuple[Sum, ...] = ()
    v: int = 1


async def cost(
    *,
    call: ACall,
    profile: AProfile,
    live: ALive,
    by: Annotated[By | None, Tab(words=_WORDS), Parameter(help="One line for each of these.")] = None,
    days: Annotated[int, Parameter(help="How many local days, with today.")] = 7,
    json: Json = False,
) -> int:
    """Show what agents cost: ticks and sessions, today and in the last days."""
    if not 1 <= days <= _MOST_DAYS:
        raise Problem(Exit.USAGE, "bad-value", f"--days is a number from 1 to {_MOST_DAYS}.")
    now = time.time()
    today = dt.date.fromtimestamp(now)  # noqa: DTZ012 - a person's days are local ones
    wanted = {(today - dt.timedelta(days=number)).isoformat() for number in range(days)}
    found = await disk(live, ledger.entries, profile, now - (days + 1) * DAY)
    entries = [it for it in found if _day(it.at) in wanted]
    of_today = [it for it in entries if _day(it.at) == _day(now)]
    view = CostView(
        _sum("today", of_today),
        _grouped(entries, lambda it: _day(it.at), newest=True),
        tuple(sorted(_grouped(of_today, lambda it: it.runner), key=lambda it: it.name)),
        by,
        _rows(entries, by) if by else (),
    )
    shown = view.rows if by else (view.today, *view.runners, *view.days)
    text = table(map(_sum_row, shown)) or "Nothing is known to have been spent in these days."
    await emit(call, view, text, json=json)
    return int(Exit.DONE)


async def spent(
    usd: float,
    /,
    *,
    call: ACall,
    profile: AProfile,
    live: ALive,
    session: Annotated[LivingId | None, Parameter(help="This session; else the one that calls.")] = None,
    json: Json = False,
) -> int:
    """Say what this session has cost so far, in dollars, where its agent keeps no account of it.

    It counts as self-reported, and never makes a figure smaller that is known.
    """
    check_usd(usd)
    view = await sessions_of(profile, live).spent(session_of(call, session), usd)
    said = f"{view.id} says that it has cost {money(usd)} so far."
    await emit(call, DoneView(said), said, json=json)
    return int(Exit.DONE)


def check_usd(usd: float) -> None:
    """Refuse what is no amount of dollars; Problem USAGE `bad-value`."""
    if not 0 <= usd <= _MOST_USD:
        raise Problem(Exit.USAGE, "bad-value", "Give the cost in dollars, such as 0.42.")


def _rows(entries: list[Entry], by: By) -> tuple[Sum, ...]:
    names: dict[str, Callable[[Entry], str]] = {
        "tick": lambda it: "" if it.session else it.run or "unknown",
        "session": lambda it: it.session,
        "goal": lambda it: it.goal.removesuffix(".md") or "no goal",
        "runner": lambda it: it.runner or "unknown",
        "day": lambda it: _day(it.at),
    }
    return _grouped(entries, names[by], newest=by in {"tick", "day"})


def _grouped(
    entries: Iterable[Entry], name: Callable[[Entry], str], *, newest: bool = False
) -> tuple[Sum, ...]:
    """Sum up by name, leaving out what has none: the newest first, or the dearest."""
    groups: dict[str, list[Entry]] = {}
    for entry in sorted(entries, key=lambda it: it.at, reverse=True):
        if word := name(entry):
            groups.setdefault(word, []).append(entry)
    sums = [_sum(word, group) for word, group in groups.items()]
    return tuple(sums if newest else sorted(sums, key=lambda it: (-it.usd, it.name)))


def _day(at: float) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(at))


def _sum(name: str, entries: Iterable[Entry]) -> Sum:
    found = list(entries)
    return Sum(
        name,
        sum(not entry.session for entry in found),
        round(sum((entry.usd or 0.0 for entry in found), 0.0), 6),
        sum(entry.usd is None for entry in found),
        sum(entry.input_tokens or 0 for entry in found),
        sum(entry.output_tokens or 0 for entry in found),
        len({entry.session for entry in found if entry.session}),
        round(sum((entry.usd or 0.0 for entry in found if entry.source == "reported"), 0.0), 6),
    )


def _sum_row(item: Sum) -> list[str]:
    counts = [many(item.asks, "ask")] if item.asks or not item.sessions else []
    counts += [many(item.sessions, "session")] if item.sessions else []
    said = spend(item.usd, item.asks + item.sessions, item.unknown)
    if item.reported:
        said += f" ({money(item.reported)} self-reported)"
    tokens = item.input_tokens + item.output_tokens
    return [line(item.name, 40), ", ".join(counts), many(tokens, "token"), said]
