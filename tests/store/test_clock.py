"""The local day by which money counts, in every kind of zone, on every kind of day, and far from today."""

import time
from collections.abc import Iterator
from datetime import date, datetime

import pytest

from looop.core.usage import day_of
from looop.store.ledger import local_day

HOUR = 3600.0
ZONES = {
    "UTC": "UTC0",
    "Berlin": "CET-1CEST,M3.5.0,M10.5.0/3",
    "Havana, midnight twice": "CST5CDT,M3.2.0/0,M11.1.0/1",
    "Beirut, no midnight, and 23:00 twice": "EET-2EEST,M3.5.0/0,M10.5.0/0",
    "Lord Howe, half an hour": "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
    "Kathmandu": "<+0545>-5:45",
    "Kiribati": "<+14>-14",
    "Baker Island": "<-12>12",
}
YEARS = (1969, 1970, 2026, 2038, 2039, 2105)


@pytest.fixture(params=list(ZONES.values()), ids=list(ZONES))
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("year", YEARS)
def test_the_days_of_a_year_follow_on_each_other_without_gap_or_overlap(zone: str, year: int) -> None:
    at = datetime(year, 1, 1, 12).timestamp()  # noqa: DTZ001 - local time is meant
    end = None
    for number in range(365):
        start, next_start = local_day(at)
        assert end in {None, start}
        assert next_start - start in {23 * HOUR, 23.5 * HOUR, 24 * HOUR, 24.5 * HOUR, 25 * HOUR}
        assert day_of(at) == date.fromordinal(date(year, 1, 1).toordinal() + number).isoformat()
        end, at = next_start, next_start + 12 * HOUR


@pytest.mark.parametrize("year", YEARS)
def test_every_moment_is_in_the_day_that_begins_before_it(zone: str, year: int) -> None:
    at = datetime(year, 1, 1, 12).timestamp()  # noqa: DTZ001 - as above
    for _ in range(365):
        day = local_day(at)
        long = day[1] - day[0] != 24 * HOUR
        steps = range(0, int(day[1] - day[0]), 900 if long else 6 * 3600)
        assert {local_day(day[0] + step) for step in steps} == {day}
        assert local_day(day[1] - 1) == day
        at = day[1] + 12 * HOUR
