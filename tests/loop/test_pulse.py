"""The pulse over virtual hours: how often the AI is asked, and what wakes a sleep."""

import itertools
from pathlib import Path

import pytest
import trio
import trio.testing

from looop.loop.clock import virtual
from looop.loop.pulse import Pulse
from looop.store import ledger, pause
from support.looping import GOAL
from support.night import NIGHT, START, Night, journal, nothing, says, work_in_place

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    work_in_place(monkeypatch)


async def test_a_quiet_night_costs_one_ask(tmp_path: Path, autojump_clock: trio.testing.MockClock) -> None:
    night = Night(tmp_path, nothing, {"today": says("1")}, revisit=0)
    assert await night.run() == 1
    assert night.pulse.phase().beats > 400


async def test_a_night_with_a_timestamp_sensor(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    ticks = itertools.count()
    night = Night(tmp_path, nothing, {"clock": lambda _: str(next(ticks)).encode()})
    assert 10 < await night.run() <= 5 + NIGHT / 900 + 1


async def test_a_night_with_two_moves_that_undo_each_other(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    flips = itertools.count()

    def flip(folder: Path) -> bytes:
        state = ("on", "off")[next(flips) % 2]
        (folder / "goals/a.md").write_text(f"{GOAL}- it is {state}\n")
        journal(folder, state)
        return b""

    night = Night(tmp_path, flip, {"today": says("1")})
    assert 5 < await night.run() <= 5 + NIGHT / 900 + 1


async def test_a_night_in_which_every_tick_sets_a_timer_and_does_nothing(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    def again(folder: Path) -> bytes:
        (folder / ".next-interval").write_text("5")
        return nothing(folder)

    night = Night(tmp_path, again, {"today": says("1")})
    assert await night.run() <= 5 + NIGHT / 900 + 1


async def test_a_failing_agent_is_asked_every_five_minutes_at_most(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    def broken(_folder: Path) -> bytes:
        raise OSError(5, "broken")

    night = Night(tmp_path, broken, {"today": says("1")})
    assert await night.run(3600) <= 3 + 3600 / 300
    assert len(night.loop.journal()) == night.asks


async def test_the_caps_hold_an_agent_of_unknown_cost(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    ticks = itertools.count()
    night = Night(tmp_path, nothing, {"clock": lambda _: str(next(ticks)).encode()}, max_decides_per_hour=3)
    assert await night.run(3 * 3600) <= 3 * 4
    spent = ledger.spent(night.loop.profile, night.clock.now())
    assert spent.usd_today == 0
    assert spent.unknown_today > 0
    assert not night.pulse.phase().costs_known


async def test_revisit_asks_again_after_six_hours_of_an_equal_world(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    night = Night(tmp_path, nothing, {"today": says("1")})
    assert await night.run(6 * 3600 - 120) == 1
    again = Night(tmp_path, nothing, {"today": says("1")})
    again.clock = night.clock
    assert await night.run(300) == 2


async def test_a_pause_until_then_ends_by_itself(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    night = Night(tmp_path, nothing, {"today": says("1")})
    pause.write(night.loop.profile, pause.Pause(since=START, until=START + 600))
    assert await night.run(500) == 0
    assert await night.run(300) == 1


async def test_a_clock_that_jumps_back_a_day_stops_nothing(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    ticks = itertools.count()
    night = Night(tmp_path, nothing, {"clock": lambda _: str(next(ticks)).encode()})
    before = await night.run(3600)
    object.__setattr__(night.clock, "now", virtual(START - 86400, trio.current_time).now)
    night.pulse = Pulse(
        night.loop.profile,
        env={"PATH": "/usr/bin:/bin"},
        fleet=night.loop.fleet,
        clock=night.clock,
        run=night.programs,
    )
    assert await night.run(3600) > before
