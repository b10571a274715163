"""Claims are read as they stand; a stray file is none and stops nothing."""

import json
import os
from pathlib import Path

import pytest

from looop.core.world import Claim
from looop.store import claims
from looop.store.memory import Unreadable
from looop.store.paths import Profile
from support.ordinary_user import as_ordinary_user
from support.profiles import made_in


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    return made_in(tmp_path)


def claim(profile: Profile, name: str) -> Path:
    path = profile.claims / f"{name}.json"
    path.write_text(json.dumps({"name": name, "session": "fix", "generation": "01ARYZ", "since": 1.5}))
    return path


def test_claims_come_sorted_by_name(profile: Profile) -> None:
    claim(profile, "b")
    claim(profile, "a")
    assert claims.read(profile) == (Claim("a", "fix", "01ARYZ"), Claim("b", "fix", "01ARYZ"))


def test_without_a_folder_there_are_no_claims(profile: Profile) -> None:
    profile.claims.rmdir()
    assert claims.read(profile) == ()


@pytest.mark.parametrize(
    "text", ["", "{}", "null", '{"name": "other", "session": "s", "generation": "g", "since": 1}', "[" * 5000]
)
def test_a_file_that_is_no_claim_stops_nothing(profile: Profile, text: str) -> None:
    (profile.claims / "stray.json").write_text(text)
    (profile.claims / "...json").write_text(text)
    (profile.claims / "notes.txt").write_text(text)
    os.mkfifo(profile.claims / "pipe.json")
    claim(profile, "a")
    assert [it.name for it in claims.read(profile)] == ["a"]


def test_a_claim_without_rights_is_not_released() -> None:
    def case(folder: Path) -> None:
        profile = made_in(folder)
        claim(profile, "a").chmod(0)
        with pytest.raises(Unreadable):
            claims.read(profile)

    as_ordinary_user(case)
