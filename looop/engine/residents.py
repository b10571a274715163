"""Everything that lives around the pulse: the sessions with their flags, answers and claims, as one part.

In: the line to keeper. Out: what the daemon serves, what verbs ask, what the loop's fleet shows. Neighbours:
`session.host` and `session.flags` do the work; `engine.fake.FakeResidents` is an empty house for tests.
"""

from collections.abc import Awaitable, Callable, Container, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Protocol

import trio

from looop.core.problem import Problem
from looop.core.sessions import Meta
from looop.engine import proposals
from looop.engine.doors import Doors
from looop.engine.grants import Grants
from looop.engine.guarding import Guarding
from looop.engine.own import Own
from looop.engine.purse import Purse
from looop.engine.questions import Questions
from looop.engine.sessions import Sessions
from looop.loop import verdicts
from looop.loop.clock import Clock
from looop.loop.fleet import Answer, NoFleet
from looop.loop.site import Site, Surroundings
from looop.loop.voice import Voice
from looop.session.around import Ended
from looop.session.flags import Flags
from looop.session.host import Host
from looop.session.terminals import Terminals
from looop.session.tmux import Windows
from looop.session.verifying import Verifier
from looop.store import config
from looop.store.faults import Unreadable
from looop.store.masking import Masking
from looop.store.paths import Profile


class Residents(Protocol):
    """What the daemon needs of the sessions."""

    @property
    def sessions(self) -> Sessions:
        """What verbs may ask of sessions."""

    @property
    def questions(self) -> Questions:
        """What verbs may ask of flags, answers and claims."""

    @property
    def living(self) -> int:
        """How many sessions live, or have their work checked."""

    @property
    def busy(self) -> bool:
        """Whether something of theirs is under way that an engine must not leave: a command that runs."""

    async def serve(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Take over what keeper has, then live until cancelled; sessions go on without us."""

    def leaders(self) -> Mapping[int, str]:
        """Map the first process of each live session to the session's id."""

    async def settled(self) -> None:
        """Return once no session is being started."""

    def answers(self) -> tuple[Answer, ...]:
        """Give the answers to sessions that had ended before they could hear them."""

    async def told(self, numbers: tuple[int, ...]) -> None:
        """Count the answers to these flags as delivered."""

    async def tidy(self, untold: Container[str] = ()) -> None:
        """Retire what ended long ago and is not `untold`, drop claims of what is over."""

    async def end_all(self, *, now: bool) -> None:
        """End every session; returns when they are over."""

    def look(self) -> None:
        """Hint that there may be news of sessions or of the day's money."""


class House:
    """The residents of an engine. `tell` reaches a person outside the terminal; `poke` wakes the loop."""

    def __init__(
        self,
        profile: Profile,
        terminals: Terminals,
        *,
        env: Mapping[str, str],
        poke: Callable[[], None],
        tell: Callable[[str], Awaitable[object]],
        doors: Doors,
        clock: Clock | None = None,
    ) -> None:
        clock = clock or Clock()
        self._voice = Voice(profile, clock)
        settings = partial(config.load, profile, env)
        self._masking = Masking(env, settings)
        self._around = Surroundings(profile, env, self._voice.say, clock, NoFleet())
        self._host = Host(
            profile,
            terminals,
            env=env,
            settings=lambda: config.load(profile, env),
            now=clock.now,
            poke=poke,
            say=self._say,
            guard=Guarding(profile, env, lambda: config.load(profile, env)),
        )
        landings = proposals.Landings(self._site)
        self._flags = Flags(
            profile,
            self._host,
            poke=poke,
            notify=tell,
            proposals=landings,
            own=Own(self._site, poke),
            commands=Grants(profile, env),
            now=clock.now,
            patience=lambda: config.load(profile, env).flag_wait_max,
            masked=lambda text: self._masking.fresh().text(text),
        )
        self._host.owing = self._flags
        self._purse = Purse(profile, self._host, settings=settings, now=clock.now, tell=tell, say=self._say)
        self._verifier = Verifier(profile, self._host, env=env, settings=lambda: config.load(profile, env))
        self._windows = Windows(profile, env, lambda: config.load(profile, env).tmux, self._say)
        self._doors = doors
        self._host.around.on_start.extend((self._enter, self._windows.opened))
        self._host.around.on_undo.append(self._undo)
        self._host.around.on_end.extend((self._release, self._windows.closed))

    @property
    def sessions(self) -> Sessions:
        """What verbs may ask of sessions."""
        return self._host

    @property
    def questions(self) -> Questions:
        """What verbs may ask of flags, answers and claims."""
        return self._flags

    @property
    def living(self) -> int:
        """How many sessions live, or have their work checked."""
        return self._host.living + self._verifier.running

    @property
    def busy(self) -> bool:
        """Whether an approved command runs."""
        return self._flags.ordering.running

    async def serve(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Finish landings that a crash cut off, take over what keeper has, then live until cancelled."""
        for recover in (proposals.recover, verdicts.recover):
            with suppress(Problem, OSError, Unreadable):  # asked again when the answer is looked at
                for line in await recover(self._site()):
                    self._say(line)
        async with trio.open_nursery() as nursery:
            await nursery.start(self._host.serve)
            self._doors.open_again({life.key: life.meta.id for life in self._host.lives.values()})
            await nursery.start(self._flags.serve)
            await nursery.start(self._windows.serve)
            await nursery.start(self._purse.serve)
            await nursery.start(self._verifier.serve)
            task_status.started()

    def leaders(self) -> Mapping[int, str]:
        """Map the first process of each live session to the session's id."""
        return self._host.leaders()

    async def settled(self) -> None:
        """Return once no session is being started."""
        await self._host.settled()

    def answers(self) -> tuple[Answer, ...]:
        """Give the answers to sessions that had ended before they could hear them."""
        return tuple(
            Answer(owed.number, owed.place.session, owed.answer.question, owed.text)
            for owed in self._flags.owed()
        )

    async def told(self, numbers: tuple[int, ...]) -> None:
        """Count the answers to these flags as delivered."""
        await self._flags.told(numbers, "prompt")

    async def tidy(self, untold: Container[str] = ()) -> None:
        """Retire what ended long ago and is not `untold`, drop claims of what is over."""
        await self._host.retire(untold)
        await self._flags.leases.tidy()

    async def end_all(self, *, now: bool) -> None:
        """End every session, and what checks their work; returns when they are over."""
        self._verifier.stop()
        await self._host.end_all(now=now)

    def look(self) -> None:
        """Hint that there may be news of sessions or of the day's money."""
        self._purse.hint()

    def _say(self, line: str) -> None:
        self._voice.say(self._masking.text(line))

    def _site(self) -> Site:
        return self._around.site()

    async def _enter(self, meta: Meta, folder: Path) -> None:  # noqa: ARG002 - a hook's
        self._doors.open(meta.generation, meta.id)

    async def _undo(self, meta: Meta, folder: Path) -> None:  # noqa: ARG002 - a hook's
        self._doors.shut(meta.generation)

    async def _release(self, ended: Ended) -> None:
        self._doors.shut(ended.meta.generation)
        await self._flags.leases.release(ended.meta.id, ended.meta.generation)
