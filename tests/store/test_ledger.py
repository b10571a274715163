"""What was spent is known, or known to be unknown; a damaged ledger never reads as money that is left."""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from looop.store import files, ledger
from looop.store.faults import CorruptLedger
from looop.store.ledger import Entry
from looop.store.paths import Profile
from support.ordinary_user import as_ordinary_user
from support.profiles import made_in
from support.zones import BERLIN, local_time

NOON = 1763809200.0  # 2025-11-22 12:00 in Berlin


@pytest.fixture(autouse=True)
def _berlin() -> Iterator[None]:
    with local_time(BERLIN):
        yield


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    return made_in(tmp_path)


def spend(profile: Profile, at: float, usd: float | None, run: str = "") -> None:
    ledger.record(profile, Entry(at, run or f"run-{at}", "claude", usd))


def test_an_absent_ledger_means_that_nothing_was_spent(profile: Profile) -> None:
    spent = ledger.spent(profile, NOON)
    assert (spent.decides_hour, spent.decides_today, spent.usd_today, spent.unknown_today) == (0, 0, 0.0, 0)
    assert spent.hour_frees_at == NOON


def test_the_hour_and_the_day_are_summed_up(profile: Profile) -> None:
    spend(profile, NOON - 5 * 3600, 1.0)
    spend(profile, NOON - 1800, 0.25)
    spend(profile, NOON - 60, 0.5)
    spent = ledger.spent(profile, NOON)
    assert (spent.decides_hour, spent.decides_today, spent.usd_today) == (2, 3, 1.75)
    assert spent.hour_frees_at == NOON + 1800


def test_an_unknown_cost_is_unknown_and_not_nothing(profile: Profile) -> None:
    spend(profile, NOON - 60, None)
    spend(profile, NOON - 50, 0.0)
    spent = ledger.spent(profile, NOON)
    assert (spent.usd_today, spent.unknown_today, spent.decides_today) == (0.0, 1, 2)


def test_tokens_are_summed_up(profile: Profile) -> None:
    ledger.record(profile, Entry(NOON - 60, "r", "codex", None, 1000, 50))
    spent = ledger.spent(profile, NOON)
    assert (spent.input_tokens_today, spent.output_tokens_today) == (1000, 50)


def test_today_is_the_local_day(profile: Profile) -> None:
    midnight = NOON - 12 * 3600
    spend(profile, midnight - 1, 8.0)
    spend(profile, midnight, 1.0)
    assert ledger.spent(profile, NOON).usd_today == 1.0
    assert ledger.spent(profile, NOON).day_frees_at == midnight + 86400


def test_just_after_midnight_the_hour_still_counts_yesterday(profile: Profile) -> None:
    midnight = NOON - 12 * 3600
    spend(profile, midnight - 60, 8.0)
    spent = ledger.spent(profile, midnight + 60)
    assert (spent.decides_hour, spent.decides_today) == (1, 0)


def test_a_day_on_which_the_clock_changes_has_its_own_length(profile: Profile) -> None:
    noon = 1761476400.0  # 2025-10-26 12:00 in Berlin, a day of 25 hours
    assert ledger.spent(profile, noon).day_frees_at == noon + 12 * 3600
    spend(profile, noon - 13 * 3600, 1.0)
    assert ledger.spent(profile, noon).decides_today == 1


def test_a_run_that_was_recorded_at_its_start_and_its_end_counts_once(profile: Profile) -> None:
    spend(profile, NOON - 60, None, "tick-1")
    assert ledger.spent(profile, NOON).unknown_today == 1
    spend(profile, NOON - 30, 0.5, "tick-1")
    spent = ledger.spent(profile, NOON)
    assert (spent.decides_today, spent.usd_today, spent.unknown_today) == (1, 0.5, 0)


def test_a_torn_last_line_is_one_ask_of_unknown_cost(profile: Profile) -> None:
    spend(profile, NOON - 60, 1.0)
    with profile.cost.open("ab") as file:
        file.write(b'{"at":1763809')
    os.utime(profile.cost, (NOON - 30, NOON - 30))
    spent = ledger.spent(profile, NOON)
    assert (spent.decides_hour, spent.usd_today, spent.unknown_today) == (2, 1.0, 1)


