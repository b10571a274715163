"""A lock is the kernel's: exclusive, never stale, never unlinked; held is one thing, not openable another."""

import errno
import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from looop.store import files
from support.folder import mode, open_descriptors
from support.ordinary_user import as_ordinary_user


def test_a_lock_that_is_held_says_so_and_by_whom(tmp_path: Path) -> None:
    with files.lock(tmp_path / ".lock") as lock:
        lock.write_holder(b"pid 42, started 123, boot boot-1\n")
        with pytest.raises(files.Held) as caught:
            files.lock(tmp_path / ".lock")
    assert caught.value.holder == "pid 42, started 123, boot boot-1"


def test_held_is_no_os_error() -> None:
    assert not issubclass(files.Held, OSError)


def test_a_lock_that_cannot_be_opened_is_an_os_error() -> None:
    def case(folder: Path) -> None:
        (folder / ".lock").write_text("")
        (folder / ".lock").chmod(0)
        with pytest.raises(PermissionError):
            files.lock(folder / ".lock")

    as_ordinary_user(case)


def test_a_lock_in_a_missing_folder_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        files.lock(tmp_path / "gone" / ".lock")


@pytest.mark.parametrize("kind", ["pipe", "link"])
def test_what_is_no_file_is_no_lock(tmp_path: Path, kind: str) -> None:
    if kind == "pipe":
        os.mkfifo(tmp_path / ".lock")
    else:
        (tmp_path / ".lock").symlink_to("elsewhere")
    with pytest.raises(files.NotRegular):
        files.lock(tmp_path / ".lock")


def test_a_released_lock_can_be_taken_and_its_file_stays(tmp_path: Path) -> None:
    lock = files.lock(tmp_path / ".lock")
    lock.release()
    lock.release()
    assert lock.fileno() == -1
    assert (tmp_path / ".lock").exists()
    files.lock(tmp_path / ".lock").release()


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    child = os.fork()
    if child == 0:
        files.lock(tmp_path / ".lock")
        os._exit(0)
    os.waitpid(child, 0)
    files.lock(tmp_path / ".lock").release()


def test_a_program_that_is_started_does_not_inherit_the_lock(tmp_path: Path) -> None:
    with files.lock(tmp_path / ".lock") as lock:
        assert not os.get_inheritable(lock.fileno())


def test_an_inherited_descriptor_still_holds_the_lock(tmp_path: Path) -> None:
    first = files.lock(tmp_path / ".lock")
    with files.Lock(tmp_path / ".lock", os.dup(first.fileno())):
        first.release()
        with pytest.raises(files.Held):
            files.lock(tmp_path / ".lock")


def test_a_lock_whose_file_was_replaced_meanwhile_is_taken_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, real = tmp_path / ".lock", fcntl.flock

    def replaced(fd: int, how: int) -> None:
        monkeypatch.setattr(fcntl, "flock", real)
        path.unlink()
        path.write_text("")
        real(fd, how)

    monkeypatch.setattr(fcntl, "flock", replaced)
    with files.lock(path) as lock:
        assert os.path.samestat(os.fstat(lock.fileno()), path.stat())


def test_a_lock_file_is_private(tmp_path: Path) -> None:
    files.lock(tmp_path / ".lock").release()
    assert mode(tmp_path / ".lock") == 0o600


def test_who_waits_for_a_lock_gets_it_when_its_holder_ends(tmp_path: Path) -> None:
    (held, holds), (may_end, end) = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        files.lock(tmp_path / ".lock")
        os.write(holds, b"x")
        os.read(may_end, 1)
        os._exit(0)
    os.read(held, 1)
    with pytest.raises(files.Held):
        files.lock(tmp_path / ".lock")
    os.write(end, b"x")
    files.lock(tmp_path / ".lock", block=True).release()
    os.waitpid(child, 0)
    for fd in (held, holds, may_end, end):
        os.close(fd)


def test_a_new_holder_replaces_what_the_last_one_wrote(tmp_path: Path) -> None:
    for pid in (1234567, 1):
        with files.lock(tmp_path / ".lock") as lock:
            lock.write_holder(f"pid {pid}, started s, boot b\n".encode())
    assert (tmp_path / ".lock").read_text() == "pid 1, started s, boot b\n"


def test_a_full_disk_does_not_keep_anybody_from_holding_a_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with files.lock(tmp_path / ".lock") as lock:
        lock.write_holder(b"pid 1, started s, boot b\n")


def test_a_lock_whose_file_went_while_it_was_waited_for_is_taken_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that was removed and made again: two could hold a lock of one name at once."""
    path, real = tmp_path / ".lock", fcntl.flock

    def replaced() -> None:
        path.unlink()
        path.write_text("")

    steps: list[Callable[[], None]] = [replaced, path.unlink]

    def flock(fd: int, how: int) -> None:
        real(fd, how)
        if steps:
            steps.pop()()

    monkeypatch.setattr(fcntl, "flock", flock)
    before = open_descriptors()
    with files.lock(path) as taken:
        assert os.path.samestat(os.fstat(taken.fileno()), path.lstat())
    assert (steps, open_descriptors()) == ([], before)


@pytest.mark.parametrize(("module", "call"), [(fcntl, "flock"), (os, "fstat")])
def test_a_lock_that_fails_leaves_nothing_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: object, call: str
) -> None:
    def broken(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    before = open_descriptors()
    with monkeypatch.context() as patch:
        patch.setattr(module, call, broken)
        with pytest.raises(OSError, match="Input/output error"):
            files.lock(tmp_path / ".lock")
    assert open_descriptors() == before
    files.lock(tmp_path / ".lock").release()
