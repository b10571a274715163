"""A PLAYBOOK that a tick changed: a person is told, with the diff, once it has landed.

In: a run. Out: an event and CONFIG's `notify`. What a person approved, they have seen: it comes by another
way (`verdicts`, `engine.proposals`). Neighbours: `beat` calls after a tick, `book` after a crash.
"""

from contextlib import suppress

from looop.core.diffs import unified
from looop.loop import land
from looop.loop.landing import Step
from looop.loop.notify import notify
from looop.loop.site import Site
from looop.store import events, files, held
from looop.store.policy import PLAYBOOK
from looop.store.runs import Run

_LARGEST = 16 << 20


async def tell(site: Site, run: Run) -> None:
    """Tell of the change of PLAYBOOK that a run has landed; nothing if there was none."""
    diff = await files.aside(_landed, run)
    if diff is None:
        return
    text = f"{run.id} changed PLAYBOOK.md"
    with suppress(OSError):
        events.emit(site.profile, "playbook-changed", run=run.id, diff=site.mask.text(diff))
    site.say(text)
    await notify(site, text, diff)


def _landed(run: Run) -> str | None:
    try:
        record = land.load(run)
    except (OSError, ValueError):  # damaged, or a stray file: nobody knows what it changed
        return None
    steps = record.steps if record and record.landed else ()
    step = next((step for step in steps if step.path == PLAYBOOK), None)
    return None if step is None else held.shortened(_diff(run, step), str(run.folder))


def _diff(run: Run, step: Step) -> str:
    before = after = None
    with suppress(OSError):
        before = files.read_regular(run.replaced / PLAYBOOK, _LARGEST)
    with suppress(OSError):
        after = files.read_regular(run.folder / (step.staged or ""), _LARGEST)
    return unified(PLAYBOOK, before, after)
