"""Which fault an error's words mean, and until when."""

from datetime import UTC, datetime

import pytest

from looop.core.stream_base import Fault
from looop.core.stream_faults import Finding, classify
from looop.core.stream_json import decode, number_at
from looop.core.stream_until import ends_at

NOW = datetime(2026, 11, 22, 10, 40, tzinfo=UTC).timestamp()


def at(day: int, hour: int, minute: int = 0, month: int = 11, year: int = 2026) -> float:
    return datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("Please run /login", Fault.LOGIN),
        ("API key not valid. Please pass a valid API key.", Fault.LOGIN),
        ("No API key found for anthropic", Fault.LOGIN),
        ("OAuth token has expired", Fault.LOGIN),
        ("HTTP 401", Fault.LOGIN),
        ("HTTP 402", Fault.USAGE_LIMIT),
        ("You've hit your weekly limit", Fault.USAGE_LIMIT),
        ("5-hour limit reached", Fault.USAGE_LIMIT),
        ("out of credits", Fault.USAGE_LIMIT),
        ("status: 429", Fault.RATE_LIMITED),
        ("Too Many Requests", Fault.RATE_LIMITED),
        ("429 authentication service is busy", Fault.RATE_LIMITED),
        ("503 Service Unavailable", Fault.OVERLOADED),
        ("the model is overloaded", Fault.OVERLOADED),
        ("500 internal", Fault.FAILED),
        ("port 4290 is in use", Fault.FAILED),
        ("", Fault.FAILED),
    ],
)
def test_an_errors_words_tell_the_fault(text: str, fault: Fault) -> None:
    assert classify(text).fault is fault


def test_a_quota_that_is_back_in_seconds_is_a_rate() -> None:
    text = "You exceeded your current quota. Please retry in 24.3s."
    assert classify(text, 429, NOW) == Finding(Fault.RATE_LIMITED, NOW + 24.3)


def test_a_quota_that_is_back_tomorrow_is_a_usage_limit() -> None:
    text = "You exceeded your current quota. Please retry in 20h 5m."
    assert classify(text, 429, NOW) == Finding(Fault.USAGE_LIMIT, NOW + 20 * 3600 + 300)


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("Claude AI usage limit reached|1795351371", 1795351371.0),
        ("resets 12:42pm (UTC)", at(22, 12, 42)),
        ("resets 9am (UTC)", at(23, 9)),
        ("resets 3pm (America/New_York)", at(22, 20)),
        ("resets Nov 25, 10:42am (UTC)", at(25, 10, 42)),
        ("resets Jan 2, 1pm (UTC)", at(2, 13, month=1, year=2027)),
        ("try again at Nov 25th, 2026 10:42 PM (UTC)", at(25, 22, 42)),
        ("try again in 5 days 4 hours 14 minutes.", NOW + 5 * 86400 + 4 * 3600 + 14 * 60),
        ("retry after 30 seconds", NOW + 30),
        ("try again in 2 hours, 3 tries are left", NOW + 7200),
        ("resets 15:30 (UTC)", at(22, 15, 30)),
        ("resets in 2h and 5m", NOW + 7500),
        ("limit will reset at 2026-11-22T12:00:00Z", at(22, 12)),
    ],
)
def test_a_limits_end_is_read_as_agents_write_it(text: str, until: float) -> None:
    assert ends_at(text, NOW) == until


@pytest.mark.parametrize(
    "text",
    [
        "Claude AI usage limit reached|1700000000",
        "resets Jun 31, 1pm (UTC)",
        "resets 25:99pm (UTC)",
        "try again in 99999999 days",
        "try again in a moment",
        "try again at Nov 25th, 2020 10:42 AM",
        "reset at 2026-13-45T99:00:00Z",
        "no such words",
    ],
)
def test_what_is_past_or_makes_no_sense_is_no_end(text: str) -> None:
    assert ends_at(text, NOW) is None


def test_a_zone_that_nobody_knows_is_this_machines() -> None:
    assert ends_at("resets 3pm (Middle/Earth)", NOW) == ends_at("resets 3pm", NOW) is not None


def test_without_a_clock_only_an_absolute_end_is_told() -> None:
    assert ends_at("try again in 5 minutes", None) is None
    assert ends_at("limit reached|1795351371", None) == 1795351371.0


def test_a_number_that_is_larger_than_any_is_none() -> None:
    value = decode(b'{"a": 1' + b"0" * 400 + b', "b": 1.5, "c": -1, "d": true}')
    assert [number_at(value, key) for key in "abcde"] == [None, 1.5, None, None, None]
