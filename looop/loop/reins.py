"""What holds the loop back in this beat, gathered: caps, spend, pause, disk, the agent; and who is told.

In: a site and the state. Out: the facts that `core.due` decides by, and the loop's own flags, reconciled:
a cause that holds has one flag, a cause that is gone has none. Neighbour: `beat`.
"""

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from looop.core import limits, runners
from looop.core.allowance import Standing, minded
from looop.core.due import Caps, Pace, Spend
from looop.core.phase import Hold
from looop.core.problem import Problem
from looop.core.runners import Choice
from looop.core.state import LoopState
from looop.core.world import World
from looop.loop.notify import notify
from looop.loop.site import Site
from looop.store import credentials, events, files, flags, ledger, money, pause
from looop.store.config import Config
from looop.store.faults import CorruptLedger


def caps(settings: Config, day: Standing) -> Caps:
    """Give the person's limits, with what they allowed beyond them today."""
    return Caps(settings.max_decides_per_hour, settings.max_decides_per_day, day.cap, settings.revisit)


def pace(settings: Config) -> Pace:
    """Give the intervals."""
    return Pace(settings.interval, settings.busy_interval, settings.active_interval)


def spend(site: Site) -> Spend:
    """Read the ledger; one that is damaged holds the loop, since an unknown spend is not zero."""
    try:
        spent = ledger.spent(site.profile, site.clock.now())
    except CorruptLedger as error:
        return Spend(trouble=str(error))
    return Spend(
        hour=spent.decides_hour,
        day=spent.decides_today,
        usd=spent.usd_today,
        unknown=spent.unknown_today,
        hour_frees_at=spent.hour_frees_at,
        day_frees_at=spent.day_frees_at,
    )


def paused(site: Site) -> Hold | None:
    """Give a person's pause, if it is in force."""
    found = pause.in_force(site.profile, site.clock.now())
    return found.hold() if found else None


def disk(site: Site) -> Hold | None:
    """Tell whether the disk is full."""
    trouble = limits.full(*files.free_bytes(site.profile.data))
    return Hold(trouble) if trouble else None


def choose(site: Site) -> Choice:
    """Choose the agent of this beat by CONFIG and what is installed now."""
    path = site.env.get("PATH")
    found = {
        name for name, program in runners.PROGRAMS.items() if program and shutil.which(program, path=path)
    }
    return runners.choose(
        site.config.runner,
        site.config.runners,
        found=found,
        root=os.geteuid() == 0,
    )


@dataclass(frozen=True, slots=True)
class Reins:
    """All of it, for one beat. Without a `choice` the troubles say why no agent can be asked."""

    spend: Spend
    money: Standing
    choice: Choice | None
    paused: Hold | None
    troubles: tuple[Hold, ...]


def gather(site: Site) -> Reins:
    """Look at everything that may hold this beat."""
    troubles = [hold] if (hold := disk(site)) else []
    choice = None
    try:
        choice = choose(site)
    except Problem as problem:
        troubles.append(Hold(problem.text))
    spent = spend(site)
    standing = money.judge(site.profile, site.config, site.clock.now(), spent.usd, spent.trouble)
    return Reins(spent, standing, choice, paused(site), tuple(troubles))


def causes(state: LoopState, world: World, now: Reins) -> dict[str, str]:
    """Say what a person must know now, by cause."""
    found = {hold.reason.split(":")[0]: hold.reason for hold in now.troubles}
    found |= limits.causes(state)
    for reading in world.readings:
        tried = state.tried.get(reading.name)
        if tried and tried.failures >= limits.SENSOR_PATIENCE:
            failed = f"failed {limits.SENSOR_PATIENCE} times in a row and is tried ever more rarely"
            found[f"failing {reading.name}"] = f"the sensor {reading.name} {failed}: it {reading.error}"
    if now.spend.trouble:
        found["ledger"] = now.spend.trouble
    if state.park:
        found["park"] = f"the agent can't work: {state.park.reason}"
    return found


async def tell_of_money(site: Site, standing: Standing) -> None:
    """Tell a person how far the day's money is, once a day; what the sessions' engine has told is told."""
    sentence = None
    with suppress(OSError):  # a full disk has a flag of its own
        sentence = await files.aside(money.tell, site.profile, standing, site.clock.now())
        if sentence is not None:
            events.emit(site.profile, "flag", cause=standing.cause, text=sentence)
    if sentence is not None:
        site.say(f"⚑ {sentence}")
        await notify(site, sentence)


def unparked(site: Site, state: LoopState) -> LoopState:
    """Leave a park that a person ended by `looop unpark`, or by a new login or another CONFIG."""
    given = money.allowed(site.profile)
    return limits.unparked(state, given.token if given else "", seal(site))


def seal(site: Site) -> str:
    """Name CONFIG and the agent's credentials as they are now: what an expired login waits for."""
    return credentials.seal(site.profile, site.config.runner, site.env)


def broken(error: OSError) -> Hold:
    """Say that the disk fails, which holds as a full one does."""
    return Hold(f"the disk fails: {error.filename or 'a file'} ({error.strerror or error})")


async def tell(site: Site, flagged: tuple[str, ...], cause: str, text: str) -> tuple[str, ...]:
    """Tell a person of a cause, once, by a flag and `notify`; gives what has been told now.

    A disk may have no room for the flag either: then the pulse's log and `notify` say it all the same.
    """
    if cause in flagged:
        return flagged
    text = site.mask.text(text)
    told = tuple(sorted({*flagged, cause}))
    with suppress(OSError):
        if await files.aside(flags.raise_flag, site.profile, cause, text) is None:
            return told
        events.emit(site.profile, "flag", cause=cause, text=text)
    site.say(f"⚑ {text}")
    await notify(site, text)
    return told


async def reconcile(site: Site, flagged: tuple[str, ...], wanted: Mapping[str, str]) -> tuple[str, ...]:
    """Tell of what is wanted, end what is no longer true; gives what has been told now.

    A flag that a person has put away stays away until its cause has gone and come back.
    """
    flagged = tuple(cause for cause in flagged if not minded(cause))
    for cause in flagged:
        if cause not in wanted:
            await files.aside(flags.clear, site.profile, cause)
    told = tuple(cause for cause in flagged if cause in wanted)
    for cause, text in wanted.items():
        told = await tell(site, told, cause, text)
    return told
