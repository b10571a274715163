"""When a limit ends that an agent tells by the clock on the wall, across the days on which that is set."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from looop.core.stream_until import ends_at
from support.zones import BERLIN, local_time


@pytest.fixture(autouse=True)
def _berlin() -> Iterator[None]:
    with local_time(BERLIN):
        yield


def at(month: int, day: int, hour: int, year: int = 2026) -> float:
    return datetime(year, month, day, hour, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "now", "until"),
    [
        ("resets 9am", at(3, 28, 20), at(3, 29, 7)),  # the night that lacks an hour: 9:00 is at 7:00 UTC
        ("resets 9am", at(3, 27, 20), at(3, 28, 8)),
        ("resets 9am", at(10, 24, 20), at(10, 25, 8)),  # the night that has one more
        ("resets 9am", at(10, 23, 20), at(10, 24, 7)),
        ("resets 9am (Europe/Berlin)", at(10, 24, 20), at(10, 25, 8)),
        ("resets 9am (UTC)", at(10, 24, 20), at(10, 25, 9)),
        ("resets Oct 26, 9am", at(10, 24, 20), at(10, 26, 8)),
        ("resets Jan 2, 9am", at(10, 24, 20), at(1, 2, 8, 2027)),
        ("resets in 13h", at(10, 24, 20), at(10, 25, 9)),
    ],
)
def test_a_time_of_day_is_that_of_its_own_day(text: str, now: float, until: float) -> None:
    assert ends_at(text, now) == until
