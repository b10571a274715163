"""The digests of what an AI wrote, and a person's approval of them."""

from contextlib import suppress
from pathlib import Path

import pytest

from looop.core.digest import digest_bytes
from looop.core.problem import Problem
from looop.store import files, written
from looop.store.faults import Unreadable
from looop.store.paths import Profile
from support.profiles import made_in


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    return made_in(tmp_path)


def test_what_was_noted_awaits_approval_until_it_is_given(profile: Profile) -> None:
    written.note(profile, "sha256:a", "sensors/a.sh", "tick-1", now=5.0)
    assert written.awaited(profile) == {"sha256:a": written.Written("sensors/a.sh", "tick-1", 5.0)}
    assert written.approve(profile, "sha256:a", now=6.0)
    assert written.awaited(profile) == {}


def test_an_approved_digest_stays_so_when_it_is_written_again(profile: Profile) -> None:
    written.note(profile, "sha256:a", "sensors/a.sh", "tick-1")
    written.approve(profile, "sha256:a")
    written.note(profile, "sha256:a", "sensors/b.sh", "tick-2")
    assert written.awaited(profile) == {}


def test_nobody_can_approve_what_nobody_wrote(profile: Profile) -> None:
    assert not written.approve(profile, "sha256:a")


def test_a_damaged_book_is_no_empty_one(profile: Profile) -> None:
    written.note(profile, "sha256:a", "sensors/a.sh", "tick-1")
    (profile.pulse / "written.json").write_text("{")
    with pytest.raises(Unreadable, match=r"written\.json"):
        written.awaited(profile)


def test_the_approved_are_forgotten_before_those_that_wait(
    profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(written, "_KEPT", 3)
    for name in ("a", "b", "c"):
        written.note(profile, name, f"sensors/{name}.sh", "tick-1")
    written.approve(profile, "b")
    written.note(profile, "d", "sensors/d.sh", "tick-1")
    assert sorted(written.known(profile)) == ["a", "c", "d"]


def test_a_checks_digest_is_of_its_text_alone_and_is_no_files(profile: Profile) -> None:
    assert written.digest_of_check(" make test\n") == written.digest_of_check("make test")
    assert written.digest_of_check("make test") != digest_bytes(b"make test")


def test_what_lands_on_approval_is_noted_as_approved_and_lifts_a_denial(profile: Profile) -> None:
    written.note(profile, "a", "sensors/a.sh", "tick-1", approved=True, now=5.0)
    assert written.known(profile) == {"a": written.Written("sensors/a.sh", "tick-1", 5.0, approved=5.0)}
    written.note(profile, "b", "sensors/b.sh", "tick-1")
    written.deny(profile, "b", now=6.0)
    assert written.awaited(profile)["b"].denied == 6.0
    written.note(profile, "b", "sensors/b.sh", "tick-2", approved=True)
    assert written.awaited(profile) == {}
    assert written.known(profile)["b"].denied is None


def test_a_denial_ends_no_approval(profile: Profile) -> None:
    written.note(profile, "a", "sensors/a.sh", "tick-1", approved=True)
    written.deny(profile, "a")
    assert written.awaited(profile) == {}


def test_a_second_approval_keeps_the_time_of_the_first(profile: Profile) -> None:
    written.note(profile, "sha256:a", "sensors/a.sh", "tick-1", now=5.0)
    assert written.approve(profile, "sha256:a", now=6.0)
    before = (profile.pulse / "written.json").read_bytes()
    assert written.approve(profile, "sha256:a", now=7.0)
    assert (profile.pulse / "written.json").read_bytes() == before


def test_a_full_book_takes_nothing_more_that_is_not_approved(
    profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    written.note(profile, "a", "sensors/a.sh", "tick-1", text="x" * 1000)
    assert not written.no_room(profile, {"b"})
    monkeypatch.setattr(written, "FULL", 1000)
    assert written.no_room(profile, {"a", "b"})
    assert not written.no_room(profile, {"a"})  # known already
    with pytest.raises(Problem, match="is full: once each sensor"):
        written.note(profile, "b", "sensors/b.sh", "tick-2")
    assert set(written.awaited(profile)) == {"a"}
    written.note(profile, "a", "sensors/again.sh", "tick-2")
    written.note(profile, "b", "sensors/b.sh", "tick-2", approved=True)
    assert written.known(profile).keys() == {"a", "b"}


def test_a_book_can_be_read_however_much_was_put_into_it(profile: Profile) -> None:
    # A check of 4 KiB takes six times as much in JSON; what comes when it is nearly full still fits.
    worst = "\x01" * 4096
    piece = written.Written("goals/g.md", "tick-1", 1.0, text=worst)
    pieces = {str(number): piece for number in range(written.FULL // (6 * len(worst) + 200))}
    book = written._Book(pieces)
    assert not written._full(book)
    files.private_dir(profile.pulse, below=profile.data)
    written._write(profile, book)
    with suppress(Problem):
        for name in ("a", "b", "c", "d"):
            written.note(profile, name, "goals/g.md", "tick-2", text=worst)
    assert len(written.known(profile)) > len(pieces)
    assert written.no_room(profile, {"e"})
