"""Which sandbox is whose is written down, under a name of its own, until it was gone for long enough."""

from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from looop.store import files, sandboxes
from looop.store.faults import Unreadable
from looop.store.paths import Profile
from looop.store.sandboxes import KEPT, Box
from support.folder import names
from support.profiles import made_in

BOX = Box("tea", "mail", "/src/mail", "/src/mail/.git", "looop/tea/mail", "0" * 40, 5.0)


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    made = made_in(tmp_path)
    sandboxes.prepare(made)
    return made


def test_what_was_begun_is_listed_oldest_first_and_by_session(profile: Profile) -> None:
    later = sandboxes.begin(profile, replace(BOX, session="fix", made=9.0))
    first = sandboxes.begin(profile, BOX)
    assert sandboxes.listed(profile) == (first, later)
    assert sandboxes.listed(profile, "fix") == (later,)


def test_two_of_one_name_get_names_of_their_own(profile: Profile) -> None:
    assert [sandboxes.begin(profile, BOX).name for _ in range(3)] == ["mail", "mail-2", "mail-3"]


def test_a_folder_that_is_there_keeps_its_name_to_itself(profile: Profile) -> None:
    sandboxes.place(profile, BOX).mkdir(parents=True)
    assert sandboxes.begin(profile, BOX).name == "mail-2"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff",
        b"[" * 5000,
        msgspec.json.encode(replace(BOX, name="other")),
        msgspec.json.encode(replace(BOX, session="fix")),
        b" " * (2 << 20),
    ],
)
def test_a_file_that_is_none_of_ours_counts_as_none(profile: Profile, data: bytes) -> None:
    sandboxes.write(profile, BOX)
    (profile.sandboxes / "tea@mail.json").write_bytes(data)
    (profile.sandboxes / "notes.json").write_bytes(msgspec.json.encode(BOX))
    assert sandboxes.listed(profile) == ()


def test_one_that_can_not_be_read_is_not_taken_for_absent(
    profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandboxes.write(profile, BOX)

    def broken(*_: object) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(files, "read_regular", broken)
    with pytest.raises(Unreadable, match=r"tea@mail\.json can't be read \(Input/output error\)"):
        sandboxes.listed(profile)


def test_what_was_removed_is_forgotten_with_its_bundle_after_its_time_and_no_earlier(
    profile: Profile,
) -> None:
    old, young = replace(BOX, removed=100.0), replace(BOX, name="young", removed=200.0)
    for box in (old, young, replace(BOX, name="there")):
        sandboxes.write(profile, box)
        sandboxes.bundle(profile, box).write_text("commits")
    assert sandboxes.forget(profile, 100.0 + KEPT) == ()
    assert sandboxes.forget(profile, 101.0 + KEPT) == ("tea@mail",)
    assert [box.name for box in sandboxes.listed(profile)] == ["there", "young"]
    assert names(profile.sandboxes / ".removed") == ["tea@there.bundle", "tea@young.bundle"]
    assert sandboxes.forget(profile) == ("tea@young",)


def test_a_dropped_one_leaves_nothing(profile: Profile) -> None:
    sandboxes.write(profile, BOX)
    sandboxes.bundle(profile, BOX).write_text("commits")
    sandboxes.drop(profile, BOX)
    assert names(profile.sandboxes) == [".removed"]
    assert names(profile.sandboxes / ".removed") == []


def test_what_is_removed_is_moved_to_where_no_session_can_be(profile: Profile) -> None:
    assert sandboxes.doomed(profile, BOX) == profile.sandboxes / ".removed" / "tea@mail.going"


@pytest.mark.parametrize(
    ("name", "plain"),
    [("mail", "mail"), ("a b/c", "a_b_c"), ("..-x", "x"), ("...", "repository"), ("", "repository")],
)
def test_a_folders_name_becomes_one_that_a_sandbox_may_have(name: str, plain: str) -> None:
    assert sandboxes.plain(name) == plain


def test_a_long_name_is_cut(profile: Profile) -> None:
    assert len(sandboxes.plain("x" * 300)) == 60
