"""What a person was asked to approve is kept as it was, and an approval of it is spent once."""

from pathlib import Path

import pytest

from looop.core.command import Command, Moment, Ran
from looop.core.digest import digest_bytes
from looop.core.problem import Exit, Problem
from looop.store import grants
from looop.store.paths import Profile
from looop.store.questions import Place
from support.folder import mode
from support.profiles import made_in, session_in

NOW = Moment(1000.0, "boot", 10.0)
PUSH = Command(("git", "push"), "/src", "/usr/bin/git", stdin=digest_bytes(b"given"))


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    return made_in(tmp_path)


@pytest.fixture
def place(profile: Profile) -> Place:
    return session_in(profile, "tea", "01A")


def refused(call: object, *given: object) -> str:
    with pytest.raises(Problem) as caught:
        call(*given)  # type: ignore[operator]
    assert (caught.value.exit_code, caught.value.kind) == (Exit.NO, "bad-request")
    return caught.value.text


def test_what_was_asked_is_read_back_with_its_input_and_is_private(profile: Profile, place: Place) -> None:
    name = grants.keep(profile, place, PUSH, b"given", NOW)
    assert grants.load(profile, place, name) == grants.Asked(PUSH, NOW)
    assert grants.stdin(profile, place, PUSH) == b"given"
    assert mode(grants.folder(place)) == 0o700
    assert {mode(path) for path in grants.folder(place).iterdir()} == {0o600}


def test_a_command_without_input_has_an_empty_one(profile: Profile, place: Place) -> None:
    bare = Command(("ls",), "/", "/bin/ls")
    grants.keep(profile, place, bare, b"", NOW)
    assert grants.stdin(profile, place, bare) == b""
    assert not list(grants.folder(place).glob("*.in"))


@pytest.mark.parametrize("data", [b"", b"{", b"[" * 5000, b"\xff", b"{}"])
def test_a_request_that_is_not_what_it_was_is_none(profile: Profile, place: Place, data: bytes) -> None:
    name = grants.keep(profile, place, PUSH, b"given", NOW)
    (grants.folder(place) / f"{name}.json").write_bytes(data)
    assert "asked again" in refused(grants.load, profile, place, name)


def test_a_request_under_anothers_name_is_none(profile: Profile, place: Place) -> None:
    name = grants.keep(profile, place, PUSH, b"given", NOW)
    other = grants.keep(profile, place, Command(("rm", "x"), "/src", "/bin/rm"), b"", NOW)
    (grants.folder(place) / f"{other}.json").rename(grants.folder(place) / f"{name}.json")
    refused(grants.load, profile, place, name)
    refused(grants.load, profile, place, other)


def test_an_input_that_was_exchanged_or_is_gone_is_none(profile: Profile, place: Place) -> None:
    grants.keep(profile, place, PUSH, b"given", NOW)
    (kept,) = grants.folder(place).glob("*.in")
    kept.write_bytes(b"other")
    assert "its input" in refused(grants.stdin, profile, place, PUSH)
    kept.unlink()
    assert "its input" in refused(grants.stdin, profile, place, PUSH)


def test_an_approval_is_spent_once(profile: Profile, place: Place) -> None:
    name = grants.keep(profile, place, PUSH, b"given", NOW)
    assert not grants.spent(profile, place, 7)
    assert grants.spend(profile, place, 7, name, NOW)
    assert grants.spent(profile, place, 7)
    assert not grants.spend(profile, place, 7, name, NOW)
    assert grants.spend(profile, place, 8, name, NOW)


def test_how_it_ended_and_what_it_wrote_is_kept_by_number(profile: Profile, place: Place) -> None:
    grants.keep(profile, place, PUSH, b"given", NOW)
    assert grants.ended(profile, place, 7) is None
    assert grants.output(profile, place, 7) == (b"", b"")
    grants.finish(profile, place, 7, Ran("it ran", 3, whole=True), b"out", b"err")
    assert grants.ended(profile, place, 7) == Ran("it ran", 3, whole=True)
    assert grants.output(profile, place, 7) == (b"out", b"err")
    assert grants.ended(profile, place, 8) is None


def test_an_end_that_can_not_be_understood_is_none(profile: Profile, place: Place) -> None:
    grants.keep(profile, place, PUSH, b"given", NOW)
    (grants.folder(place) / "7.ended").write_text("{")
    assert grants.ended(profile, place, 7) is None
