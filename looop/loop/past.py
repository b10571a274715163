"""What a landing is about to change, and what a beat found changed, put into the history of the policy files.

In: a staged landing's steps, or the digests that a beat read and those it knew. Out: edits in
`store.history`. Called through `files.aside`, but for `seen`, which sees to that itself.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial

from looop.core.edits import Blob, By, Edit, Version
from looop.core.ids import is_run_id
from looop.loop.landing import Record, Step
from looop.loop.site import Site
from looop.store import files, history, memory
from looop.store.paths import Profile
from looop.store.policy import LARGEST
from looop.store.runs import Run

PROPOSAL = "landing-"
"""How the folder of a proposal's landing is called, before its flag's number; a verdict's is that alone."""


def keep(profile: Profile, run: Run, record: Record, due: Sequence[Step], now: float) -> None:
    """Keep both versions of the files that a landing is about to write, once. OSError if it can't be done."""
    if same := [step.path for step in record.steps if step.before == step.after]:
        history.seen(profile, same, now)  # somebody wrote the same bytes first, and no beat will see it
    if due:
        name, by = _named(run, record)
        versions, contents = zip(*(_sides(profile, run, step) for step in due), strict=True)
        every = [data for both in contents for data in both]
        history.record(profile, Edit(name, now, by, versions, of=record.undoes), every)


def _sides(profile: Profile, run: Run, step: Step) -> tuple[Version, list[bytes]]:
    """Read a file as it stands, and as it will."""
    before, old = _standing(profile, step.path)
    if step.staged is None:
        return Version(step.path, before, None), [old] if before else []
    new = files.read_regular(run.folder / step.staged, limit=LARGEST)
    after = history.blob_of(new, runnable=step.executable)
    return Version(step.path, before, after), [old, new] if before else [new]


async def begin(site: Site) -> None:
    """Keep all files as they stand, if nothing was ever kept: the profile is new, or older than this."""
    with suppress(memory.Unreadable, OSError):  # the beat, or the next landing, says so
        if not await files.aside(history.begun, site.profile):
            await seen(site, {}, await files.aside(memory.policy_digests, site.profile))


async def seen(site: Site, known: Mapping[str, str], digests: Mapping[str, str]) -> None:
    """Keep the versions that a person left, before anything can land on them. Trouble is told, and no more.

    What looop wrote itself is there already: then nothing is added.
    """
    if known == digests:
        return
    paths = [path for path in {*known, *digests} if known.get(path) != digests.get(path)]
    new = {path for path in paths if known and path not in known}
    try:
        keep_seen = partial(history.seen, new=new)
        await files.aside(keep_seen, site.profile, paths, site.clock.now())
    except OSError as error:
        site.say(f"the history could not be written: {error}")


def _standing(profile: Profile, path: str) -> tuple[Blob | None, bytes]:
    with suppress(files.NotRegular, files.TooLarge):  # what is no file has no version
        return history.standing(profile, path)
    return None, b""


def _named(run: Run, record: Record) -> tuple[str, By]:
    """Name the edit that a landing is, the same whoever finishes it."""
    if record.undoes:
        return run.id, By.UNDO
    if is_run_id(run.id):
        return run.id, By.TICK
    return f"flag-{run.id.removeprefix(PROPOSAL)}", By.FLAG
