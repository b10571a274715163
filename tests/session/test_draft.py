"""A meta session's draft: what it is filled with, what would land, and how a person sees it."""

import os
from pathlib import Path

import pytest

from looop.core.problem import Problem
from looop.session import draft
from looop.store import files
from looop.store.paths import Profile
from support.profiles import GOAL, made_in, sensor


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    made = made_in(tmp_path)
    made.playbook.write_text("# Rules\n\none\ntwo\n")
    (made.goals / "setup.md").write_text(GOAL)
    sensor(made, "today", "#!/bin/sh\necho 1\n")
    return made


@pytest.fixture
def folder(profile: Profile) -> Path:
    made = profile.sessions / "setup"
    made.mkdir(parents=True)
    draft.fill(profile, made)
    return made


def kind(profile: Profile, folder: Path) -> str:
    with pytest.raises(Problem) as caught:
        draft.changes(profile, folder)
    return caught.value.kind


def test_it_holds_the_policy_files(folder: Path) -> None:
    found = {
        path.relative_to(folder / "draft").as_posix()
        for path in (folder / "draft").rglob("*")
        if path.is_file()
    }
    assert found == {"PLAYBOOK.md", "goals/setup.md", "sensors/today.sh"}
    assert os.access(folder / "draft" / "sensors" / "today.sh", os.X_OK)


def test_filling_it_again_begins_anew(profile: Profile, folder: Path) -> None:
    (folder / "draft" / "goals" / "mine.md").write_text(GOAL)
    profile.playbook.write_text("# Others\n")
    draft.fill(profile, folder)
    assert (folder / "draft" / "PLAYBOOK.md").read_text() == "# Others\n"
    assert kind(profile, folder) == "no-changes"


def test_several_subjects_are_one_proposal(profile: Profile, folder: Path) -> None:
    (folder / "draft" / "PLAYBOOK.md").write_text("# Mine\n")
    (folder / "draft" / "goals" / "b.md").write_text(GOAL)
    (folder / "draft" / "sensors" / "s.sh").write_text("#!/bin/sh\n")
    assert [(write.path, write.executable) for write in draft.changes(profile, folder)] == [
        ("PLAYBOOK.md", False),
        ("goals/b.md", False),
        ("sensors/s.sh", True),
    ]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("goals/b.md", "no frontmatter"),
        ("sensors/s.sh", "echo 1"),
        ("goals/deep/b.md", GOAL),
        ("sensors/s.py", "#!/bin/sh"),
    ],
)
def test_a_file_that_no_tick_could_land_is_no_proposal(
    profile: Profile, folder: Path, path: str, text: str
) -> None:
    target = folder / "draft" / path
    target.parent.mkdir(exist_ok=True)
    target.write_text(text)
    assert kind(profile, folder) == "bad-draft"


def test_removing_the_playbook_is_no_proposal(profile: Profile, folder: Path) -> None:
    (folder / "draft" / "PLAYBOOK.md").unlink()
    assert kind(profile, folder) == "bad-draft"


def test_a_link_out_of_the_draft_is_not_followed(profile: Profile, folder: Path) -> None:
    (folder / "draft" / "goals" / "b.md").symlink_to("/etc/passwd")
    assert kind(profile, folder) == "bad-draft"


def test_a_session_without_a_draft_says_so(profile: Profile) -> None:
    (profile.sessions / "worker").mkdir()
    assert kind(profile, profile.sessions / "worker") == "no-draft"


def test_the_digest_changes_with_any_byte_of_the_draft(profile: Profile, folder: Path) -> None:
    first = draft.digest(profile, folder)
    (folder / "draft" / "goals" / "b.md").write_text(GOAL)
    assert draft.digest(profile, folder) != first
    (folder / "draft" / "goals" / "b.md").unlink()
    assert draft.digest(profile, folder) == first


