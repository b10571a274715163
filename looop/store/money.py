"""The day's money, gathered: the ledger, CONFIG's limits, what a person allowed; and who was told of it.

In: a profile. Out: a `Standing`; `.allowance`, written by `looop unpark` alone; the loop's flags about money,
each raised once a day, whoever of pulse and sessions sees it first. Blocks: call it through `files.aside`.
"""

import os
from pathlib import Path

import msgspec

from looop.core.allowance import CAUSES, Allowance, Limits, Standing, standing
from looop.core.parsed import parsed
from looop.core.problem import Exit, Problem
from looop.core.usage import day_of
from looop.store import files, flags, ledger
from looop.store.config import Config
from looop.store.faults import CorruptLedger
from looop.store.paths import Profile

_LARGEST = 4096


class _Told(msgspec.Struct, frozen=True):
    """Of which causes a person was told on a day."""

    day: str = ""
    causes: tuple[str, ...] = ()


def look(profile: Profile, settings: Config, now: float) -> Standing:
    """Judge the day; a ledger that is damaged counts as spent where there is a limit."""
    try:
        return judge(profile, settings, now, ledger.spent(profile, now).usd_today)
    except CorruptLedger as error:
        return judge(profile, settings, now, 0.0, str(error))


def judge(profile: Profile, settings: Config, now: float, usd: float, trouble: str | None = None) -> Standing:
    """Judge the day by what is known to be spent, or by why that is not known."""
    limits = Limits(settings.max_daily_usd, settings.warn_daily_usd)
    return standing(usd, limits, allowed(profile), now, ledger.local_day(now)[1], trouble)


def check_start(profile: Profile, settings: Config, now: float) -> None:
    """Refuse a session while the day's money is spent: Problem REFUSED `parked`."""
    if not settings.max_daily_usd:
        return
    found = look(profile, settings, now)
    if found.spent:
        raise Problem(Exit.REFUSED, "parked", f"No session can start: {found.said.rstrip('.')}.")


def allowed(profile: Profile) -> Allowance | None:
    """Read what a person allowed last, over or not; nothing, when it can't be read: the limits hold."""
    try:
        return parsed(files.read_regular(profile.allowance, _LARGEST), Allowance)
    except (OSError, ValueError):
        return None


def allow(profile: Profile, settings: Config, now: float, more: float | None, lasts: float) -> Allowance:
    """Let loop and sessions go on: for `more` dollars, or whatever it comes to; at most until midnight.

    `lasts` in seconds; 0: until midnight. Raises CorruptLedger where it can't be told what was spent.
    """
    most = None
    if more is not None:
        most = max(settings.max_daily_usd or 0.0, ledger.spent(profile, now).usd_today) + more
    midnight = ledger.local_day(now)[1]
    until = min(midnight, now + lasts) if lasts else midnight
    made = Allowance(os.urandom(8).hex(), now, until, most)
    files.durable(profile.allowance, msgspec.json.encode(made))
    return made


def tell(profile: Profile, found: Standing, now: float) -> str | None:
    """Raise the flag that fits and take the others down; gives what a person is to be notified of now.

    Each cause has its flag once a day: one that a person took down stays down.
    """
    for cause in CAUSES:
        if cause != found.cause:
            flags.clear(profile, cause)
    if found.cause not in CAUSES:
        return None
    told, day = _told(profile), day_of(now)
    causes = told.causes if told.day == day else ()
    if found.cause in causes:
        return None
    if told.day != day:
        flags.clear(profile, found.cause)  # yesterday's
    raised = flags.raise_flag(profile, found.cause, found.said)
    files.durable(_path(profile), msgspec.json.encode(_Told(day, (*causes, found.cause))))
    return found.said if raised else None


def _told(profile: Profile) -> _Told:
    try:
        return parsed(files.read_regular(_path(profile), _LARGEST), _Told)
    except (OSError, ValueError):
        return _Told()


def _path(profile: Profile) -> Path:
    return profile.pulse / "money.json"
