"""Who runs this very process, when no engine is there to say: a person, or something that looop started.

In: a profile. Out: a `Caller`. By the processes that hold the profile's locks, never by a variable.
"""

import os

from looop.engine.call import Caller, Kind
from looop.store.paths import Profile


def find_caller(profile: Profile) -> Caller:
    """Tell who calls. A tick's agent is a CHILD here: what it may do goes through who runs its tick."""
    from looop.engine import caller, holder  # noqa: PLC0415 - only verbs that change something ask

    holders = [holder.living(lock) for lock in (profile.keeper_lock, profile.lock)]
    ours = {process.pid for process in holders if process is not None}
    me = os.getpid()
    return caller.classify(me, ours=ours) if ours else Caller(Kind.PERSON, me)
