"""The model of a power cut: it keeps what was synced, and catches each program that forgets a sync."""

import sys
from pathlib import Path

import pytest

from support.powercut import Adversary, Disk, Image
from support.supervised import Answer, Change, Cut, Go, Supervised

pytestmark = pytest.mark.process

_HELPERS = """
import os, sys
folder = sys.argv[1]
def sync(path):
    fd = os.open(path, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)
def write(name, data, flags=os.O_TRUNC):
    fd = os.open(f"{folder}/{name}", os.O_WRONLY | os.O_CREAT | flags)
    os.write(fd, data)
    return fd
"""
_PUT = 'fd = write("new", b"new"); os.fsync(fd); os.rename(folder + "/new", folder + "/file"); sync(folder)'


def cut_at_end(folder: Path, code: str) -> dict[Adversary, Image]:
    """Run code below the model, cut the power once it says that it is done, and give what is left."""
    disk = Disk(folder)
    images: dict[Adversary, Image] = {}

    def judge(change: Change) -> Answer:
        disk.see(change)
        if change.name == "write" and change.path.startswith("pipe:"):
            images.update({each: disk.image(each) for each in Adversary})
            return Cut()
        return Go()

    argv = [sys.executable, "-S", "-c", f"{_HELPERS}\n{code}\nos.write(1, b'done')", str(folder)]
    with disk, Supervised(argv, judge, env={"PYTHONDONTWRITEBYTECODE": "1"}, cwd=folder) as it:
        said, _ = it.process.communicate(timeout=60)
        assert it.gone()
    assert said == "", "it went on after the power was cut"
    return images


def data(image: Image) -> dict[str, bytes]:
    return {path: leaf.data for path, leaf in image.items()}


def test_a_file_that_was_put_in_place_by_the_rules_survives_each_adversary(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    for image in cut_at_end(tmp_path, _PUT).values():
        assert data(image) == {"file": b"new"}


def test_a_program_that_forgets_to_sync_the_folder_is_caught(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    images = cut_at_end(tmp_path, _PUT.replace("; sync(folder)", ""))
    assert data(images[Adversary.STRICT]) == {"file": b"old"}
    assert data(images[Adversary.REORDERED]) == data(images[Adversary.TORN]) == {"file": b"new"}


def test_a_program_that_forgets_to_sync_the_file_is_caught(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    images = cut_at_end(tmp_path, _PUT.replace("; os.fsync(fd)", ""))
    assert data(images[Adversary.STRICT]) == data(images[Adversary.REORDERED]) == {"file": b""}
    assert b"new".startswith(data(images[Adversary.TORN])["file"])


def test_what_lies_in_a_new_folder_is_lost_with_the_folder_s_name(tmp_path: Path) -> None:
    code = 'os.mkdir(folder + "/a"); fd = write("a/b", b"c"); os.fsync(fd); sync(folder + "/a")'
    images = cut_at_end(tmp_path, code)
    assert data(images[Adversary.STRICT]) == {}
    assert data(images[Adversary.REORDERED]) == {"a": b"", "a/b": b"c"}
    again = tmp_path / "again"
    again.mkdir()
    synced = cut_at_end(again, f"{code}; sync(folder)")
    assert data(synced[Adversary.STRICT]) == {"a": b"", "a/b": b"c"}


def test_an_unsynced_append_goes_or_is_torn_and_an_unsynced_removal_is_undone(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"one\n")
    (tmp_path / "gone").write_bytes(b"still here")
    images = cut_at_end(tmp_path, 'write("log", b"two\\n", os.O_APPEND); os.unlink(folder + "/gone")')
    assert data(images[Adversary.STRICT]) == {"log": b"one\n", "gone": b"still here"}
    assert data(images[Adversary.REORDERED]) == {"log": b"one\n"}
    torn = data(images[Adversary.TORN])["log"]
    assert torn.startswith(b"one\n")
    assert b"one\ntwo\n".startswith(torn)


def test_a_sync_that_the_cut_comes_before_has_promised_nothing(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    left: list[Image] = []

    def judge(change: Change) -> Answer:
        disk.see(change)
        if change.name != "fsync":
            return Go()
        left.append(disk.image(Adversary.STRICT))
        return Cut()

    argv = [sys.executable, "-S", "-c", f"{_HELPERS}\nos.fsync(write('a', b'b'))", str(tmp_path)]
    with disk, Supervised(argv, judge, env={"PYTHONDONTWRITEBYTECODE": "1"}, cwd=tmp_path) as it:
        assert it.gone()
    assert left == [{}]


def test_an_inode_s_number_that_is_used_again_brings_no_old_bytes_back(tmp_path: Path) -> None:
    code = "\n".join(
        f'os.fsync(write("{index}", b"{index}")); sync(folder); os.unlink(folder + "/{index}")'
        for index in range(50)
    )
    images = cut_at_end(tmp_path, f'{code}\nwrite("last", b"last"); sync(folder)')
    assert data(images[Adversary.STRICT]) == {"last": b""}


def test_an_image_is_laid_as_it_was(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "empty").mkdir(parents=True)
    (source / "link").symlink_to("nowhere")
    (source / "run").write_bytes(b"#!/bin/sh\n")
    (source / "run").chmod(0o700)
    target = tmp_path / "target"
    target.mkdir()
    (target / "old").mkdir()
    with Disk(source) as disk:
        image = disk.image(Adversary.STRICT)
    image.lay(target)
    with Disk(target) as disk:
        assert disk.image(Adversary.REORDERED) == image
        assert disk.image(Adversary.TORN).digest == image.digest
