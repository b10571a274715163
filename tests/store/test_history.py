"""The history keeps bytes by digest and edits by line, once, and says what it lost."""

from pathlib import Path

import pytest

from looop.core import edits
from looop.core.edits import Blob, By, Edit, Version
from looop.core.problem import Problem
from looop.store import files, history
from looop.store.paths import Profile
from support.profiles import GOAL, made_in

PLAYBOOK = "PLAYBOOK.md"


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    made = made_in(tmp_path)
    made.playbook.write_text("one\n")
    return made


def blob(text: str) -> Blob:
    return history.blob_of(text.encode(), runnable=False)


def landing(before: str | None, after: str, name: str = "tick-1") -> tuple[Edit, list[bytes]]:
    old = None if before is None else blob(before)
    texts = [text.encode() for text in (before, after) if text is not None]
    return Edit(name, 1.0, By.TICK, (Version(PLAYBOOK, old, blob(after)),)), texts


def told(profile: Profile) -> list[tuple[By, str, str | None, str | None]]:
    """Give each file of each edit with the texts before and after."""
    return [
        (edit.by, it.path, text(profile, it.before), text(profile, it.after))
        for edit in history.read(profile).edits
        for it in edit.files
    ]


def text(profile: Profile, found: Blob | None) -> str | None:
    data = history.content(profile, found)
    return None if data is None else data.decode()


def test_a_landing_is_kept_with_both_its_sides_and_what_was_there_before_it(profile: Profile) -> None:
    history.record(profile, *landing("one\n", "two\n"))
    assert told(profile) == [
        (By.FIRST, PLAYBOOK, None, "one\n"),
        (By.TICK, PLAYBOOK, "one\n", "two\n"),
    ]


def test_the_same_landing_told_twice_is_one_and_another_of_its_name_is_another(profile: Profile) -> None:
    for _ in range(2):
        history.record(profile, *landing("one\n", "two\n", "flag-7"))
    history.record(profile, *landing("two\n", "three\n", "flag-7"))
    history.record(profile, *landing("two\n", "three\n", "flag-7"))
    assert [edit.id for edit in history.read(profile).edits][1:] == ["flag-7", "flag-7.2"]


def test_an_edit_that_nobody_told_of_is_entered_before_the_landing_on_it(profile: Profile) -> None:
    history.record(profile, *landing("one\n", "two\n"))
    history.record(profile, *landing("mine\n", "three\n", "tick-2"))
    assert told(profile)[2:] == [
        (By.OUTSIDE, PLAYBOOK, "two\n", "mine\n"),
        (By.TICK, PLAYBOOK, "mine\n", "three\n"),
    ]


def test_what_is_seen_is_kept_when_it_is_news_and_only_then(profile: Profile) -> None:
    (profile.goals / "a.md").write_text(GOAL)
    paths = [PLAYBOOK, "goals/a.md", "goals/none.md"]
    history.seen(profile, paths, 1.0, new={"goals/a.md"})
    history.seen(profile, paths, 2.0)
    assert told(profile) == [(By.FIRST, PLAYBOOK, None, "one\n"), (By.OUTSIDE, "goals/a.md", None, GOAL)]
    (profile.goals / "a.md").unlink()
    history.seen(profile, paths, 3.0, said="goal edit")
    assert told(profile)[2:] == [(By.VERB, "goals/a.md", GOAL, None)]


def test_edits_of_one_moment_have_names_of_their_own(profile: Profile) -> None:
    for number in range(3):
        profile.playbook.write_text(f"{number}\n")
        history.seen(profile, [PLAYBOOK], 1.0)
    assert len(history.read(profile).names) == 3


def test_the_mode_of_a_script_is_kept(profile: Profile) -> None:
    script = profile.sensors / "s.sh"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o700)
    history.seen(profile, ["sensors/s.sh"], 1.0)
    assert history.read(profile).edits[0].files[0].after == Blob(blob("#!/bin/sh\n").digest, 10, 0o700)


def test_what_is_no_file_has_no_version(profile: Profile) -> None:
    (profile.goals / "a.md").symlink_to("/etc/passwd")
    history.seen(profile, ["goals/a.md"], 1.0)
    assert not history.begun(profile)