def test_a_torn_last_line_stays_unknown_once_more_is_recorded(profile: Profile) -> None:
    spend(profile, NOON - 60, 1.0)
    with profile.cost.open("ab") as file:
        file.write(b'{"at":1763809' + b"x" * 300)
    os.utime(profile.cost, (NOON - 30, NOON - 30))
    spend(profile, NOON - 10, 2.0)
    spent = ledger.spent(profile, NOON)
    assert (spent.decides_hour, spent.usd_today, spent.unknown_today) == (3, 3.0, 1)
    assert [entry.outcome for entry in ledger.entries(profile, 0)] == ["", ledger.TORN, ""]


def test_an_entry_that_only_lacks_its_newline_is_whole(profile: Profile) -> None:
    profile.cost.write_bytes(msgspec.json.encode(Entry(NOON - 60, "r", "pi", 1.0)))
    assert ledger.spent(profile, NOON).usd_today == 1.0
    spend(profile, NOON, 1.0)
    assert ledger.spent(profile, NOON).usd_today == 2.0


@pytest.mark.parametrize(
    "line",
    [
        b"garbage",
        b"\0\0\0",
        b"{}",
        b'{"at":"noon","run":"r","runner":"x"}',
        b'{"at":1,"run":"r","runner":"x","usd":-5}',
    ],
)
def test_a_damaged_line_is_a_corrupt_ledger_wherever_it_is(profile: Profile, line: bytes) -> None:
    for before, after in ((1, 0), (0, 1), (1, 1)):
        profile.cost.unlink(missing_ok=True)
        for _ in range(before):
            spend(profile, NOON - 60, 1.0)
        files.append(profile.cost, line + b"\n")
        for _ in range(after):
            spend(profile, NOON - 60, 1.0)
        with pytest.raises(CorruptLedger, match="correct or remove that line"):
            ledger.spent(profile, NOON)


def test_a_blank_line_is_no_damage(profile: Profile) -> None:
    spend(profile, NOON - 60, 1.0)
    files.append(profile.cost, b"\n")
    spend(profile, NOON - 60, 1.0, "other")
    assert ledger.spent(profile, NOON).usd_today == 2.0


def test_a_ledger_that_cannot_be_read_is_not_an_empty_one() -> None:
    def case(folder: Path) -> None:
        profile = made_in(folder)
        spend(profile, NOON, 1.0)
        profile.cost.chmod(0)
        with pytest.raises(CorruptLedger, match="Permission denied"):
            ledger.spent(profile, NOON)

    as_ordinary_user(case)


def test_a_ledger_that_is_a_pipe_is_not_an_empty_one(profile: Profile) -> None:
    os.mkfifo(profile.cost)
    with pytest.raises(CorruptLedger, match="a named pipe"):
        ledger.spent(profile, NOON)


def test_an_entry_of_a_clock_that_was_an_hour_ahead_counts(profile: Profile) -> None:
    spend(profile, NOON + 3600, 1.0)
    assert ledger.spent(profile, NOON).decides_hour == 1


def test_an_entry_of_a_clock_that_was_a_year_ahead_does_not_hold_the_loop_for_a_year(
    profile: Profile,
) -> None:
    spend(profile, NOON + 365 * 86400, 1.0)
    assert ledger.spent(profile, NOON).decides_today == 0


