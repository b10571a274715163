"""Whether somebody may have logged in again is seen by how the files lie, and by nothing in them."""

import os
from pathlib import Path

import pytest

from looop.store import credentials
from looop.store.paths import Profile
from support.profiles import made_in


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    return made_in(tmp_path)


def test_a_login_and_a_changed_config_each_make_another_seal(profile: Profile, tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path)}

    def seal() -> str:
        return credentials.seal(profile, "claude", env)

    seals = [seal(), seal()]
    place = tmp_path / ".claude" / ".credentials.json"
    place.parent.mkdir()
    place.write_text("one")
    seals.append(seal())
    os.utime(place, ns=(1, 1))
    seals.append(seal())
    profile.config.write_text("{}")
    seals.append(seal())
    assert seals[0] == seals[1]
    assert len(set(seals[1:])) == 4


def test_of_a_runner_without_such_a_file_only_config_counts(profile: Profile, tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path)}
    before = credentials.seal(profile, "mine", env)
    (tmp_path / ".claude").mkdir()
    (tmp_path / ".claude" / ".credentials.json").write_text("one")
    assert credentials.seal(profile, "mine", env) == before
    assert credentials.seal(profile, "mine", {}) == before
    profile.config.write_text("{}")
    assert credentials.seal(profile, "mine", env) != before
