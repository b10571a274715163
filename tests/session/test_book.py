"""Records that grow are read on, never anew, and however many they are."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from looop.session import records
from looop.session.book import Book


def _write(folder: Path, *lines: dict[str, Any]) -> None:
    with (folder / records.NAME).open("a") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)


def _noting(real: Callable[..., bytes], read: list[bytes]) -> Callable[..., bytes]:
    def noted(*of: int) -> bytes:
        read.append(real(*of))
        return read[-1]

    return noted


def test_only_what_was_added_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write(tmp_path, {"at": 0, "t": 1.0, "pid": 7, "start": 2, "boot": "b", "size": [80, 24]})
    book, read = Book(tmp_path), list[bytes]()
    book.now()

    for name in ("read", "pread"):
        monkeypatch.setattr(os, name, _noting(getattr(os, name), read))
    _write(tmp_path, {"at": 5, "did": "answer-1"}, {"at": 9, "size": [90, 30]})
    found = book.now()
    assert b'"pid"' not in b"".join(read)
    assert (found.pid, found.sizes, found.done) == (7, ((0, 80, 24), (9, 90, 30)), {"answer-1": 5})


def test_the_first_process_is_looked_for_until_it_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = Book(tmp_path)
    assert [book.pid] == [None]
    _write(tmp_path, {"at": 0, "t": 1.0, "pid": 7, "start": 2, "boot": "b"})
    assert book.pid == 7
    monkeypatch.setattr(Book, "now", None)
    assert book.pid == 7


def test_the_end_is_seen_behind_any_number_of_records(tmp_path: Path) -> None:
    line = json.dumps({"at": 0, "did": "x" * 1000}) + "\n"
    (tmp_path / records.NAME).write_text(line * ((17 << 20) // len(line)))
    book = Book(tmp_path)
    assert book.now().end is None
    _write(tmp_path, {"at": 9, "t": 3.0, "end": 0})
    assert book.now().end is not None


def test_half_a_line_is_read_once_it_is_whole(tmp_path: Path) -> None:
    _write(tmp_path, {"at": 0, "size": [80, 24]})
    whole = json.dumps({"at": 4, "size": [90, 30]}) + "\n"
    book, path = Book(tmp_path), tmp_path / records.NAME
    path.write_text(path.read_text() + whole[:9])
    assert book.now().sizes == ((0, 80, 24),)
    path.write_text(path.read_text() + whole[9:])
    assert book.now().sizes == ((0, 80, 24), (4, 90, 30))


def test_records_that_were_replaced_by_shorter_ones_are_read_anew(tmp_path: Path) -> None:
    _write(tmp_path, *[{"at": 0, "size": [80, 24]}] * 3)
    book = Book(tmp_path)
    book.now()
    (tmp_path / records.NAME).unlink()
    _write(tmp_path, {"at": 0, "size": [90, 30]})
    assert book.now().sizes == ((0, 90, 30),)