def test_all_is_private_and_equal_bytes_are_kept_once(profile: Profile) -> None:
    history.record(profile, *landing("one\n", "two\n"))
    history.record(profile, *landing("two\n", "one\n", "tick-2"))
    objects = list((profile.history / "objects").iterdir())
    assert len(objects) == 2
    assert {path.stat().st_mode & 0o777 for path in objects} == {0o600}
    assert (profile.history / "index.jsonl").stat().st_mode & 0o777 == 0o600
    assert profile.history.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda path: path.unlink(), "are kept no more"),
        (lambda path: path.write_text("other"), "are damaged"),
        (lambda path: (path.unlink(), path.mkdir()), "can't be read"),
    ],
)
def test_bytes_that_are_lost_are_a_plain_sentence(profile: Profile, damage: object, said: str) -> None:
    history.record(profile, *landing("one\n", "two\n"))
    assert callable(damage)
    damage(profile.history / "objects" / blob("one\n").digest)
    with pytest.raises(Problem, match=said) as caught:
        history.content(profile, blob("one\n"))
    assert caught.value.kind == "no-version"


def test_a_damaged_line_is_counted_and_what_was_torn_at_the_end_is_written_over(profile: Profile) -> None:
    history.record(profile, *landing("one\n", "two\n"))
    index = profile.history / "index.jsonl"
    index.write_bytes(index.read_bytes() + b'{"id": "tick-8"\n{"id": "tick-9", "at": 1234567890')
    assert history.read(profile).damaged == 1, "nobody was told of what is torn"
    history.record(profile, *landing("two\n", "three\n", "tick-2"))
    found = history.read(profile)
    assert (found.damaged, found.edits[-1].id) == (1, "tick-2")
    assert b"tick-9" not in index.read_bytes()


def test_bytes_that_were_damaged_are_mended_by_who_brings_them_again(profile: Profile) -> None:
    history.record(profile, *landing("one\n", "two\n"))
    (profile.history / "objects" / blob("two\n").digest).write_text("")
    history.record(profile, *landing("two\n", "three\n", "tick-2"))
    assert text(profile, blob("two\n")) == "two\n"


def test_a_history_that_cant_be_written_is_an_error(profile: Profile) -> None:
    profile.history.write_text("a file")
    with pytest.raises(OSError, match="Not a directory"):
        history.record(profile, *landing("one\n", "two\n"))
    with pytest.raises(OSError, match="Not a directory"):
        history.read(profile)


def test_thinning_removes_bytes_that_no_kept_edit_speaks_of(
    profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edits, "MOST_VERSIONS", 3)
    for number in range(8):
        profile.playbook.write_text(f"{number}\n")
        history.seen(profile, [PLAYBOOK], 1.0)
    kept = history.read(profile).edits
    assert [text(profile, edit.files[0].after) for edit in kept] == ["5\n", "6\n", "7\n"]
    assert {path.name for path in (profile.history / "objects").iterdir()} == set(edits.blobs(kept))


def test_thinning_that_fails_is_no_failure_of_the_edit(
    profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edits, "MOST_VERSIONS", 1)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "durable_remove", full)
    for number in range(4):
        profile.playbook.write_text(f"{number}\n")
        history.seen(profile, [PLAYBOOK], 1.0)
    assert text(profile, history.read(profile).edits[-1].files[0].after) == "3\n"


def test_more_files_than_are_written_at_once_are_all_kept(profile: Profile) -> None:
    paths = [f"goals/{number}.md" for number in range(70)]
    for path in paths:
        (profile.data / path).write_text(f"{GOAL}{path}\n")
    history.seen(profile, paths, 1.0)
    assert sorted((path, after) for _, path, _, after in told(profile)) == sorted(
        (path, f"{GOAL}{path}\n") for path in paths
    )


def test_an_index_whose_last_line_lacks_its_end_alone_is_whole(profile: Profile) -> None:
    history.record(profile, *landing("one\n", "two\n"))
    index = profile.history / "index.jsonl"
    index.write_bytes(index.read_bytes().removesuffix(b"\n"))
    assert [after for *_, after in told(profile)] == ["one\n", "two\n"]
