"""Who runs this very process, when no engine is there to say: a person, a stranger, or what looop started.

In: a profile. Out: a `Caller`. By the processes that hold the profile's locks, by the terminal, and by the
doors that are to be seen from here; never by a variable.
"""

import os

from looop.engine.call import Caller, Kind
from looop.store.paths import PERSONS, Profile


def find_caller(profile: Profile) -> Caller:
    """Tell who calls. A tick's agent is a CHILD here: what it may do goes through who runs its tick."""
    from looop.child import tree  # noqa: PLC0415 - only verbs that change something ask
    from looop.engine import caller, holder  # noqa: PLC0415 - the same

    holders = [holder.living(lock) for lock in (profile.keeper_lock, profile.lock)]
    ours = {process.pid for process in holders if process is not None}
    me = os.getpid()
    if _behind_a_door(profile):
        return Caller(Kind.CHILD, me)
    if ours:
        return caller.classify(me, ours=ours)
    # Nobody lives whose child it could be: parents that can't be seen are no reproach then.
    seen = tree.proc(me)
    return Caller(Kind.PERSON if seen is not None and seen.terminal else Kind.STRANGER, me)


def _behind_a_door(profile: Profile) -> bool:
    """Whether this is a confined process: to such a one its own door is shown as the person's, too.

    What looop's other processes are can't be seen from there. It is no wall, only the better sentence.
    """
    try:
        with os.scandir(profile.doors) as found:
            places = [(entry.name, entry.stat(follow_symlinks=False)) for entry in found]
    except OSError:
        return False
    persons = [place for name, place in places if name == PERSONS]
    return any(os.path.samestat(place, persons[0]) for name, place in places if persons and name != PERSONS)
