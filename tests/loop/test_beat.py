"""One beat, on real files, real sensors and a real (shell) agent."""

from pathlib import Path

import pytest

from looop.core.due import Why
from looop.loop import beat, tick
from looop.loop.beat import Outcome
from looop.loop.fleet import Answer
from looop.store import runs
from support.looping import GOAL, NOTE, Looping

pytestmark = pytest.mark.process


def ticked(report: beat.Report) -> tick.Ticked:
    assert report.ticked is not None, report
    return report.ticked


async def test_a_first_look_asks_once_and_an_unchanged_world_asks_nobody(tmp_path: Path) -> None:
    loop = Looping(tmp_path)
    first = await loop.beat()
    assert ticked(first).outcome is tick.Outcome.NOTHING
    assert loop.record().why == str(Why.FIRST_LOOK)
    second = await loop.beat()
    assert (second.outcome, second.ticked) == (Outcome.UNCHANGED, None)
    assert len(loop.journal()) == 1


async def test_a_changed_signal_asks_and_the_prompt_names_the_change(tmp_path: Path) -> None:
    loop = Looping(tmp_path)
    loop.sensor("prs", "2")
    await loop.beat()
    loop.sensor("prs", "3")
    assert (await loop.beat()).outcome is Outcome.TICKED
    assert [str(change) for change in loop.record().changes] == ["sensor:prs changed: 2 → 3"]
    assert "sensor:prs" in loop.prompt().partition("# WHAT CHANGED")[2]


async def test_a_note_lands_with_one_line_and_its_own_effect_is_seen_next_time(tmp_path: Path) -> None:
    loop = Looping(tmp_path, NOTE)
    report = await loop.beat()
    assert ticked(report).outcome is tick.Outcome.LANDED
    assert (loop.profile.goals / "a.md").read_text() == GOAL + "- noted\n"
    assert loop.journal() == ["noted on a"]
    loop.agent("true")
    again = await loop.beat()
    assert [change.item for change in again.changes] == ["goal:a.md"]
    assert "edited" not in "".join(loop.said)


async def test_an_answer_is_in_the_prompts_until_a_tick_ends_well(tmp_path: Path) -> None:
    loop = Looping(tmp_path, "exit 3")
    loop.fleet.answered = (Answer(7, "fix", "which?", "the red one"),)
    for agent in ("exit 3", "true", "true"):
        loop.agent(agent)
        await loop.beat(force=True)
    prompts = [run.prompt.read_text() for run in runs.list_runs(loop.profile)]
    assert [prompt.count("the red one") for prompt in prompts] == [1, 1, 0]


async def test_two_moves_land_nothing_and_the_next_prompt_says_why(tmp_path: Path) -> None:
    loop = Looping(tmp_path, 'echo x >> goals/a.md; echo y >> PLAYBOOK.md; echo "- both" >> journal.md')
    report = await loop.beat()
    assert ticked(report).outcome is tick.Outcome.REJECTED
    assert (loop.profile.goals / "a.md").read_text() == GOAL
    assert loop.journal() == ["tick failed: two moves in one tick: goal:a.md and playbook"]
    run = next(loop.profile.runs.iterdir())
    assert (run / "rejected/goals/a.md").read_text() == GOAL + "x\n"
    await loop.beat(force=True)
    assert "two moves in one tick" in loop.prompt()


async def test_a_tick_without_a_line_gets_one_from_the_evidence(tmp_path: Path) -> None:
    loop = Looping(tmp_path, "echo more >> goals/a.md; echo I added a note")
    await loop.beat()
    (line,) = loop.journal()
    assert line.startswith("changed a goal (goal:a.md)")
    assert "I added a note" in line


async def test_an_agent_that_fails_changes_nothing_and_is_retried_later(tmp_path: Path) -> None:
    loop = Looping(tmp_path, f"{NOTE}; echo broken >&2; exit 3")
    report = await loop.beat()
    assert ticked(report).outcome is tick.Outcome.FAILED
    assert (loop.profile.goals / "a.md").read_text() == GOAL
    assert len(loop.journal()) == 1
    assert loop.journal()[0].startswith("tick failed: ")
    held = await loop.beat()
    assert held.outcome is Outcome.HELD
    assert 50 < (held.holds[0].until or 0) - loop.clock.now() <= 60


async def test_a_persons_edit_cuts_the_backoff(tmp_path: Path) -> None:
    loop = Looping(tmp_path, "exit 1")
    await loop.beat()
    loop.goal("a", GOAL + "please look again\n")
    assert (await loop.beat()).outcome is Outcome.TICKED


async def test_the_backoff_survives_a_restart(tmp_path: Path) -> None:
    loop = Looping(tmp_path, "exit 1")
    await loop.beat()
    loop.beats = loop.fresh()
    assert (await loop.beat()).outcome is Outcome.HELD


