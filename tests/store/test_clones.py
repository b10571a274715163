"""A clone is known by its folder; what it says of itself is believed only where it could be true."""

from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from looop.store import clones, sandboxes
from looop.store.paths import Profile
from looop.store.sandboxes import CLONE, Box
from support.profiles import made_in

BASE = "0123456789abcdef" * 2 + "01234567"
SAID = Box("tea", "mail", "/src/mail", "", "looop/tea/mail", BASE, 1.0, generation="01A", kind=CLONE)


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    made = made_in(tmp_path)
    sandboxes.prepare(made)
    return made


def clone(profile: Profile, session: str = "tea", name: str = "mail", said: Box | None = SAID) -> Path:
    place = profile.sandboxes / session / name
    (place / ".git").mkdir(parents=True)
    if said is not None:
        clones.mark(place, said)
    return place


def only(profile: Profile) -> Box:
    (found,) = clones.found(profile)
    return found


def test_what_a_clone_says_of_its_repository_is_taken_and_its_time_is_the_folders(profile: Profile) -> None:
    place = clone(profile)
    found = only(profile)
    assert (found.repository, found.branch, found.base, found.generation) == (
        "/src/mail",
        "looop/tea/mail",
        BASE,
        "01A",
    )
    assert (found.made, found.kind) == (place.lstat().st_ctime, CLONE)


def test_a_clone_can_not_say_that_it_is_anothers_or_was_removed(profile: Profile) -> None:
    clone(profile, said=replace(SAID, session="fix", name="x", removed=1.0, bundle="/etc/passwd", told=True))
    found = only(profile)
    assert (found.session, found.name, found.removed, found.bundle, found.told) == (
        "tea",
        "mail",
        None,
        "",
        False,
    )


@pytest.mark.parametrize(
    "said",
    [
        replace(SAID, repository="src"),
        replace(SAID, repository="/src\x1b[2J"),
        replace(SAID, branch="main"),
        replace(SAID, base="HEAD"),
    ],
)
def test_a_word_that_can_not_be_true_is_not_believed_and_the_folder_is_one_all_the_same(
    profile: Profile, said: Box
) -> None:
    clone(profile, said=said)
    assert (only(profile).repository, only(profile).branch, only(profile).base) == ("", "", "")


@pytest.mark.parametrize("data", [None, b"", b"{", b"\xff", b"[" * 5000, b" " * (1 << 20)])
def test_of_a_clone_that_says_nothing_nothing_is_known(profile: Profile, data: bytes | None) -> None:
    place = clone(profile, said=None)
    if data is not None:
        (place / ".git" / clones.MARK).write_bytes(data)
    assert only(profile).repository == ""


def test_no_link_is_followed_to_a_word(profile: Profile, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / clones.MARK).write_bytes(msgspec.json.encode(SAID))
    place = clone(profile, said=None)
    (place / ".git").rmdir()
    (place / ".git").symlink_to(elsewhere)
    assert only(profile).repository == ""


def test_what_is_no_clone_is_none(profile: Profile, tmp_path: Path) -> None:
    (profile.sandboxes / "tea" / "bare").mkdir(parents=True)
    (profile.sandboxes / "tea" / "-rf" / ".git").mkdir(parents=True)
    (profile.sandboxes / "tea" / "link").symlink_to(clone(profile, "fix", "real"))
    (profile.sandboxes / "away").symlink_to(profile.sandboxes / "fix")
    (profile.sandboxes / ".hidden" / "x" / ".git").mkdir(parents=True)
    assert [(box.session, box.name) for box in clones.found(profile)] == [("fix", "real")]
    assert clones.found(profile, "tea") == ()


def test_what_a_record_knows_is_no_clone_that_was_found(profile: Profile) -> None:
    clone(profile)
    sandboxes.write(profile, SAID)
    assert clones.found(profile) == ()
    assert clones.every(profile) == (SAID,)


def test_folders_that_are_there_are_living_and_removed_or_linked_ones_are_not(profile: Profile) -> None:
    place = clone(profile)
    sandboxes.write(profile, replace(SAID, name="gone"))
    sandboxes.write(profile, replace(SAID, name="removed", removed=1.0))
    (profile.sandboxes / "tea" / "removed").mkdir()
    sandboxes.write(profile, replace(SAID, name="link"))
    (profile.sandboxes / "tea" / "link").symlink_to(place)
    assert clones.living(profile, "tea") == (place,)


def test_a_new_clone_is_named_as_none_is_or_was(profile: Profile) -> None:
    assert clones.free(profile, "tea", Path("/src/mail")) == "mail"
    clone(profile)
    sandboxes.write(profile, replace(SAID, name="mail-2", removed=1.0))
    assert clones.free(profile, "tea", Path("/src/mail")) == "mail-3"


def test_a_clone_that_goes_while_it_is_looked_at_has_no_time(
    profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = clone(profile)
    real = Path.lstat

    def gone(path: Path) -> object:
        if path == place:
            raise FileNotFoundError(2, "gone", str(path))
        return real(path)

    monkeypatch.setattr(Path, "lstat", gone)
    assert clones._made(place) == 0.0
