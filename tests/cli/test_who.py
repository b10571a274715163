"""Who runs this very process, where no engine tells: by its terminal, and by the doors that it is shown."""

import os
from pathlib import Path

import pytest

from looop.child import tree
from looop.cli.who import find_caller
from looop.engine import holder
from looop.engine.call import Kind
from looop.store.paths import PERSONS, Profile
from support.profiles import made_in


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    return made_in(tmp_path)


def test_at_a_terminal_it_is_a_person(profile: Profile) -> None:
    assert find_caller(profile).kind is Kind.PERSON


def test_where_nothing_is_told_of_processes_it_is_a_stranger(
    profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree, "proc", lambda _: None)
    assert find_caller(profile).kind is Kind.STRANGER


def test_below_a_living_keeper_it_is_not(profile: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    parent = tree.proc(os.getppid())
    monkeypatch.setattr(holder, "living", lambda lock: parent if lock == profile.keeper_lock else None)
    assert find_caller(profile).kind is Kind.CHILD


def test_who_is_shown_its_own_door_as_the_persons_is_confined(profile: Profile) -> None:
    profile.doors.mkdir()
    (profile.doors / PERSONS).touch()  # files here: only a mount gives a folder two names
    assert find_caller(profile).kind is Kind.PERSON
    (profile.doors / "01ARZ3NDEKTSV4RRFFQ69G5FAV").hardlink_to(profile.doors / PERSONS)
    assert find_caller(profile).kind is Kind.CHILD
