"""What a clock that is set makes of the loop: its rests stay as long, and what was cut off is found."""

from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing

from looop.core.diff import Change
from looop.core.due import Why
from looop.core.runners import BUILT_IN, Choice
from looop.core.world import World
from looop.loop import awaiting, book
from looop.loop.clock import Clock
from looop.loop.site import Site
from looop.store import config, runs
from looop.store.runs import MoveRecord
from support.looping import Looping
from support.night import Night, nothing, work_in_place

QUARTER, HOUR, DAY, YEAR = 900.0, 3600.0, 86400.0, 365 * 86400.0
STEPS = (HOUR, 3 * DAY, 12 * YEAR, -HOUR, -3 * DAY, -57 * YEAR)
"""Seconds by which a clock is set: into the year 2038 and beyond, to before 1970, and back."""


@pytest.fixture(autouse=True)
def no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    work_in_place(monkeypatch)


class Setting:
    """A night whose wall clock can be set."""

    def __init__(self, folder: Path, **config: Any) -> None:
        self.by = 0.0
        self.night = Night(folder, nothing, {"world": lambda _: self.world.encode()}, **config)
        self.world = "1"
        true = self.night.clock.now
        object.__setattr__(self.night.clock, "now", lambda: true() + self.by)

    @property
    def beats(self) -> int:
        return self.night.pulse.phase().beats


@pytest.mark.parametrize("step", STEPS)
async def test_the_beat_goes_on_at_its_interval_however_the_clock_is_set(
    tmp_path: Path, autojump_clock: trio.testing.MockClock, step: float
) -> None:
    it = Setting(tmp_path, revisit=0)
    async with trio.open_nursery() as nursery:
        await nursery.start(it.night.pulse.serve)
        await trio.sleep(QUARTER)
        before = it.beats
        it.by = step
        await trio.sleep(QUARTER)
        after = it.beats
        it.world = "2"
        await trio.sleep(120)
        nursery.cancel_scope.cancel()
    assert after - before == 15
    assert it.night.asks == 2  # a change still counts, and time alone was none


@pytest.mark.parametrize("step", STEPS)
async def test_a_clock_that_is_set_between_a_beat_and_its_rest_makes_the_rest_no_longer(
    tmp_path: Path, autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch, step: float
) -> None:
    it = Setting(tmp_path, revisit=0)
    tell = awaiting.tell

    async def late(site: Site) -> None:
        await tell(site)
        it.by += step

    real = it.night.pulse._beats._sleeping  # what tells when the next beat is due

    def sleeping(*args: Any) -> Any:
        report = real(*args)
        it.by = step
        return report

    monkeypatch.setattr(awaiting, "tell", late)
    monkeypatch.setattr(it.night.pulse._beats, "_sleeping", sleeping)
    assert await it.night.run(QUARTER) >= 1
    assert 14 <= it.beats <= 17


@pytest.mark.parametrize("step", STEPS)
async def test_failing_ticks_are_tried_again_within_minutes(
    tmp_path: Path, autojump_clock: trio.testing.MockClock, step: float
) -> None:
    it = Setting(tmp_path, revisit=0)
    fails = it.night.programs._programs["agent.sh"]

    def agent(folder: Path) -> bytes:
        if it.world == "1":
            raise OSError(2, "no such agent")
        return fails(folder)

    it.night.programs._programs["agent.sh"] = agent
    async with trio.open_nursery() as nursery:
        await nursery.start(it.night.pulse.serve)
        await trio.sleep(20 * 60)
        failed = it.night.asks
        it.by, it.world = step, "2"
        await trio.sleep(10 * 60)
        nursery.cancel_scope.cancel()
    assert failed >= 4
    assert it.night.loop.journal()[-1] == "nothing to do"


@pytest.mark.parametrize("newer", [1, 30])
async def test_a_tick_that_was_cut_off_is_found_though_the_clock_was_set_back_before_it(
    tmp_path: Path, newer: int
) -> None:
    loop = Looping(tmp_path)
    for number in range(newer):  # of a time when the clock was a year ahead
        run = runs.start(loop.profile, f"tick-20281122-1000{number:02}-abcdef")
        runs.write_record(run, MoveRecord(run.id, 1.0, outcome="landed"))
    site = Site(loop.profile, config.load(loop.profile, {}), {}, loop.said.append, Clock(), loop.fleet)
    choice, cut_off = Choice("fake", BUILT_IN["rehearsal"]), "tick-20271122-100000-abcdef"
    changes: tuple[Change, ...] = ()
    book.begin(site, cut_off, Why.CHANGED, choice, changes, World(None))
    await loop.beat()
    assert loop.journal()[0].startswith("tick failed: looop was killed while the agent worked")
    found = runs.find(loop.profile, cut_off)
    assert found is not None
    record = runs.read_record(found)
    assert record is not None
    assert record.outcome == "interrupted"
