"""A file that is not what was packed says so in one sentence, and nothing of it is ever run or kept."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.packing import Home

pytestmark = [pytest.mark.process, pytest.mark.slow]

CUT = "looop: this file is damaged, its end is missing: download it again.\n"
CHANGED = "looop: this file is damaged, what it carries does not match its checksum: download it again.\n"
TRAILER = 107  # bytes of the last line
PLACES = 60


@pytest.fixture(scope="module")
def whole(file: Path) -> bytes:
    return file.read_bytes()


@pytest.fixture(scope="module")
def carried(whole: bytes, launcher: Path) -> range:
    """Give where the packed program lies in the file."""
    assert whole[-TRAILER:].startswith(b"looop-payload-1 ")
    return range(launcher.stat().st_size, len(whole) - TRAILER)


@pytest.fixture
def damaged(home: Home) -> Home:
    return Home(home.folder, home.folder / "damaged")


def says(it: Home, content: bytes, *sentences: str) -> None:
    """See that a file of this content only says one of these, and leaves nothing."""
    it.file.write_bytes(content)
    it.file.chmod(0o700)
    ran = it.run("doctor")
    assert (ran.code, ran.lines) == (1, ())
    assert ran.err in sentences
    assert not it.cache.exists() or it.left() == []
    it.file.unlink()  # or it is busy when it is written anew


def lengths(carried: range, end: int) -> Iterator[int]:
    """Give where a download may have stopped: right after the launcher, right before the end, in between."""
    yield from (carried.start, carried.start + 1, carried.stop, carried.stop + 1, end - 2, end - 1)
    yield from random.Random(1).sample(range(carried.start, end), PLACES)


def test_a_download_that_stopped_is_told_wherever_it_did(damaged: Home, whole: bytes, carried: range) -> None:
    for length in lengths(carried, len(whole)):
        says(damaged, whole[:length], CUT)


def test_a_download_that_has_more_at_its_end_is_damaged(damaged: Home, whole: bytes) -> None:
    says(damaged, whole + b"\n", CUT)


def test_a_changed_byte_is_told_wherever_it_is(damaged: Home, whole: bytes, carried: range) -> None:
    chance = random.Random(2)
    ends = (carried.start, carried.start + 5, carried.stop - 1)
    for at in (*ends, *chance.sample(carried, PLACES)):
        says(damaged, flipped(whole, at, 1 << chance.randrange(8)), CHANGED)


def test_a_changed_last_line_is_told_whichever_byte_it_is(damaged: Home, whole: bytes) -> None:
    for at in range(len(whole) - TRAILER, len(whole)):
        says(damaged, flipped(whole, at, 1), CUT)


def test_a_hole_in_the_middle_is_told(damaged: Home, whole: bytes, carried: range) -> None:
    middle = carried.start + len(carried) // 2
    says(damaged, whole[:middle] + bytes(4096) + whole[middle + 4096 :], CHANGED)
    says(damaged, whole[:middle] + whole[middle + 1 :], CHANGED)


def test_a_damaged_file_takes_nothing_away_that_was_there(home: Home, damaged: Home, carried: range) -> None:
    home.run("doctor")
    whole = home.file.read_bytes()
    damaged.file.write_bytes(flipped(whole, carried.start + 9, 1))
    damaged.file.chmod(0o700)
    assert damaged.run("doctor").code == 0  # by its name it was unpacked before, and that is whole
    damaged.file.write_bytes(whole[:-1])
    assert damaged.run("doctor").err == CUT
    assert home.left() == [home.unpacked.name]


def flipped(data: bytes, at: int, bits: int) -> bytes:
    changed = bytearray(data)
    changed[at] ^= bits
    return bytes(changed)
