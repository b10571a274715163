"""What the history of the policy files says, and what of it may be forgotten."""

import pytest

from looop.core import edits
from looop.core.edits import Blob, By, Edit, Version

DAY = 86400.0
NOW = 1000 * DAY


def blob(name: str, size: int = 1) -> Blob:
    return Blob(name, size)


def edit(number: int, path: str = "a", *, by: By = By.OUTSIDE, at: float = 0.0, size: int = 1) -> Edit:
    """Make the edit of a file from its version `number - 1` to `number`."""
    before = blob(f"{path}{number - 1}", size) if number else None
    return Edit(f"{path}-{number}", at, by, (Version(path, before, blob(f"{path}{number}", size)),))


def undo(name: str, of: str) -> Edit:
    return Edit(name, 0.0, By.UNDO, of=of)


def names(found: tuple[Edit, ...]) -> list[str]:
    return [it.id for it in found]


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edits, "MOST_VERSIONS", 3)
    monkeypatch.setattr(edits, "MOST_BYTES", 100)
    monkeypatch.setattr(edits, "MOST_EDITS", 10)


def test_a_file_keeps_its_newest_versions_whatever_others_have() -> None:
    found = [edit(number) for number in range(5)] + [edit(0, "b")]
    assert names(edits.thinned(found, NOW)) == ["a-2", "a-3", "a-4", "b-0"]


def test_the_oldest_go_when_there_are_too_many_bytes_and_equal_ones_count_once() -> None:
    found = [edit(0, "a", size=30), edit(0, "b", size=30), edit(1, "b", size=30), edit(1, "a", size=30)]
    assert names(edits.thinned(found, NOW)) == ["b-1", "a-1"]
    same = [Edit(f"{n}", 0.0, By.OUTSIDE, (Version("a", blob("x", 60), blob("x", 60)),)) for n in range(3)]
    assert len(edits.thinned(same, NOW)) == 3


def test_the_newest_version_of_a_file_is_never_dropped() -> None:
    found = [edit(0, "old", size=500), *(edit(number) for number in range(20))]
    assert names(edits.thinned(found, NOW))[0] == "old-0"


@pytest.mark.parametrize(("by", "days", "kept"), [(By.TICK, 13, 6), (By.TICK, 15, 3), (By.OUTSIDE, 1, 3)])
def test_what_looop_changed_stays_for_as_long_as_it_is_to_be_undoable(by: By, days: float, kept: int) -> None:
    found = [edit(number, by=by, at=NOW - days * DAY, size=40) for number in range(6)]
    assert len(edits.thinned(found, NOW)) == (kept if by is By.TICK and days < 14 else 1)
    small = [edit(number, by=by, at=NOW - days * DAY) for number in range(6)]
    assert len(edits.thinned(small, NOW)) == kept


def test_an_edit_of_two_files_may_keep_one_of_them() -> None:
    both = Edit("both", 0.0, By.OUTSIDE, (Version("a", None, blob("a0")), Version("c", None, blob("c0"))))
    found = [both, *(edit(number) for number in range(1, 4))]
    assert [version.path for version in edits.thinned(found, NOW)[0].files] == ["c"]


def test_limits_are_applied_only_once_they_are_passed_by_some() -> None:
    assert not edits.too_many([edit(number) for number in range(3)])
    assert edits.too_many([edit(number) for number in range(4)])
    assert edits.too_many([edit(0, size=111)])
    assert edits.too_many([edit(0, str(number)) for number in range(12)])


def test_thinning_is_enough() -> None:
    found = [edit(number, path, size=15) for number in range(9) for path in "abc"]
    assert not edits.too_many(edits.thinned(found, NOW))


def test_the_last_landing_is_the_newest_that_was_not_undone() -> None:
    one, two = edit(0, by=By.TICK), edit(1, by=By.FLAG)
    assert edits.last_landing([]) is None
    assert edits.last_landing([one, two, edit(2, by=By.VERB)]) == two
    assert edits.last_landing([one, two, undo("u", "a-1")]) == one
    assert edits.last_landing([one, two, undo("u", "a-1"), undo("uu", "u")]) == two
    assert edits.last_landing([one, two, undo("u", "a-1"), undo("v", "a-0")]) is None


def test_a_later_edit_of_a_file_is_found_and_none_when_this_is_the_last() -> None:
    found = [edit(0), edit(1), edit(0, "b")]
    assert edits.newer(found, found[0], "a") == found[1]
    assert edits.newer(found, found[1], "a") is None


def test_what_a_path_holds_is_what_its_last_edit_left() -> None:
    removed = Edit("gone", 0.0, By.OUTSIDE, (Version("b", blob("b0"), None),))
    found = edits.heads([edit(0), edit(1), edit(0, "b"), removed])
    assert found == {"a": blob("a1"), "b": None}
    assert [edits.digest_of(it) for it in found.values()] == ["a1", None]
