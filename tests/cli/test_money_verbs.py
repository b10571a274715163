"""What things cost is shown as it is known; a person ends a park, a worker says what it has cost."""

import json
import time

import pytest
from msgspec.json import encode

from looop.cli.console import FakeCall
from looop.core.problem import Exit
from looop.core.state import LoopState, Park
from looop.engine.call import Caller, Kind
from looop.store import ledger, money
from looop.store.ledger import Entry
from looop.store.paths import Profile
from support.verbs import FakeEngine, Looop

NOON = 1767268800.0  # 2026-01-01 12:00 UTC
MIDNIGHT = NOON + 12 * 3600


@pytest.fixture(autouse=True)
def _noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: NOON)


def limit(profile: Profile, usd: float) -> None:
    profile.config.write_text(json.dumps({"max_daily_usd": usd}))


def spend(profile: Profile, usd: float, at: float = NOON - 60, session: str = "", goal: str = "") -> None:
    run = f"run-{at}-{usd}-{session}"
    ledger.record(profile, Entry(at, run, "claude", usd, session=session, goal=goal))


def worker(name: str = "tea") -> FakeCall:
    return FakeCall(caller=Caller(Kind.CHILD, 0, name))


@pytest.mark.parametrize(
    ("flags", "until", "usd"),
    [
        ((), MIDNIGHT, None),
        (("--for", "1h"), NOON + 3600, None),
        (("--for", "30d"), MIDNIGHT, None),
        (("--allow", "2.5"), MIDNIGHT, 14.5),
        (("--for", "1h", "--allow", "2"), NOON + 3600, 14.0),
    ],
)
async def test_a_person_lets_it_go_on_for_a_while_or_for_a_sum(
    relayed: Looop,
    engine: FakeEngine,
    profile: Profile,
    flags: tuple[str, ...],
    until: float,
    usd: float | None,
) -> None:
    limit(profile, 10.0)
    spend(profile, 12.0)
    said = await relayed("unpark", *flags)
    made = money.allowed(profile)
    assert made is not None
    assert (said.code, made.until, made.usd, engine.pokes) == (0, until, usd, 1)
    assert said.out.startswith("It goes on")


@pytest.mark.parametrize("flags", [("--allow", "-1"), ("--allow", "nan"), ("--for", "soon")])
async def test_what_is_no_sum_or_time_allows_nothing(
    looop: Looop, profile: Profile, flags: tuple[str, ...]
) -> None:
    assert (await looop("unpark", *flags)).code == Exit.USAGE
    assert money.allowed(profile) is None


async def test_a_worker_lets_nothing_go_on(relayed: Looop, profile: Profile) -> None:
    said = await relayed("unpark", "--json", call=worker())
    assert said.code == Exit.REFUSED
    assert money.allowed(profile) is None


async def test_two_words_of_a_person_are_two(looop: Looop, profile: Profile) -> None:
    await looop("unpark")
    first = money.allowed(profile)
    await looop("unpark")
    second = money.allowed(profile)
    assert first is not None
    assert second is not None
    assert first.token != second.token


async def test_status_and_a_bare_looop_say_what_is_parked_and_until_when(
    looop: Looop, profile: Profile
) -> None:
    limit(profile, 10.0)
    spend(profile, 12.0)
    profile.state.write_bytes(encode(LoopState(park=Park("usage limit reached", NOON + 1800))))
    out = (await looop("status")).out
    assert "parked" in out
    assert "$12.00 of $10 are spent today (max_daily_usd), until 2026-01-02 00:00 (12h)" in out
    assert "usage limit reached, until 12:30:00 (30m); `looop unpark`" in out
    assert "looop unpark" in (await looop()).out
    await looop("unpark")
    assert "are spent today (max_daily_usd)" not in (await looop("status")).out


@pytest.mark.parametrize("by", ["tick", "session", "goal", "runner", "day"])
async def test_sums_of_every_kind_come_to_the_same_money(looop: Looop, profile: Profile, by: str) -> None:
    spend(profile, 1.0, goal="tea.md")
    spend(profile, 2.0, at=NOON - 86400)
    spend(profile, 4.0, session="brew", goal="tea.md")
    rows = (await looop("cost", "--by", by, "--json")).value["rows"]
    total = {"tick": 3.0, "session": 4.0}.get(by, 7.0)
    assert sum(row["usd"] for row in rows) == total
    if by == "goal":
        assert {row["name"]: row["usd"] for row in rows} == {"tea": 5.0, "no goal": 2.0}


async def test_days_are_the_persons_own(
    looop: Looop, profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    spend(profile, 1.0, at=NOON - 3 * 86400)
    assert (await looop("cost", "--by", "day", "--days", "3")).out.startswith("Nothing is known")
    assert "2025-12-29" in (await looop("cost", "--by", "day", "--days", "4")).out
    monkeypatch.setenv("TZ", "UTC-14")
    time.tzset()
    assert "2025-12-30" in (await looop("cost", "--by", "day", "--days", "4")).out


@pytest.mark.parametrize("flags", [("--by", "moon"), ("--days", "0"), ("--days", "99999")])
async def test_cost_refuses_what_it_does_not_know(looop: Looop, flags: tuple[str, ...]) -> None:
    assert (await looop("cost", *flags)).code == Exit.USAGE


async def test_a_worker_says_what_it_has_cost(relayed: Looop, engine: FakeEngine) -> None:
    engine.sessions.add("tea")
    said = await relayed("spent", "0.42", call=worker())
    assert (said.code, said.out) == (0, "tea says that it has cost $0.42 so far.\n")
    assert engine.sessions.did == [("spent", "tea", 0.42)]


async def test_a_worker_says_what_it_has_cost_with_its_end(relayed: Looop, engine: FakeEngine) -> None:
    engine.sessions.add("tea")
    assert (await relayed("done", "-m", "all of it", "--cost", "0.5", call=worker())).code == 0
    assert engine.sessions.did == [("spent", "tea", 0.5), ("done", "tea", "done", "all of it")]


@pytest.mark.parametrize("text", ["-1", "inf", "2000000"])
async def test_what_is_no_amount_is_not_taken_down(relayed: Looop, engine: FakeEngine, text: str) -> None:
    engine.sessions.add("tea")
    assert (await relayed("spent", text, call=worker())).code == Exit.USAGE
    assert engine.sessions.did == []


async def test_a_worker_speaks_for_itself_alone(relayed: Looop, engine: FakeEngine) -> None:
    engine.sessions.add("tea")
    engine.sessions.add("brew")
    said = await relayed("spent", "1", "--session", "brew", "--json", call=worker())
    assert said.problem == (Exit.REFUSED, "not-yours")
