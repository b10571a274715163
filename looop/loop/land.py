"""Landing: the one way in which a tick changes anything. Staged first, then done, the same after a crash.

In: a judged `Landing` and the folder's `Copy`. Out: files, verb, journal line, baseline, in this order.
Every step is told by digest or size whether it was done already, so finishing twice is finishing once.
"""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import msgspec
import trio
from msgspec.structs import replace

from looop.core.act import Act, Write
from looop.core.diff import Baseline
from looop.core.digest import digest_bytes
from looop.core.moves import Landing, Leaf
from looop.core.parsed import parsed
from looop.core.problem import Exit, Problem
from looop.loop import journal, origin, past
from looop.loop.landing import Record, Step, Verb
from looop.loop.site import Site
from looop.store import files
from looop.store.copies import in_place
from looop.store.paths import Profile
from looop.store.runs import Run

LOCK_PATIENCE = 10.0
"""Seconds to wait for `.policy.lock`, which verbs hold for milliseconds."""

VERB_DEADLINE = 60.0
"""Seconds that a recorded verb may take; it is shielded, since half of it can't be undone."""

_LARGEST = 16 << 20


async def policy_lock(site: Site) -> files.Lock:
    """Take the lock that every writer of policy files holds. Problem NO `busy` when it is held too long."""
    deadline = trio.current_time() + LOCK_PATIENCE
    while True:
        try:
            return files.lock(site.profile.policy_lock)
        except files.Held as held:
            if trio.current_time() > deadline:
                text = f"{held} for more than {LOCK_PATIENCE:g} s, so nothing may land: end that program"
                raise Problem(Exit.NO, "busy", text) from held
        await trio.sleep(0.02)


async def land(
    site: Site,
    run: Run,
    landing: Landing,
    line: str,
    baseline: Baseline | None,
    timer: int | None = None,
    told: tuple[int, ...] = (),
    undoes: str = "",
) -> tuple[str, ...]:
    """Do it all, under the policy lock if files are to be written. A cancel waits until it is finished.

    `told` are the numbers of the answers that the tick has read: from here on they count as delivered. Gives
    notices for the next tick: a verb that failed, a file that somebody changed meanwhile.
    """
    if not undoes:  # what an undo brings back keeps its author
        await files.aside(origin.note, site.profile, run.id, landing.writes, landing.act)
    record = await files.aside(_stage, site.profile, run, landing, line, baseline, timer, told, undoes)
    with trio.CancelScope(shield=True):
        notices = await finish(site, run, record)
    return notices  # noqa: RET504 - to mypy a cancel scope may swallow what a return inside it raises


async def finish(site: Site, run: Run, record: Record) -> tuple[str, ...]:
    """Bring a staged landing to its end, whatever of it was done before.

    The answers come first: a session that the verb starts must not be told again what the tick was told.
    """
    await site.fleet.told(record.told)
    notices = await files.aside(_files, site.profile, run, record, site.clock.now())
    record, said = await _verb(site, run, record)
    await files.aside(_end, site.profile, run, record)
    return (*notices, *said)


def load(run: Run) -> Record | None:
    """Read a run's landing; None when it has none or was stopped before it was staged.

    ValueError when it is damaged: what of it was done can't be known.
    """
    try:
        return parsed(files.read_regular(run.landing, limit=_LARGEST), Record)
    except FileNotFoundError:
        return None


def keep_replaced(run: Run, before: Mapping[str, Leaf], paths: list[str]) -> None:
    """Keep the previous version of files that were changed in place while the tick ran."""
    _copy_out(run.replaced, {path: before[path].data for path in paths if path in before})


def keep_rejected(run: Run, before: Mapping[str, Leaf], after: Mapping[str, Leaf]) -> None:
    """Keep what did not land."""
    _copy_out(run.rejected, {path: leaf.data for path, leaf in after.items() if before.get(path) != leaf})


