"""The transcript: offsets that hold, whatever keeper does to the log's files at that moment."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from looop.session.transcript import Transcript


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Transcript]:
    made = Transcript(tmp_path)
    yield made
    made.close()


def write(folder: Path, data: bytes) -> None:
    with (folder / "output.log").open("ab") as file:
        file.write(data)


def rotate(folder: Path, base: int) -> None:
    (folder / "output.log").rename(folder / f"output-{base}.log")


def test_a_log_that_is_not_there_is_empty(log: Transcript) -> None:
    assert (log.start(), log.end(), log.read(0)) == (0, 0, (0, b""))


def test_a_log_that_appears_later_is_read(log: Transcript, tmp_path: Path) -> None:
    assert log.end() == 0
    write(tmp_path, b"hello")
    assert (log.end(), log.read(1, 3)) == (5, (1, b"ell"))


def test_growth_is_seen_and_the_end_gives_no_bytes(log: Transcript, tmp_path: Path) -> None:
    write(tmp_path, b"abc")
    assert (log.read(0), log.read(3), log.read(99)) == ((0, b"abc"), (3, b""), (99, b""))
    write(tmp_path, b"def")
    assert log.read(3) == (3, b"def")


def test_offsets_survive_a_rotation(log: Transcript, tmp_path: Path) -> None:
    write(tmp_path, b"0123456789")
    assert log.end() == 10
    rotate(tmp_path, 0)
    write(tmp_path, b"abc")
    assert (log.start(), log.end()) == (0, 13)
    assert (log.read(4), log.read(10)) == ((4, b"456789"), (10, b"abc"))


def test_between_the_rename_and_the_new_file_all_is_still_there(log: Transcript, tmp_path: Path) -> None:
    write(tmp_path, b"0123456789")
    rotate(tmp_path, 0)
    assert (log.start(), log.end(), log.read(8)) == (0, 10, (8, b"89"))
    write(tmp_path, b"x")
    assert log.read(10) == (10, b"x")


def test_a_cut_head_moves_the_offset_up(log: Transcript, tmp_path: Path) -> None:
    (tmp_path / "output-40.log").write_bytes(b"fourty")
    write(tmp_path, b"new")
    assert (log.start(), log.end(), log.read(3)) == (40, 49, (40, b"fourty"))


def test_an_old_segment_that_does_not_follow_on_is_left_out(log: Transcript, tmp_path: Path) -> None:
    (tmp_path / "output-0.log").write_bytes(b"lost its neighbour")
    (tmp_path / "output-40.log").write_bytes(b"fourty")
    assert (log.start(), log.end()) == (40, 46)


def test_foreign_names_are_no_segments(log: Transcript, tmp_path: Path) -> None:
    for name in ("output-.log", "output-x.log", "output-²3.log", "output--1.log", "output-9.log.tmp"):
        (tmp_path / name).write_bytes(b"?")
    write(tmp_path, b"abc")
    assert (log.start(), log.read(0)) == (0, (0, b"abc"))


def test_every_byte_is_read_once_while_a_writer_rotates_between_any_two_calls(tmp_path: Path) -> None:
    """One read a step, another file operation of the writer before each: no order loses or repeats a byte."""
    log, base, sent, got, at = Transcript(tmp_path), 0, b"", b"", 0
    for step in range(400):
        match step % 4:
            case 0 | 1:
                write(tmp_path, piece := f"<{step}>".encode())
                sent += piece
            case 2:
                rotate(tmp_path, base)
            case _:
                for old in bases(tmp_path)[:-1]:
                    (tmp_path / f"output-{old}.log").unlink()
                base = len(sent)
        at, data = log.read(at)
        got, at = got + data, at + len(data)
    assert got == sent
    log.close()


def open_files() -> int:
    return len([*Path("/dev/fd").iterdir()])


def bases(folder: Path) -> list[int]:
    return sorted(int(path.name[7:-4]) for path in folder.glob("output-*.log"))


def test_a_rotation_in_the_middle_of_a_look_is_looked_at_again(
    log: Transcript, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, b"0123456789")
    whole = os.listdir

    def listing(folder: Path) -> list[str]:
        monkeypatch.setattr(os, "listdir", whole)
        found = whole(folder)
        rotate(tmp_path, 0)
        write(tmp_path, b"abc")
        return found

    monkeypatch.setattr(os, "listdir", listing)
    assert (log.end(), log.read(9)) == (13, (9, b"9"))


def test_a_retired_transcript_is_read_as_before_and_holds_nothing_open(tmp_path: Path) -> None:
    write(tmp_path, b"abc\n")
    rotate(tmp_path, 0)
    write(tmp_path, b"def\n")
    log, before = Transcript(tmp_path), len(list(Path("/dev/fd").iterdir()))
    log.end()
    log.retire()
    assert (log.start(), log.base(), log.end(), log.back(1)) == (0, 4, 8, 4)
    assert (log.read(2), log.read(4)) == ((2, b"c\n"), (4, b"def\n"))
    assert len(list(Path("/dev/fd").iterdir())) == before


def test_a_closed_transcript_opens_again_and_leaves_no_descriptor(tmp_path: Path) -> None:
    before = open_files()
    log = Transcript(tmp_path)
    write(tmp_path, b"abc")
    for base in (0, 3):
        assert log.read(0)[1]
        rotate(tmp_path, base)
        write(tmp_path, b"def")
        assert log.end() == base + 6
    log.close()
    assert log.read(0) == (0, b"abc")
    log.close()
    assert open_files() == before


@pytest.mark.parametrize(
    ("lines", "at"), [(0, 12), (1, 8), (2, 4), (3, 0), (9, 0)], ids=["none", "one", "two", "all", "too many"]
)
def test_the_last_lines_begin_where_they_begin(log: Transcript, tmp_path: Path, lines: int, at: int) -> None:
    write(tmp_path, b"one\ntwo\nsix\n")
    assert log.back(lines) == at


def test_a_line_that_has_not_ended_counts_as_one(log: Transcript, tmp_path: Path) -> None:
    write(tmp_path, b"one\ntwo\nsi")
    assert (log.back(1), log.back(2)) == (8, 4)


def test_the_last_lines_are_found_across_steps_and_segments(log: Transcript, tmp_path: Path) -> None:
    write(tmp_path, b"first\n" + b"x" * 200_000 + b"\n")
    rotate(tmp_path, 0)
    write(tmp_path, b"y" * 100_000 + b"\nlast")
    assert [log.back(count) for count in (1, 2, 3)] == [300_008, 200_007, 6]


def test_looking_for_lines_stops_at_the_limit_and_at_the_head(log: Transcript, tmp_path: Path) -> None:
    (tmp_path / "output-50.log").write_bytes(b"x" * 100)
    write(tmp_path, b"y" * 100)
    assert (log.back(5), log.back(5, 30)) == (50, 220)
