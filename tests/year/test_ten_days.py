"""Ten days of beats on a virtual clock: nothing is lost, doubled, left behind or grows without a bound."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from year.rows import row_of
from year.whole import live_through

pytestmark = pytest.mark.slow
DAYS = 10
_SHM = Path("/dev/shm")


@pytest.mark.timeout(600)
def test_ten_days_of_everything_that_may_go_wrong() -> None:
    with TemporaryDirectory(prefix="looop-year-", dir=_SHM if _SHM.is_dir() else None) as folder:
        year = live_through(Path(folder), DAYS, seed=3, interval=3600, lives=(0.5, 3.0))
    assert [look.day for look in year.looks] == list(range(1, DAYS + 1))
    last = year.looks[-1]
    assert last.asked > 100
    assert {"landed", "nothing", "failed", "parked", "rejected"} <= set(last.outcomes)
    assert year.sessions > 10
    assert year.crashes > 2


@pytest.mark.parametrize("place", [".looop-0123.tmp", "goals/.looop-0123.tmp", "core", "runs.old/x"])
def test_a_file_that_nobody_answers_for_is_noticed(place: str) -> None:
    assert row_of(place) is None
