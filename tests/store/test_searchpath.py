"""The PATH of unattended work outlives `down`, and is read whatever an older looop wrote."""

from pathlib import Path

import pytest

from looop.store import searchpath
from looop.store.paths import Profile
from support.profiles import made_in


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    return made_in(tmp_path)


def test_what_was_remembered_is_recalled_and_the_last_counts(profile: Profile) -> None:
    assert searchpath.recall(profile) is None
    for path in ("/one", "/two:/odd \udcff"):
        searchpath.remember(profile, path)
        assert searchpath.recall(profile) == path


def test_the_wish_of_an_older_looop_is_believed_until_a_path_is_kept(profile: Profile) -> None:
    profile.up.write_text('{"v": 1, "at": 1.0, "path": "/older"}\n')
    assert searchpath.recall(profile) == "/older"
    searchpath.remember(profile, "/newer")
    assert searchpath.recall(profile) == "/newer"


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"path": 3}', '{"path": ""}', "[" * 9999])
def test_a_broken_file_counts_as_none_and_is_replaced(profile: Profile, text: str) -> None:
    profile.search_path.write_text(text)
    assert searchpath.recall(profile) is None
    searchpath.remember(profile, "/mended")
    assert searchpath.recall(profile) == "/mended"


def test_an_equal_path_is_not_written_again_and_an_empty_one_is_none(profile: Profile) -> None:
    searchpath.remember(profile, "/one")
    before = profile.search_path.stat()
    searchpath.remember(profile, "/one")
    searchpath.remember(profile, "")
    assert profile.search_path.stat().st_ino == before.st_ino
    assert searchpath.recall(profile) == "/one"
