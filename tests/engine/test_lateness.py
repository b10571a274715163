"""The account of how long tasks hold the engine's thread."""

import time
from dataclasses import dataclass, field
from typing import cast

import pytest
import trio

from looop.engine.lateness import REMEMBERED, Probe


@dataclass
class Rounds:
    """Plays Trio's part on a clock of its own."""

    now: float = 100.0
    probe: Probe = field(init=False)

    def __post_init__(self) -> None:
        self.probe = Probe(lambda: self.now)

    def play(self, *steps: tuple[str, float]) -> None:
        self.probe.after_io_wait(0)
        for name, seconds in steps:
            self.now += seconds
            self.probe.after_task_step(cast("trio.lowlevel.Task", Named(name)))
        self.probe.before_io_wait(0)


@dataclass
class Named:
    name: str


def test_a_task_that_holds_the_thread_is_named_with_the_moment() -> None:
    rounds = Rounds()
    rounds.play(("quick", 0.001), ("slow", 0.03))
    found = rounds.probe.lateness()
    assert found.offender == "slow"
    assert found.worst_ms == pytest.approx(30)
    assert found.worst_at == pytest.approx(time.time(), abs=3600)


def test_the_longer_hold_is_the_one_remembered() -> None:
    rounds = Rounds()
    rounds.play(("slower", 0.05))
    rounds.play(("slow", 0.02))
    assert rounds.probe.lateness().offender == "slower"


def test_after_an_hour_a_hold_is_forgotten() -> None:
    rounds = Rounds()
    rounds.play(("slower", 0.05))
    rounds.now += REMEMBERED + 1
    found = rounds.probe.lateness()
    assert (found.offender, found.worst_ms, found.worst_at) == ("", 0.0, None)
    rounds.play(("slow", 0.02))
    assert rounds.probe.lateness().offender == "slow"


def test_a_quiet_engine_accuses_nobody() -> None:
    rounds = Rounds()
    rounds.play(*[("quick", 0.005)] * 10)
    assert rounds.probe.lateness().offender == ""


def test_a_round_is_as_late_as_all_its_tasks_together() -> None:
    rounds = Rounds()
    rounds.play(*[("quick", 0.005)] * 10)
    assert rounds.probe.lateness().p99_ms == pytest.approx(50)


def test_one_late_round_in_two_hundred_is_beyond_the_percentile() -> None:
    rounds = Rounds()
    for n in range(200):
        rounds.play(("task", 0.05 if n == 0 else 0.001))
    found = rounds.probe.lateness()
    assert found.samples == 200
    assert found.p99_ms == pytest.approx(1)
    assert found.worst_ms == pytest.approx(50)


def test_waiting_is_not_holding() -> None:
    rounds = Rounds()
    rounds.play(("task", 0.001))
    rounds.now += 60
    rounds.play(("task", 0.001))
    assert rounds.probe.lateness().p99_ms == pytest.approx(1)


def test_trio_tells_it_of_every_round() -> None:
    async def holder() -> None:
        time.sleep(0.02)

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(holder)

    probe = Probe()
    trio.run(main, instruments=[probe])
    found = probe.lateness()
    assert "holder" in found.offender
    assert found.samples > 0
