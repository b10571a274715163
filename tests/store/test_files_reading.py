"""People's files are read with a limit, only if they are regular, and never block."""

import hashlib
import inspect
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from looop.store import files
from support.folder import open_descriptors
from support.ordinary_user import as_ordinary_user


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x" * 100)
    assert files.read_regular(tmp_path / "f", 100) == b"x" * 100


def test_a_file_above_the_limit_is_not_read_but_measured(tmp_path: Path) -> None:
    with (tmp_path / "f").open("wb") as file:
        file.truncate(50 << 20)
    with pytest.raises(files.TooLarge) as caught:
        files.read_regular(tmp_path / "f", 100)
    assert caught.value.size == 50 << 20
    assert "larger than 100 bytes" in str(caught.value)


def test_a_file_whose_size_lies_is_still_limited() -> None:
    with pytest.raises(files.TooLarge):
        files.read_regular(Path("/proc/self/status"), 10)


def test_an_absent_file_is_absent(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        files.read_regular(tmp_path / "f", 100)


@pytest.mark.parametrize("read", [files.read_regular, files.read_head, files.tail])
def test_a_pipe_that_nobody_writes_never_blocks(tmp_path: Path, read: object) -> None:
    os.mkfifo(tmp_path / "g.md")
    assert callable(read)
    with pytest.raises(files.NotRegular, match="a named pipe") as caught:
        read(tmp_path / "g.md", 100)
    assert caught.value.what == "a named pipe"


def test_a_pipe_is_not_even_opened_so_its_writer_goes_on_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "g.md")
    with pytest.raises(files.NotRegular):
        files.read_regular(tmp_path / "g.md", 100)
    with pytest.raises(OSError, match="No such device"):  # ENXIO: there is no reader
        os.open(tmp_path / "g.md", os.O_WRONLY | os.O_NONBLOCK)


def test_a_device_is_no_file() -> None:
    with pytest.raises(files.NotRegular, match="a device"):
        files.read_regular(Path("/dev/zero"), 100)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(files.NotRegular, match="a folder"):
        files.read_regular(tmp_path, 100)


def test_a_socket_is_no_file(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        with pytest.raises(files.NotRegular, match="a socket"):
            files.read_regular(tmp_path / "s", 100)


@pytest.mark.parametrize("target", ["real", "nothing", "/etc/passwd"])
def test_a_link_is_no_file_wherever_it_leads(tmp_path: Path, target: str) -> None:
    (tmp_path / "real").write_text("")
    (tmp_path / "link").symlink_to(target)
    with pytest.raises(files.NotRegular, match="a symbolic link"):
        files.read_regular(tmp_path / "link", 100)


def test_a_link_that_takes_the_files_place_after_the_look_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, opens = tmp_path / "f", os.open
    (tmp_path / "real").write_text("secret")
    path.write_text("")

    def swapped(name: Path, flags: int, **more: Any) -> int:
        path.unlink()
        path.symlink_to("real")
        return opens(name, flags, **more)

    monkeypatch.setattr("looop.store.files.reading.os.open", swapped)
    with pytest.raises(OSError, match="symbolic links"):
        files.read_regular(path, 100)


def test_a_file_without_rights_is_trouble_not_absence() -> None:
    def case(folder: Path) -> None:
        (folder / "f").write_text("secret")
        (folder / "f").chmod(0)
        with pytest.raises(PermissionError):
            files.read_regular(folder / "f", 100)

    as_ordinary_user(case)


def test_the_head_of_a_large_file_comes_with_its_size(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"head" + b"x" * 1000)
    assert files.read_head(tmp_path / "f", 4) == (b"head", 1004)


def test_the_tail_of_a_file_is_its_end(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x" * 1000 + b"tail")
    assert files.tail(tmp_path / "f", 4) == b"tail"


def test_the_tail_of_an_absent_log_is_empty(tmp_path: Path) -> None:
    assert files.tail(tmp_path / "f", 4) == b""


def test_a_link_to_nothing_is_present(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nothing")
    assert files.present(tmp_path / "link")


def test_what_is_not_there_is_not_present(tmp_path: Path) -> None:
    assert not files.present(tmp_path / "f")


def test_what_cannot_be_looked_at_is_neither_present_nor_absent() -> None:
    def case(folder: Path) -> None:
        (folder / "closed").mkdir(mode=0)
        with pytest.raises(PermissionError):
            files.present(folder / "closed" / "f")

    as_ordinary_user(case)


def test_no_reading_function_does_without_a_limit() -> None:
    for read in (files.read_regular, files.read_head, files.tail):
        assert inspect.signature(read).parameters["limit"].default is inspect.Parameter.empty


def test_reading_leaves_no_descriptor_open(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    before = open_descriptors()
    for _ in range(3):
        files.read_regular(tmp_path / "f", 10)
        with pytest.raises(files.TooLarge):
            files.read_regular(tmp_path / "f", 0)
    assert open_descriptors() == before


def test_a_fingerprint_is_that_of_all_bytes_and_has_a_limit(tmp_path: Path) -> None:
    data = b"x" * ((1 << 20) + 5)
    (tmp_path / "f").write_bytes(data)
    assert files.fingerprint(tmp_path / "f", len(data)) == (hashlib.sha256(data).hexdigest(), len(data))
    with pytest.raises(files.TooLarge) as caught:
        files.fingerprint(tmp_path / "f", len(data) - 1)
    assert caught.value.size == len(data)


def test_what_lies_behind_a_circle_of_links_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "d").symlink_to("d")
    with pytest.raises(files.NotRegular, match="circle"):
        files.read_regular(tmp_path / "d" / "f", 100)
    with pytest.raises(FileNotFoundError):
        files.read_regular(tmp_path / "gone", 100)
