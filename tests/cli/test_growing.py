"""A log is followed line by line, whatever happens to its file."""

import os
from pathlib import Path

import pytest

from looop.cli.growing import Growing, start_of_last
from looop.store import files


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "output.log"


def test_only_whole_lines_are_given_until_the_end_is_asked_for(log: Path) -> None:
    log.write_bytes(b"one\ntwo\nthr")
    growing = Growing(log)
    assert growing.lines() == ["one", "two"]
    assert (growing.offset, growing.lines()) == (8, [])
    assert growing.lines(end=True) == ["thr"]
    assert growing.offset == 11
    growing.close()


def test_a_line_that_comes_in_pieces_is_given_once(log: Path) -> None:
    growing = Growing(log)
    assert (growing.grown(), growing.lines()) == (False, [])
    for piece, lines in ((b"a \xe2\x82", []), (b"\xac b", []), (b"\nc\n", ["a € b", "c"])):
        with log.open("ab") as file:
            file.write(piece)
        assert growing.grown()
        assert growing.lines() == lines
        assert not growing.grown()
    growing.close()


def test_the_end_of_a_rotated_log_is_read_before_the_new_one(log: Path) -> None:
    files.append(log, "one")
    growing = Growing(log)
    assert growing.lines() == ["one"]
    files.append(log, "two")
    files.rotate(log, 1, keep_all=False)
    files.append(log, "three")
    assert growing.grown()
    assert growing.lines() == ["two"]
    found = []
    while growing.grown():
        found += growing.lines()
    assert found == ["three"]
    assert growing.offset == 6
    growing.close()


def test_a_log_that_was_cut_is_read_from_its_beginning(log: Path) -> None:
    files.append(log, "a long line")
    growing = Growing(log)
    growing.lines()
    log.write_bytes(b"")
    found = []
    while growing.grown():
        found += growing.lines()
    files.append(log, "new")
    while growing.grown():
        found += growing.lines()
    assert found == ["new"]
    growing.close()


def test_an_offset_behind_the_end_means_the_log_was_rotated(log: Path) -> None:
    files.append(log, "new")
    growing = Growing(log, 5000)
    assert growing.lines() == ["new"]
    growing.close()


def test_a_log_that_is_removed_is_waited_for(log: Path) -> None:
    files.append(log, "one")
    growing = Growing(log)
    growing.lines()
    log.unlink()
    assert (growing.grown(), growing.lines()) == (False, [])
    files.append(log, "two")
    found = []
    while growing.grown():
        found += growing.lines()
    assert found == ["two"]
    growing.close()


def test_a_line_without_an_end_is_given_in_parts_and_not_kept_for_ever(log: Path) -> None:
    log.write_bytes(b"x" * (3 << 20))
    growing = Growing(log)
    given = 0
    while growing.grown():
        given += sum(map(len, growing.lines()))
    assert given > 2 << 20
    growing.close()


def test_a_fifo_in_a_logs_place_blocks_nobody(log: Path) -> None:
    os.mkfifo(log)
    with pytest.raises(OSError, match="named pipe"):
        Growing(log).lines()


@pytest.mark.parametrize(
    ("data", "count", "start"),
    [
        (b"", 3, 0),
        (b"a\nb\nc\n", 1, 4),
        (b"a\nb\nc\n", 2, 2),
        (b"a\nb\nc\n", 9, 0),
        (b"a\nb\nc\n", 0, 0),
        (b"a\nb\nc", 1, 4),
        (b"\n\n\n", 1, 2),
    ],
)
def test_the_last_lines_begin_where_their_first_one_does(
    log: Path, data: bytes, count: int, start: int
) -> None:
    log.write_bytes(data)
    assert start_of_last(log, count) == start


def test_no_log_begins_at_its_beginning(log: Path) -> None:
    assert start_of_last(log, 3) == 0
