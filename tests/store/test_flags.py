"""The loop's own flags: one open per cause, a number that never comes twice, nothing lost."""

import os
from pathlib import Path

import pytest

from looop.core.problem import Problem
from looop.store import files, flags
from looop.store.flags import Flag
from looop.store.paths import Profile
from support.profiles import made_in


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    return made_in(tmp_path)


def test_a_flag_is_raised_with_a_number(profile: Profile) -> None:
    flag = flags.raise_flag(profile, "disk", "The disk is full.", now=5.0)
    assert flag == Flag(1, "disk", "The disk is full.", 5.0)
    assert flags.open_flags(profile) == (flag,)


def test_the_same_cause_updates_the_text_and_is_no_news(profile: Profile) -> None:
    flags.raise_flag(profile, "disk", "10 MB left", now=5.0)
    assert flags.raise_flag(profile, "disk", "5 MB left", now=9.0) is None
    assert flags.open_flags(profile) == (Flag(1, "disk", "5 MB left", 5.0),)


def test_another_cause_is_another_flag(profile: Profile) -> None:
    flags.raise_flag(profile, "disk", "full")
    flags.raise_flag(profile, "sensor:mail", "failed")
    assert [(it.number, it.cause) for it in flags.open_flags(profile)] == [(1, "disk"), (2, "sensor:mail")]


@pytest.mark.parametrize("which", [1, "disk"])
def test_a_flag_is_cleared_by_number_or_cause(profile: Profile, which: int | str) -> None:
    raised = flags.raise_flag(profile, "disk", "full")
    assert flags.clear(profile, which) == raised
    assert flags.open_flags(profile) == ()
    assert flags.clear(profile, which) is None


def test_a_number_never_comes_twice(profile: Profile) -> None:
    for number in (1, 2, 3):
        flag = flags.raise_flag(profile, "disk", "full")
        assert flag is not None
        assert flag.number == number
        flags.clear(profile, number)


def test_an_equal_flag_writes_nothing(profile: Profile) -> None:
    flags.raise_flag(profile, "disk", "full")
    before = (profile.pulse / "flags.json").stat()
    flags.raise_flag(profile, "disk", "full")
    flags.clear(profile, "other")
    assert (profile.pulse / "flags.json").stat().st_ino == before.st_ino


def test_flags_are_kept_durably(profile: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Path] = []
    real = files.durable

    def durable(path: Path, data: bytes) -> None:
        written.append(path)
        real(path, data)

    monkeypatch.setattr(files, "durable", durable)
    flags.raise_flag(profile, "disk", "full")
    flags.clear(profile, 1)
    assert written == [profile.pulse / "flags.json"] * 2


def test_a_broken_book_does_not_stop_the_loop(profile: Profile) -> None:
    (profile.pulse / "flags.json").write_text("{")
    assert flags.open_flags(profile) == ()
    assert flags.raise_flag(profile, "disk", "full") is not None


def test_the_pulse_can_be_flagged_before_it_has_a_folder(profile: Profile) -> None:
    profile.pulse.rmdir()
    assert flags.open_flags(profile) == ()
    assert flags.raise_flag(profile, "disk", "full") is not None


def test_a_very_long_text_is_cut(profile: Profile) -> None:
    flags.raise_flag(profile, "disk", "x" * 100_000)
    assert len(flags.open_flags(profile)[0].text) == 2000


def test_many_who_flag_at_once_lose_no_flag_and_share_no_number(profile: Profile) -> None:
    children = []
    for number in range(8):
        child = os.fork()
        if child == 0:
            flags.raise_flag(profile, f"cause {number}", "text")
            os._exit(0)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 8
    found = flags.open_flags(profile)
    assert sorted(it.cause for it in found) == [f"cause {number}" for number in range(8)]
    assert [it.number for it in found] == list(range(1, 9))


def test_an_offer_keeps_its_number_as_long_as_it_offers_the_same(profile: Profile) -> None:
    first = flags.offer(profile, "awaiting x", "look", "digest", "+1\n", now=5.0)
    assert flags.offer(profile, "awaiting x", "look", "digest", "+1\n") == first
    assert first == Flag(1, "awaiting x", "look", 5.0, "digest", "+1\n", None, told=False)
    assert flags.open_flags(profile) == (first,)


def test_another_offer_of_the_same_cause_is_another_flag_in_its_place(profile: Profile) -> None:
    flags.offer(profile, "awaiting x", "look", "digest", "+1\n")
    flags.tell(profile, 1)
    second = flags.offer(profile, "awaiting x", "look", "other", "+2\n")
    assert (second.number, second.instead, second.told) == (2, 1, False)
    assert flags.open_flags(profile) == (second,)


def test_what_a_person_was_told_stays_told(profile: Profile) -> None:
    flags.offer(profile, "awaiting x", "look", "digest", "+1\n")
    flags.tell(profile, 1)
    assert flags.offer(profile, "awaiting x", "look", "digest", "+1\n").told


def test_an_offer_is_lowered_by_a_verdict_alone(profile: Profile) -> None:
    flags.offer(profile, "awaiting x", "look", "digest", "+1\n")
    flags.raise_flag(profile, "disk", "full")
    with pytest.raises(Problem, match="`looop approve 1` or `looop deny 1`"):
        flags.lower(profile, 1)
    assert flags.lower(profile, 2) is not None
    assert [it.number for it in flags.open_flags(profile)] == [1]
