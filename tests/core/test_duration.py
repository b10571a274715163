"""Durations as people write them."""

import pytest

from looop.core import duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90.0),
        ("1.5", 1.5),
        ("20s", 20.0),
        ("10m", 600.0),
        ("1h30m", 5400.0),
        ("3d", 259200.0),
        ("1w", 604800.0),
        ("500ms", 0.5),
        (" 5M ", 300.0),
        ("0", 0.0),
    ],
)
def test_a_duration_is_read_in_seconds(text: str, seconds: float) -> None:
    assert duration.parse(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-5", "5 minutes", "m", "5x", "1e9", "nan", "inf", "٣s", "5s5"])
def test_what_is_no_duration_is_none(text: str) -> None:
    assert duration.parse(text) is None


def test_a_huge_duration_saturates() -> None:
    assert duration.parse("9" * 30 + "w") == duration.LONGEST
