"""The loop waits for money, a limit's end, a login; each wait ends by itself or by a person's word."""

from pathlib import Path

import pytest

from looop.core.state import Park
from looop.loop.beat import Outcome
from looop.store import flags, ledger, money
from looop.store.config import Config
from looop.store.ledger import Entry
from support.looping import NOTE, Looping


def park(loop: Looping) -> Park:
    found = loop.beats._state.park
    assert found is not None
    return found


def causes(loop: Looping) -> list[str]:
    return [flag.cause for flag in flags.open_flags(loop.profile)]


async def test_a_day_that_is_spent_holds_the_loop_until_a_person_lets_it_go_on(tmp_path: Path) -> None:
    loop = Looping(tmp_path, NOTE, max_daily_usd=5.0)
    now = loop.clock.now()
    ledger.record(loop.profile, Entry(now, "s/1", "claude", 6.0, session="tea"))
    report = await loop.beat()
    assert report.outcome is Outcome.HELD
    assert report.holds[0].reason.startswith("parked: $6.00 spent today")
    assert report.holds[0].until == ledger.local_day(now)[1]
    assert (await loop.beat(force=True)).outcome is Outcome.HELD
    assert causes(loop) == ["money-spent"]
    money.allow(loop.profile, Config(max_daily_usd=5.0), now, None, 0.0)
    assert (await loop.beat()).outcome is Outcome.TICKED
    assert causes(loop) == ["money"]


async def test_four_fifths_of_the_day_are_flagged_and_hold_nothing(tmp_path: Path) -> None:
    loop = Looping(tmp_path, NOTE, max_daily_usd=5.0)
    ledger.record(loop.profile, Entry(loop.clock.now(), "tick-1", "claude", 4.0))
    assert (await loop.beat()).outcome is Outcome.TICKED
    assert causes(loop) == ["money"]
    flags.clear(loop.profile, "money")
    loop.beats = loop.fresh()
    await loop.beat()
    assert causes(loop) == []


async def test_an_expired_login_waits_until_somebody_has_logged_in(tmp_path: Path) -> None:
    loop = Looping(tmp_path, 'echo "not logged in" >&2; exit 1')
    await loop.beat()
    assert park(loop).seal
    assert (await loop.beat()).outcome is Outcome.HELD
    assert causes(loop) == ["park"]
    loop.agent(NOTE)
    loop.configure(interval=61)  # what a person does after a login elsewhere, or instead of one
    assert (await loop.beat()).outcome is Outcome.TICKED
    assert loop.beats._state.park is None


@pytest.mark.parametrize("words", ["not logged in", "usage limit reached"])
async def test_a_persons_word_ends_a_park_once(tmp_path: Path, words: str) -> None:
    loop = Looping(tmp_path, f'echo "{words}" >&2; exit 1')
    await loop.beat()
    assert (await loop.beat()).outcome is Outcome.HELD
    money.allow(loop.profile, Config(), loop.clock.now(), None, 0.0)
    assert (await loop.beat()).outcome is Outcome.TICKED
    assert park(loop).count == 1
    assert (await loop.beat()).outcome is Outcome.HELD


async def test_a_tick_is_counted_for_the_goal_that_it_moved(tmp_path: Path) -> None:
    loop = Looping(tmp_path, NOTE)
    await loop.beat()
    (entry,) = ledger.entries(loop.profile, 0.0)
    assert (entry.goal, entry.session) == ("a.md", "")