async def test_a_hanging_agent_is_ended_at_its_deadline_with_its_children(tmp_path: Path) -> None:
    loop = Looping(tmp_path, "sleep 1000 & echo $! > pid; wait", tick_timeout=0.5)
    report = await loop.beat()
    assert "tick_timeout" in ticked(report).reason
    pid = int((loop.profile.tick / "pid").read_text())
    assert not Path(f"/proc/{pid}").exists()


async def test_an_edit_in_place_during_the_tick_stays_and_the_next_prompt_names_it(tmp_path: Path) -> None:
    loop = Looping(tmp_path)
    loop.goal("b")
    loop.agent(f'echo "- mine" >> {loop.profile.goals}/b.md; {NOTE}')
    report = await loop.beat()
    assert ticked(report).outcome is tick.Outcome.LANDED
    assert (loop.profile.goals / "b.md").read_text() == GOAL + "- mine\n"
    run = next(loop.profile.runs.iterdir())
    assert (run / "replaced/goals/b.md").read_text() == GOAL
    loop.agent("true")
    await loop.beat()
    assert "goals/b.md was changed in place" in loop.prompt()


async def test_an_edit_in_place_of_the_ticks_own_subject_fails_the_tick(tmp_path: Path) -> None:
    loop = Looping(tmp_path)
    loop.agent(f"echo person >> {loop.profile.goals}/a.md; {NOTE}")
    report = await loop.beat()
    assert ticked(report).outcome is tick.Outcome.REJECTED
    assert (loop.profile.goals / "a.md").read_text() == GOAL + "person\n"
    assert len(loop.journal()) == 1


async def test_a_playbook_edited_during_the_tick_survives_it(tmp_path: Path) -> None:
    loop = Looping(tmp_path)
    loop.agent(f"echo new rules > {loop.profile.playbook}; {NOTE}")
    assert ticked(await loop.beat()).outcome is tick.Outcome.LANDED
    assert loop.profile.playbook.read_text() == "new rules\n"


async def test_the_timer_asks_once_even_if_nothing_changed(tmp_path: Path) -> None:
    loop = Looping(tmp_path, "echo 5 > .next-interval")
    await loop.beat()
    assert (await loop.beat()).outcome is Outcome.UNCHANGED
    now = loop.clock.now()
    loop.clock = type(loop.clock)(lambda: now + 6)
    loop.beats = loop.fresh()
    await loop.beat()
    assert loop.record().why == str(Why.TIMER)


async def test_a_timer_that_says_soon_is_told_to_the_next_tick(tmp_path: Path) -> None:
    loop = Looping(tmp_path, "echo soon > .next-interval")
    await loop.beat()
    await loop.beat(force=True)
    assert ".next-interval held 'soon'" in loop.prompt()


async def test_a_missing_runner_parks_and_never_rehearses(tmp_path: Path) -> None:
    loop = Looping(tmp_path)
    loop.configure(runner="claude")
    report = await loop.beat()
    assert report.outcome is Outcome.HELD
    assert "claude" in report.holds[0].reason
    assert loop.journal() == []


async def test_without_consent_the_loop_rehearses(tmp_path: Path) -> None:
    loop = Looping(tmp_path)
    loop.configure(runner="auto")
    report = await loop.beat()
    assert loop.record().runner == "rehearsal"
    assert ticked(report).outcome.well
    assert "rehears" in loop.journal()[0]


async def test_a_pause_holds_but_force_does_not_ask_it(tmp_path: Path) -> None:
    from looop.store import pause

    loop = Looping(tmp_path)
    pause.write(loop.profile, pause.Pause(since=loop.clock.now()))
    assert (await loop.beat()).outcome is Outcome.HELD
    assert (await loop.beat(force=True)).outcome is Outcome.TICKED


async def test_a_policy_file_that_can_not_be_read_idles_the_beat(tmp_path: Path) -> None:
    loop = Looping(tmp_path)
    await loop.beat()
    loop.profile.playbook.unlink()
    loop.profile.playbook.symlink_to(loop.profile.playbook)  # a loop: neither there nor absent
    report = await loop.beat()
    assert report.outcome in {Outcome.IDLE, Outcome.TICKED}
    assert loop.profile.playbook.is_symlink()


async def test_deleting_every_scratch_file_leaves_the_next_tick_right(tmp_path: Path) -> None:
    import shutil

    loop = Looping(tmp_path, NOTE)
    loop.sensor("prs", "2")
    await loop.beat()
    for name in ("snapshots", "tick", "runs"):
        shutil.rmtree(loop.profile.data / name)
    loop.profile.state.unlink()
    loop.beats = loop.fresh()
    loop.agent("true")
    report = await loop.beat()
    assert [change.item for change in report.changes] == ["goal:a.md"]
    assert len(loop.journal()) == 2
