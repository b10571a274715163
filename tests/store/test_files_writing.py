"""A file is replaced at once or not at all, private, durable, and without a trace of a failure."""

import errno
import fcntl
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from looop.store import files
from looop.store.files import writing
from support.folder import mode, names
from support.ordinary_user import as_ordinary_user, largest_file

WRITERS = [files.durable, files.exclusive, files.scratch]


@pytest.fixture
def trace(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record, in order, the system calls that durability is made of; each still happens."""
    calls: list[str] = []

    def recorded(owner: object, name: str, label: Callable[..., str]) -> None:
        real = getattr(owner, name)

        def call(*args: object, **rest: object) -> object:
            calls.append(label(*args))
            return real(*args, **rest)

        monkeypatch.setattr(owner, name, call)

    recorded(os, "write", lambda *_: "write")
    recorded(os, "fsync", lambda fd: "fsync folder" if stat.S_ISDIR(os.fstat(fd).st_mode) else "fsync file")
    recorded(Path, "replace", lambda *_: "rename")
    recorded(Path, "hardlink_to", lambda *_: "link")
    monkeypatch.setattr(writing, "_FULL_SYNC", None)
    return calls


def test_a_durable_write_syncs_the_file_before_its_rename_and_the_folder_after(
    tmp_path: Path, trace: list[str]
) -> None:
    files.durable(tmp_path / "f", b"data")
    assert trace == ["write", "fsync file", "rename", "fsync folder"]


def test_the_last_file_of_a_set_appears_when_the_others_are_durable(tmp_path: Path, trace: list[str]) -> None:
    (tmp_path / "other").mkdir()
    files.durable_set([(tmp_path / "other" / "a", b"1"), (tmp_path / "b", b"2"), (tmp_path / "c", b"3")])
    assert [path.read_bytes() for path in (tmp_path / "other" / "a", tmp_path / "b", tmp_path / "c")] == [
        b"1",
        b"2",
        b"3",
    ]
    assert trace == [
        *["write"] * 3,
        *["fsync file"] * 3,
        *["rename"] * 2,
        *["fsync folder", "rename", "fsync folder"],
    ]


@pytest.mark.parametrize("broken", [1, 2, 3])
def test_a_set_that_can_not_be_synced_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: int
) -> None:
    left = [broken]

    def full(_: int) -> None:
        left[0] -= 1
        if not left[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(writing, "_FULL_SYNC", None)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        files.durable_set([(tmp_path / name, b"new") for name in "abc"])
    assert names(tmp_path) == []


def test_an_exclusive_write_is_as_durable(tmp_path: Path, trace: list[str]) -> None:
    files.exclusive(tmp_path / "f", b"data")
    assert trace == ["write", "fsync file", "link", "fsync folder"]


def test_scratch_waits_for_no_disk(tmp_path: Path, trace: list[str]) -> None:
    files.scratch(tmp_path / "f", b"data")
    assert trace == ["write", "rename"]


def test_a_durable_removal_syncs_the_folder(tmp_path: Path, trace: list[str]) -> None:
    (tmp_path / "f").write_text("")
    assert files.durable_remove(tmp_path / "f")
    assert trace == ["fsync folder"]
    assert not files.durable_remove(tmp_path / "f")


def test_a_durable_rename_syncs_both_folders(tmp_path: Path, trace: list[str]) -> None:
    (tmp_path / "archive").mkdir()
    (tmp_path / "f").write_text("moved")
    files.durable_rename(tmp_path / "f", tmp_path / "archive" / "f")
    assert (tmp_path / "archive" / "f").read_text() == "moved"
    assert trace == ["rename", "fsync folder", "fsync folder"]


@pytest.mark.parametrize("write", WRITERS)
def test_the_bytes_are_there(tmp_path: Path, write: Callable[..., object]) -> None:
    write(tmp_path / "f", b"data")
    assert (tmp_path / "f").read_bytes() == b"data"


@pytest.mark.parametrize("umask", [0o000, 0o077, 0o777])
def test_a_file_is_private_whatever_the_umask(umask: int) -> None:
    def case(folder: Path) -> None:
        os.umask(umask)
        for number, write in enumerate(WRITERS):
            write(folder / f"private{number}", b"")
            write(folder / f"runnable{number}", b"", 0o700)
        assert {mode(path) for path in folder.glob("private*")} == {0o600}
        assert {mode(path) for path in folder.glob("runnable*")} == {0o700}

    as_ordinary_user(case)


def test_replacing_a_public_file_makes_it_private(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("old")
    (tmp_path / "f").chmod(0o644)
    files.durable(tmp_path / "f", b"new")
    assert mode(tmp_path / "f") == 0o600


def test_a_reader_that_has_the_old_file_open_keeps_it(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("old")
    with (tmp_path / "f").open() as reader:
        files.durable(tmp_path / "f", b"new")
        assert reader.read() == "old"


@pytest.mark.parametrize("write", [files.durable, files.scratch])
def test_a_link_is_replaced_not_followed(tmp_path: Path, write: Callable[..., object]) -> None:
    (tmp_path / "target").write_text("untouched")
    (tmp_path / "f").symlink_to("target")
    write(tmp_path / "f", b"new")
    assert not (tmp_path / "f").is_symlink()
    assert (tmp_path / "target").read_text() == "untouched"


def test_a_name_as_long_as_names_can_be_is_written(tmp_path: Path) -> None:
    files.durable(tmp_path / ("x" * 255), b"data")
    assert (tmp_path / ("x" * 255)).read_bytes() == b"data"


def test_the_first_exclusive_writer_wins(tmp_path: Path) -> None:
    files.exclusive(tmp_path / "f", b"first")
    with pytest.raises(FileExistsError):
        files.exclusive(tmp_path / "f", b"second")
    assert (tmp_path / "f").read_bytes() == b"first"
    assert names(tmp_path) == ["f"]


def test_a_link_to_nothing_counts_as_taken(tmp_path: Path) -> None:
    (tmp_path / "f").symlink_to("nothing")
    with pytest.raises(FileExistsError):
        files.exclusive(tmp_path / "f", b"mine")
    assert not (tmp_path / "nothing").exists()


def test_equal_scratch_is_the_same_file_untouched(tmp_path: Path) -> None:
    assert files.scratch(tmp_path / "f", b"same")
    before = (tmp_path / "f").stat()
    assert not files.scratch(tmp_path / "f", b"same")
    after = (tmp_path / "f").stat()
    assert (after.st_ino, after.st_mtime_ns, after.st_ctime_ns) == (
        before.st_ino,
        before.st_mtime_ns,
        before.st_ctime_ns,
    )


@pytest.mark.parametrize("other", [b"Same", b"same!", b""])
def test_different_scratch_is_written(tmp_path: Path, other: bytes) -> None:
    files.scratch(tmp_path / "f", b"same")
    assert files.scratch(tmp_path / "f", other)
    assert (tmp_path / "f").read_bytes() == other


def test_scratch_of_another_mode_is_written(tmp_path: Path) -> None:
    files.scratch(tmp_path / "f", b"same")
    assert files.scratch(tmp_path / "f", b"same", 0o700)
    assert mode(tmp_path / "f") == 0o700


def test_scratch_replaces_a_pipe_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "f", 0o600)
    assert files.scratch(tmp_path / "f", b"")
    assert (tmp_path / "f").is_file()


def test_writes_that_the_kernel_cuts_short_are_completed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, bytes(data)[:7]))
    files.durable(tmp_path / "f", b"0123456789" * 10)
    assert (tmp_path / "f").read_bytes() == b"0123456789" * 10


@pytest.mark.parametrize("write", WRITERS)
def test_a_disk_that_takes_no_more_changes_nothing(write: Callable[..., object]) -> None:
    def case(folder: Path) -> None:
        files.durable(folder / "f", b"old")
        target = folder / ("g" if write is files.exclusive else "f")
        with largest_file(1000), pytest.raises(OSError, match="too large") as caught:
            write(target, b"x" * 5000)
        assert caught.value.errno == errno.EFBIG
        assert names(folder) == ["f"]
        assert (folder / "f").read_bytes() == b"old"

    as_ordinary_user(case)


@pytest.mark.parametrize("broken", ["fsync", "write"])
def test_whatever_step_fails_no_temporary_file_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    files.durable(tmp_path / "f", b"old")
    monkeypatch.setattr(writing, "_FULL_SYNC", None)
    monkeypatch.setattr(os, broken, full)
    with pytest.raises(OSError, match="No space left"):
        files.durable(tmp_path / "f", b"new")
    assert names(tmp_path) == ["f"]
    assert (tmp_path / "f").read_bytes() == b"old"


def test_a_folder_in_the_way_is_an_error_and_stays(tmp_path: Path) -> None:
    (tmp_path / "f").mkdir()
    with pytest.raises(IsADirectoryError):
        files.durable(tmp_path / "f", b"new")
    assert names(tmp_path) == ["f"]


def test_a_missing_folder_is_not_made_by_a_write(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        files.durable(tmp_path / "gone" / "f", b"new")


def test_a_file_system_that_cannot_sync_folders_is_put_up_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fsync(fd: int) -> None:
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(os, "fsync", fsync)
    files.durable(tmp_path / "f", b"new")
    assert (tmp_path / "f").read_bytes() == b"new"


def test_where_fsync_is_not_enough_the_drive_is_asked_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(writing, "_FULL_SYNC", 51)
    monkeypatch.setattr(fcntl, "fcntl", lambda _, command: asked.append(command))
    files.durable(tmp_path / "f", b"new")
    assert asked == [51]


@pytest.mark.parametrize(("before", "after"), [(0o755, 0o700), (0o644, 0o600)])
def test_a_copy_is_private_and_runs_if_its_source_does(tmp_path: Path, before: int, after: int) -> None:
    (tmp_path / "source").write_text("script")
    (tmp_path / "source").chmod(before)
    assert files.copy_regular(tmp_path / "source", tmp_path / "copy", 100) == 6
    assert (tmp_path / "copy").read_text() == "script"
    assert mode(tmp_path / "copy") == after


def test_a_link_is_not_copied(tmp_path: Path) -> None:
    (tmp_path / "source").symlink_to("/etc/passwd")
    with pytest.raises(files.NotRegular):
        files.copy_regular(tmp_path / "source", tmp_path / "copy", 1 << 20)


def test_a_folder_that_can_not_be_synced_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was acknowledged is on the disk, its name too."""

    def fsync(fd: int) -> None:
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match="Input/output error"):
        files.durable(tmp_path / "f", b"new")