def _stage(
    profile: Profile,
    run: Run,
    landing: Landing,
    line: str,
    baseline: Baseline | None,
    timer: int | None,
    told: tuple[int, ...],
    undoes: str,
) -> Record:
    journal.rotate(profile)
    steps = tuple(_staged(profile, run, write, count) for count, write in enumerate(landing.writes))
    act = landing.act
    record = Record(
        run=run.id,
        steps=steps,
        argv=act.argv if act else (),
        subject=landing.subject,
        verb=Verb.WAITING if act else Verb.NONE,
        journal_size=journal.size(profile),
        line=line,
        baseline=baseline,
        timer=timer,
        told=told,
        undoes=undoes,
    )
    _save(run, record)
    return record


def _staged(profile: Profile, run: Run, write: Write, count: int) -> Step:
    before = in_place(profile, write.path)
    with suppress(OSError):
        _copy_out(run.replaced, {write.path: files.read_regular(profile.data / write.path, limit=_LARGEST)})
    if write.data is None:
        return Step(write.path, before, None)
    files.private_dir(run.folder / "staged")
    name = f"staged/{count}"
    files.durable(run.folder / name, write.data)
    return Step(write.path, before, digest_bytes(write.data), name, write.executable)


def _files(profile: Profile, run: Run, record: Record, now: float) -> tuple[str, ...]:
    """Write the files by digest; what somebody changed since the crash stays, and is told.

    The history has both versions before the first file is touched. Can't it be written, nothing lands.
    """
    kept, due = list[Step](), list[Step]()
    for step in record.steps:
        found = in_place(profile, step.path)
        if found != step.after:
            (due if found == step.before else kept).append(step)
        elif step.before != step.after:  # who was killed may have been so between its rename and its sync
            files.sync_folder(profile.data / step.path)
    past.keep(profile, run, record, due, now)
    for step in due:
        if in_place(profile, step.path) != step.before:
            kept.append(step)
        elif step.staged is None:
            files.durable_remove(profile.data / step.path)
        else:
            data = files.read_regular(run.folder / step.staged, limit=_LARGEST)
            files.durable(profile.data / step.path, data, mode=0o700 if step.executable else 0o600)
    return tuple(
        f"{step.path} was changed by somebody before the last tick could land on it; it stays"
        for step in kept
    )


async def _verb(site: Site, run: Run, record: Record) -> tuple[Record, tuple[str, ...]]:
    """Perform the verb at most once: marked as started, durably, before it starts."""
    called = f"`looop {' '.join(record.argv)}`"
    if record.verb is Verb.STARTED:
        record = await _marked(run, record, Verb.UNKNOWN)
        return record, (
            f"{called} may or may not have happened: the engine died meanwhile; look before you repeat it",
        )
    if record.verb is not Verb.WAITING:
        return record, ()
    record = await _marked(run, record, Verb.STARTED)
    try:
        with trio.fail_after(VERB_DEADLINE):
            await site.fleet.perform(Act(record.argv, record.subject or ""))
    except (Problem, OSError, trio.TooSlowError) as error:
        text = error.text if isinstance(error, Problem) else str(error) or type(error).__name__
        return await _marked(run, record, Verb.FAILED), (f"{called} failed at landing: {text}",)
    return await _marked(run, record, Verb.DONE), ()


async def _marked(run: Run, record: Record, verb: Verb) -> Record:
    record = replace(record, verb=verb)
    await files.aside(_save, run, record)
    return record


def _end(profile: Profile, run: Run, record: Record) -> None:
    journal.append_once(profile, record.line, record.journal_size)
    if record.baseline is not None:
        files.durable(profile.baseline, msgspec.json.encode(record.baseline))
        files.durable(profile.baseline_hash, f"{record.baseline.hash}\n".encode())
    _save(run, replace(record, landed=True))


def _save(run: Run, record: Record) -> None:
    files.durable(run.landing, msgspec.json.format(msgspec.json.encode(record), indent=1))


def _copy_out(folder: Path, contents: Mapping[str, bytes]) -> None:
    for path, data in contents.items():
        target = folder / path
        files.scratch_dir(target.parent)
        files.scratch(target, data)
