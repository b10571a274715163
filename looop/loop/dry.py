"""`tick --dry-run`: the prompt that a tick would send now, made of the files alone; nothing is run.

In: a site. Out: the prompt. Same files, same bytes, but for the last section, which has the time.
"""

from looop.core.diff import compare
from looop.core.due import Why
from looop.loop import awaiting, book, sense
from looop.loop.site import Site
from looop.store import files

RUN = "dry run"


async def prompt(site: Site) -> str:
    """Write it, with the readings of the last beat. Raises `memory.Unreadable`."""
    world = await sense.remembered(site, await files.aside(awaiting.awaited, site))
    last = await files.aside(book.baseline, site.profile)
    changes = compare(last, world)
    why = Why.FIRST_LOOK if last is None else Why.CHANGED if changes else Why.BY_HAND
    state = await files.aside(book.load, site.profile)
    return await files.aside(book.prompt, site, state, world, changes, why, site.fleet.answers(), RUN)
