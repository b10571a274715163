"""What an agent left is read with looop's rights: nothing in it leads looop to what the agent can't read."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from looop.core.digest import digest_bytes
from looop.core.moves import Leaf
from looop.store import copies, files
from looop.store.paths import Profile
from support.folder import mode, names
from support.profiles import GOAL, made_in, sensor

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


def test_a_folder_is_filled_with_the_policy_alone_and_scripts_run_there(profile: Profile) -> None:
    profile.playbook.write_text("rules\n")
    (profile.goals / "a.md").write_text(GOAL)
    (profile.goals / "notes.txt").write_text("no policy")
    sensor(profile, "today", "#!/bin/sh\n")
    folder = profile.sessions / "draft"
    leaves = copies.fill(profile, folder)
    assert set(leaves) == {"PLAYBOOK.md", "goals/a.md", "sensors/today.sh"}
    assert copies.collect(folder) == (leaves, ())
    assert (mode(folder / "sensors" / "today.sh"), mode(folder / "goals" / "a.md")) == (0o700, 0o600)


def test_what_an_earlier_agent_left_is_gone_when_the_folder_is_filled(
    profile: Profile, elsewhere: Path
) -> None:
    folder = profile.sessions / "draft"
    folder.mkdir()
    (folder / "left").write_text("x")
    copies.fill(profile, folder)
    assert names(folder) == ["goals", "sensors"]
    files.remove_tree(folder)
    folder.symlink_to(elsewhere)
    copies.fill(profile, folder)
    assert copies.is_folder(folder)
    assert (elsewhere / "x.md").read_bytes() == SECRET


def test_a_file_that_went_since_it_was_listed_is_not_copied(
    profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "policy_digests", lambda _: {"goals/gone.md": "x"})
    assert copies.fill(profile, profile.sessions / "draft") == {}


def test_a_file_that_can_not_be_used_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert copies.leaf(tmp_path / "none") == Leaf()
    (tmp_path / "big").write_bytes(b"xxxxx")
    monkeypatch.setattr(copies, "_LARGEST_COPY", 4)
    assert copies.leaf(tmp_path / "big").trouble == "has 5 bytes, which is too large"
    assert copies.leaf(tmp_path / ("x" * 300)).trouble == "can't be read (File name too long)"


def test_what_stands_in_place_is_known_by_its_digest_and_a_link_has_none_of_any_file(
    profile: Profile, elsewhere: Path
) -> None:
    assert copies.in_place(profile, "goals/a.md") is None
    (profile.goals / "a.md").write_bytes(SECRET)
    assert copies.in_place(profile, "goals/a.md") == digest_bytes(SECRET)
    (profile.goals / "b.md").symlink_to(elsewhere / "x.md")
    assert (copies.in_place(profile, "goals/b.md") or "").startswith("no regular file: ")


def test_a_repository_among_the_goals_is_not_read_beyond_the_limits(
    draft: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abcd":
        (draft / "goals" / f"{name}.md").write_text("12345")
    monkeypatch.setattr(copies, "_LARGEST_IN_ALL", 8)
    leaves, _ = copies.collect(draft)
    assert [leaf.data for leaf in leaves.values()] == [b"12345", b"12345", b"", b"", b""]
    assert {leaf.trouble for path, leaf in leaves.items() if path > "goals/b.md"} == {copies._TOO_MUCH}
    monkeypatch.setattr(copies, "_MOST_FILES", 2)
    leaves, _ = copies.collect(draft)
    assert [leaf.trouble for leaf in leaves.values()] == [None, None, copies._TOO_MUCH]


def test_folders_in_folders_are_followed_so_far_and_no_further(draft: Path) -> None:
    deep = draft / "goals" / "1" / "2" / "3" / "4" / "5"
    deep.mkdir(parents=True)
    (deep / "x.md").write_text("x")
    (draft / "goals" / "1" / "2" / "x.md").write_text("x")
    leaves, _ = copies.collect(draft)
    assert leaves["goals/1/2/x.md"].data == b"x"
    assert leaves["goals/1/2/3/4"].trouble == "is not a regular file"


def test_a_folder_that_can_not_be_read_is_trouble_and_not_empty(
    draft: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.listdir

    def broken(at: Any) -> list[str]:
        if "x.md" in (found := real(at)):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return found

    monkeypatch.setattr(os, "listdir", broken)
    with pytest.raises(OSError, match="Input/output error"):
        copies.collect(draft)
