"""Undo: one edit of the policy files taken back, as one more landing with a journal line of its own.

In: an edit's name, or none for the last landing. Out: a `Plan` for a person to look at, then what landed.
The plan is made again under the policy lock: no more is dropped than was agreed to. Neighbour: `land`.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from looop.core import edits
from looop.core.act import Write
from looop.core.diffs import unified
from looop.core.edits import By, Edit, Version
from looop.core.ids import is_run_id, nearest
from looop.core.line import stamped
from looop.core.moves import Kind, Landing, subject
from looop.core.problem import Exit, Problem
from looop.loop import land
from looop.loop.landing import Verb
from looop.loop.site import Site
from looop.store import files, history, runs
from looop.store.copies import in_place
from looop.store.history import History
from looop.store.paths import Profile
from looop.store.runs import Run


@dataclass(frozen=True, slots=True)
class Newer:
    """A file that was changed after the edit which is to be undone: by whom, and what an undo does to it."""

    path: str
    found: str | None
    by: str
    diff: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What an undo would write. `newer` are the files whose present content is not what the edit left."""

    edit: Edit
    writes: tuple[Write, ...]
    newer: tuple[Newer, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """The files that it touches."""
        return tuple(write.path for write in self.writes)

    @property
    def drops(self) -> frozenset[tuple[str, str | None]]:
        """The newer contents that it would replace, by path and digest."""
        return frozenset((it.path, it.found) for it in self.newer)


@dataclass(frozen=True, slots=True)
class Undone:
    """An undo that landed: its own name, what it undid, and sentences about what it could not undo."""

    id: str
    of: str
    paths: tuple[str, ...]
    kept: tuple[str, ...] = field(default=())
    stays: tuple[str, ...] = field(default=())


def plan(profile: Profile, name: str | None) -> Plan:
    """Say what an undo of this edit would do; without a name, of the newest landing that still counts.

    Problem MISSING `no-edit`, NO `nothing-to-undo`, NO `no-version` when old bytes are kept no more, REFUSED
    `not-undone` for what can't be put back. Nothing is changed.
    """
    past = history.read(profile)
    edit = _found(profile, past, name)
    writes, newer = list[Write](), list[Newer]()
    for version in edit.files:
        _check(profile, version.path)
        found = in_place(profile, version.path)
        if found == edits.digest_of(version.before):
            continue
        write = _inverse(profile, version)
        writes.append(write)
        if found != edits.digest_of(version.after):
            newer.append(_newer(profile, past, edit, write, found))
    if not writes:
        raise Problem(
            Exit.NO, "nothing-to-undo", f"All files of {edit.id} are as they were before it: nothing to undo."
        )
    return Plan(edit, tuple(writes), tuple(newer))


async def perform(site: Site, agreed: Plan) -> Undone:
    """Land the inverse of an edit that a person has looked at. A cancel waits until it has landed.

    Problem REFUSED `changed-meanwhile` when a file holds by now what the plan did not show; else as `plan`,
    and NO `busy` when something holds the policy files too long. Then nothing was changed.
    """
    await recover(site)
    profile = site.profile
    with await land.policy_lock(site):
        now = await files.aside(plan, profile, agreed.edit.id)
        if not now.drops <= agreed.drops:
            raise Problem(
                Exit.REFUSED,
                "changed-meanwhile",
                f"{now.newer[0].path} was changed in this very moment, so nothing was undone: try again.",
            )
        past = await files.aside(history.read, profile)
        run = Run(_folder(profile) / history.fresh(past, "undo", site.clock.now()))
        await files.aside(files.private_dir, run.folder)
        text = stamped(f"undid {now.edit.id}: {', '.join(now.paths)}", site.clock.local())
        landing = Landing(Kind.UNDONE, None, now.writes)
        kept = await land.land(site, run, landing, text, None, undoes=now.edit.id)
        await files.aside(files.remove_tree, run.folder)
    stays = await files.aside(_stays, profile, now.edit)
    return Undone(run.id, now.edit.id, now.paths, kept, stays)


async def recover(site: Site) -> None:
    """Finish an undo that was cut off, if it had begun; one that had changed nothing never was.

    Problem NO `busy` as of `land.policy_lock`.
    """
    if not await files.aside(_left, site.profile):
        return
    with await land.policy_lock(site):
        begun = (await files.aside(history.read, site.profile)).names
        for run in await files.aside(_left, site.profile):
            record = None
            with suppress(ValueError):
                record = await files.aside(land.load, run)
            if record is not None and not record.landed and run.id in begun:
                await land.finish(site, run, record)
            await files.aside(files.remove_tree, run.folder)


def _found(profile: Profile, past: History, name: str | None) -> Edit:
    if name is None:
        last = edits.last_landing(past.edits)
        if last is None:
            raise Problem(
                Exit.MISSING, "no-edit", "No landing is left to be undone: `looop history` lists all edits."
            )
        return last
    found = next((edit for edit in past.edits if edit.id == name), None)
    if found is not None and found.by is By.FIRST:
        raise _refused(f"{name} is how looop saw these files first, and no edit: there is nothing before it.")
    if found is not None:
        return found
    if is_run_id(name) and runs.find(profile, name) is not None:
        raise Problem(
            Exit.NO,
            "nothing-to-undo",
            f"{name} changed no policy file, or its versions are kept no more: `looop why {name}` tells it.",
        )
    meant = nearest(name, past.names)
    hint = f'did you mean "{meant}"?' if meant else "`looop history` lists them."
    raise Problem(Exit.MISSING, "no-edit", f"There is no edit {name[:80]!a}: {hint}")


def _check(profile: Profile, path: str) -> None:
    """Problem REFUSED unless the path is a policy file's, and what stands there a file, or nothing."""
    if subject(path) is None:
        raise _refused(f"{path!a} is no policy file: somebody has changed the index of the history.")
    try:
        history.standing(profile, path)
    except (files.NotRegular, files.TooLarge) as error:
        raise _refused(f"{path} {error.strerror}: move it away first.") from error


def _inverse(profile: Profile, version: Version) -> Write:
    data = history.content(profile, version.before)
    runnable = version.before is not None and version.before.mode & 0o100 != 0
    return Write(version.path, data, executable=runnable)


def _newer(profile: Profile, past: History, edit: Edit, write: Write, found: str | None) -> Newer:
    later = edits.newer(past.edits, edit, write.path)
    _, now = history.standing(profile, write.path)
    known = later is not None and found == edits.digest_of(edits.heads(past.edits)[write.path])
    by = later.id if known and later is not None else "a person"
    return Newer(write.path, found, by, unified(write.path, None if found is None else now, write.data))


def _stays(profile: Profile, edit: Edit) -> tuple[str, ...]:
    """Say what an undo of this edit could not take back."""
    run = runs.find(profile, edit.id)
    if run is None:
        return ()
    said = list[str]()
    with suppress(OSError, ValueError):
        record = land.load(run)
        if record is not None and record.verb in {Verb.STARTED, Verb.DONE, Verb.UNKNOWN}:
            said.append(f"`looop {' '.join(record.argv[:2])}`, which it called, is not undone.")
    move = runs.read_record(run)
    if move is not None and move.acts:
        said.append(f"What its agent did elsewhere is not undone: `looop why {edit.id}` tells it.")
    return tuple(said)


def _left(profile: Profile) -> Sequence[Run]:
    try:
        return tuple(Run(path) for path in sorted(_folder(profile).iterdir()))
    except OSError:  # a history that can't be read stops no beat: the next landing says so
        return ()


def _folder(profile: Profile) -> Path:
    return profile.history / "undo"


def _refused(sentence: str) -> Problem:
    return Problem(Exit.REFUSED, "not-undone", sentence)
