"""Starting a generation, whole or not at all: the old folder makes way, the new one is filled, keeper starts.

In: a `Plan`. Out: a `Born` whose program was executed. What fails before that is undone; what a crash cuts
off is undone by `store.sessions.mend` or found lost. Neighbours: `starting` fills the folder, `host` asks.
"""

import os
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import trio

from looop.core import ids, limits
from looop.core.problem import Exit, Problem
from looop.core.sessions import Known, Meta, Start
from looop.session import draft, starting
from looop.session.around import Around
from looop.session.bell import Bell
from looop.session.handing import Owed
from looop.session.ready import Ready, prepare
from looop.session.starting import Birth, Plan
from looop.session.terminals import Spawn
from looop.store import files, money, sessions
from looop.store.config import Config
from looop.store.faults import Unreadable
from looop.store.masking import mask_of
from looop.store.paths import Profile
from looop.store.sessions import Entry

_LONGEST = 60.0  # seconds that a start may take before it is given up, keeper's answer included


class Owing(Protocol):
    """Who knows of answers that an ended generation did not live to hear; `flags.Flags` does."""

    def owed(self) -> tuple[Owed, ...]:
        """Give them."""

    async def told(self, numbers: tuple[int, ...], how: str) -> tuple[int, ...]:
        """Count them as delivered."""


@dataclass(frozen=True, slots=True)
class Born:
    """What was started, with the folder of shims in its PATH, and all of its environment."""

    entry: Entry
    shims: Path | None
    env: Mapping[str, str]


class Births:
    """What every start needs. `begun` holds the ids that are being started or removed; `done`: one less."""

    def __init__(
        self,
        profile: Profile,
        around: Around,
        env: Mapping[str, str],
        settings: Callable[[], Config],
    ) -> None:
        self.settings = settings
        self.owing: Owing | None = None
        self.begun: set[str] = set()
        self.done = Bell()
        self._profile = profile
        self._around = around
        self._env = env

    def plan(self, order: Start) -> Plan:
        """Plan a first generation, or the next one of a name that is free again; Problem of `starting`."""
        return starting.first(self._profile, order, self.settings(), self._env)

    async def again(self, entry: Entry, env: Mapping[str, str]) -> Plan:
        """Plan the same once more."""
        return await files.aside(starting.again, self._profile, entry, self.settings(), env)

    async def resumed(self, entry: Entry, env: Mapping[str, str]) -> Plan:
        """Plan to go on with its conversation; Problem NO `no-resume`."""
        return await files.aside(starting.resumed, self._profile, entry, self.settings(), env)

    def check_room(self, others: int) -> None:
        """Refuse a start beyond `max_sessions` or the day's money, or on a full disk."""
        most = self.settings().max_sessions
        if most and others >= most:
            raise Problem(
                Exit.REFUSED,
                "too-many",
                f"{others} sessions live, and max_sessions is {most}: `looop ls` shows them, `looop kill` "
                "ends one, CONFIG sets the limit.",
            )
        money.check_start(self._profile, self.settings(), self._around.now())
        if trouble := limits.full(*files.free_bytes(self._profile.data)):
            raise Problem(Exit.REFUSED, "full-disk", f"No session can start, since {trouble}. Make room.")

    async def begin(self, plan: Plan) -> Born:
        """Start it; Problem NO `not-started` with the reason, and then nothing was changed.

        Problem UNREACHABLE when keeper does not say: then the folder stays, and the next engine finds out. A
        cancel comes before it or after it.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        with trio.CancelScope(shield=True, deadline=trio.current_time() + _LONGEST):
            return await self._begin(plan)
        raise Problem(
            Exit.UNREACHABLE,
            "no-keeper",
            f"The keeper of terminals has not started {plan.id} in {_LONGEST:g} s: see `looop status`.",
        )

    async def _begin(self, plan: Plan) -> Born:
        owed = tuple(it for it in (self.owing.owed() if self.owing else ()) if it.place.session == plan.id)
        settings = self.settings()
        try:
            meta = await files.aside(self._fill, plan, settings, tuple(it.text for it in owed))
        except (OSError, Unreadable) as error:
            raise _not_started(plan, error) from error
        folder = sessions.folder(self._profile, plan.id)
        try:
            for hook in self._around.on_start:
                await hook(meta, folder)
            if plan.resumed and plan.meta:
                await files.aside(starting.carry, self._profile, plan.id)
            guard = self._around.guard
            ready = await files.aside(prepare, self._profile, self._env, settings, guard, meta)
            await self._spawn(settings, meta, ready)
        except (Problem, OSError, Unreadable) as error:
            if isinstance(error, Problem) and error.exit_code is Exit.UNREACHABLE:
                raise
            for hook in self._around.on_undo:
                await hook(meta, folder)
            await files.aside(_undo, self._profile, plan, folder, meta.number)
            if isinstance(error, Problem):
                raise
            raise _not_started(plan, error) from error
        if self.owing and owed:
            await self.owing.told(tuple(it.number for it in owed), "brief")
        return Born(Entry(folder, meta, Known(since=meta.created)), ready.shims, ready.env)

    def _fill(self, plan: Plan, settings: Config, answered: tuple[str, ...]) -> Meta:
        """Make the folder and all that is in it, in one go; what fails is undone."""
        number = sessions.supersede(self._profile, plan.id)
        try:
            now = self._around.now()
            generation = ids.ulid(int(now * 1000), os.urandom(10))
            size, mask = starting.size_of(settings), mask_of(self._env, settings)
            birth = Birth(generation, number, size, now, answered, mask)
            return starting.write(self._profile, plan, birth)
        except (Problem, OSError, Unreadable):
            _undo(self._profile, plan, sessions.folder(self._profile, plan.id), number)
            raise

    async def _spawn(self, settings: Config, meta: Meta, ready: Ready) -> None:
        argv = ready.start.argv
        order = Spawn(
            key=meta.generation,
            folder=sessions.folder(self._profile, meta.id),
            command=argv[0] if len(argv) == 1 else f"exec {shlex.join(argv)}",  # a cell has its own shell
            cwd=Path(meta.cwd),
            columns=meta.size[0],
            lines=meta.size[1],
            env=ready.start.env,
            log_max=settings.session_log_max_bytes,
            scoped=ready.start.scoped,
        )
        await self._around.terminals.spawn(order)


def _not_started(plan: Plan, error: Exception) -> Problem:
    return Problem(Exit.NO, "not-started", f"{plan.id} could not be started: {error}.")


def _undo(profile: Profile, plan: Plan, folder: Path, number: int) -> None:
    before = _before(folder, number)
    if plan.resumed and files.present(before) and draft.whole(folder):
        draft.move(folder, before)
    entry = sessions.read(folder)
    if entry is not None:
        files.remove_tree(sessions.prompt_file(profile, plan.id, entry.meta.generation))
    sessions.take_back(profile, plan.id)


def _before(folder: Path, number: int) -> Path:
    return folder.with_name(f"{folder.name}@{number - 1}")
