"""A pause is read back as it was written; what can't be read is a pause as well."""

import os

import pytest

from looop.store import files, pause
from looop.store.paths import Profile
from looop.store.pause import Pause
from support.profiles import made_in


@pytest.fixture
def profile(tmp_path: os.PathLike[str]) -> Profile:
    from pathlib import Path

    return made_in(Path(tmp_path))


def test_without_a_file_nothing_is_paused(profile: Profile) -> None:
    assert pause.read(profile) is None
    assert pause.in_force(profile, 0.0) is None


def test_a_pause_is_in_force_until_its_end(profile: Profile) -> None:
    pause.write(profile, Pause(since=10.0, until=20.0))
    assert pause.in_force(profile, 19.9) == Pause(since=10.0, until=20.0)
    assert pause.in_force(profile, 20.0) is None
    assert pause.read(profile) is not None


def test_a_pause_without_an_end_never_ends_by_itself(profile: Profile) -> None:
    pause.write(profile, Pause(since=10.0))
    assert pause.in_force(profile, 1e300) == Pause(since=10.0)


@pytest.mark.parametrize("data", [b"", b"soon", b"\xff\xfe", b"[1]", b'{"until":"soon"}', b"x" * 5000])
def test_a_damaged_pause_holds_and_names_its_file(profile: Profile, data: bytes) -> None:
    profile.pause.write_bytes(data)
    found = pause.in_force(profile, 1e300)
    assert found is not None
    assert str(profile.pause) in found.hold().reason
    assert found.hold().until is None


def test_a_fifo_in_its_place_holds_and_blocks_nobody(profile: Profile) -> None:
    os.mkfifo(profile.pause)
    assert pause.in_force(profile, 0.0) is not None


def test_a_pause_is_ended_once(profile: Profile) -> None:
    pause.write(profile, Pause(since=1.0))
    assert pause.clear(profile)
    assert not pause.clear(profile)
    assert pause.read(profile) is None


@pytest.mark.parametrize("before", [None, b"{}"])
def test_on_a_disk_without_a_byte_left_a_pause_holds_all_the_same(
    profile: Profile, monkeypatch: pytest.MonkeyPatch, before: bytes | None
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    if before is not None:
        profile.pause.write_bytes(before)
    monkeypatch.setattr(files, "durable", full)
    pause.write(profile, Pause(since=10.0, until=20.0))
    assert pause.in_force(profile, 15.0) is not None
