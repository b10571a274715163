"""A seeded part of what `tests/faults/run.py` tries whole: power cuts and disk errors of every story."""

import errno
import random
import subprocess
import sys
from pathlib import Path

import pytest

from faults import cuts, stories
from faults.errors import HOWS, How, Ticking, attempt
from looop.loop import book
from looop.store import files
from support.powercut import Adversary

pytestmark = [pytest.mark.process, pytest.mark.timeout(300)]

SEED = 6
TRIES = {"tick": 1, "verbs": 2, "store": 2, "looking": 4, "pumping": 2}
"""Points of each fault."""


@pytest.mark.parametrize(("name", "tries"), [("verbs", 8), ("tick", 6)])
def test_what_was_acknowledged_survives_a_power_cut_and_the_loop_goes_on(name: str, tries: int) -> None:
    with cuts.staged(stories.cut(name), SEED) as stage:
        states = stage.told.states
        assert {cut.adversary for cut in states} == set(Adversary)
        last = {cut.adversary: cut for cut in states}
        some = random.Random(SEED).sample(states, min(tries, len(states)))
        for cut in (*some, *last.values()):
            assert stage.attempt(cut).violations == (), (cut.at, cut.change, cut.adversary)


@pytest.mark.parametrize("name", ["tick", "verbs", "store", "looking", "pumping"])
async def test_a_disk_that_fails_anywhere_costs_nothing_that_was_acknowledged(name: str) -> None:
    chosen, make = random.Random(SEED), stories.failing(name)
    for how in HOWS:
        well = await attempt(make, 0, how)
        assert well.violations == (), (name, "on a disk that is well")
        assert bool(well.calls) == (how.reads or name != "looking"), "only who looks writes nothing"
        for at in chosen.sample(range(1, len(well.calls) + 1), min(TRIES[name], len(well.calls))):
            failed = await attempt(make, at, how)
            assert failed.violations == (), (name, str(how), at, failed.hit)
            assert failed.hit


@pytest.mark.parametrize("call", ["replace goals/", "open journal.md", "open cost.jsonl", "fsync cost.jsonl"])
async def test_a_tick_that_the_disk_fails_at_its_end_is_finished_and_paid(call: str) -> None:
    calls = (await attempt(Ticking, 0, How())).calls
    at = max(number for number, made in enumerate(calls, 1) if made.startswith(call))
    assert (await attempt(Ticking, at, How())).violations == ()


async def test_a_line_of_the_agent_that_can_t_be_read_fails_the_tick() -> None:
    how = How(errno.EIO, reads=True)
    calls = (await attempt(Ticking, 0, how)).calls
    failed = await attempt(Ticking, calls.index("open tick/journal.md", len(calls) // 2) + 1, how)
    assert (failed.violations, failed.hit) == ((), "open tick/journal.md")


async def test_who_takes_what_can_t_be_read_for_absent_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    real = files.read_regular

    def blind(path: Path, limit: int, *, at: int | None = None) -> bytes:
        try:
            return real(path, limit, at=at)
        except OSError as error:
            raise FileNotFoundError(str(path)) from error

    monkeypatch.setattr(files, "read_regular", blind)
    make, how = stories.failing("looking"), How(errno.EIO, reads=True)
    calls = (await attempt(make, 0, how)).calls
    at = calls.index("open claims/desk.json") + 1
    assert (await attempt(make, at, how)).violations


def test_a_story_that_there_is_not_is_refused_in_a_sentence() -> None:
    command = [sys.executable, str(Path(__file__).with_name("run.py")), "errors", "nosuch"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "There is no story nosuch: give some of tick, verbs, store, looking, pumping.\n"


async def test_a_landing_that_is_never_finished_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book, "_cut_off", lambda _: [])
    calls = (await attempt(Ticking, 0, How())).calls
    assert (await attempt(Ticking, calls.index("open journal.md") + 1, How())).violations
