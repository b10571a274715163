"""After the start of an engine: which sessions live on with keeper, and how the others came to their end.

In: the folders, keeper's terminals. Out: an `Adoption`. Those that are over and not yet known to be are told
apart here: ended while nobody looked, never started, lost with keeper or with the machine.
"""

from contextlib import suppress
from dataclasses import dataclass, field

from looop.child import tree
from looop.core.known import ended, lost
from looop.core.sessions import Known
from looop.session import records, survivors
from looop.session.past import Past
from looop.session.terminals import Alive
from looop.store import sessions, temps
from looop.store.paths import Profile
from looop.store.sessions import Entry


@dataclass(frozen=True, slots=True)
class Adoption:
    """What was found. `strange` are terminals of keeper's that no folder tells of: they are to be ended."""

    living: tuple[Entry, ...] = ()
    over: tuple[Past, ...] = ()
    ending: tuple[tuple[Entry, Known], ...] = field(default=())
    strange: tuple[str, ...] = ()


def look(profile: Profile, alive: tuple[Alive, ...], now: float) -> Adoption:
    """Find out. OSError when a folder can't be read: then nothing is known of anything, and nothing is ended.

    What a keeper that has gone left running is killed here. Blocks: call it through `files.aside`.
    """
    sessions.mend(profile)
    with suppress(OSError):  # a later engine, or a beat, removes them
        temps.remove(profile, now)
    entries = sessions.listed(profile)
    keys = {one.key for one in alive}
    living = tuple(it for it in entries if it.meta.generation in keys and not it.known.state.over)
    over = tuple(Past.of(it) for it in entries if it.known.state.over)
    ending = tuple(
        (it, _end(it, now)) for it in entries if it.meta.generation not in keys and not it.known.state.over
    )
    strange = keys - {it.meta.generation for it in living}
    return Adoption(living, over, ending, tuple(sorted(strange)))


def _end(entry: Entry, now: float) -> Known:
    found = records.load(entry.folder)
    if found.end is not None:
        return ended(entry.known, found.end.status, found.end.when, killed=found.end.killed)
    survivors.end(found, entry.meta.generation)
    if found.pid is None:
        return lost(entry.known, "it was never started: looop was ended in that moment", now)
    if found.boot != tree.boot_id():
        return lost(entry.known, "the machine was started anew since", now)
    return lost(entry.known, "the keeper of its terminal has gone, and it with that", now)
