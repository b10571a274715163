"""Undo, for the verb: it runs in the caller's own process, which has the terminal to ask on.

In: a profile, an edit's name. Out: `loop.undo`'s plan and what landed. The policy lock is all that it shares
with an engine, which finds the files changed as after any edit of a person's.
"""

from looop.loop import undo
from looop.loop.clock import Clock
from looop.loop.fleet import NoFleet
from looop.loop.site import Site
from looop.loop.undo import Plan, Undone
from looop.store import files
from looop.store.config import Config
from looop.store.paths import Profile

__all__ = ["Plan", "Undone", "perform", "plan"]


async def plan(profile: Profile, name: str | None) -> Plan:
    """Give the plan, after an undo that was cut off before has been finished. Problem as of `loop.undo`."""
    await undo.recover(_site(profile))
    return await files.aside(undo.plan, profile, name)


async def perform(profile: Profile, agreed: Plan) -> Undone:
    """Do it, as `loop.undo.perform` says."""
    return await undo.perform(_site(profile), agreed)


def _site(profile: Profile) -> Site:
    """Make surroundings without CONFIG, which an undo doesn't need and which may be broken."""
    return Site(profile, Config(), {}, lambda _line: None, Clock(), NoFleet())
