"""An engine without processes: the real residents, fleet, doors, pulse and verbs over terminals in memory.

It is what `engine.daemon` puts together, less signals, keeper's line and the socket's protocol. Leaving
`serve` is a crash: files and terminals are all that the next one finds.
"""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import trio

from looop.cli import app
from looop.cli.console import FakeCall
from looop.core.act import Act
from looop.core.phase import Phase
from looop.engine.call import Call, Caller, Kind
from looop.engine.doors import Door, Doors
from looop.engine.fleet import LandingCall, LiveFleet
from looop.engine.live import Lateness
from looop.engine.questions import Questions
from looop.engine.residents import House
from looop.engine.sessions import Sessions
from looop.loop import land
from looop.loop.clock import Clock
from looop.loop.landing import Verb
from looop.loop.pulse import Pulse
from looop.loop.site import Run
from looop.session.fake import FakeTerminals
from looop.session.terminals import Alive, Spawn
from looop.session.transcript import CURRENT
from looop.store import runs
from looop.store.paths import Profile
from support.verbs import Said

if TYPE_CHECKING:
    from collections.abc import Callable


class Keeper(FakeTerminals):
    """Terminals in memory that forget what has ended, and tell of each program that is started."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(now=clock.now)
        self._clock = clock
        self.on_spawn: Callable[[Spawn], None] = lambda _: None

    async def spawn(self, order: Spawn) -> Alive:
        alive = await super().spawn(order)
        self.spawned[-1] = self.spawned[0]  # how many there were is all that is needed of them
        self.on_spawn(order)
        return alive

    def say(self, key: str, data: bytes) -> None:
        super().say(key, data)
        now = self._clock.now()
        os.utime(self.live[key].order.folder / CURRENT, (now, now))

    def finish(self, key: str, code: int = 0, *, signal: int = 0, killed: bool = False) -> None:
        super().finish(key, code, signal=signal, killed=killed)
        self.typed.pop(key, None)
        self.ended.clear()


class Engine:
    """An engine. It is `Live` to verbs and runs them for landings; `performed` counts those by run."""

    def __init__(
        self,
        profile: Profile,
        keeper: Keeper,
        env: Mapping[str, str],
        clock: Clock,
        run: Run,
        performed: Counter[str],
    ) -> None:
        self._profile = profile
        self._env = env
        self.doors = Doors(profile)
        self.house = House(
            profile, keeper, env=env, poke=self.poke, tell=_nobody, doors=self.doors, clock=clock
        )
        fleet = LiveFleet(profile, self.house, self)
        self.pulse = Pulse(profile, env=env, fleet=fleet, clock=clock, run=run)
        self._performed = performed

    async def serve(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        async with trio.open_nursery() as residents:
            await residents.start(self.house.serve)
            async with trio.open_nursery() as calls:
                await calls.start(self.doors.serve, _hang_up, calls)
                await calls.start(self.pulse.serve)
                task_status.started()

    async def verb(self, *argv: str, kind: Kind = Kind.PERSON, session: str | None = None) -> Said:
        """Run a verb as whoever calls."""
        call = FakeCall(caller=Caller(kind, 1, session), env={"HOME": "/nowhere", "LOOOP_CONFINE": "off"})
        return Said(await app.run(argv, call, self._profile, self), call)

    async def run(self, argv: Sequence[str], call: Call) -> int:
        if isinstance(call, LandingCall):
            self._performed[self._landing()] += 1
        return await app.run(argv, call, self._profile, self)

    def _landing(self) -> str:
        """Name the run whose verb is marked as started: after a crash it is another engine's."""
        newest = reversed(runs.list_runs(self._profile))
        return next(run.id for run in newest if (it := land.load(run)) and it.verb is Verb.STARTED)

    @property
    def sessions(self) -> Sessions:
        return self.house.sessions

    @property
    def questions(self) -> Questions:
        return self.house.questions

    def leaders(self) -> Mapping[int, str]:
        return self.house.leaders()

    async def settled(self) -> None:
        await self.house.settled()

    def phase(self) -> Phase:
        return self.pulse.phase()

    def lateness(self) -> Lateness:
        return Lateness()

    def poke(self) -> None:
        self.pulse.poke()
        self.house.look()

    async def tick(self, call: Call, *, force: bool) -> int:
        raise NotImplementedError

    def record(self, act: Act) -> None:
        self.pulse.record(act)

    async def start_pulse(self) -> None:
        """It lives."""

    async def stop(self, *, sessions: bool = False) -> int:
        raise NotImplementedError


async def _nobody(sentence: str) -> None:
    del sentence
    await trio.lowlevel.checkpoint()


async def _hang_up(_door: Door, stream: trio.SocketStream) -> None:
    await stream.aclose()
