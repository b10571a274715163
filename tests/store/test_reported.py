"""A worker's own word on what it has cost only grows."""

from pathlib import Path

import pytest

from looop.store import reported
from looop.store.reported import Reported


def test_the_largest_figure_stays_with_its_time(tmp_path: Path) -> None:
    assert reported.read(tmp_path) is None
    for usd, now in ((1.0, 5.0), (0.5, 6.0), (1.0, 7.0)):
        reported.write(tmp_path, usd, now)
    assert reported.read(tmp_path) == Reported(1.0, 5.0)
    reported.write(tmp_path, 2.0, 8.0)
    assert reported.read(tmp_path) == Reported(2.0, 8.0)


@pytest.mark.parametrize("data", [b"{", b"\xff", b"[" * 5000, b'{"usd": "much", "at": 1}', b"x" * 5000])
def test_what_can_not_be_read_is_no_word(tmp_path: Path, data: bytes) -> None:
    (tmp_path / reported.NAME).write_bytes(data)
    assert reported.read(tmp_path) is None
    reported.write(tmp_path, 1.0, 5.0)
    assert reported.read(tmp_path) == Reported(1.0, 5.0)
