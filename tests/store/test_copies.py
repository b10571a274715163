"""What an agent left is read with looop's rights: nothing in it leads looop to what the agent can't read."""

import os
from pathlib import Path
from typing import Any

import pytest

from looop.store import copies
from looop.store.paths import Profile
from support.profiles import made_in

SECRET = b"for nobody's eyes\n"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "x.md").write_bytes(SECRET)
    return folder


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    return made_in(tmp_path)


@pytest.fixture
def draft(profile: Profile) -> Path:
    folder = profile.sessions / "draft"
    copies.fill(profile, folder)
    (folder / "goals" / "x.md").write_text("a goal\n")
    return folder


def test_what_was_written_is_read_back(draft: Path) -> None:
    (draft / "goals" / "archive" / "old.md").write_text("old\n")
    (draft / "PLAYBOOK.md").write_text("rules\n")
    (draft / "notes").touch()
    leaves, others = copies.collect(draft)
    assert {path: leaf.data for path, leaf in leaves.items()} == {
        "PLAYBOOK.md": b"rules\n",
        "goals/archive/old.md": b"old\n",
        "goals/x.md": b"a goal\n",
    }
    assert others == ("notes",)


def test_a_folder_that_is_a_link_stands_for_itself(draft: Path, elsewhere: Path) -> None:
    (draft / "goals" / "more").symlink_to(elsewhere)
    leaves, _ = copies.collect(draft)
    assert leaves["goals/more"].trouble == "is not a regular file"
    assert SECRET not in {leaf.data for leaf in leaves.values()}


def test_a_folder_that_becomes_a_link_while_it_is_read_leads_nowhere(
    draft: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker lives while its draft is read: it can swap a folder between the look and the reading."""
    real = copies._leaves

    def swapped(*given: Any) -> Any:
        (draft / "goals").rename(draft / "away")
        (draft / "goals").symlink_to(elsewhere)
        return real(*given)

    monkeypatch.setattr(copies, "_leaves", swapped)
    leaves, _ = copies.collect(draft)
    assert leaves["goals/x.md"].trouble == "is in no real folder"
    assert SECRET not in {leaf.data for leaf in leaves.values()}


def test_a_folder_that_becomes_a_link_right_before_its_file_is_read_is_still_the_old_one(
    draft: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = copies.leaf

    def swapped(path: Path, **given: Any) -> Any:
        (draft / "goals").rename(draft / "away")
        (draft / "goals").symlink_to(elsewhere)
        return real(path, **given)

    monkeypatch.setattr(copies, "leaf", swapped)
    assert copies.collect(draft)[0]["goals/x.md"].data == b"a goal\n"


def test_a_folder_that_has_gone_while_it_is_read_is_empty(
    draft: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = copies._leaves

    def gone(*given: Any) -> Any:
        (draft / "goals").rename(draft / "away")
        return real(*given)

    monkeypatch.setattr(copies, "_leaves", gone)
    assert copies.collect(draft)[0]["goals/x.md"].data == b""


def test_a_pipe_in_a_folders_place_is_not_waited_for(draft: Path) -> None:
    (draft / "goals" / "x.md").unlink()
    os.mkfifo(draft / "goals" / "x.md")
    (draft / "goals" / "archive").rmdir()
    os.mkfifo(draft / "goals" / "archive")
    leaves, _ = copies.collect(draft)
    assert {path: leaf.trouble for path, leaf in leaves.items()} == {
        "goals/archive": "is not a regular file",
        "goals/x.md": "is not a regular file",
    }


def test_a_draft_that_is_a_link_is_none(draft: Path, elsewhere: Path) -> None:
    away = draft.with_name("away")
    draft.rename(away)
    draft.symlink_to(elsewhere)
    with pytest.raises(NotADirectoryError):
        copies.collect(draft)
