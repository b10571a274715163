"""The steps of `uninstall`, each of which goes on after the trouble of another.

In: a call, a profile in which all has ended. Out: what went, what stays and why, what failed.
Neighbours: `uninstall` asks before and tells afterwards; `store.leftovers` and `store.purge` do it.
"""

from collections.abc import Awaitable, Callable
from functools import partial

from looop.child import users
from looop.child.environ import frozen, own_binary
from looop.cli import service
from looop.cli.mistakes import TROUBLE, problem_of
from looop.engine.call import Call
from looop.store import files, homes, leftovers, purge, services
from looop.store.leftovers import Swept
from looop.store.paths import Profile

_HOMELESS = "is not set to a full path: units, completions and the cache below it were not looked for"


async def remove(call: Call, profile: Profile, *, purged: bool, dead: bool) -> Swept:
    """Do them all. The program comes last: what is not imported by then can't be any more."""
    swept = await _tried("units", partial(_units, call, profile))
    swept += await _tried("completions", partial(files.aside, leftovers.sweep_files, call.env))
    if not purged:
        swept += _kept(profile)
    elif not dead:
        swept += Swept(failed=((str(profile.data), "stays, since something in it survived"),))
    else:
        swept += await _tried(str(profile.data), partial(files.aside, purge.remove_data, profile))
        swept += await _tried(str(profile.config), partial(files.aside, purge.remove_config, profile))
    swept += _program(call, purged=purged)
    return swept + await _tried("cache", partial(files.aside, _unpacked, call))


async def _tried(what: str, step: Callable[[], Awaitable[Swept]]) -> Swept:
    """Take a step; its trouble is told, and stops no other."""
    try:
        return await step()
    except TROUBLE as error:
        return Swept(failed=((what, problem_of(error).text),))


async def _units(call: Call, profile: Profile) -> Swept:
    where = services.place(profile, call.env)
    if where is None:
        return Swept(failed=(("HOME", _HOMELESS),))
    removed = await service.remove(call, where)
    others = [
        (str(path), "is another profile's: `looop uninstall` with its LOOOP_DATA_DIR removes it")
        for path in services.others(where)
    ]
    kept = [(str(path), why) for path, why in removed.kept]
    return Swept(tuple(map(str, removed.gone)), (*kept, *others))


def _kept(profile: Profile) -> Swept:
    """Name what a plain `uninstall` leaves."""
    here = [
        (str(place), f"is {what}: `looop uninstall --purge` removes it")
        for place, what in ((profile.data, "DATA, the memory"), (profile.config, "CONFIG"))
        if files.present(place)
    ]
    return Swept(kept=tuple(here))


def _program(call: Call, *, purged: bool) -> Swept:
    if frozen():
        return leftovers.remove_program(own_binary(), homes.home(call.env), purged=purged)
    return Swept(kept=((own_binary(), "is part of an installation: remove that as you made it"),))


def _unpacked(call: Call) -> Swept:
    """Remove the unpacked program, our own too: what runs keeps what it has open."""
    found, swept = leftovers.unpacked(call.env)
    for place in found:
        if pids := users.running_from(place):
            named = ", ".join(str(pid) for pid in pids)
            why = f"is in use (pid {named}), perhaps by another profile: end it with its `looop down --all`"
            swept += Swept(failed=((str(place), why),))
        else:
            swept += leftovers.remove_unpacked(place)
    return swept
