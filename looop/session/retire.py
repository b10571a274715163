"""Removing what is over: by age in housekeeping, by hand with `prune`. What somebody waits for stays.

In: sessions' ids. Out: which generations are gone, with their briefs. Blocks: call it through `files.aside`.
"""

from collections.abc import Iterable
from pathlib import Path

from looop.session.past import Past
from looop.store import sessions
from looop.store.paths import Profile
from looop.store.sessions import Entry


def expired(past: Iterable[Past | Entry], ttl: float, now: float) -> tuple[str, ...]:
    """Name the sessions that ended more than `ttl` seconds ago; none when that is 0."""
    over = ((one.meta.id, one.known.ended) for one in past if one.known.state.over)
    return tuple(name for name, ended in over if ttl and ended is not None and now - ended > ttl)


def whole(profile: Profile, name: str) -> bool:
    """Remove all generations of a session that is over, or none while a flag or an answer of any is open.

    Interrupted, it leaves the newest generations; a second call removes them.
    """
    places = [*sessions.earlier(profile, name), sessions.folder(profile, name)]
    if any(sessions.asked(place).pending for place in places):
        return False
    return all(sessions.remove(profile, place) for place in places)


def superseded(profile: Profile, name: str, ttl: float, now: float) -> tuple[str, ...]:
    """Remove earlier generations that ended more than `ttl` seconds ago, none if 0; which are gone.

    None while a flag or an answer of the newest is open. With one of its own each stays, alone: a flag that
    nobody ever answers would keep all that came after it. A session that begins anew each day is never over
    for long: without this, it would keep all its days.
    """
    if not ttl or sessions.asked(sessions.folder(profile, name)).pending:
        return ()
    old = [place for place in sessions.earlier(profile, name) if now - _ended(place, now) > ttl]
    return tuple(_name(place) for place in old if sessions.remove(profile, place))


def pruned(profile: Profile, name: str, *, live: bool) -> tuple[str, ...]:
    """Remove a session's ended generations but for those with an open flag or answer; which are gone.

    The newest stays as long as it lives, or an earlier one does because of its answer.
    """
    gone = [place for place in sessions.earlier(profile, name) if sessions.remove(profile, place)]
    newest = sessions.folder(profile, name)
    if not live and not sessions.earlier(profile, name) and sessions.remove(profile, newest):
        gone.append(newest)
    return tuple(_name(place) for place in gone)


def _ended(place: Path, now: float) -> float:
    entry = sessions.read(place)
    if entry is None:
        return now
    return entry.known.since if entry.known.ended is None else entry.known.ended


def _name(place: Path) -> str:
    return place.name
