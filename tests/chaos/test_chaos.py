"""A short chaos run of one seed, and that a seed is a plan. The long one is `run.py`."""

from pathlib import Path

import pytest

from chaos.performing import perform
from chaos.plan import Step, drawn, load, save

SEED, STEPS = 11, 60
LAST = (
    Step("start", "gnu", "echo"),
    Step("attach", "gnu", "leaves"),
    Step("attach", "gnu", "killed"),
    Step("kill-keeper"),
)
"""What this seed may come to do to nobody."""


@pytest.mark.process
@pytest.mark.timeout(600)
def test_whatever_is_killed_no_law_is_broken(tmp_path: Path) -> None:
    told = perform(tmp_path, (*drawn(SEED, STEPS), *LAST))
    assert told.steps == STEPS + len(LAST)
    assert told.deaths >= 3
    assert told.looks > STEPS
    assert told.generations >= 3
    assert told.did.get("attach", 0) >= 2
    assert {"kill-engine", "kill-keeper", "send", "answer", "claim", "restart"} <= set(told.did)


def test_a_seed_is_a_plan_and_a_longer_one_begins_with_it() -> None:
    assert drawn(1, 50) == drawn(1, 500)[:50]
    assert drawn(1, 50) != drawn(2, 50)


def test_a_plan_that_was_written_down_is_the_same(tmp_path: Path) -> None:
    steps = drawn(3, 300)
    save(tmp_path / "plan", steps)
    assert load(tmp_path / "plan") == steps


def test_all_that_may_be_done_is_drawn_sooner_or_later() -> None:
    done = {step.do for seed in range(4) for step in drawn(seed, 3000)}
    both = {(step.do, other.do) for step in drawn(1, 3000) for other in step.also}
    assert {"kill-engine", "kill-keeper", "kill-leader", "kill-child", "kill-runner", "kill-sensor"} <= done
    assert {"kill-client", "stop-engine", "hang-engine", "down-all", "prune", "attach"} <= done
    assert {("kill-engine", "restart"), ("kill-keeper", "start"), ("kill-runner", "tick")} <= both
    assert Step("up") in drawn(1, 1)
