"""The sessions of one profile, as the engine has them: started, steered, ended, found again after a crash.

In: keeper's terminals, the folders, verbs. Out: `Sessions` (`engine.sessions`), news for the loop. A crash of
one session's task is told and the task begun again; a crash of all of it loses nothing. Neighbours: `shelf`
shows them, `births` starts generations, `adopting` finds them again, `life` follows one, `retire` removes.
"""

from collections.abc import Awaitable, Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from math import inf

import trio

from looop.core.hooks import Hook
from looop.core.problem import Exit, Problem
from looop.core.sessions import SessionView, Start, Typed
from looop.session import adopting, attach, boxes, follow, holding, retire, watched
from looop.session.adopting import Adoption
from looop.session.around import Around
from looop.session.attach import RawCall
from looop.session.births import Births, Owing
from looop.session.life import Life
from looop.session.past import Past
from looop.session.shelf import Shelf, entry_of
from looop.session.spending import Spending
from looop.session.starting import Plan
from looop.session.terminals import Terminals
from looop.session.watched import Guard, NoGuard
from looop.store import files, reported, sessions
from looop.store.config import Config
from looop.store.masking import Masking
from looop.store.paths import Profile
from looop.store.sessions import Entry

GRACE = 5.0
"""Seconds that a tree has between TERM and KILL."""

_MOST = 500  # columns, and lines: a larger screen would hold up the engine for each clear
_STARTING = 0.02  # seconds between two looks at what is being started
_SELDOM = 3600.0  # between two looks for earlier generations that are old
_AGAIN = 1.0  # seconds before a session's task that has crashed is begun again


