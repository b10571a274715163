"""Leases are taken by one, kept byte for byte, ended by their session, a person, or the session's end."""

import os
from pathlib import Path

import pytest

from looop.core.problem import Exit, Problem
from looop.core.world import Claim
from looop.store import claims
from looop.store.paths import Profile
from support.profiles import made_in


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    return made_in(tmp_path)


def test_a_lease_is_taken_by_the_first_and_its_holder_is_told_to_others(profile: Profile) -> None:
    mine = Claim("deploy", "fix", "01A")
    assert claims.take(profile, "deploy", "fix", "01A", now=5.0) == mine
    assert claims.take(profile, "deploy", "mail", "01B") == mine
    assert claims.read(profile) == (mine,)


def test_taking_ones_own_lease_again_changes_no_byte(profile: Profile) -> None:
    claims.take(profile, "deploy", "fix", "01A", now=5.0)
    before = (profile.claims / "deploy.json").stat()
    claims.take(profile, "deploy", "fix", "01A", now=9.0)
    after = (profile.claims / "deploy.json").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "x" * 65])
def test_a_bad_name_is_not_claimed(profile: Profile, name: str) -> None:
    with pytest.raises(Problem) as refused:
        claims.take(profile, name, "fix", "01A")
    assert (refused.value.exit_code, refused.value.kind) == (Exit.USAGE, "bad-name")


def test_a_file_that_is_no_claim_is_not_overwritten(profile: Profile) -> None:
    (profile.claims / "deploy.json").write_text("mine!")
    with pytest.raises(Problem) as refused:
        claims.take(profile, "deploy", "fix", "01A")
    assert refused.value.kind == "broken-claim"
    assert (profile.claims / "deploy.json").read_text() == "mine!"


def test_a_session_ends_its_own_lease_and_a_person_any(profile: Profile) -> None:
    claims.take(profile, "deploy", "fix", "01A")
    with pytest.raises(Problem) as refused:
        claims.end(profile, "deploy", "mail")
    assert refused.value.kind == "not-yours"
    assert claims.end(profile, "deploy", "fix") == Claim("deploy", "fix", "01A")
    assert claims.end(profile, "deploy", "fix") is None
    claims.take(profile, "deploy", "fix", "01A")
    assert claims.end(profile, "deploy") is not None


def test_the_end_of_a_generation_ends_its_leases_alone(profile: Profile) -> None:
    claims.take(profile, "a", "fix", "01A")
    claims.take(profile, "b", "fix", "01B")
    claims.take(profile, "c", "mail", "01A")
    assert claims.release(profile, "fix", "01A") == ("a",)
    assert claims.release(profile, "fix", "01A") == ()
    assert claims.drop_dead(profile, {("fix", "01B")}) == ("c",)
    assert [claim.name for claim in claims.read(profile)] == ["b"]


def test_of_many_who_claim_at_once_one_holds_it(profile: Profile) -> None:
    children = []
    for number in range(8):
        child = os.fork()
        if child == 0:
            held = claims.take(profile, "deploy", f"s{number}", "01A")
            os._exit(0 if held.session == f"s{number}" else 1)
        children.append(child)
    ends = sorted(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children)
    assert ends == [0, 1, 1, 1, 1, 1, 1, 1]
