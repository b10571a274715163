"""What a clock that is set, or a machine that slept, makes of sessions: nothing."""

from pathlib import Path

import pytest

from looop.core.hooks import Hook
from looop.core.sessions import Evidence, State
from looop.core.states import Facts
from looop.session import minding
from support.hosting import Hosting, eventually

HOUR = 3600.0
YEAR = 365 * 24 * HOUR
STEPS = (HOUR, YEAR, -HOUR, -YEAR, -100 * YEAR)


@pytest.fixture
def at(tmp_path: Path) -> Hosting:
    return Hosting(tmp_path)


@pytest.mark.parametrize("step", STEPS)
async def test_a_screen_is_looked_at_as_soon_as_before(
    at: Hosting, monkeypatch: pytest.MonkeyPatch, step: float
) -> None:
    seen: list[str] = []

    def judge(facts: Facts, _: float) -> Evidence:
        seen.extend(facts.screen)
        return Evidence(State.WORKING, "test", "so")

    monkeypatch.setattr(minding, "judge", judge)
    async with at.served() as host:
        await at.start()
        at.say(b"first\r\n")
        await eventually(lambda: host.lives["a"].offset and "first" in seen, "the first look")
        read = host.lives["a"].offset
        at.say(b"second\r\n")
        await eventually(lambda: host.lives["a"].offset > read, "the output")
        at.set = step  # before the screen has stood still for long enough to be looked at
        await eventually(lambda: "second" in seen, "the next look")


@pytest.mark.parametrize("step", [20 * 60, 8 * HOUR, YEAR])
async def test_a_worker_does_not_look_stalled_because_the_machine_slept(at: Hosting, step: float) -> None:
    async with at.served() as host:
        await at.start()
        at.say(b"working\r\n")
        await eventually(lambda: host.get("a").state is State.WORKING, "that it works")
        at.set = step
        life = host.lives["a"]
        life.look()
        assert minding.judged(life).state is State.WORKING
        explained = await host.explain("a")
        assert explained.output is not None
        assert abs(explained.output - at.now()) < 10 * 60  # dates go with the clock


async def test_a_worker_that_is_quiet_for_a_quarter_of_an_hour_does(at: Hosting) -> None:
    async with at.served() as host:
        await at.start()
        at.say(b"working\r\n")
        await eventually(lambda: host.get("a").state is State.WORKING, "that it works")
        at.later = 16 * 60
        assert minding.judged(host.lives["a"]).state is State.STALLED


@pytest.mark.parametrize("step", STEPS)
async def test_what_an_engine_finds_of_another_time_is_no_older_than_it_is(at: Hosting, step: float) -> None:
    async with at.served():
        await at.start()
        at.say(b"working\r\n")
    at.set = step
    async with at.served() as host:
        life = host.lives["a"]
        await eventually(lambda: life.last_output is not None, "its output")
        assert life.last_output is not None
        assert life.last_output <= at.steady()  # what would lie in the future is now
        assert life.born <= at.steady()
        host.hook("a", Hook("Stop", at.now()))
        assert life.hooked is not None
        assert abs(life.hooked.at - at.steady()) < 60