def test_a_large_ledger_is_read_only_as_far_back_as_needed(
    profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = b"".join(
        msgspec.json.encode(Entry(NOON - 40 * 86400 + number, f"old-{number}", "claude", 1.0)) + b"\n"
        for number in range(20_000)
    )
    profile.cost.write_bytes(old)
    spend(profile, NOON - 60, 0.5)
    looks: list[int] = []
    real = files.tail

    def tail(path: Path, limit: int) -> bytes:
        looks.append(limit)
        return real(path, limit)

    monkeypatch.setattr(files, "tail", tail)
    assert ledger.spent(profile, NOON).usd_today == 0.5
    assert looks == [256 << 10]


def test_the_whole_past_can_be_asked_for(profile: Profile) -> None:
    profile.cost.write_bytes(
        b"".join(
            msgspec.json.encode(Entry(float(number), f"r{number}", "claude", 1.0)) + b"\n"
            for number in range(20_000)
        )
    )
    assert len(ledger.entries(profile, 0.0)) == 20_000
    assert len(ledger.entries(profile, 19_990.0)) == 10


def test_an_entry_is_durable(profile: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Path] = []
    monkeypatch.setattr(files, "append_durable", lambda path, _: written.append(path))
    spend(profile, NOON, 1.0)
    assert written == [profile.cost]


def session_day(profile: Profile, at: float, usd: float | None, noted: float = 0.0, run: str = "s/1") -> None:
    ledger.record(profile, Entry(at, run, "claude", usd, 10, 5, "working", session="tea", noted=noted))


def test_a_session_is_no_ask_but_its_money_counts(profile: Profile) -> None:
    spend(profile, NOON - 60, 1.0)
    session_day(profile, NOON - 50, 0.5)
    session_day(profile, NOON - 50, 0.75)
    spent = ledger.spent(profile, NOON)
    assert (spent.decides_hour, spent.decides_today, spent.usd_today) == (1, 1, 1.75)
    assert (spent.input_tokens_today, spent.unknown_today) == (10, 0)


def test_a_session_of_unknown_cost_is_unknown(profile: Profile) -> None:
    session_day(profile, NOON - 50, None)
    assert ledger.spent(profile, NOON).unknown_today == 1


def test_a_day_that_is_written_down_again_later_hides_nothing_before_it(
    profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "_FIRST_LOOK", 4000)
    spend(profile, NOON - 120, 1.0, "today")
    for number in range(100):
        session_day(profile, NOON - 86400, 0.5 + number, noted=NOON - 60)
    assert ledger.spent(profile, NOON).usd_today == 1.0


def test_entries_of_a_clock_that_was_set_back_hide_nothing_before_them(
    profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "_FIRST_LOOK", 4000)
    spend(profile, NOON - 120, 1.0, "today")
    for number in range(8):
        spend(profile, NOON - 86400 * 900, 1.0, f"then-{number}")
    for number in range(20):
        spend(profile, NOON - 60, 0.5, f"now-{number}")
    assert ledger.spent(profile, NOON).usd_today == 11.0


def test_a_large_ledger_is_rid_of_what_was_replaced_and_says_the_same(
    profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "_WORTHWHILE", 20)
    spend(profile, NOON - 120, 1.0, "tick")
    for number in range(30):
        session_day(profile, NOON - 60, number / 10, noted=NOON)
    before, size = ledger.entries(profile, 0.0), profile.cost.stat().st_size
    assert ledger.compact(profile)
    assert ledger.entries(profile, 0.0) == before
    assert profile.cost.stat().st_size < size / 10
    assert not ledger.compact(profile)


def test_a_damaged_ledger_is_not_made_smaller(profile: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "_WORTHWHILE", 2)
    for number in range(9):
        session_day(profile, NOON, float(number))
    files.append(profile.cost, "garbage")
    before = profile.cost.read_bytes()
    with pytest.raises(CorruptLedger):
        ledger.compact(profile)
    assert profile.cost.read_bytes() == before


def test_an_old_ledger_is_read_as_it_was(profile: Profile) -> None:
    line = f'{{"at":{NOON - 60},"run":"tick-1","runner":"claude","usd":0.5,"outcome":"landed","v":1}}'
    files.append(profile.cost, line)
    assert ledger.spent(profile, NOON).usd_today == 0.5


def test_asks_without_an_end_are_named_and_sessions_are_none_of_them(profile: Profile) -> None:
    for run, session in (("ended", ""), ("asks", ""), ("works", "tea")):
        ledger.record(profile, Entry(NOON, run, "claude", None, outcome=ledger.RUNNING, session=session))
    ledger.record(profile, Entry(NOON, "ended", "claude", 0.5, outcome="landed"))
    assert ledger.running(profile) == {"asks"}
