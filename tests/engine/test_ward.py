"""The pulse is brought to life, and back to life after a crash; on a virtual clock."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
import trio

from looop.core.phase import Doing
from looop.core.problem import Exit, Problem
from looop.engine.fake import FakePulse
from looop.engine.ward import Ward
from looop.loop.beat import Order

TROUBLE = Problem(Exit.USAGE, "bad-config", "CONFIG is broken.")


@dataclass
class Nursing:
    """What a test gives to the ward, and sees of it."""

    pulses: list[FakePulse] = field(default_factory=list)
    births: list[float] = field(default_factory=list)
    noted: list[BaseException] = field(default_factory=list)
    next: Callable[[], FakePulse] = FakePulse

    def make(self) -> FakePulse:
        self.births.append(trio.current_time())
        self.pulses.append(self.next())
        return self.pulses[-1]

    async def note(self, error: BaseException) -> None:
        self.noted.append(error)


@asynccontextmanager
async def ward(nursing: Nursing, *, safe: bool = False, wanted: bool = True) -> AsyncIterator[Ward]:
    it = Ward(nursing.make, nursing.note, safe=safe, wanted=wanted)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(it.serve)
        yield it
        nursery.cancel_scope.cancel()


def broken() -> FakePulse:
    return FakePulse(trouble=TROUBLE)


async def test_start_returns_when_the_pulse_lives(autojump_clock: trio.testing.MockClock) -> None:
    async with ward(Nursing()) as it:
        assert await it.start()
        assert it.phase().doing is Doing.SLEEPING
        assert not await it.start()


async def test_a_pulse_that_cannot_live_is_tried_ever_more_slowly(
    autojump_clock: trio.testing.MockClock,
) -> None:
    nursing = Nursing(next=broken)
    async with ward(nursing):
        await trio.sleep(200)
    assert [later - sooner for sooner, later in zip(nursing.births, nursing.births[1:], strict=False)] == [
        pytest.approx(delay) for delay in (1, 2, 4, 8, 16, 32, 60, 60)
    ]


async def test_after_a_long_life_a_crash_counts_as_the_first(autojump_clock: trio.testing.MockClock) -> None:
    nursing = Nursing(next=broken)
    async with ward(nursing) as it:
        await trio.sleep(10)
        nursing.next = FakePulse
        await it.start()
        await trio.sleep(100)
        born = len(nursing.births)
        nursing.pulses[-1].crash()
        await trio.sleep(1.5)
    assert len(nursing.births) == born + 1


async def test_a_crash_is_noted_with_its_whole_traceback(autojump_clock: trio.testing.MockClock) -> None:
    nursing = Nursing()
    async with ward(nursing) as it:
        await it.start()
        nursing.pulses[0].crash()
        await trio.sleep(0.5)
        found = it.phase()
    assert found.doing is Doing.CRASHED
    assert found.trouble == "RuntimeError: the fake pulse was told to crash"
    assert found.wakes_at is not None
    assert isinstance(nursing.noted[0], ExceptionGroup)


async def test_a_pulse_that_cannot_even_be_made_is_a_crash_too(
    autojump_clock: trio.testing.MockClock,
) -> None:
    def impossible() -> FakePulse:
        raise OSError(28, "No space left on device")

    async with ward(Nursing(next=impossible)) as it:
        with pytest.raises(Problem, match="No space left"):
            await it.start()


async def test_start_tells_the_pulses_own_reason(autojump_clock: trio.testing.MockClock) -> None:
    async with ward(Nursing(next=broken)) as it:
        with pytest.raises(Problem) as found:
            await it.start()
    assert (found.value.exit_code, found.value.text) == (Exit.NO, "CONFIG is broken.")


async def test_start_does_not_wait_for_the_next_try(autojump_clock: trio.testing.MockClock) -> None:
    nursing = Nursing(next=broken)
    async with ward(nursing) as it:
        await trio.sleep(100)
        nursing.next = FakePulse
        before = trio.current_time()
        assert await it.start()
        assert trio.current_time() == before


async def test_start_fails_anew_while_the_reason_stays(autojump_clock: trio.testing.MockClock) -> None:
    nursing = Nursing(next=broken)
    async with ward(nursing) as it:
        await trio.sleep(100)
        tries = len(nursing.births)
        with pytest.raises(Problem):
            await it.start()
    assert len(nursing.births) == tries + 1


async def test_in_safe_mode_nothing_starts_by_itself(autojump_clock: trio.testing.MockClock) -> None:
    nursing = Nursing()
    async with ward(nursing, safe=True) as it:
        await trio.sleep(10_000)
        assert nursing.births == []
        assert it.phase().doing is Doing.SAFE_MODE
        assert it.phase().trouble is not None


async def test_start_ends_safe_mode(autojump_clock: trio.testing.MockClock) -> None:
    async with ward(Nursing(), safe=True) as it:
        assert await it.start()
        assert it.phase().doing is Doing.SLEEPING


async def test_many_starts_at_once_make_one_pulse(autojump_clock: trio.testing.MockClock) -> None:
    nursing = Nursing()
    async with ward(nursing, safe=True) as it, trio.open_nursery() as nursery:
        for _ in range(10):
            nursery.start_soon(it.start)
    assert len(nursing.births) == 1


async def test_without_a_pulse_a_tick_is_told_why(autojump_clock: trio.testing.MockClock) -> None:
    async with ward(Nursing(next=broken)) as it:
        await trio.sleep(0.5)
        with pytest.raises(Problem, match=r"crashed \(CONFIG is broken\.\)"):
            it.pulse()
        it.poke()


async def test_a_poke_reaches_the_pulse(autojump_clock: trio.testing.MockClock) -> None:
    nursing = Nursing()
    async with ward(nursing) as it:
        await it.start()
        it.poke()
    assert nursing.pulses[0].pokes == 1


async def test_the_end_of_the_ward_is_the_end_of_the_pulse(autojump_clock: trio.testing.MockClock) -> None:
    nursing = Nursing(next=lambda: FakePulse(landing=7))
    async with ward(nursing) as it:
        await it.start()
        before = trio.current_time()
    assert nursing.pulses[0].ended
    assert trio.current_time() - before == pytest.approx(7)


async def test_a_pulse_that_nobody_wants_rests_until_started(autojump_clock: trio.testing.MockClock) -> None:
    nursing = Nursing()
    async with ward(nursing, wanted=False) as it:
        await trio.sleep(100)
        assert (it.phase().doing, nursing.pulses) == (Doing.STOPPED, [])
        assert await it.start()
        assert it.phase().doing is Doing.SLEEPING


async def test_a_stopped_pulse_has_ended_and_can_start_again(autojump_clock: trio.testing.MockClock) -> None:
    nursing = Nursing(next=lambda: FakePulse(landing=5))
    async with ward(nursing) as it:
        await it.start()
        await it.stop()
        assert nursing.pulses[0].ended
        assert it.phase().doing is Doing.STOPPED
        await trio.sleep(100)
        assert len(nursing.pulses) == 1
        assert await it.start()


async def test_stopping_ends_the_wait_after_a_crash(autojump_clock: trio.testing.MockClock) -> None:
    nursing = Nursing(next=broken)
    async with ward(nursing) as it:
        await trio.sleep(0.5)
        await it.stop()
        await trio.sleep(100)
        assert (it.phase().doing, len(nursing.births)) == (Doing.STOPPED, 1)
        nursing.next = FakePulse
        began = trio.current_time()
        assert await it.start()
        assert trio.current_time() == began


async def test_a_resting_pulse_does_one_beat_and_rests_again(autojump_clock: trio.testing.MockClock) -> None:
    nursing, heard = Nursing(), list[str]()
    async with ward(nursing, wanted=False) as it:
        report = await it.once(Order(by_hand=True), heard.append)
        assert report is not None
        assert (it.phase().doing, heard, nursing.pulses[0].ended) == (
            Doing.STOPPED,
            ["sensing", "nothing to do"],
            True,
        )


async def test_a_start_during_a_lone_beat_waits_for_its_end(autojump_clock: trio.testing.MockClock) -> None:
    nursing = Nursing(next=lambda: FakePulse(landing=5))
    async with ward(nursing, wanted=False) as it, trio.open_nursery() as nursery:
        nursery.start_soon(it.once, Order(by_hand=True), list[str]().append)
        await trio.testing.wait_all_tasks_blocked()
        assert await it.start()
        assert [pulse.ended for pulse in nursing.pulses] == [True, False]
        await it.stop()
