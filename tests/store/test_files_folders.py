"""Folders are private, and are emptied whatever an agent has left in them."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from looop.store import files
from looop.store.files import folders
from support.folder import mode, names, open_descriptors
from support.ordinary_user import as_ordinary_user


@pytest.mark.parametrize("umask", [0o000, 0o777])
def test_a_folder_and_its_missing_parents_are_private_whatever_the_umask(umask: int) -> None:
    def case(folder: Path) -> None:
        os.umask(umask)
        files.private_dir(folder / "a" / "b" / "c")
        assert {mode(path) for path in folder.rglob("*")} == {0o700}

    as_ordinary_user(case)


def test_a_parent_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir(mode=0o755)
    files.private_dir(tmp_path / "a" / "b" / "c")
    assert mode(tmp_path / "a") == 0o755


def test_a_public_folder_becomes_private(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir(mode=0o755)
    files.private_dir(tmp_path / "a")
    assert mode(tmp_path / "a") == 0o700


@pytest.mark.parametrize("kind", ["file", "link to a folder", "link to nothing"])
def test_what_is_no_folder_is_not_taken_for_one(tmp_path: Path, kind: str) -> None:
    (tmp_path / "real").mkdir()
    if kind == "file":
        (tmp_path / "a").write_text("")
    else:
        (tmp_path / "a").symlink_to("real" if kind == "link to a folder" else "nothing")
    with pytest.raises(NotADirectoryError):
        files.private_dir(tmp_path / "a")


def test_an_emptied_folder_stays_the_same_folder(tmp_path: Path) -> None:
    (tmp_path / "tick").mkdir()
    (tmp_path / "tick" / "f").write_text("")
    before = (tmp_path / "tick").stat().st_ino
    files.empty_dir(tmp_path / "tick")
    assert names(tmp_path / "tick") == []
    assert (tmp_path / "tick").stat().st_ino == before


def test_emptying_an_absent_folder_makes_it(tmp_path: Path) -> None:
    files.empty_dir(tmp_path / "tick")
    assert mode(tmp_path / "tick") == 0o700


@pytest.mark.parametrize("remove", [files.empty_dir, files.remove_tree])
def test_links_are_removed_and_never_followed(tmp_path: Path, remove: Callable[[Path], None]) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "precious").write_text("kept")
    (tmp_path / "mine").chmod(0o500)
    tree = tmp_path / "tree"
    (tree / "inner").mkdir(parents=True)
    (tree / "link").symlink_to(tmp_path / "mine")
    (tree / "inner" / "link").symlink_to(tmp_path / "mine")
    (tree / "inner" / "file").symlink_to(tmp_path / "mine" / "precious")
    remove(tree)
    assert (tmp_path / "mine" / "precious").read_text() == "kept"
    assert mode(tmp_path / "mine") == 0o500


def test_folders_without_rights_are_emptied_all_the_same() -> None:
    def case(folder: Path) -> None:
        for rights in (0o000, 0o500, 0o300):
            inner = folder / "tree" / f"{rights:o}" / "deeper" / "still"
            inner.mkdir(parents=True)
            (inner / "f").write_text("")
            (inner / "f").chmod(0)
            for path in (inner, inner.parent, inner.parent.parent):
                path.chmod(rights)
        files.remove_tree(folder / "tree")
        assert names(folder) == []

    as_ordinary_user(case)


def test_a_tree_deeper_than_any_path_may_be_long_is_removed(tmp_path: Path) -> None:
    depth, fd = 3000, os.open(tmp_path, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("deeper", dir_fd=fd)
        below = os.open("deeper", os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = below
    os.close(fd)
    try:
        files.empty_dir(tmp_path)
        assert names(tmp_path) == []
    finally:  # what is left would break the clean-up of every later session
        subprocess.run(["rm", "-rf", tmp_path / "deeper"], check=True)


def test_pipes_and_sockets_are_removed_without_being_opened(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    os.mkfifo(tmp_path / "tree" / "pipe")
    files.remove_tree(tmp_path / "tree")
    assert not (tmp_path / "tree").exists()


def test_removing_a_file_or_nothing_is_fine(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("")
    files.remove_tree(tmp_path / "f")
    files.remove_tree(tmp_path / "f")
    assert names(tmp_path) == []


def test_a_file_that_goes_meanwhile_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "f").write_text("")
    real = folders._is_folder

    def gone(fd: int, name: str) -> bool:
        answer = real(fd, name)
        (tmp_path / name).unlink()
        return answer

    monkeypatch.setattr(folders, "_is_folder", gone)
    files.empty_dir(tmp_path)


def test_a_folder_that_is_filled_faster_than_emptied_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.unlink

    def refill(name: str, *, dir_fd: int) -> None:
        real(name, dir_fd=dir_fd)
        os.close(os.open(f"{name}x", os.O_CREAT | os.O_WRONLY, dir_fd=dir_fd))

    (tmp_path / "f").write_text("")
    monkeypatch.setattr(os, "unlink", refill)
    with pytest.raises(OSError, match="being filled"):
        files.empty_dir(tmp_path)


def test_only_our_own_old_temporary_files_are_swept(tmp_path: Path) -> None:
    for name in (".looop-0123456789abcdef.tmp", "goal.md", ".looop-notes", "x.tmp", ".looop-new.tmp"):
        (tmp_path / name).write_text("")
        os.utime(tmp_path / name, (1000, 2000 if "new" in name else 1000))
    files.remove_temps(tmp_path, 1500)
    assert names(tmp_path) == [".looop-new.tmp", ".looop-notes", "goal.md", "x.tmp"]


def test_a_temporary_file_of_a_time_when_the_clock_was_wrong_goes(tmp_path: Path) -> None:
    for name, changed in ((".looop-later.tmp", 9e9), (".looop-live.tmp", 1501)):
        (tmp_path / name).write_text("")
        os.utime(tmp_path / name, (changed, changed))
    files.remove_temps(tmp_path, 1500)
    assert names(tmp_path) == [".looop-live.tmp"]


def test_the_room_on_a_disk_is_told(tmp_path: Path) -> None:
    free, total = files.free_bytes(tmp_path)
    assert 0 <= free <= total
    assert total > 0


def test_emptying_leaves_no_descriptor_open(tmp_path: Path) -> None:
    before = open_descriptors()
    (tmp_path / "a" / "b" / "c").mkdir(parents=True)
    files.empty_dir(tmp_path)
    assert open_descriptors() == before


def test_a_folder_is_not_made_in_a_place_that_is_gone(tmp_path: Path) -> None:
    gone = tmp_path / "data"
    with pytest.raises(FileNotFoundError):
        files.private_dir(gone / "sessions" / "pulse", below=gone)
    assert not gone.exists()
    gone.mkdir()
    files.private_dir(gone / "sessions" / "pulse", below=gone)
    assert mode(gone / "sessions") == 0o700


def test_a_folder_that_is_filled_right_before_it_goes_is_emptied_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "d").mkdir()
    real = folders._flatten

    def filled(top: int, name: str) -> list[str]:
        monkeypatch.setattr(folders, "_flatten", real)
        found = real(top, name)
        (tmp_path / "d" / "late").write_text("")
        return found

    monkeypatch.setattr(folders, "_flatten", filled)
    files.empty_dir(tmp_path)
    assert names(tmp_path) == []


def test_a_folder_that_is_made_is_synced_by_name_with_its_parents_and_scratch_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    monkeypatch.setattr(folders, "sync_folder", lambda path: synced.append(path.name))
    files.private_dir(tmp_path / "a" / "b")
    assert synced == ["a", "b"]
    files.private_dir(tmp_path / "a" / "b")
    files.scratch_dir(tmp_path / "c" / "d")
    assert synced == ["a", "b"]
    files.durable_remove_tree(tmp_path / "c")
    assert synced == ["a", "b", "c"]
