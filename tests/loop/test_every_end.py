"""Whatever an agent leaves, whatever is in the way: one journal line, a reason, and a loop that goes on."""

import os
import shutil
from pathlib import Path

import pytest
import trio
from msgspec.structs import replace

from looop.core.act import Act, Write
from looop.core.problem import Problem
from looop.loop import book, land, tick
from looop.loop.beat import Order, Outcome, Report
from looop.loop.tick import Ticked
from looop.store import files, flags, pause, runs
from looop.store.ledger import RUNNING
from support.looping import GOAL, NOTE, Looping

pytestmark = pytest.mark.process


def ticked(report: Report) -> Ticked:
    assert report.ticked is not None
    return report.ticked


async def test_an_agent_that_removes_its_folder_fails_with_one_line(tmp_path: Path) -> None:
    loop = Looping(tmp_path, 'rm -rf "$PWD"')
    assert ticked(await loop.beat()).outcome is tick.Outcome.FAILED
    assert len(loop.journal()) == 1
    assert (await loop.beat()).outcome is Outcome.HELD


async def test_an_archive_that_can_not_be_listed_fails_the_tick_with_one_line(tmp_path: Path) -> None:
    loop = Looping(tmp_path, NOTE)
    loop.profile.archive.rmdir()
    loop.profile.archive.symlink_to(tmp_path)
    assert ticked(await loop.beat()).outcome is tick.Outcome.FAILED
    assert len(loop.journal()) == 1
    assert (await loop.beat()).outcome is Outcome.HELD


async def test_a_name_that_is_no_text_stops_nothing(tmp_path: Path) -> None:
    loop = Looping(tmp_path, "touch \"$(printf 'left\\377')\"")
    assert ticked(await loop.beat()).outcome is tick.Outcome.NOTHING
    assert loop.record().ignored == ("left<U+DCFF>",)


async def test_a_goal_whose_name_can_not_be_shown_is_rejected(tmp_path: Path) -> None:
    loop = Looping(tmp_path, "cp goals/a.md \"$(printf 'goals/\\377.md')\"")
    assert ticked(await loop.beat()).outcome is tick.Outcome.REJECTED
    assert len(loop.journal()) == 1


async def test_a_policy_lock_that_is_held_too_long_rejects_the_tick_with_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(land, "LOCK_PATIENCE", 0.1)
    loop = Looping(tmp_path, NOTE)
    with files.lock(loop.profile.policy_lock):
        assert ticked(await loop.beat()).outcome is tick.Outcome.REJECTED
    assert "policy.lock" in loop.journal()[0]
    assert (loop.profile.goals / "a.md").read_text() == GOAL


@pytest.mark.parametrize("damage", [b"{", b'{"run": "\xff"}'])
async def test_a_landing_that_can_not_be_read_is_told_and_stops_nothing(
    tmp_path: Path, damage: bytes
) -> None:
    loop = Looping(tmp_path)
    await loop.beat()
    run = runs.list_runs(loop.profile)[-1]
    record = runs.read_record(run)
    assert record is not None
    runs.write_record(run, replace(record, outcome=RUNNING))
    run.landing.write_bytes(damage)
    loop.beats = loop.fresh()
    await loop.beat(force=True)
    assert "can't be read" in "".join(loop.journal())
    assert loop.record().outcome != RUNNING


@pytest.mark.parametrize("name", ["snapshots/sensor-s.json", ".loop.json", ".last-world.json"])
async def test_scratch_that_is_no_utf8_is_forgotten(tmp_path: Path, name: str) -> None:
    loop = Looping(tmp_path)
    loop.profile.sensors.joinpath("s.sh").write_text("#!/bin/sh\n# looop: interval=1h\necho 1\n")
    loop.profile.sensors.joinpath("s.sh").chmod(0o700)
    await loop.beat()
    (loop.profile.data / name).write_bytes(b'{"signal": "\xff", "at": "\xff", "v": "\xff"}')
    if name == ".loop.json":
        loop.beats = loop.fresh()
    assert (await loop.beat()).outcome in {Outcome.UNCHANGED, Outcome.TICKED}


async def test_a_ledger_that_is_no_utf8_holds_the_loop(tmp_path: Path) -> None:
    loop = Looping(tmp_path)
    loop.profile.cost.write_bytes(b'{"at": 1, "run": "\xff", "runner": ""}\n')
    assert (await loop.beat()).outcome is Outcome.HELD


async def test_a_sensor_that_nests_too_deep_is_an_error_reading(tmp_path: Path) -> None:
    loop = Looping(tmp_path)
    for depth in range(860, 1000, 5):
        loop.sensor(f"s{depth}", "[" * depth + "]" * depth)
    assert (await loop.beat()).outcome is Outcome.TICKED


async def test_a_sensor_with_the_longest_name_there_is_stops_nothing(tmp_path: Path) -> None:
    loop = Looping(tmp_path)
    loop.sensor("x" * 251, "1")
    loop.sensor("\n" * 240, "1")
    assert (await loop.beat()).outcome is Outcome.TICKED
    assert (await loop.beat()).outcome is Outcome.UNCHANGED


