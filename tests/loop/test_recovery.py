"""What a beat that was cut off leaves behind, and what the next one makes of it."""

from pathlib import Path

import pytest
import trio

from looop.core.due import Why
from looop.core.problem import Problem
from looop.core.runners import BUILT_IN, Choice
from looop.core.world import World
from looop.loop import book, dry, playbook, tick
from looop.loop.beat import Outcome
from looop.loop.clock import Clock
from looop.loop.site import Site
from looop.store import config, files, flags, ledger, runs
from looop.store.paths import Profile
from support.dying import KilledError
from support.looping import GOAL, NOTE, PATH, Looping

pytestmark = pytest.mark.process


def site(loop: Looping) -> Site:
    env = {"PATH": PATH}
    return Site(loop.profile, config.load(loop.profile, {}), env, loop.said.append, Clock(), loop.fleet)


async def test_a_tick_that_is_cancelled_ends_its_agent_and_leaves_one_line(tmp_path: Path) -> None:
    loop = Looping(tmp_path, f"{NOTE}; sleep 1000 & echo $! > pid; : > ready; wait")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(loop.beat)
        with trio.fail_after(60):
            while not (loop.profile.tick / "ready").exists():
                await trio.sleep(0.01)
        nursery.cancel_scope.cancel()
    assert not Path(f"/proc/{int((loop.profile.tick / 'pid').read_text())}").exists()
    assert (loop.profile.goals / "a.md").read_text() == GOAL
    assert loop.journal() == ["tick failed: looop was stopped while the agent worked"]
    assert loop.record().outcome == str(tick.Outcome.INTERRUPTED)
    loop.beats = loop.fresh()
    loop.agent("true")
    await loop.beat()
    assert len(loop.journal()) == 2


async def test_a_tick_whose_looop_was_killed_gets_its_line_and_the_next_prompt_says_so(
    tmp_path: Path,
) -> None:
    loop = Looping(tmp_path)
    choice = Choice("fake", BUILT_IN["rehearsal"])
    book.begin(site(loop), "tick-20261122-100000-abcdef", Why.CHANGED, choice, (), World(None))
    (held,) = [await loop.beat()]
    assert held.outcome is Outcome.HELD
    assert loop.journal() == [
        "tick failed: looop was killed while the agent worked, or its disk failed; nothing landed"
    ]
    await loop.beat(force=True)
    assert "looop was killed while the agent worked" in loop.prompt().partition("# LAST FAILURE")[2]
    assert len(loop.journal()) == 2


PAID = NOTE + '; echo \'{"type":"result","subtype":"success","result":"done","total_cost_usd":0.25}\''


def paying(folder: Path) -> Looping:
    runner = {"tick": f"exec /bin/sh {folder / 'agent.sh'}", "output": "claude"}
    return Looping(folder, PAID, runners={"fake": runner})


async def test_what_a_tick_cost_is_entered_though_looop_was_killed_just_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = paying(tmp_path)
    real = ledger.record

    def dies(profile: Profile, entry: ledger.Entry) -> None:
        if entry.outcome != ledger.RUNNING:
            raise KilledError
        real(profile, entry)

    monkeypatch.setattr(ledger, "record", dies)
    with pytest.raises(KilledError):
        await loop.beat()
    monkeypatch.undo()
    loop.beats = loop.fresh()
    loop.agent("true")
    await loop.beat()
    entry = ledger.entries(loop.profile, 0.0)[0]
    assert (entry.usd, entry.outcome) == (0.25, "landed")
    assert ledger.spent(loop.profile, loop.clock.now()).usd_today == 0.25


async def test_a_disk_that_fails_during_a_landing_is_finished_by_the_next_beat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = Looping(tmp_path, NOTE)
    real = files.durable

    def fails(path: Path, data: bytes, mode: int = 0o600) -> None:
        if path.name == "a.md":
            raise OSError(28, "No space left on device", str(path))
        real(path, data, mode)

    monkeypatch.setattr(files, "durable", fails)
    assert "the disk fails" in ((await loop.beat()).trouble or "")
    await loop.beat()
    assert [flag.cause for flag in flags.open_flags(loop.profile)] == ["the disk fails"]
    assert loop.journal() == []
    monkeypatch.undo()
    loop.agent("true")
    await loop.beat()
    assert (loop.profile.goals / "a.md").read_text() == GOAL + "- noted\n"
    assert loop.journal()[0] == "noted on a"
    assert "edited" not in "".join(loop.said)
    assert flags.open_flags(loop.profile) == ()


async def test_the_same_files_give_the_same_prompt_but_for_its_last_section(tmp_path: Path) -> None:
    loop = Looping(tmp_path)
    loop.sensor("prs", "2")
    await loop.beat()
    loop.goal("a", GOAL + "- edited\n")
    first, second = (await dry.prompt(site(loop)), await dry.prompt(site(loop)))
    assert first.partition("# NOW")[0] == second.partition("# NOW")[0]
    assert "goal:a.md" in first.partition("# WHAT CHANGED")[2]
    assert str(tmp_path) not in first


