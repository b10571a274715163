"""Everything of a profile ended, whatever state it is in: `down --all`, and `--now` where that is not enough.

In: a profile, even a broken or missing one. Out: which sessions live; what survived the end of all of them.
Neighbour: `shutdown` does the ending.
"""

from dataclasses import dataclass

from looop.core.problem import Exit, Problem
from looop.engine import holder, shutdown
from looop.engine.offline import Offline
from looop.store import files
from looop.store.paths import Profile

GRACE = 20.0
"""Seconds for a gentle end, in which a landing is finished; then all is killed."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What could not be ended: pids, and sentences."""

    survivors: tuple[int, ...] = ()
    troubles: tuple[str, ...] = ()


def sessions(profile: Profile) -> tuple[str, ...]:
    """Name the sessions that may live; none without a keeper. `?` stands for what the files don't tell."""
    if holder.living(profile.keeper_lock) is None:
        return ()
    try:
        return tuple(view.id for view in Offline(profile).all() if not view.over)
    except (OSError, Problem):
        return ("?",)


async def end(profile: Profile) -> Ended:
    """End the pulse, its engine, keeper, all sessions and a `tick` by hand. Problem REFUSED as of `down`."""
    try:
        stopped = await shutdown.down(profile, sessions=True, patience=GRACE)
    except Problem as problem:
        if problem.exit_code is Exit.REFUSED:
            raise
    else:
        if not await files.aside(_anybody, profile):
            return _ended(stopped)
    return _ended(await shutdown.down(profile, now=True, sessions=True))


def _anybody(profile: Profile) -> bool:
    return any(holder.living(lock) for lock in (profile.keeper_lock, profile.lock))


def _ended(stopped: shutdown.Stopped) -> Ended:
    troubles = (stopped.trouble,) if stopped.trouble else ()
    return Ended(tuple(process.pid for process in stopped.survivors), troubles)
