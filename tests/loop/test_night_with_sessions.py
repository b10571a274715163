"""A night in which sessions live: only their news wakes the loop, and a flag costs next to nothing."""

from pathlib import Path

import pytest
import trio
import trio.testing

from looop.core.known import entered
from looop.core.sessions import Evidence, Known, State
from looop.core.world import Session
from support.night import NIGHT, Night, nothing, work_in_place

pytestmark = pytest.mark.slow
HOUR = 3600.0


@pytest.fixture(autouse=True)
def no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    work_in_place(monkeypatch)


class Worker:
    """A session that the loop sees, through the rules by which states become news."""

    def __init__(self, night: Night) -> None:
        self.night = night
        self.known = Known(State.WORKING)
        self.flag: str | None = None
        self.answers = 0
        self._show()

    def becomes(self, *states: State) -> None:
        """Judge it so, one after the other, and wake the loop for what is news."""
        for state in states:
            before = self.known.news
            now = self.night.clock.now()
            self.known = entered(self.known, Evidence(state, "screen", f"seen at {now}"), now)
            self._show()
            if self.known.news != before:
                self.night.pulse.poke()

    def asks(self, question: str | None) -> None:
        """Raise its flag, or take it down with an answer."""
        self.answers += question is None
        self.flag = question
        self.becomes(State.FLAGGED if question else State.WORKING)
        self.night.pulse.poke()

    def _show(self) -> None:
        known = self.known
        shown = Session(
            "fix", "01A", str(known.state), known.news, known.news_name, flag=self.flag, answers=self.answers
        )
        self.night.loop.fleet.shown = (shown,)


async def test_a_flag_that_is_answered_after_eight_hours_costs_at_most_two_asks(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    night = Night(tmp_path, nothing, {})
    worker = Worker(night)
    async with trio.open_nursery() as nursery:
        await nursery.start(night.pulse.serve)
        await trio.sleep(HOUR)
        before = night.asks
        worker.asks("which one?")
        await trio.sleep(NIGHT)
        waited = night.asks - before
        worker.asks(None)
        await trio.sleep(60)
        answered = night.asks - before - waited
        nursery.cancel_scope.cancel()
    assert (before, answered) == (1, 1)
    assert 1 <= waited <= 2


async def test_what_a_worker_does_all_night_wakes_the_loop_only_when_it_is_news(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    night = Night(tmp_path, nothing, {}, revisit=0)
    worker, asks = Worker(night), list[int]()
    async with trio.open_nursery() as nursery:
        await nursery.start(night.pulse.serve)
        for news in (State.IDLE, State.ASKING, State.STALLED, State.ENDED):
            for _ in range(60):
                await trio.sleep(60)
                worker.becomes(State.WORKING, State.FROZEN, State.WORKING)
            asks.append(night.asks)
            worker.becomes(news)
            for _ in range(60):
                await trio.sleep(60)
                worker.becomes(news)
            asks.append(night.asks)
        nursery.cancel_scope.cancel()
    assert asks == [1, 2, 2, 3, 3, 4, 4, 5]
