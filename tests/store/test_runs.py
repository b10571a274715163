"""Runs are recorded, listed, and pruned by age and size, but the newest always stay."""

import os
import shutil
from pathlib import Path

import pytest

from looop.core.diff import Change, ChangeKind
from looop.core.streams import Cost
from looop.store import runs
from looop.store.paths import Profile
from looop.store.runs import MoveRecord
from support.folder import mode
from support.ordinary_user import as_ordinary_user
from support.profiles import made_in

NOW = 1763800000.0
DAY = 86400.0


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    return made_in(tmp_path)


def name(number: int) -> str:
    return f"tick-20251122-{number:06d}-abcdef"


def run(profile: Profile, number: int, *, age: float = 0.0, size: int = 0) -> None:
    made = runs.start(profile, name(number))
    (made.folder / "rejected").mkdir()
    with (made.rejected / "big").open("wb") as file:
        file.truncate(size)
    os.utime(made.folder, (NOW - age, NOW - age))


def left(profile: Profile) -> list[int]:
    return [int(it.id.split("-")[2]) for it in runs.list_runs(profile)]


def test_a_run_has_a_private_folder_whatever_the_umask() -> None:
    def case(folder: Path) -> None:
        profile = made_in(folder)
        os.umask(0o777)
        made = runs.start(profile, name(1))
        assert mode(made.folder) == 0o700

    as_ordinary_user(case)


def test_a_run_is_never_started_twice(profile: Profile) -> None:
    runs.start(profile, name(1))
    with pytest.raises(FileExistsError):
        runs.start(profile, name(1))


def test_a_run_knows_its_places(profile: Profile) -> None:
    made = runs.start(profile, name(1))
    assert made.id == name(1)
    places = [made.prompt, made.output, made.world, made.move, made.landing, made.rejected, made.replaced]
    assert [place.relative_to(made.folder).name for place in places] == [
        "prompt.md",
        "output.log",
        "world.json",
        "move.json",
        "landing.json",
        "rejected",
        "replaced",
    ]


def test_runs_are_listed_oldest_first_without_strays(profile: Profile) -> None:
    for number in (2, 1, 3):
        run(profile, number)
    (profile.runs / "...json").write_text("")
    (profile.runs / "tick-notes").mkdir()
    assert left(profile) == [1, 2, 3]


def test_without_a_folder_there_are_no_runs(profile: Profile) -> None:
    profile.runs.rmdir()
    assert runs.list_runs(profile) == ()


def test_a_run_is_found_by_its_name_only(profile: Profile) -> None:
    run(profile, 1)
    found = runs.find(profile, name(1))
    assert found is not None
    assert found.id == name(1)
    assert runs.find(profile, name(2)) is None
    assert runs.find(profile, "../goals") is None


def test_a_record_comes_back_as_it_was_written(profile: Profile) -> None:
    made = runs.start(profile, name(1))
    record = MoveRecord(
        run=made.id,
        began=NOW,
        ended=NOW + 5,
        why="the world changed",
        changes=(Change("sensor:today", ChangeKind.CHANGED, "a", "b"),),
        runner="claude",
        outcome="landed",
        subject="goal:x.md",
        move="changed a goal",
        line="did it",
        cost=Cost(0.5, 100, 10),
        acts=("Read PLAYBOOK.md",),
        ignored=("notes.txt",),
    )
    runs.write_record(made, record)
    assert runs.read_record(made) == record


def test_a_run_without_a_cost_has_an_unknown_one(profile: Profile) -> None:
    made = runs.start(profile, name(1))
    runs.write_record(made, MoveRecord(run=made.id, began=NOW))
    found = runs.read_record(made)
    assert found is not None
    assert found.cost == Cost(None, None, None)


@pytest.mark.parametrize("text", [None, "", "{}", "[" * 9999])
def test_a_run_without_a_record_that_can_be_used_has_none(profile: Profile, text: str | None) -> None:
    made = runs.start(profile, name(1))
    if text is not None:
        made.move.write_text(text)
    assert runs.read_record(made) is None


def test_old_runs_are_pruned_but_the_last_fifty_stay(profile: Profile) -> None:
    for number in range(60):
        run(profile, number, age=30 * DAY)
    assert runs.prune(profile, NOW) == tuple(name(number) for number in range(10))
    assert left(profile) == list(range(10, 60))


def test_young_runs_stay_however_many(profile: Profile) -> None:
    for number in range(60):
        run(profile, number, age=13 * DAY)
    assert runs.prune(profile, NOW) == ()


def test_the_oldest_go_when_the_runs_take_too_much_room(
    profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "KEPT_BYTES", 5600)
    for number in range(60):
        run(profile, number, size=100)
    runs.prune(profile, NOW)
    assert left(profile) == list(range(4, 60))


def test_the_last_fifty_stay_even_if_they_alone_take_too_much(
    profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "KEPT_BYTES", 1)
    for number in range(52):
        run(profile, number, size=100)
    runs.prune(profile, NOW)
    assert left(profile) == list(range(2, 52))


def test_few_runs_are_not_even_measured(profile: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "_bytes", lambda _: pytest.fail("measured"))
    for number in range(3):
        run(profile, number, age=99 * DAY)
    assert runs.prune(profile, NOW) == ()


def test_a_run_in_the_future_is_not_old(profile: Profile) -> None:
    for number in range(52):
        run(profile, number, age=-365 * DAY)
    assert runs.prune(profile, NOW) == ()


def test_a_run_that_goes_while_it_is_judged_has_no_age(
    profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "ALWAYS_KEPT", 1)
    for number in range(3):
        run(profile, number, age=20 * DAY)
    real = runs._bytes

    def gone(folder: Path) -> int:
        if folder.name == name(0):
            shutil.rmtree(folder)
        return real(folder)

    monkeypatch.setattr(runs, "_bytes", gone)
    assert runs.prune(profile, NOW) == (name(1),)
    assert left(profile) == [2]
