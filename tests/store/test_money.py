"""A person is told of each mark of the day's money once a day, whoever sees it first, and may allow more."""

from pathlib import Path

import pytest

from looop.core.allowance import Standing
from looop.core.problem import Problem
from looop.core.usage import Used
from looop.store import files, flags, ledger, money
from looop.store.config import Config, Price
from looop.store.ledger import Entry
from looop.store.paths import Profile
from looop.store.prices import cost
from support.profiles import made_in

NOW = 1767268800.0
LIMIT = Config(max_daily_usd=10.0)


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    return made_in(tmp_path)


def spend(profile: Profile, usd: float, session: str = "") -> Standing:
    run = f"run-{files.tail(profile.cost, 1 << 20).count(b'x')}-{usd}-x"
    ledger.record(profile, Entry(NOW, run, "claude", usd, session=session))
    return money.look(profile, LIMIT, NOW)


def causes(profile: Profile) -> list[str]:
    return [flag.cause for flag in flags.open_flags(profile)]


def test_ticks_and_sessions_are_counted_together(profile: Profile) -> None:
    spend(profile, 6.0)
    assert spend(profile, 5.0, "tea").spent
    with pytest.raises(Problem, match=r"No session can start.*looop unpark"):
        money.check_start(profile, LIMIT, NOW)
    money.check_start(profile, Config(), NOW)


def test_each_mark_is_told_once_a_day_and_only_the_last_one_stands(profile: Profile) -> None:
    found = spend(profile, 8.0)
    assert money.tell(profile, found, NOW) == found.said
    assert money.tell(profile, found, NOW) is None
    assert causes(profile) == ["money"]
    found = spend(profile, 2.5)
    assert money.tell(profile, found, NOW) == found.said
    assert causes(profile) == ["money-spent"]


def test_a_flag_that_a_person_took_down_stays_down_that_day(profile: Profile) -> None:
    found = spend(profile, 8.0)
    money.tell(profile, found, NOW)
    flags.clear(profile, "money")
    assert money.tell(profile, found, NOW + 60) is None
    assert causes(profile) == []
    assert money.tell(profile, found, NOW + 86400) == found.said


def test_yesterdays_flag_does_not_keep_todays_from_being_told(profile: Profile) -> None:
    found = spend(profile, 8.0)
    money.tell(profile, found, NOW)
    assert money.tell(profile, found, NOW + 86400) == found.said


def test_the_flags_are_gone_when_the_day_is(profile: Profile) -> None:
    money.tell(profile, spend(profile, 12.0), NOW)
    money.tell(profile, money.look(profile, LIMIT, NOW + 86400), NOW + 86400)
    assert causes(profile) == []


def test_a_persons_word_lifts_the_limit_until_midnight(profile: Profile) -> None:
    spend(profile, 12.0)
    made = money.allow(profile, LIMIT, NOW, None, 0.0)
    assert made.until == ledger.local_day(NOW)[1]
    assert not money.look(profile, LIMIT, NOW).spent
    spend(profile, 12.0)
    assert not money.look(profile, LIMIT, NOW).spent


def test_a_persons_sum_is_counted_from_what_is_spent(profile: Profile) -> None:
    spend(profile, 12.0)
    assert money.allow(profile, LIMIT, NOW, 3.0, 0.0).usd == 15.0
    assert not spend(profile, 2.0).spent
    assert spend(profile, 1.0).spent


def test_a_persons_hour_ends(profile: Profile) -> None:
    spend(profile, 12.0)
    money.allow(profile, LIMIT, NOW, None, 3600.0)
    assert not money.look(profile, LIMIT, NOW + 3599).spent
    assert money.look(profile, LIMIT, NOW + 3600).spent


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff", b'{"token":1}'])
def test_an_allowance_that_cannot_be_read_allows_nothing(profile: Profile, data: bytes) -> None:
    spend(profile, 12.0)
    profile.allowance.write_bytes(data)
    assert money.look(profile, LIMIT, NOW).spent


def test_a_damaged_ledger_holds_where_there_is_a_limit(profile: Profile) -> None:
    files.append(profile.cost, "garbage")
    assert money.look(profile, LIMIT, NOW).spent
    assert not money.look(profile, Config(), NOW).spent


def test_prices_are_of_the_model_where_it_has_its_own() -> None:
    plain, own = Price(1.0, 10.0), Price(3.0, 15.0, cache_read=0.3, cache_write=3.75)
    settings = Config(prices={"claude": plain, "claude/opus": own})
    used = Used("a", model="opus-20260101", fresh=1000, cache_read=10000, cache_write=2000, output=100)
    assert cost(settings, "claude", used) == pytest.approx((3000 + 3000 + 7500 + 1500) / 1e6)
    assert cost(settings, "claude", Used("a", model="haiku", fresh=1, cache_read=1)) == pytest.approx(2e-6)
    assert cost(settings, "pi", used) is None


def test_a_session_may_start_while_something_is_left(profile: Profile) -> None:
    assert not spend(profile, 9.0).spent
    money.check_start(profile, LIMIT, NOW)
