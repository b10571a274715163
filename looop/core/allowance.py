"""The day's money: how far it is spent, and whether loop and sessions may go on.

In: what is known to be spent today, the person's limits, what a person allowed beyond them. Out: a
`Standing`. Pure; `store.money` gathers, `core.due` holds the loop by it, `engine.purse` the sessions.
"""

from dataclasses import dataclass
from enum import Enum

import msgspec

from looop.core.limits import pending

WARN_AT = 0.8
"""The part of `max_daily_usd` at which a person is told, unless `warn_daily_usd` says when."""

_LONGEST = 26 * 3600.0  # a day with a clock change, and an hour of grace


class Level(Enum):
    """How far it is."""

    FINE = "within the limits"
    WARN = "much is spent"
    SPENT = "all is spent"

    def __str__(self) -> str:
        return self.value


class Allowance(msgspec.Struct, frozen=True):
    """What `looop unpark` wrote. `usd` is what may be spent on that day in all; None: whatever it comes to.

    `token` names this one word of a person's, so that it ends a park only once. Times are epoch seconds.
    """

    token: str
    at: float
    until: float
    usd: float | None = None
    v: int = 1


@dataclass(frozen=True, slots=True)
class Limits:
    """CONFIG's limits for a day; 0 and None mean none."""

    most: float | None = None
    warn: float | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the day stands. `cap` is what holds now, None: nothing does; `until` when it changes by itself.

    `cause` and `said` are for the flag; both are empty while all is well.
    """

    level: Level
    usd: float
    cap: float | None
    until: float
    cause: str = ""
    said: str = ""

    @property
    def spent(self) -> bool:
        """Whether loop and sessions wait for a person or for midnight."""
        return self.level is Level.SPENT


CAUSES = ("money", "money-spent")
"""The causes of the loop's flags about money, of which at most one is open."""


LIMIT = "limit "
"""What the cause of a flag begins with that tells of a session whose agent can't work; its id follows."""


def minded(cause: str) -> bool:
    """Tell whether the sessions' purse raises and takes down the flags of a cause, not the beat."""
    return cause in CAUSES or cause.startswith(LIMIT)


def standing(
    usd: float,
    limits: Limits,
    allowance: Allowance | None,
    now: float,
    midnight: float,
    trouble: str | None = None,
) -> Standing:
    """Judge the day. `midnight` is the next local one; with `trouble` nobody knows what was spent."""
    if allowance is not None and not pending(allowance.until, now, _LONGEST):
        allowance = None
    most = limits.most or None
    if trouble is not None:
        level = Level.SPENT if most else Level.FINE
        cause, said = (CAUSES[1], f"{trouble} Until then max_daily_usd can't hold, and sessions are frozen")
        return Standing(level, usd, most, midnight, cause if most else "", said if most else "")
    cap, until = most, midnight
    if most and allowance is not None:
        cap, until = (allowance.usd if allowance.usd is None else max(most, allowance.usd)), allowance.until
    if cap is not None and usd >= cap:
        return Standing(Level.SPENT, usd, cap, midnight, CAUSES[1], _spent(usd, cap))
    if said := _warning(usd, limits, most, cap):
        return Standing(Level.WARN, usd, cap, until, CAUSES[0], said)
    return Standing(Level.FINE, usd, cap, until)


def _spent(usd: float, cap: float) -> str:
    return (
        f"${usd:.2f} of ${cap:g} are spent today (max_daily_usd): the loop is parked and its sessions are "
        "frozen until midnight; `looop unpark` lets them go on"
    )


def _warning(usd: float, limits: Limits, most: float | None, cap: float | None) -> str:
    if most and cap is None and usd >= most:
        return f"${usd:.2f} are spent today, and a person has put max_daily_usd (${most:g}) off"
    if limits.warn:
        return f"more than ${limits.warn:g} was spent today (warn_daily_usd)" if usd >= limits.warn else ""
    if most and cap and usd >= WARN_AT * cap:
        return f"${usd:.2f} of ${cap:g} are spent today, and at all of it the loop is parked (max_daily_usd)"
    return ""