def test_the_digest_does_not_change_with_other_files_of_data(profile: Profile, folder: Path) -> None:
    first = draft.digest(profile, folder)
    (profile.goals / "other.md").write_text(GOAL)
    assert draft.digest(profile, folder) == first


@pytest.mark.parametrize("mine", ["changed", "removed"])
def test_a_file_that_both_changed_is_a_conflict(profile: Profile, folder: Path, mine: str) -> None:
    target = folder / "draft" / "sensors" / "today.sh"
    target.unlink() if mine == "removed" else target.write_text("#!/bin/sh\necho mine\n")
    assert "can't land" not in draft.diff(profile, folder)
    (profile.sensors / "today.sh").write_text("#!/bin/sh\necho theirs\n")
    assert "so it can't land: sensors/today.sh" in draft.diff(profile, folder)


def test_a_new_file_whose_name_was_taken_meanwhile_is_a_conflict(profile: Profile, folder: Path) -> None:
    (folder / "draft" / "goals" / "b.md").write_text(GOAL)
    (profile.goals / "b.md").write_text(f"{GOAL}theirs\n")
    assert "so it can't land: goals/b.md" in draft.diff(profile, folder)


def test_what_only_others_changed_is_no_conflict_and_no_change(profile: Profile, folder: Path) -> None:
    (folder / "draft" / "goals" / "b.md").write_text(GOAL)
    profile.playbook.write_text("theirs\n")
    assert "can't land" not in draft.diff(profile, folder)
    assert [write.path for write in draft.changes(profile, folder)] == ["goals/b.md"]


def test_the_diff_shows_lines_added_and_taken(profile: Profile, folder: Path) -> None:
    (folder / "draft" / "PLAYBOOK.md").write_text("# Rules\n\none\nthree\n")
    assert draft.diff(profile, folder) == (
        "--- PLAYBOOK.md\n+++ PLAYBOOK.md\n@@ -1,4 +1,4 @@\n # Rules\n \n one\n-two\n+three\n"
    )


def test_an_archived_goal_shows_as_moved(profile: Profile, folder: Path) -> None:
    goals = folder / "draft" / "goals"
    (goals / "setup.md").rename(goals / "archive" / "setup.md")
    assert draft.diff(profile, folder) == "moved: goals/setup.md to goals/archive/setup.md\n"


def test_nothing_in_a_diff_can_move_the_cursor(profile: Profile, folder: Path) -> None:
    (folder / "draft" / "PLAYBOOK.md").write_bytes(b"\x1b[2Jrm -rf\rfine \xe2\x80\xae\n")
    shown = draft.diff(profile, folder)
    assert "+<U+001B>[2Jrm -rf<U+000D>fine <U+202E>" in shown
    assert [c for c in shown if not c.isprintable() and c != "\n"] == []


def test_a_diff_that_is_too_long_says_where_the_rest_is(profile: Profile, folder: Path) -> None:
    (folder / "draft" / "PLAYBOOK.md").write_text("".join(f"{i}\n" for i in range(60_000)))
    shown = draft.diff(profile, folder)
    assert len(shown) < draft.LONGEST_DIFF + 500
    assert str(folder / "draft") in shown.splitlines()[-1]


@pytest.mark.parametrize("step", ["durable", "durable_rename"])
def test_a_crash_while_a_draft_moves_leaves_it_whole_where_it_was(
    profile: Profile, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    class Crash(BaseException):
        pass

    def crash(*_: object, **__: object) -> None:
        raise Crash

    (folder / "draft" / "PLAYBOOK.md").write_text("# Mine\n")
    shown = draft.diff(profile, folder)
    (target := tmp_path / "next").mkdir()
    with monkeypatch.context() as broken:
        broken.setattr(files, step, crash)
        with pytest.raises(Crash):
            draft.move(folder, target)
    assert (draft.whole(folder), draft.whole(target), draft.diff(profile, folder)) == (True, False, shown)
    draft.move(folder, target)
    assert (draft.whole(folder), draft.whole(target), draft.diff(profile, target)) == (False, True, shown)
