"""The durable memory as a beat reads it: what is absent, what can't be used, and what stops the beat."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from looop.core.digest import digest_bytes
from looop.core.document import Document
from looop.store import files, memory
from looop.store.memory import Unreadable
from looop.store.paths import Profile
from support.ordinary_user import as_ordinary_user
from support.profiles import GOAL, made_in, sensor

HOSTILE_FILES: dict[str, Callable[[Path], object]] = {
    "a named pipe": os.mkfifo,
    "a symbolic link": lambda path: path.symlink_to("/etc/passwd"),
    "a folder": lambda path: path.mkdir(),
}


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    return made_in(tmp_path)


def goal(profile: Profile, name: str, text: str | bytes = GOAL) -> Path:
    path = profile.goals / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def only_goal(profile: Profile) -> Document:
    (found,) = memory.read_goals(profile)
    return found


def test_an_absent_playbook_is_a_fact(profile: Profile) -> None:
    assert memory.read_playbook(profile) is None


def test_the_playbook_is_read_with_the_digest_of_its_bytes(profile: Profile) -> None:
    profile.playbook.write_text("priorities")
    assert memory.read_playbook(profile) == Document("PLAYBOOK.md", "priorities", digest_bytes(b"priorities"))


def test_goals_come_sorted_by_name(profile: Profile) -> None:
    for name in ("b.md", "a.md", "c.md"):
        goal(profile, name)
    assert [it.name for it in memory.read_goals(profile)] == ["a.md", "b.md", "c.md"]


def test_without_a_goals_folder_there_are_no_goals(profile: Profile) -> None:
    profile.archive.rmdir()
    profile.goals.rmdir()
    assert memory.read_goals(profile) == ()


@pytest.mark.parametrize(
    "name",
    [".#a.md", "#a.md#", "a.md~", ".a.md.swp", "4913", "a.md.tmp", ".hidden.md", "a.txt", ".looop-1.tmp"],
)
def test_what_editors_leave_behind_is_no_goal(profile: Profile, name: str) -> None:
    goal(profile, name)
    assert memory.read_goals(profile) == ()
    assert memory.policy_digests(profile) == {}


def test_an_archived_goal_is_no_goal_but_its_name_is_taken(profile: Profile) -> None:
    (profile.archive / "old.md").write_text(GOAL)
    assert memory.read_goals(profile) == ()
    assert memory.archived(profile) == {"old.md"}


def test_a_goal_without_frontmatter_keeps_its_text_and_says_what_is_missing(profile: Profile) -> None:
    goal(profile, "a.md", "# GOALS\n\njust notes\n")
    found = only_goal(profile)
    assert found.text == "# GOALS\n\njust notes\n"
    assert found.digest == digest_bytes(b"# GOALS\n\njust notes\n")
    assert "no `goal:` line" in (found.trouble or "")


def test_a_goal_with_its_line_has_no_trouble(profile: Profile) -> None:
    goal(profile, "a.md")
    assert only_goal(profile).trouble is None


@pytest.mark.parametrize("kind", HOSTILE_FILES)
def test_a_goal_that_is_no_file_has_trouble_and_a_digest_and_never_blocks(
    profile: Profile, kind: str
) -> None:
    HOSTILE_FILES[kind](profile.goals / "a.md")
    found = only_goal(profile)
    assert found.trouble == f"is {kind}, not a regular file"
    assert (found.name, found.text) == ("a.md", "")
    assert len(found.digest) == 64


@pytest.mark.parametrize("kind", HOSTILE_FILES)
def test_a_playbook_that_is_no_file_has_trouble(profile: Profile, kind: str) -> None:
    HOSTILE_FILES[kind](profile.playbook)
    found = memory.read_playbook(profile)
    assert found is not None
    assert found.trouble == f"is {kind}, not a regular file"


def test_a_device_in_place_of_a_goal_has_trouble(profile: Profile) -> None:
    def case(found: Path) -> None:
        assert files.present(found)

    case(Path("/dev/null"))
    (profile.goals / "a.md").symlink_to("/dev/zero")
    assert "not a regular file" in (only_goal(profile).trouble or "")


def test_a_long_goal_is_cut_as_text_but_not_in_its_digest(profile: Profile) -> None:
    data = GOAL.encode() + b"x" * (5 << 20)
    goal(profile, "a.md", data)
    found = only_goal(profile)
    assert len(found.text) == memory.TEXT_BYTES
    assert found.cut == len(data) - memory.TEXT_BYTES
    assert found.digest == digest_bytes(data)
    assert found.trouble is None


def test_a_text_is_not_cut_within_a_character(profile: Profile) -> None:
    data = b"x" * (memory.TEXT_BYTES - 1) + "ä€".encode()
    goal(profile, "a.md", data)
    found = only_goal(profile)
    assert "\ufffd" not in found.text
    assert found.cut + len(found.text.encode()) == len(data)


def test_a_goal_that_is_no_utf8_is_read_all_the_same(profile: Profile) -> None:
    goal(profile, "a.md", GOAL.encode() + b"\xff")
    assert only_goal(profile).text.endswith("\ufffd")


def test_a_goal_larger_than_any_goal_has_trouble_without_its_size(profile: Profile) -> None:
    with goal(profile, "a.md").open("r+b") as file:
        file.truncate((16 << 20) + 1)
    first = only_goal(profile)
    os.truncate(profile.goals / "a.md", 17 << 20)
    assert first.trouble == "is larger than 16 MiB"
    assert only_goal(profile).digest == first.digest


def test_a_name_with_a_newline_is_shown_escaped_and_never_read(profile: Profile) -> None:
    goal(profile, "a\n# GOALS\nb.md", GOAL)
    found = only_goal(profile)
    assert found.name == r"a\n# GOALS\nb.md"
    assert found.text == ""
    assert "rename it" in (found.trouble or "")
    assert memory.policy_digests(profile) == {}


def test_a_name_that_is_no_utf8_is_shown_escaped(profile: Profile) -> None:
    (Path(os.fsdecode(os.fsencode(profile.goals) + b"/\xff.md"))).write_text(GOAL)
    assert only_goal(profile).name == r"\udcff.md"


def test_a_name_with_spaces_and_letters_of_any_language_is_a_name(profile: Profile) -> None:
    goal(profile, "Steuererklärung 2025.md")
    assert only_goal(profile).name == "Steuererklärung 2025.md"
    assert only_goal(profile).trouble is None


def test_a_goal_without_rights_idles_the_beat() -> None:
    def case(folder: Path) -> None:
        profile = made_in(folder)
        path = goal(profile, "a.md")
        path.chmod(0)
        for read in (memory.read_goals, memory.policy_digests):
            with pytest.raises(Unreadable, match="Permission denied") as caught:
                read(profile)
            assert caught.value.path == path

    as_ordinary_user(case)


def test_a_playbook_without_rights_is_not_absent() -> None:
    def case(folder: Path) -> None:
        profile = made_in(folder)
        profile.playbook.write_text("")
        profile.playbook.chmod(0)
        with pytest.raises(Unreadable):
            memory.read_playbook(profile)

    as_ordinary_user(case)


@pytest.mark.parametrize("name", ["goals", "sensors"])
def test_a_policy_folder_without_rights_is_not_empty(name: str) -> None:
    def case(folder: Path) -> None:
        profile = made_in(folder)
        (profile.data / name).chmod(0)
        read = memory.read_goals if name == "goals" else memory.list_sensors
        with pytest.raises(Unreadable, match="Permission denied"):
            read(profile)

    as_ordinary_user(case)


@pytest.mark.parametrize("kind", ["file", "link"])
def test_a_goals_folder_that_is_none_is_not_empty(tmp_path: Path, kind: str) -> None:
    profile = made_in(tmp_path)
    profile.archive.rmdir()
    profile.goals.rmdir()
    if kind == "file":
        profile.goals.write_text("")
    else:
        profile.goals.symlink_to(profile.sensors)
    with pytest.raises(Unreadable, match="not a real folder"):
        memory.read_goals(profile)


def test_an_unreadable_file_is_told_with_its_reason(tmp_path: Path) -> None:
    assert str(Unreadable(tmp_path, "Input/output error")) == f"{tmp_path} can't be read (Input/output error)"


def test_the_policy_is_every_usable_file_by_its_path(profile: Profile) -> None:
    profile.playbook.write_text("p")
    goal(profile, "a.md")
    goal(profile, "notes.md", "no frontmatter")
    os.mkfifo(profile.goals / "pipe.md")
    sensor(profile, "today", "#!/bin/sh\n")
    (profile.sensors / "readme.txt").write_text("")
    (profile.sensors / "off.sh.off").write_text("")
    assert memory.policy_digests(profile) == {
        "PLAYBOOK.md": digest_bytes(b"p"),
        "goals/a.md": digest_bytes(GOAL.encode()),
        "goals/notes.md": digest_bytes(b"no frontmatter"),
        "sensors/today.sh": digest_bytes(b"#!/bin/sh\n"),
    }


@pytest.mark.parametrize("path", ["PLAYBOOK.md", "goals/a.md", "sensors/today.sh"])
def test_a_policy_file_counts(path: str) -> None:
    assert memory.is_policy(path)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "journal.md",
        "playbook.md",
        "goals/archive/a.md",
        "goals/a.sh",
        "goals/.#a.md",
        "goals/a.md~",
        "goals/4913",
        "sensors/.today.sh.swp",
        "sensors/today.sh.off",
        "sessions/x/draft/PLAYBOOK.md",
        "tick/PLAYBOOK.md",
        ".looop-0123456789abcdef.tmp",
    ],
)
def test_what_is_no_policy_file_wakes_nobody(path: str) -> None:
    assert not memory.is_policy(path)


def test_blank_lines_of_the_journal_are_no_lines(profile: Profile) -> None:
    profile.journal.write_text("one\n\n\ntwo\n")
    assert memory.journal_lines(profile, 2) == ("one", "two")
    assert memory.journal_lines(profile, 0) == ()


def test_an_absent_journal_has_no_lines(profile: Profile) -> None:
    assert memory.journal_lines(profile, 20) == ()


def test_the_journal_is_read_across_its_rotation(profile: Profile) -> None:
    files.append_durable(profile.journal, "- old")
    files.rotate(profile.journal, 1, keep_all=True)
    files.append_durable(profile.journal, "- new")
    assert memory.journal_lines(profile, 20) == ("- old", "- new")


def test_a_journal_that_is_no_file_is_not_absent(profile: Profile) -> None:
    os.mkfifo(profile.journal)
    with pytest.raises(Unreadable, match="a named pipe"):
        memory.journal_lines(profile, 20)


def test_one_look_gives_what_each_part_gives(profile: Profile) -> None:
    empty = memory.observe(profile)
    assert (empty.playbook, empty.goals, empty.sensors, empty.digests) == (None, (), (), {})
    profile.playbook.write_text("rules\n")
    goal(profile, "a.md")
    sensor(profile, "today", "#!/bin/sh\necho 1\n")
    found = memory.observe(profile)
    assert found.playbook == memory.read_playbook(profile)
    assert (found.goals, found.sensors) == (memory.read_goals(profile), memory.list_sensors(profile))
    assert found.digests == memory.policy_digests(profile)
    assert set(found.digests) == {"PLAYBOOK.md", "goals/a.md", "sensors/today.sh"}
