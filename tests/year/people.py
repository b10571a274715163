"""Who lives around the loop: workers in sessions, and one person who answers, edits, is away, comes back.

In: a seed, and the engine of the moment, which may be none. Out: verbs, output, ends, edited files. A verb
that is refused, or finds no engine, is what happens to people too: they go on.
"""

import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import trio

from looop.core.problem import Problem
from looop.core.sessions import State
from looop.core.usage import day_of
from looop.engine.call import Kind
from looop.loop.clock import Clock
from looop.session.terminals import Spawn
from looop.store import flags, money
from looop.store.paths import Profile
from support.profiles import sensor
from year.engine import Engine, Keeper
from year.outside import Outside

HOUR = 3600.0
SENSORS = ("inbox", "today", "build", "flaky-1", "slow-1", "big-1", "junk-1")
_LEASES = ("mail", "calendar", "printer")


class Workers:
    """The programs of sessions: each lives minutes or weeks, and ends in one of many ways."""

    def __init__(
        self, keeper: Keeper, engine: Callable[[], Engine | None], profile: Profile, seed: int
    ) -> None:
        self._keeper = keeper
        self._engine = engine
        self._profile = profile
        self._rng = random.Random(seed)
        self.started = 0

    async def live(self, order: Spawn) -> None:
        """Live one life."""
        self.started += 1
        rng, key = random.Random(self._rng.random()), order.key
        name = order.folder.name
        longest = rng.choice((HOUR / 2, HOUR, 4 * HOUR, 4 * HOUR, 36 * HOUR, 20 * 24 * HOUR))
        until = trio.current_time() + longest
        while trio.current_time() < until and key in self._keeper.live:
            await trio.sleep(rng.uniform(60, 90 * 60 if longest < 40 * HOUR else 8 * HOUR))
            with suppress(Problem, OSError):
                await self._does(rng, key, name)
        with suppress(Problem):
            await self._ends(rng, key, name)

    async def _does(self, rng: random.Random, key: str, name: str) -> None:
        self._keeper.say(key, b"working on it\r\n" * rng.randrange(1, 200))
        await self._calls(name, *rng.choice(self._verbs(rng)))

    def _verbs(self, rng: random.Random) -> tuple[tuple[str, ...], ...]:
        lease = rng.choice(_LEASES)
        asks = ("flag", f"which one of {rng.randrange(1000)}?")
        reports = ("report",)
        return ((), (), (), (), ("claim", lease), ("claim", lease), ("unclaim", lease), asks, reports)

    async def _calls(self, name: str, *argv: str) -> None:
        engine = self._engine()
        if argv == ("report",):
            folder = self._profile.reports
            (folder / f"{name}-{self.started}.md").write_text("what I found\n" * 40)
        elif argv and engine is not None:
            await engine.verb(*argv, kind=Kind.CHILD, session=name)

    async def _ends(self, rng: random.Random, key: str, name: str) -> None:
        how = rng.random()
        if how < 0.4:
            failed = ("--failed",) if rng.random() < 0.3 else ()
            await self._calls(name, "done", "-m", "that is that", *failed)
        elif how < 0.6:
            self._keeper.finish(key, rng.choice((0, 0, 1, 2, 127)))
        elif how < 0.75:
            self._keeper.finish(key, signal=rng.choice((9, 11, 15)))
        # Else it sits there, as most do, until the loop or the person ends it.


class Person:
    """Somebody with goals of their own. `allowed` has the dollars that a day may cost by their word."""

    def __init__(
        self,
        profile: Profile,
        outside: Outside,
        engine: Callable[[], Engine | None],
        clock: Clock,
        seed: int,
    ) -> None:
        self._profile = profile
        self._outside = outside
        self._engine = engine
        self._clock = clock
        self._rng = random.Random(seed)
        self._made = 0
        self.allowed: dict[str, float] = {}

    async def live(self) -> None:
        """Look in every hour, less at night."""
        while True:
            await trio.sleep(HOUR)
            if self._rng.random() < 0.25:
                self._outside.inbox += self._rng.randrange(1, 4)
            if self._rng.random() < 0.08:
                self._outside.build = "red" if self._outside.build == "green" else "green"
            engine = self._engine()
            if engine is not None and 7 <= self._clock.local().hour < 23:
                with suppress(Problem, OSError):
                    await self._looks_in(engine)

    async def _looks_in(self, engine: Engine) -> None:
        rng = self._rng
        for view in engine.house.sessions.all():
            if view.flag is not None and rng.random() < 0.4:
                await engine.verb("answer", str(view.flag.number), "take the first one")
            if view.state in {State.STALLED, State.IDLE} and rng.random() < 0.05:
                await engine.verb("kill", view.id)
        for flag in flags.open_flags(self._profile):
            if flag.offer is not None and rng.random() < 0.3:
                await engine.verb(rng.choice(("approve", "approve", "deny")), str(flag.number))
            elif flag.offer is None and rng.random() < 0.05:
                await engine.verb("unflag", str(flag.number))
        if not self._outside.logged_in and rng.random() < 0.2:
            self._outside.logged_in = True
            self._profile.config.write_bytes(self._profile.config.read_bytes())  # a login changes a file
        if rng.random() < 0.12:
            await self._acts(engine)

    async def _acts(self, engine: Engine) -> None:
        rng = self._rng
        goals = sorted(self._profile.goals.glob("own-*.md"))
        match rng.randrange(9):
            case 0 | 1:
                self._made += 1
                await engine.verb("goal", "new", f"own-{self._made}", "something that I want")
            case 2 | 3 if goals:
                with rng.choice(goals).open("a") as file:
                    file.write("- a thought\n")
            case 4 if len(goals) > 4:
                await engine.verb("goal", "archive", goals[0].stem)
            case 5:
                self._changes_a_sensor()
            case 6:
                await engine.verb("pause", "--for", f"{rng.randrange(1, 9)}h")
            case 7:
                self._profile.playbook.write_text(f"my rules, {rng.randrange(1000)}\n")
            case _:
                await self._allows(engine)

    async def _allows(self, engine: Engine) -> None:
        await engine.verb("unpark", "--allow", "2")
        given = money.allowed(self._profile)
        if given is not None and given.usd is not None:
            day = day_of(given.at)
            self.allowed[day] = max(given.usd, self.allowed.get(day, 0.0))

    def _changes_a_sensor(self) -> None:
        name = self._rng.choice(SENSORS[3:])
        path: Path = self._profile.sensors / f"{name}.sh"
        if path.exists():
            path.unlink()
        else:
            sensor(self._profile, name, f"#!/bin/sh\n# {self._rng.randrange(1000)}\necho faked\n")
