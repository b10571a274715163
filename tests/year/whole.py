"""A year on one machine: a profile, its engine that crashes now and then, workers, a person, and daily looks.

In: a folder, a seed, a number of days. Out: a `Look` for each day, every invariant asserted on the way.
"""

import random
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import trio
import trio.testing

from looop.loop.clock import Clock, virtual
from support.profiles import made_in, sensor
from year.around import virtual_process
from year.engine import Engine, Keeper
from year.looks import DAY, Look, Looker
from year.outside import Outside
from year.people import SENSORS, Person, Workers

START = 1_798_700_000.0
"""2026-12-31, which makes a year of it that has both clock changes and the end of a month of each length."""

INTERVAL = 1200
"""Seconds between two beats of which nothing is heard: a beat a minute shows the same, twenty times over."""

LIVES = (1.0, 25.0)
"""Days that an engine lives, at least and at most, until it crashes."""

CAP = 4.0
"""Dollars a day."""


class Year:
    """All of it. `looks` grows by one each day."""

    def __init__(
        self,
        folder: Path,
        seed: int,
        *,
        interval: int,
        lives: tuple[float, float],
        each: Callable[[Look], None],
    ) -> None:
        self._each = each
        self._lives = lives
        self.clock: Clock = virtual(START, trio.current_time)
        self.profile = made_in(folder)
        self.looks: list[Look] = []
        self._seed, self._rng = seed, random.Random(seed)
        self._configure(interval)
        self.outside = Outside(self.profile, self.clock, seed)
        self.keeper = Keeper(self.clock)
        self.engine: Engine | None = None
        self.crashes = 0
        self.performed = Counter[str]()
        self._workers = Workers(self.keeper, self._now, self.profile, seed + 2)
        self._person = Person(self.profile, self.outside, self._now, self.clock, seed + 3)
        self._env: Mapping[str, str] = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            "LOOOP_CONFINE": "off",
        }

    async def live(self, days: int) -> tuple[Look, ...]:
        """Live so many days; AssertionError on the day on which something is not as it must be."""
        looker = Looker(self.profile, self.clock, self.outside, self.keeper, self._cap, self.performed)
        async with trio.open_nursery() as world:
            self.keeper.on_spawn = lambda order: world.start_soon(self._workers.live, order)
            world.start_soon(self._engines)
            world.start_soon(self._person.live)
            for day in range(1, days + 1):
                await trio.sleep(DAY)
                await self._calm()
                self.looks.append(looker.look(day))
                self._each(self.looks[-1])
            world.cancel_scope.cancel()
        return tuple(self.looks)

    def _now(self) -> Engine | None:
        return self.engine

    async def _engines(self) -> None:
        """Have one engine after the other, each for days; each end is a crash, and some days have none."""
        while True:
            async with trio.open_nursery() as nursery:
                engine = Engine(
                    self.profile, self.keeper, self._env, self.clock, self.outside, self.performed
                )
                await nursery.start(engine.serve)
                self.engine, self.outside.verb = engine, engine.verb
                await trio.sleep(self._rng.uniform(*self._lives) * DAY)
                nursery.cancel_scope.cancel()
            self.engine, self.crashes = None, self.crashes + 1
            await trio.sleep(self._rng.choice((1, 60, 8 * 3600)))

    @property
    def sessions(self) -> int:
        return self._workers.started

    def _cap(self, day: str) -> float:
        return max(CAP, self._person.allowed.get(day, 0.0))

    async def _calm(self) -> None:
        """Wait for a moment in which an engine lives and no tick is under way."""
        while self.engine is None or self.engine.phase().run:
            await trio.sleep(30)

    def _configure(self, interval: int) -> None:
        runner = {"tick": "exec agent", "interactive": "work {{prompt_file}}", "output": "claude"}
        settings = {
            "runner": "fake",
            "runners": {"fake": runner},
            "interval": interval,
            "active_interval": interval,
            "max_daily_usd": CAP,
        }
        self.profile.config.write_bytes(msgspec.json.encode(settings))
        self.profile.config.chmod(0o600)
        self.profile.playbook.write_text("rules\n")
        for name in ("rent", "health", "garden"):
            (self.profile.goals / f"{name}.md").write_text(f"---\ngoal: The {name} is seen to\n---\n")
        for name in SENSORS:
            sensor(self.profile, name, "#!/bin/sh\necho faked\n")


def live_through(
    folder: Path,
    days: int,
    seed: int,
    *,
    interval: int = INTERVAL,
    lives: tuple[float, float] = LIVES,
    each: Callable[[Look], None] = lambda _: None,
) -> Year:
    """Live a year in this process, on a clock that jumps; what came of it. `each` hears of each day."""

    async def main() -> Year:
        year = Year(folder, seed, interval=interval, lives=lives, each=each)
        with virtual_process(year.clock.now, seed):
            await year.live(days)
        return year

    return trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
