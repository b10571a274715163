"""A move that waits is kept whole, bound to the files it was made for, and settled once."""

from pathlib import Path

import pytest

from looop.core.act import Write
from looop.core.moves import Kind, Landing
from looop.store import held, runs
from looop.store.held import Held
from looop.store.paths import Profile
from support.profiles import GOAL, made_in

RUN = "tick-20251122-000001-abcdef"
SENSOR = b"#!/bin/sh\necho 1\n"
MOVE = Landing(
    Kind.GOAL_CHANGED,
    "goal:a.md",
    (
        Write("goals/a.md", b"new\n"),
        Write("sensors/s.sh", SENSOR, executable=True),
        Write("goals/b.md", None),
    ),
)


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    made = made_in(tmp_path)
    (made.goals / "a.md").write_text(GOAL)
    (made.goals / "b.md").write_text(GOAL)
    return made


def waiting(profile: Profile, run: str = RUN) -> Held:
    return held.hold(profile, run, MOVE, "it changes a rule", 5.0)


def place(profile: Profile, run: str = RUN) -> Path:
    return profile.pulse / "held" / run


def test_a_move_that_waits_is_read_back_as_its_tick_made_it(profile: Profile) -> None:
    move = waiting(profile)
    assert held.read(profile, RUN) == move
    assert held.landing(profile, move) == MOVE
    assert (move.why, move.at, str(move)) == ("it changes a rule", 5.0, "changed a goal (goal:a.md)")
    assert move.cause == f"waiting {RUN}"
    assert held.torn(profile, move) == ()


def test_moves_that_wait_are_listed_by_their_runs_and_what_is_none_is_left_out(profile: Profile) -> None:
    later = RUN.replace("000001", "000002")
    moves = (waiting(profile), waiting(profile, later))
    place(profile, "copy").mkdir()
    (place(profile, "copy") / "held.json").write_bytes((place(profile) / "held.json").read_bytes())
    place(profile, "torn").mkdir()
    (place(profile, "torn") / "held.json").write_text("{")
    place(profile, "unfinished").mkdir()
    assert held.listed(profile) == moves


def test_a_file_that_somebody_changed_meanwhile_is_named(profile: Profile) -> None:
    move = waiting(profile)
    (profile.goals / "a.md").write_text("a person's\n")
    (profile.sensors / "s.sh").write_bytes(SENSOR)
    assert held.torn(profile, move) == ("goals/a.md", "sensors/s.sh")


def test_an_approval_is_bound_to_the_bytes_before_and_after(profile: Profile) -> None:
    first = waiting(profile)
    held.drop(profile, RUN)
    (profile.goals / "a.md").write_text("other\n")
    assert waiting(profile).digest != first.digest


def test_bytes_that_were_touched_do_not_land(profile: Profile) -> None:
    move = waiting(profile)
    (place(profile) / "0").write_bytes(b"evil\n")
    with pytest.raises(ValueError, match="not what its tick wrote"):
        held.landing(profile, move)


def test_the_diff_shows_every_file_and_says_where_the_rest_is_if_it_is_long(
    profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    move = waiting(profile)
    shown = held.diff(profile, move)
    assert "--- goals/a.md\n+++ goals/a.md\n" in shown
    assert "--- (none)\n+++ sensors/s.sh\n" in shown
    assert "--- goals/b.md\n+++ (none)\n" in shown
    monkeypatch.setattr(held, "LONGEST_DIFF", 60)
    cut = held.diff(profile, move)
    assert cut.startswith("--- goals/a.md\n")
    assert f"read the rest in {place(profile)} before you approve" in cut.splitlines()[-1]


def test_a_settled_move_goes_to_its_runs_folder_once(profile: Profile) -> None:
    run = runs.start(profile, RUN)
    waiting(profile)
    held.settle(profile, RUN, "denied")
    assert held.read(profile, RUN) is None
    assert (run.folder / "denied" / "held.json").exists()
    held.settle(profile, RUN, "denied")
    waiting(profile)
    held.settle(profile, RUN, "denied")
    assert not place(profile).exists()


def test_without_its_runs_folder_a_settled_move_goes_away(profile: Profile) -> None:
    waiting(profile)
    held.settle(profile, RUN, "approved")
    assert not place(profile).exists()


def test_a_move_whose_tick_did_not_end_is_forgotten(profile: Profile) -> None:
    waiting(profile)
    held.drop(profile, RUN)
    held.drop(profile, RUN)
    assert held.listed(profile) == ()
