"""Names that are given are judged; names that looop makes are sortable and recognised again."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from looop.core import ids
from looop.core.problem import Exit, Problem

HOSTILE = ["", ".", "..", ".hidden", "-rf", "_x", "a/b", "../x", "a b", "a\n", "a\0", "é", "٣", "x" * 65]


@pytest.mark.parametrize("text", ["a", "7", "fix-login", "v1.2_rc", "x" * 64])
def test_a_plain_name_is_a_name(text: str) -> None:
    assert ids.sensor_name(text) == text


@pytest.mark.parametrize("text", HOSTILE)
def test_a_name_that_is_no_safe_file_name_is_a_usage_error(text: str) -> None:
    with pytest.raises(Problem) as caught:
        ids.sensor_name(text)
    assert (caught.value.exit_code, caught.value.kind) == (Exit.USAGE, "bad-name")


def test_a_bad_name_is_shown_with_what_is_wanted() -> None:
    with pytest.raises(Problem, match=r"'a b' is no sensor name: use 1 to 64 letters"):
        ids.sensor_name("a b")


@pytest.mark.parametrize("text", ["taxes", "taxes.md", "goals/taxes.md", "goals/taxes"])
def test_a_goal_may_be_named_in_every_usual_way(text: str) -> None:
    assert ids.goal_name(text) == "taxes.md"


@pytest.mark.parametrize("text", ["today", "today.sh", "sensors/today.sh"])
def test_a_sensor_may_be_named_in_every_usual_way(text: str) -> None:
    assert ids.sensor_name(text) == "today"


@pytest.mark.parametrize(
    "text", ["", ".md", "goals/", "goals/archive/x.md", "../PLAYBOOK.md", "goals/goals/x"]
)
def test_a_path_out_of_the_goals_is_no_goal(text: str) -> None:
    with pytest.raises(Problem, match="is no goal name"):
        ids.goal_name(text)


def test_a_run_is_named_by_its_time_to_a_part_of_the_second() -> None:
    whole = datetime(2025, 11, 22, 9, 5, 7, tzinfo=UTC)
    assert ids.run_id(whole) == "tick-20251122-090507-000000"
    assert ids.run_id(whole.replace(microsecond=999_999)) == "tick-20251122-090507-ffffef"


TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1))  # noqa: DTZ001 - hypothesis wants them naive


@given(TIMES, TIMES)
def test_a_later_run_sorts_after_an_earlier_one(one: datetime, other: datetime) -> None:
    named = ids.run_id(one)
    assert ids.is_run_id(named)
    if one < other:
        assert named < ids.run_id(other)


def test_a_run_is_recognised_by_its_name() -> None:
    assert ids.is_run_id("tick-20251122-090507-00abcd")


@pytest.mark.parametrize(
    "text", ["tick-20251122-090507-00ABCD", "tick-20251122-090507-00abcd\n", "tick-2025-1-00abcd", "..."]
)
def test_what_looks_almost_like_a_run_is_none(text: str) -> None:
    assert not ids.is_run_id(text)


def test_the_nearest_word_is_found_whatever_its_case() -> None:
    assert ids.nearest("INTERVALL", ["Interval", "runner"]) == "Interval"


def test_a_word_like_nothing_has_no_nearest() -> None:
    assert ids.nearest("zzz", ["interval", "runner"]) is None


@pytest.mark.parametrize("text", ["fix-login", "sessions/fix-login"])
def test_a_session_may_be_named_with_its_folder(text: str) -> None:
    assert ids.session_id(text) == "fix-login"


@pytest.mark.parametrize("text", [*HOSTILE, "a@1", "sessions/", "sessions/a/b"])
def test_a_session_id_that_is_no_safe_file_name_is_a_usage_error(text: str) -> None:
    with pytest.raises(Problem) as caught:
        ids.session_id(text)
    assert (caught.value.exit_code, caught.value.kind) == (Exit.USAGE, "bad-name")


@pytest.mark.parametrize("text", ["pulse", "Pulse"])
def test_the_loops_own_session_id_is_reserved(text: str) -> None:
    with pytest.raises(Problem) as caught:
        ids.session_id(text)
    assert (caught.value.exit_code, caught.value.kind) == (Exit.REFUSED, "reserved")


def test_a_ulid_is_as_its_specification_says() -> None:
    assert ids.ulid(1469918176385, bytes(10)) == "01ARYZ6S410000000000000000"
    assert ids.ulid((1 << 48) - 1, b"\xff" * 10) == "7" + "Z" * 25


@given(
    st.integers(0, (1 << 48) - 2), st.binary(min_size=10, max_size=10), st.binary(min_size=10, max_size=10)
)
def test_a_later_ulid_sorts_behind(now: int, one: bytes, other: bytes) -> None:
    assert ids.ulid(now, one) < ids.ulid(now + 1, other)
    assert ids.is_name(ids.ulid(now, one))
