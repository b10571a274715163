"""A verb that changes policy: planned here, then either recorded for a running tick or done at once.

In: a plan (what to write, and what it is about) made by `goals` or `sensors`. Out: "recorded" in a tick,
which performs it when it lands; files in place, durably, when a person calls. Nobody else gets this far.
Neighbour: `store.history` has both versions before a file is touched.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from looop.cli.disk import disk
from looop.cli.show import DoneView, emit
from looop.core.act import Act, Write
from looop.core.edits import By, Edit, Version
from looop.core.problem import Exit, Problem
from looop.engine.call import Call, Kind
from looop.engine.live import Live
from looop.store import files, history
from looop.store.paths import Profile

_PATIENCE = 5.0
"""Seconds to wait for a tick that is landing."""

_PAUSE = 0.05
_MODES = {False: 0o600, True: 0o700}


@dataclass(frozen=True, slots=True)
class Plan:
    """What a verb is about to do. One that only moves a file names it as `source`; it is then renamed.

    All writes with data create their file. `said` tells a person what was done.
    """

    subject: str
    writes: tuple[Write, ...]
    said: str
    source: str | None = None


async def commit(
    plan: Callable[[], Plan],
    argv: tuple[str, ...],
    call: Call,
    profile: Profile,
    live: Live | None,
    *,
    json: bool,
) -> int:
    """Record the plan in a tick, else make and perform it under the policy lock; then poke the pulse.

    The commit can't be cancelled once it runs. Problem NO `busy` when a landing takes longer than seconds.
    """
    if call.caller.kind is Kind.TICK:
        view = await _record(plan, argv, live)
    else:
        view = DoneView((await disk(live, _perform, profile, plan, " ".join(argv[:2]))).said)
        if live is not None:
            live.poke()
    await emit(call, view, view.said, json=json)
    return int(Exit.DONE)


async def _record(plan: Callable[[], Plan], argv: tuple[str, ...], live: Live | None) -> DoneView:
    if live is None:
        raise Problem(
            Exit.UNREACHABLE, "no-tick", "The tick that this belongs to has ended: nothing was changed."
        )
    made = await disk(live, plan)
    live.record(Act(argv, made.subject, made.writes))
    return DoneView("recorded: happens when this tick lands", recorded=True)


def _perform(profile: Profile, plan: Callable[[], Plan], verb: str) -> Plan:
    with _locked(profile):
        made = plan()
        _keep(profile, made, verb)
        try:
            _write(profile, made)
        except FileExistsError as error:
            raise Problem(
                Exit.REFUSED, "exists", f"{error.filename} has just appeared: nothing was overwritten."
            ) from error
    return made


def _keep(profile: Profile, plan: Plan, verb: str) -> None:
    """Enter the change in the history before it is made; if that can't be done, it is not made."""
    versions, contents = list[Version](), list[bytes]()
    for write in plan.writes:
        before, old = history.standing(profile, write.path)
        new = write.data
        after = None if new is None else history.blob_of(new, runnable=write.executable)
        versions.append(Version(write.path, before, after))
        contents.append(old if new is None else new)
    now = time.time()
    name = history.fresh(history.read(profile), "edit", now)
    history.record(profile, Edit(name, now, By.VERB, tuple(versions), verb), contents)


def _write(profile: Profile, plan: Plan) -> None:
    new = [write for write in plan.writes if write.data is not None]
    for write in new:
        files.private_dir((profile.data / write.path).parent)
    if plan.source is not None:
        # Renamed and not copied: what an editor saves in this very moment moves along.
        source, target = profile.data / plan.source, profile.data / new[0].path
        source.chmod(_MODES[new[0].executable])
        files.durable_rename(source, target)
        return
    for write in new:
        files.exclusive(profile.data / write.path, write.data or b"", _MODES[write.executable])


@contextmanager
def _locked(profile: Profile) -> Iterator[None]:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            with files.lock(profile.policy_lock):
                yield
                return
        except files.Held as held:
            if time.monotonic() > deadline:
                raise Problem(
                    Exit.NO, "busy", f"A tick is landing and holds {held.path}: try again in a moment."
                ) from held
        time.sleep(_PAUSE)