class Host(Shelf):
    """All sessions. `around.on_start` and `on_end` are for who has to know of each; `owing` for answers.

    `spending` knows what they cost.
    """

    def __init__(  # noqa: PLR0913 - the doors to all around, each by name
        self,
        profile: Profile,
        terminals: Terminals,
        *,
        env: Mapping[str, str],
        settings: Callable[[], Config],
        now: Callable[[], float],
        poke: Callable[[], None],
        say: Callable[[str], None] = lambda _: None,
        guard: Guard | None = None,
        steady: Callable[[], float] = trio.current_time,
    ) -> None:
        self._masking = Masking(env, settings)
        masked = self._masking.text
        guard = guard or NoGuard()
        super().__init__(
            profile, Around(terminals, now, poke, say, guard=guard, masked=masked, steady=steady)
        )
        self._env = env
        self._births = Births(profile, self.around, env, settings)
        self.spending = Spending(profile, self.around, env, settings)
        self.around.on_end.append(self.spending.settle)
        self._nursery: trio.Nursery | None = None
        self._retired = -inf

    @property
    def owing(self) -> Owing | None:
        """Who knows of answers that an earlier generation did not live to hear."""
        return self._births.owing

    @owing.setter
    def owing(self, owing: Owing) -> None:
        self._births.owing = owing

    @property
    def living(self) -> int:
        """How many live or are being started."""
        return len({*self.lives, *self._births.begun})

    async def settled(self) -> None:
        """Return once those that are being started now live, or could not be started."""
        while self._births.begun:
            await self._births.done.wait()

    async def serve(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Take over what keeper has, write down how the rest ended, then live. A cancel leaves all running.

        Problem UNREACHABLE without a keeper; OSError when the folders can't be read.
        """
        alive = await self.around.terminals.alive()
        found = await files.aside(adopting.look, self.profile, alive, self.around.now())
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            await self._adopt(found)
            task_status.started()
            await trio.sleep_forever()

    def check_start(self, order: Start) -> None:
        """Raise what `start` would."""
        self._check(self._births.plan(order).id)

    async def start(self, order: Start) -> SessionView:
        """Start one; a cancel comes before it has begun or after it was done."""
        plan = self._births.plan(order)
        await self._concluded(plan.id)
        self._check(plan.id)
        with self._claimed(plan.id):
            return await self._begin(plan)

    async def restart(self, name: str, env: Mapping[str, str]) -> SessionView:
        """Run the same command and prompt again; a live one is ended first."""
        await self._concluded(name)
        found = self._one(name)
        self._check(found.meta.id, anew=True)
        with self._claimed(found.meta.id):
            plan = await self._births.again(entry_of(found), env)
            if isinstance(found, Life):
                await self.kill(found.meta.id)
            return await self._begin(plan)

    async def resume(self, name: str, env: Mapping[str, str]) -> SessionView:
        """Continue the agent's own conversation."""
        await self._concluded(name)
        found = self._one(name)
        if isinstance(found, Life):
            raise Problem(
                Exit.NO,
                "no-resume",
                f"Session {found.meta.id} lives: `looop attach {found.meta.id}` shows it.",
            )
        self._check(found.meta.id)
        with self._claimed(found.meta.id):
            return await self._begin(await self._births.resumed(found.entry, env))

    async def kill(self, name: str, *, now: bool = False) -> SessionView:
        """End the whole tree; returns when it is over. A cancel only stops waiting."""
        found = self._one(name)
        if isinstance(found, Life):
            await self.around.terminals.end(found.key, 0.0 if now else GRACE)
            await found.over.wait()
        return self._view(found)

    async def end_all(self, *, now: bool = False) -> None:
        """End every session, those that are being started too; returns when all are over."""
        while self.living:
            ending = tuple(self.lives.values())
            for life in ending:
                await self.around.terminals.end(life.key, 0.0 if now else GRACE)
            for life in ending:
                await life.over.wait()
            await trio.sleep(0 if ending else _STARTING)

    async def done(
        self, name: str, outcome: str, note: str, tell: Callable[[], Awaitable[object]] | None = None
    ) -> SessionView:
        """Write down what a worker said of its own end (`done` or `failed`), `tell`, begin to end it."""
        life = self.life(name)
        with trio.CancelScope(shield=True):
            await life.done(outcome, self._masking.fresh().text(note))
        if life.known.outcome is None:  # it ended while we were about to write
            raise _over(life)
        try:
            if tell is not None:
                await tell()
        finally:
            with trio.CancelScope(shield=True, deadline=trio.current_time() + GRACE):
                await self.around.terminals.end(life.key, GRACE)
        return self._view(life)

    async def freeze(self, name: str) -> SessionView:
        """Stop the tree."""
        life = self.life(name)
        await holding.freeze(life)
        return self._view(life)

    async def thaw(self, name: str) -> SessionView:
        """Let it go on."""
        life = self.life(name)
        await holding.thaw(life)
        return self._view(life)

    async def spent(self, name: str, usd: float) -> SessionView:
        """Take what a worker says that it has cost."""
        life = self.life(name)
        await files.aside(reported.write, life.folder, usd, self.around.now())
        await self.spending.look(life)
        return self._view(life)

    async def resize(self, name: str, columns: int, lines: int) -> SessionView:
        """Set the size."""
        if not (1 <= columns <= _MOST and 1 <= lines <= _MOST):
            raise Problem(
                Exit.USAGE,
                "bad-size",
                f"{columns}x{lines} is no size: give 1x1 to {_MOST}x{_MOST}, as 120x40.",
            )
        life = self.life(name)
        await self.around.terminals.resize(life.key, columns, lines)
        life.ring()
        return self._view(life)

    async def prune(self, name: str | None) -> tuple[str, ...]:
        """Remove ended generations, of one id or of all."""
        known = {*self.past, *self.lives} - self._births.begun
        names = [self._one(name).meta.id] if name else sorted(known)
        gone: list[str] = []
        for one in names:
            if name is None and one in self._births.begun:
                continue  # begun anew while another one was removed
            with self._claimed(one):
                live = one in self.lives
                found = await files.aside(_prune, self.profile, one, live)
                gone += found
                if one in found:
                    self.past.pop(one, None)
        self._removed(gone)
        return tuple(gone)

    async def retire(self, untold: Container[str] = ()) -> tuple[str, ...]:
        """Remove what ended longer ago than `session_ttl`; the names of the folders that are gone.

        `untold` are ids of whose end nobody has heard: they stay. Earlier generations are looked at hourly.
        """
        gone: list[str] = []
        try:
            await self._retire(gone, untold)
        finally:
            self._removed(gone)
        return tuple(gone)

    async def _retire(self, gone: list[str], untold: Container[str]) -> None:
        ttl, now = self._births.settings().session_ttl, self.around.now()
        for name in retire.expired(tuple(self.past.values()), ttl, now):
            if name in self._births.begun or name in self.lives or name in untold:
                continue  # begun anew while another one was removed
            with self._claimed(name):
                if await files.aside(retire.whole, self.profile, name):
                    self.past.pop(name, None)
                    gone.append(name)
        if self.around.steady() - self._retired >= _SELDOM:
            self._retired = self.around.steady()
            for name in await files.aside(sessions.repeated, self.profile):
                if name not in self._births.begun:
                    with self._claimed(name):
                        gone += await files.aside(retire.superseded, self.profile, name, ttl, now)

    async def type(self, name: str, text: str, *, enter: bool, paste: bool) -> Typed:
        """Type a text as a person would."""
        return await follow.typed(self.life(name), text, enter=enter, paste=paste)

    async def press(self, name: str, keys: Sequence[str]) -> Typed:
        """Press named keys."""
        return await follow.pressed(self.life(name), keys)

    async def attach(self, name: str, call: RawCall, *, observe: bool) -> int:
        """Put a person's terminal on a live one."""
        life = self.life(name)
        try:
            return await attach.serve(life, call, observe=observe)
        finally:
            life.look()  # what it does now is news to the loop, which was spared it till here

    async def detach(self, name: str) -> int:
        """Throw every terminal off."""
        return self.life(name).audience.throw_off()

    def hook(self, name: str, hook: Hook) -> None:
        """Take what an agent reported of itself."""
        self.life(name).hook(hook)

    def _removed(self, gone: Sequence[str]) -> None:
        """Show that some are gone, and have their sandboxes follow them: git may take its time for that."""
        if gone:
            self.around.bell.ring()
            if self._nursery is not None:
                self._nursery.start_soon(self._sweep)

    async def _sweep(self) -> None:
        with suppress(*boxes.TROUBLE):
            await boxes.sweep(self.profile, self._env, self.around.say)

    async def _concluded(self, name: str) -> None:
        """Wait for the end of one that is shown as over already, and is just being written down as that."""
        life = self.lives.get(name)
        if life is not None and life.known.state.over:
            await life.over.wait()

    def _check(self, name: str, *, anew: bool = False) -> None:
        """Refuse a start that can't be; `anew`: one that lives would make room for itself."""
        live = name in self.lives and not anew
        if live or name in self._births.begun:
            raise Problem(
                Exit.REFUSED, "live", f"Session {name} lives: `looop restart {name}`, or take another id."
            )
        self._births.check_room(len({*self.lives, *self._births.begun} - {name}))

    @contextmanager
    def _claimed(self, name: str) -> Iterator[None]:
        """Let nobody else start, restart or remove the same id meanwhile."""
        if name in self._births.begun:
            raise Problem(Exit.REFUSED, "live", f"Session {name} is being started or removed: try again.")
        self._births.begun.add(name)
        try:
            yield
        finally:
            self._births.begun.discard(name)
            self._births.done.ring()

    async def _begin(self, plan: Plan) -> SessionView:
        try:
            self._masking.fresh()
            born = await self._births.begin(plan)
        except (Problem, OSError):
            with suppress(OSError):
                await self._look_again(plan.id)
            raise
        self.past.pop(plan.id, None)
        life = self._live(born.entry)
        if self._nursery is not None:
            self._nursery.start_soon(watched.watch, life, self.around.guard, born.shims, born.env)
        self.around.bell.ring()
        return self._view(life)

    async def _look_again(self, name: str) -> None:
        """Show what a start that failed has left: a folder of before, or one of whose fate nobody knows."""
        entry = await files.aside(sessions.find, self.profile, name)
        found = await files.aside(Past.of, entry) if entry else None
        if found is None:
            self.past.pop(name, None)
        else:
            self.past[name] = found

    def _live(self, entry: Entry) -> Life:
        if self._nursery is None:
            raise Problem(Exit.UNREACHABLE, "no-host", "The engine's sessions are not up yet: try again.")
        life = Life(entry, self.around, self._leave)
        self.lives[entry.id] = life
        self._nursery.start_soon(self._keep, life)
        return life

    async def _keep(self, life: Life) -> None:
        while not life.ended:
            try:
                await life.serve()
            except Exception as error:  # noqa: BLE001 - one session's trouble is not the others'
                self.around.say(f"{life.meta.id}: {error!r}")
                await trio.sleep(_AGAIN)

    def _leave(self, life: Life) -> None:
        """Put what is over on the shelf of the past, before anybody hears of it."""
        if self.lives.get(life.meta.id) is life:
            del self.lives[life.meta.id]
        self.past[life.meta.id] = Past(entry_of(life), life.end(), life.book.size(life.meta.size))

    async def _adopt(self, found: Adoption) -> None:
        self.past |= {past.meta.id: past for past in found.over}
        for entry in found.living:
            self._live(entry)
            if entry.known.outcome is not None:  # it said that it is done, and we died before we ended it
                await self._end(entry.meta.generation)
        for key in found.strange:
            await self._end(key)
        for entry, known in found.ending:
            await Life(entry, self.around, self._leave).conclude(known)

    async def _end(self, key: str) -> None:
        with suppress(Problem):  # keeper's end is heard of elsewhere
            await self.around.terminals.end(key, GRACE)


def _over(life: Life) -> Problem:
    return Problem(
        Exit.NO, "over", f"{life.meta.id} is over already: `looop why sessions/{life.meta.id}` tells how."
    )


def _prune(profile: Profile, name: str, live: bool) -> tuple[str, ...]:
    return retire.pruned(profile, name, live=live)
