"""A log grows by whole records, one write each, rotates without loss, and is read from its end."""

import errno
import fcntl
import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from looop.store import files
from looop.store.files import logs
from support.folder import mode, names
from support.ordinary_user import as_ordinary_user, largest_file


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Record every write, which still happens."""
    seen: list[bytes] = []
    real = os.write

    def write(fd: int, data: bytes) -> int:
        seen.append(bytes(data))
        return real(fd, data)

    monkeypatch.setattr(os, "write", write)
    return seen


def test_a_record_is_one_write(tmp_path: Path, writes: list[bytes]) -> None:
    files.append(tmp_path / "log", "one")
    assert writes == [b"one\n"]


@pytest.mark.parametrize("text", ["a\nb", "a\r\nb", "a\rb", "a\u2028b", "a\x85b", "a\x0bb"])
def test_a_line_break_within_a_record_becomes_a_space(tmp_path: Path, text: str) -> None:
    files.append(tmp_path / "log", text)
    assert (tmp_path / "log").read_bytes() == b"a b\n"


@settings(deadline=None)
@given(texts=st.lists(st.text(max_size=20), max_size=5))
def test_as_many_lines_come_back_as_records_were_added(
    texts: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    log = tmp_path_factory.mktemp("logs") / "log"
    for text in texts:
        files.append(log, text)
    assert len(files.tail_lines(log, 100)) == len(texts)


def test_bytes_are_added_as_they_are(tmp_path: Path) -> None:
    files.append(tmp_path / "log", b"raw \xff ")
    files.append(tmp_path / "log", b"more")
    assert (tmp_path / "log").read_bytes() == b"raw \xff more"


def test_a_record_after_a_torn_one_begins_its_own_line_within_the_same_write(
    tmp_path: Path, writes: list[bytes]
) -> None:
    (tmp_path / "log").write_bytes(b"whole\nto")
    files.append(tmp_path / "log", "next")
    assert (tmp_path / "log").read_bytes() == b"whole\nto\nnext\n"
    assert writes == [b"\nnext\n"]


def test_text_that_is_no_unicode_is_added_all_the_same(tmp_path: Path) -> None:
    files.append(tmp_path / "log", "name \udcff")
    assert (tmp_path / "log").read_bytes() == b"name ?\n"


def test_a_write_that_the_kernel_cuts_short_is_completed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, bytes(data)[:3]))
    files.append(tmp_path / "log", "a whole record")
    assert (tmp_path / "log").read_bytes() == b"a whole record\n"


def test_a_disk_that_takes_half_a_record_gets_it_taken_back() -> None:
    def case(folder: Path) -> None:
        files.append(folder / "log", "x" * 900)
        with largest_file(1000), pytest.raises(OSError, match="too large") as caught:
            files.append_durable(folder / "log", "y" * 900)
        assert caught.value.errno == errno.EFBIG
        assert (folder / "log").read_bytes() == b"x" * 900 + b"\n"

    as_ordinary_user(case)


@pytest.mark.parametrize("umask", [0o000, 0o777])
def test_a_log_is_private_whatever_the_umask(umask: int) -> None:
    def case(folder: Path) -> None:
        os.umask(umask)
        files.append(folder / "log", "one")
        files.append(folder / "log", "two")
        assert mode(folder / "log") == 0o600

    as_ordinary_user(case)


@pytest.mark.parametrize("kind", ["pipe", "link"])
def test_nothing_is_added_to_what_is_no_file(tmp_path: Path, kind: str) -> None:
    if kind == "pipe":
        os.mkfifo(tmp_path / "log")
    else:
        (tmp_path / "log").symlink_to("elsewhere")
    with pytest.raises(files.NotRegular):
        files.append(tmp_path / "log", "one")
    assert not (tmp_path / "elsewhere").exists()


def test_a_durable_record_is_synced_and_so_is_its_folder_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    monkeypatch.setattr(logs, "sync", lambda _: synced.append("file"))
    monkeypatch.setattr(logs, "sync_folder", lambda _: synced.append("folder"))
    files.append_durable(tmp_path / "log", "one")
    files.append_durable(tmp_path / "log", "two")
    assert synced == ["file", "folder"] * 2  # its maker may have been killed before that


def test_a_small_log_is_not_rotated(tmp_path: Path) -> None:
    files.append(tmp_path / "journal.md", "one")
    assert not files.rotate(tmp_path / "journal.md", 100, keep_all=True)
    assert names(tmp_path) == ["journal.md"]


def test_an_absent_log_is_not_rotated(tmp_path: Path) -> None:
    assert not files.rotate(tmp_path / "journal.md", 0, keep_all=True)


def test_a_log_that_keeps_all_is_numbered_on_and_on(tmp_path: Path) -> None:
    for text in ("one", "two", "three"):
        files.append(tmp_path / "journal.md", text)
        os.utime(tmp_path / "journal.md", (1763800000, 1763800000))
        assert files.rotate(tmp_path / "journal.md", 1, keep_all=True)
    assert sorted(path.read_text() for path in tmp_path.iterdir()) == ["one\n", "three\n", "two\n"]
    found = names(tmp_path)
    assert [re.sub(r"2025-11-2\d", "DAY", name) for name in found] == [
        f"journal-DAY-{n}.md" for n in (1, 2, 3)
    ]


def test_no_clock_can_make_a_rotation_replace_another_or_come_out_of_order(tmp_path: Path) -> None:
    journal = tmp_path / "journal.md"
    for number, when in enumerate([1763800000, 0, 4000000000] * 4):
        files.append(journal, f"line {number}")
        os.utime(journal, (when, when))
        files.rotate(journal, 1, keep_all=True)
        assert files.tail_lines(journal, 1) == [f"line {number}"]
    assert len(names(tmp_path)) == 12


def test_a_log_that_keeps_one_has_one_predecessor(tmp_path: Path) -> None:
    for text in ("one", "two", "three"):
        files.append(tmp_path / "events.jsonl", text)
        assert files.rotate(tmp_path / "events.jsonl", 1, keep_all=False)
    assert names(tmp_path) == ["events.1.jsonl"]
    assert files.tail_lines(tmp_path / "events.jsonl", 5) == ["three"]


def test_the_second_of_two_who_rotate_at_once_rotates_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, real = tmp_path / "events.jsonl", fcntl.flock

    def overtaken(fd: int, how: int) -> None:
        monkeypatch.setattr(fcntl, "flock", real)
        assert files.rotate(log, 1, keep_all=False)
        files.append(log, "new")
        real(fd, how)

    files.append(log, "old")
    monkeypatch.setattr(fcntl, "flock", overtaken)
    assert not files.rotate(log, 1, keep_all=False)
    assert (tmp_path / "events.1.jsonl").read_text() == "old\n"
    assert log.read_text() == "new\n"


def test_the_last_lines_are_read_across_a_rotation(tmp_path: Path) -> None:
    journal = tmp_path / "journal.md"
    for number in range(6):
        files.append(journal, f"line {number}")
        if number == 3:
            files.rotate(journal, 1, keep_all=True)
    assert files.tail_lines(journal, 3) == ["line 3", "line 4", "line 5"]
    assert files.tail_lines(journal, 2) == ["line 4", "line 5"]
    assert len(files.tail_lines(journal, 99)) == 6


def test_a_rotation_between_two_looks_shows_no_line_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = tmp_path / "journal.md"
    files.append(journal, "one")
    files.append(journal, "two")
    real = logs.previous

    def rotated_meanwhile(path: Path) -> Path | None:
        monkeypatch.setattr(logs, "previous", real)
        files.rotate(path, 1, keep_all=True)
        files.append(path, "three")
        return real(path)

    monkeypatch.setattr(logs, "previous", rotated_meanwhile)
    assert files.tail_lines(journal, 9) == ["one", "two", "three"]


def test_the_lines_of_nothing_are_none(tmp_path: Path) -> None:
    assert files.tail_lines(tmp_path / "journal.md", 5) == []


def test_no_lines_are_asked_for_and_none_come(tmp_path: Path) -> None:
    files.append(tmp_path / "log", "one")
    assert files.tail_lines(tmp_path / "log", 0) == []


def test_a_last_line_without_its_newline_counts(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"one\ntwo")
    assert files.tail_lines(tmp_path / "log", 5) == ["one", "two"]


def test_bytes_that_are_no_utf8_do_not_hide_a_line(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"one\n\xff\xfe\n")
    assert files.tail_lines(tmp_path / "log", 5) == ["one", "\ufffd\ufffd"]


def test_a_line_that_exceeds_the_limit_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"x" * 500 + b"\nshort\n")
    assert files.tail_lines(tmp_path / "log", 5, limit=100) == ["short"]


def test_the_end_of_a_huge_log_is_read_from_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = tmp_path / "journal.md"
    with journal.open("wb") as file:
        file.truncate(50 << 20)
        file.seek(0, os.SEEK_END)
        file.write(b"\n" + b"".join(b"- line %d\n" % number for number in range(30)))
    read: list[int] = []
    real = os.pread

    def pread(fd: int, size: int, at: int) -> bytes:
        read.append(size)
        return real(fd, size, at)

    monkeypatch.setattr(os, "pread", pread)
    assert files.tail_lines(journal, 20) == [f"- line {number}" for number in range(10, 30)]
    assert sum(read) <= 64 << 10


def test_the_last_lines_of_a_log_of_every_length_are_right(tmp_path: Path) -> None:
    log = tmp_path / "log"
    for size in (65535, 65536, 65537, 131072):
        log.write_bytes(b"first\n" + b"x" * (size - 12) + b"\nlast\n")
        assert files.tail_lines(log, 3) == ["first", "x" * (size - 12), "last"]


def test_the_end_of_a_log_can_be_mended(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"one\ntorn and long")
    files.mend_tail(tmp_path / "log", 4, b"two\n")
    assert (tmp_path / "log").read_bytes() == b"one\ntwo\n"


@pytest.mark.parametrize("behind", [b"", b"another's\n"])
def test_half_a_record_is_taken_back_unless_somebody_wrote_behind_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, behind: bytes
) -> None:
    log, real = tmp_path / "log", os.write
    files.append(log, "one")

    def full(fd: int, data: bytes) -> int:
        if len(data) == 4:
            return real(fd, bytes(data)[:2])
        with log.open("ab") as other:
            other.write(behind)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space left"):
        files.append(log, "two")
    assert log.read_bytes() == (b"one\ntw" + behind if behind else b"one\n")


def test_a_log_that_is_rotated_at_every_look_shows_its_newest_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, real = tmp_path / "journal.md", logs.previous
    files.append(journal, "one")

    def rotated_again(path: Path) -> Path | None:
        files.rotate(path, 1, keep_all=True)
        files.append(path, "next")
        return real(path)

    monkeypatch.setattr(logs, "previous", rotated_again)
    assert files.tail_lines(journal, 9) == ["next"]


def test_in_a_folder_that_is_gone_nothing_was_rotated_away(tmp_path: Path) -> None:
    assert files.previous(tmp_path / "gone" / "log") is None


def test_a_record_that_can_t_be_synced_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files.append_durable(tmp_path / "log", "one")

    def fails(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(logs, "sync", fails)
    with pytest.raises(OSError, match="Input/output"):
        files.append_durable(tmp_path / "log", "two")
    assert (tmp_path / "log").read_text() == "one\n"


def test_a_log_is_settled_with_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files.append(tmp_path / "log", "one")
    synced: list[str] = []
    monkeypatch.setattr(logs, "sync", lambda _: synced.append("file"))
    monkeypatch.setattr(logs, "sync_folder", lambda path: synced.append(path.name))
    files.settle(tmp_path / "log")
    assert synced == ["file", "log"]