async def test_an_unreadable_file_takes_no_other_flag_away(tmp_path: Path) -> None:
    loop = Looping(tmp_path, 'echo "not logged in" >&2; exit 1')
    await loop.beat()
    await loop.beat()
    (parked,) = flags.open_flags(loop.profile)
    loop.profile.goals.rename(tmp_path / "away")
    loop.profile.goals.symlink_to(tmp_path / "away")
    assert (await loop.beat()).outcome is Outcome.IDLE
    assert [flag.cause for flag in flags.open_flags(loop.profile)] == [parked.cause, "unreadable"]
    loop.profile.goals.unlink()
    (tmp_path / "away").rename(loop.profile.goals)
    await loop.beat()
    assert flags.open_flags(loop.profile) == (parked,)


async def test_a_sensor_is_switched_on_by_a_tick(tmp_path: Path) -> None:
    loop = Looping(tmp_path, "touch ready; while [ ! -e go ]; do sleep 0.01; done")
    script = b"#!/bin/sh\necho 1\n"
    (loop.profile.sensors / "s.sh.off").write_bytes(script)
    writes = (Write("sensors/s.sh.off", None), Write("sensors/s.sh", script, executable=True))
    reports: list[Report] = []

    async def beat() -> None:
        reports.append(await loop.beats.beat(Order(by_hand=True)))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(beat)
        with trio.fail_after(60):
            while not (loop.profile.tick / "ready").exists():
                await trio.sleep(0.01)
        loop.beats.record(Act(("sensor", "on", "s"), "sensor:s", writes))
        (loop.profile.tick / "go").touch()
    assert ticked(reports[0]).outcome is tick.Outcome.LANDED
    assert [path.name for path in loop.profile.sensors.iterdir()] == ["s.sh"]


async def test_a_pause_that_is_no_utf8_pauses(tmp_path: Path) -> None:
    loop = Looping(tmp_path)
    loop.profile.pause.write_bytes(b'{"trouble": "\xff"}')
    assert pause.read(loop.profile) is not None
    assert (await loop.beat()).outcome is Outcome.HELD


async def test_runs_that_can_not_be_pruned_do_not_make_a_landing_an_edit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(runs, "prune", refuse)
    loop = Looping(tmp_path, NOTE)
    assert ticked(await loop.beat()).outcome is tick.Outcome.LANDED
    await loop.beat()
    assert "edited" not in "".join(loop.said)


async def test_a_flood_of_lines_is_shown_in_part(tmp_path: Path) -> None:
    loop = Looping(tmp_path, "yes | head -c 1000000")
    await loop.beat()
    shown = [line for line in loop.said if line.startswith("agent: y")]
    assert len(shown) == 2000
    assert "more than is shown" in "".join(loop.said)


async def test_data_that_is_removed_meanwhile_is_not_made_again(tmp_path: Path) -> None:
    loop = Looping(tmp_path)
    await loop.beat()
    shutil.rmtree(loop.profile.data)
    with pytest.raises(Problem, match="no profile"):
        await loop.beat()
    assert not loop.profile.data.exists()


async def test_what_a_kill_left_half_written_is_swept(tmp_path: Path) -> None:
    loop = Looping(tmp_path)
    left = loop.profile.goals / ".looop-0123456789abcdef.tmp"
    left.write_text("half")
    os.utime(left, (1000, 1000))
    await loop.beat()
    assert not left.exists()


async def test_what_an_agent_that_failed_was_told_is_told_again(tmp_path: Path) -> None:
    loop = Looping(tmp_path, "echo soon > .next-interval")
    await loop.beat()
    loop.agent("exit 1")
    await loop.beat(force=True)
    loop.agent("true")
    await loop.beat(force=True)
    assert ".next-interval held" in loop.prompt().partition("# NOTICES")[2]
    await loop.beat(force=True)
    assert ".next-interval held" not in loop.prompt().partition("# NOTICES")[2]


async def test_a_flag_whose_cause_ended_while_the_state_was_lost_goes(tmp_path: Path) -> None:
    loop = Looping(tmp_path, 'echo "not logged in" >&2; exit 1')
    await loop.beat()
    await loop.beat()
    assert len(flags.open_flags(loop.profile)) == 1
    loop.profile.state.unlink()
    loop.beats = loop.fresh()
    await loop.beat()
    assert flags.open_flags(loop.profile) == ()


async def test_a_timer_survives_a_kill_while_its_tick_lands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = Looping(tmp_path, f"{NOTE}; echo 300 > .next-interval")

    def full(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(book, "end", full)
    monkeypatch.setattr(book, "after", lambda state, *_: state)
    assert "Input/output error" in ((await loop.beat()).trouble or "")
    monkeypatch.undo()
    loop.agent("true")
    loop.beats = loop.fresh()
    await loop.beat()
    due_at = book.load(loop.profile).due_at
    assert due_at is not None
    assert 290 < due_at - loop.clock.now() <= 300
