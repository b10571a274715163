"""A person approved what a meta session proposed: its draft lands, by the rules by which a tick lands.

In: a session's folder, the number of the flag that asked, the digest that was approved. Out: policy files
and one journal line, staged first, so that a crash anywhere is finished by `recover` or by asking again.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from looop.core.act import Write
from looop.core.line import stamped
from looop.core.moves import Kind, Landing
from looop.core.problem import Exit, Problem
from looop.loop import land as landing
from looop.loop import origin
from looop.loop.landing import Record
from looop.loop.past import PROPOSAL
from looop.loop.site import Site
from looop.session import draft
from looop.store import files
from looop.store.questions import Place
from looop.store.runs import Run


async def land(site: Site, session_folder: Path, number: int, name: str, *, proposal: str = "") -> str:
    """Land the draft of session `name` that flag `number` asked approval for; a sentence for the person.

    `proposal` is the digest that the flag was raised with. A second call finishes or repeats the first one's
    answer, nothing lands twice. A cancel waits until the landing is done.

    Problem REFUSED `draft-changed` when the draft is no longer what was shown, REFUSED `conflict` when
    somebody changed a policy file that it would change, NO `busy` when a tick holds the files too long; else
    as `session.draft.changes`. Then nothing was changed. OSError or Unreadable when a disk fails.
    """
    run = Run(session_folder / f"{PROPOSAL}{number}")
    with await landing.policy_lock(site):
        record = await files.aside(_staged, run)
        if record is None:
            writes = await files.aside(draft.approved, site.profile, session_folder, proposal, name)
            text = f"{name}: landed on a person's approval (flag {number}): {_named(writes)}"
            await files.aside(files.private_dir, run.folder)
            await files.aside(partial(origin.note, approved=True), site.profile, name, writes)
            what = Landing(Kind.PROPOSAL, f"session:{name}", writes)
            kept = await landing.land(site, run, what, stamped(text, site.clock.local()), None)
            return _sentence(name, [write.path for write in writes], kept)
        kept = () if record.landed else await landing.finish(site, run, record)
        return _sentence(name, [step.path for step in record.steps], kept)


class Landings:
    """All meta sessions' proposals, for `session.flags`. `site` makes the surroundings of one landing."""

    def __init__(self, site: Callable[[], Site]) -> None:
        self._site = site

    async def digest(self, place: Place) -> str:
        """Give the digest of what would land now. Problem MISSING `no-draft`."""
        return await files.aside(draft.digest, self._site().profile, place.folder)

    async def diff(self, place: Place) -> str:
        """Show what would land. Problem as `session.draft.changes`."""
        return await files.aside(draft.diff, self._site().profile, place.folder)

    async def land(self, place: Place, number: int, proposal: str) -> str:
        """Land it, once however often this is called, as `land` says."""
        return await land(self._site(), place.folder, number, place.session, proposal=proposal)


async def recover(site: Site) -> tuple[str, ...]:
    """Finish the landings that a crash cut off, before sessions live; what was finished, for a log.

    Problem NO `busy` when the policy files are held too long. What can't be read is left to `land`.
    """
    found = await files.aside(_cut_off, site.profile.sessions)
    if not found:
        return ()
    said = list[str]()
    with await landing.policy_lock(site):
        for run, record in found:
            said += [f"finished {run.folder}", *await landing.finish(site, run, record)]
    return tuple(said)


def _cut_off(sessions: Path) -> list[tuple[Run, Record]]:
    found = []
    for path in sorted(sessions.glob(f"*/{PROPOSAL}*")):
        with suppress(Problem):
            record = _staged(Run(path))
            if record is not None and not record.landed:
                found.append((Run(path), record))
    return found


def _staged(run: Run) -> Record | None:
    try:
        return landing.load(run)
    except (ValueError, NotADirectoryError, files.NotRegular) as error:
        raise Problem(
            Exit.NO,
            "bad-landing",
            f"{run.landing} can't be read, so nobody knows what of it was done: look at it, then remove it.",
        ) from error


def _named(writes: tuple[Write, ...]) -> str:
    return ", ".join(write.path for write in writes)


def _sentence(name: str, paths: list[str], kept: tuple[str, ...]) -> str:
    return " ".join([f"Landed what {name} proposed: {', '.join(paths)}.", *(f"But {it}." for it in kept)])