async def test_a_full_disk_parks_the_loop_and_is_flagged_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = Looping(tmp_path, notify=f"cat >> {tmp_path}/told")
    monkeypatch.setattr(files, "free_bytes", lambda _path: (1 << 20, 1 << 40))
    for _ in range(2):
        report = await loop.beat()
        assert report.outcome is Outcome.HELD
    assert "the disk is full" in report.holds[0].reason
    assert len(flags.open_flags(loop.profile)) == 1
    assert len((tmp_path / "told").read_text().splitlines()) == 1
    monkeypatch.undo()
    assert (await loop.beat()).outcome is Outcome.TICKED
    assert flags.open_flags(loop.profile) == ()


async def test_a_sensor_that_keeps_failing_is_flagged_once_and_a_person_can_put_the_flag_away(
    tmp_path: Path,
) -> None:
    loop = Looping(tmp_path)
    path = loop.sensor("bad", "1")
    path.write_text("#!/bin/sh\nexit 3\n")
    for _ in range(11):
        await loop.beat()
    (flag,) = flags.open_flags(loop.profile)
    assert "the sensor bad failed 10 times in a row" in flag.text
    flags.clear(loop.profile, flag.number)
    await loop.beat()
    assert flags.open_flags(loop.profile) == ()


async def test_a_journal_of_50_megabytes_is_set_aside_whole_and_read_across_the_cut(tmp_path: Path) -> None:
    loop = Looping(tmp_path, NOTE)
    line = "- 2026-11-22 10:00 " + "x" * 80 + "\n"
    loop.profile.journal.write_text(line * (50_000_000 // len(line)))
    size = loop.profile.journal.stat().st_size
    await loop.beat()
    assert loop.profile.journal.stat().st_size < 200
    assert sum(path.stat().st_size for path in loop.profile.data.glob("journal-*.md")) == size
    assert loop.journal()[-2:] == ["x" * 80, "noted on a"]


async def test_a_config_that_is_broken_is_told_and_nothing_is_done(tmp_path: Path) -> None:
    loop = Looping(tmp_path)
    loop.profile.config.write_text("{")
    with pytest.raises(Problem, match=r"looop\.json"):
        await loop.beat()
    assert runs.list_runs(loop.profile) == ()


async def test_what_is_put_in_the_way_of_the_journal_idles_the_beat(tmp_path: Path) -> None:
    import os

    loop = Looping(tmp_path)
    os.mkfifo(loop.profile.journal)
    assert (await loop.beat()).outcome is Outcome.IDLE
    assert runs.list_runs(loop.profile) == ()


async def test_a_damaged_ledger_holds_the_loop(tmp_path: Path) -> None:
    loop = Looping(tmp_path)
    loop.profile.cost.write_text("what is this\n{}\n")
    report = await loop.beat()
    assert report.outcome is Outcome.HELD
    assert "cost.jsonl" in report.holds[0].reason


async def test_a_state_file_that_is_damaged_is_forgotten(tmp_path: Path) -> None:
    loop = Looping(tmp_path)
    await loop.beat()
    loop.profile.state.write_text("{")
    loop.beats = loop.fresh()
    assert (await loop.beat()).outcome is Outcome.UNCHANGED


async def test_a_tick_that_did_nothing_and_was_cut_off_at_its_end_is_recorded_as_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = Looping(tmp_path)

    def broken(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(book, "end", broken)
    await loop.beat()
    monkeypatch.undo()
    loop.beats = loop.fresh()
    await loop.beat()
    assert loop.record().outcome == str(tick.Outcome.NOTHING)
    assert len(loop.journal()) == 1


async def test_a_tick_that_is_killed_before_its_record_is_closed_costs_what_nobody_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = paying(tmp_path)
    real = runs.write_record

    def killed(run: runs.Run, record: runs.MoveRecord) -> None:
        if record.ended is not None:
            raise KilledError
        real(run, record)

    monkeypatch.setattr(runs, "write_record", killed)
    with pytest.raises(KilledError):
        await loop.beat()
    monkeypatch.undo()
    loop.beats = loop.fresh()
    loop.agent("true")
    await loop.beat()
    first = runs.list_runs(loop.profile)[0]
    record = runs.read_record(first)
    assert record is not None
    assert (record.outcome, record.cost.usd, record.line) == ("landed", None, "noted on a")
    (entry,) = [it for it in ledger.entries(loop.profile, 0.0) if it.run == first.id]
    assert (entry.outcome, entry.usd) == ("landed", None)  # not "running", which counts as nothing yet


async def test_a_landing_that_was_finished_by_a_beat_which_is_killed_is_no_edit_of_a_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = Looping(tmp_path, NOTE)
    real = files.durable

    def fails(path: Path, data: bytes, mode: int = 0o600) -> None:
        if path.name == "a.md":
            raise OSError(28, "No space left on device", str(path))
        real(path, data, mode)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(files, "durable", fails)
    await loop.beat()
    monkeypatch.undo()
    loop.agent("true")
    loop.beats = loop.fresh()
    monkeypatch.setattr(playbook, "tell", killed)
    with pytest.raises(KeyboardInterrupt):
        await loop.beat()
    monkeypatch.undo()
    loop.said.clear()
    loop.beats = loop.fresh()
    await loop.beat()
    assert [said for said in loop.said if said.startswith("edited")] == []
    assert (loop.profile.goals / "a.md").read_text() == GOAL + "- noted\n"
