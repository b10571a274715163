"""A purge removes a profile and nothing else: what is no profile, lives, or is not looop's own stays."""

import os
from pathlib import Path

import pytest

from looop.core.problem import Exit, Problem
from looop.store import files, purge
from looop.store.leftovers import Swept
from looop.store.paths import Profile
from looop.store.profile import prepare
from support.profiles import profile_in


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    made = profile_in(tmp_path)
    prepare(made, {})
    return made


def names(profile: Profile) -> set[str]:
    return {place.name for place in profile.data.iterdir()}


def refused(profile: Profile) -> str:
    with pytest.raises(Problem) as found:
        purge.remove_data(profile)
    assert found.value.exit_code is Exit.REFUSED
    return found.value.text


def test_a_whole_profile_goes_with_its_rotated_logs_and_copies(profile: Profile) -> None:
    for name in ("journal-2026-11-22-1.md", "events.1.jsonl", "cost-2026-01-01-3.jsonl", ".looop-ab12.tmp"):
        (profile.data / name).write_text("x")
    (profile.data / "backup-format-0" / "goals").mkdir(parents=True)
    assert purge.remove_data(profile) == Swept(gone=(str(profile.data),))
    assert not profile.data.exists()
    assert purge.remove_data(profile) == Swept()


def test_what_looop_did_not_make_stays_and_is_named(profile: Profile) -> None:
    (profile.data / ".git").mkdir()
    (profile.data / "thesis.tex").write_text("years")
    assert purge.strange(profile) == (".git", "thesis.tex")
    swept = purge.remove_data(profile)
    assert swept.kept == ((str(profile.data), "holds what looop did not make (.git, thesis.tex)"),)
    assert names(profile) == {".git", "thesis.tex"}


def test_a_folder_that_is_no_profile_is_not_touched(profile: Profile) -> None:
    profile.format.unlink()
    assert "no profile" in refused(profile)
    assert profile.playbook.exists()


def test_a_link_is_not_followed(profile: Profile, tmp_path: Path) -> None:
    linked = Profile(tmp_path / "link", profile.config)
    linked.data.symlink_to(profile.data)
    assert "symbolic link" in refused(linked)
    (profile.reports / "out").symlink_to(tmp_path / "precious")
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("x")
    purge.remove_data(profile)
    assert (tmp_path / "precious" / "file").exists()


@pytest.mark.parametrize("which", ["keeper_lock", "lock"])
def test_what_lives_in_it_refuses_and_nothing_is_gone(profile: Profile, which: str) -> None:
    before = names(profile)
    with files.lock(getattr(profile, which)):
        assert "Something lives" in refused(profile)
    assert before <= names(profile)


def test_a_mount_in_it_refuses_and_is_not_emptied(profile: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    (profile.sandboxes / "x").mkdir(parents=True)
    monkeypatch.setattr(os.path, "ismount", lambda place: place == profile.sandboxes)
    assert "unmount it first" in refused(profile)
    assert (profile.sandboxes / "x").exists()
    assert profile.format.exists()


def test_config_goes_and_what_it_was_a_link_to_stays(profile: Profile, tmp_path: Path) -> None:
    target = profile.config.rename(tmp_path / "dotfiles.json")
    profile.config.symlink_to(target)
    swept = purge.remove_config(profile)
    assert swept.gone == (str(profile.config),)
    assert swept.kept == ((str(target), "is what CONFIG was a link to"),)
    assert target.exists()
    assert purge.remove_config(profile) == Swept()


@pytest.mark.parametrize("text", ["{", "alias ll='ls -l'\n", '{"mine": 1}'])
def test_what_can_not_be_read_as_config_may_be_something_else(profile: Profile, text: str) -> None:
    profile.config.write_text(text)
    assert purge.remove_config(profile).gone == ()
    assert profile.config.read_text() == text
