"""The rule-based agent: which move it chooses, and that it makes it honestly."""

import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from looop.core.diff import Baseline, Change, ChangeKind, compare
from looop.core.digest import digest_bytes
from looop.core.document import Document
from looop.core.due import Why
from looop.core.goal import is_goal
from looop.core.moves import Kind, Landing, Leaf, judge
from looop.core.prompt import PromptView, Told, render
from looop.core.world import Reading, Session, World
from looop.loop import rehearsal
from looop.loop.rehearsal import Step, StepKind, decide, rehearse

SEEDS = Path(__file__).parents[2] / "seeds"
SETUP = "---\ngoal: looop knows what I want\n---\n"
RESTING = f"{SETUP}- 2026-11-21: {rehearsal.UNFINISHED}\n"
DAILY = "---\ngoal: look at the day\nwatch: today\n---\n\n- 2026-11-01: begun"
DONE = "---\ngoal: over\nstatus: done\n---\n"
TODAY = Change("sensor:today", ChangeKind.CHANGED, '"2026-11-21"', '"2026-11-22"')
NEW = Change("playbook", ChangeKind.ADDED, None, "Setup first.")


def asked(*changes: Change, why: Why = Why.CHANGED, time: str = "2026-11-22 09:00 Sunday") -> str:
    return render(PromptView(World(None), changes, str(why), local_time=time))


def tick_folder(tmp_path: Path, **goals: str) -> Path:
    (tmp_path / "goals" / "archive").mkdir(parents=True)
    for name, text in goals.items():
        (tmp_path / "goals" / f"{name}.md").write_text(text)
    (tmp_path / "journal.md").write_text("- 2026-11-21 09:00 looked\n")
    return tmp_path


def contents(folder: Path) -> dict[str, Leaf]:
    """Give the policy files of a tick's folder, as the judge of moves sees them."""
    return {
        path.relative_to(folder).as_posix(): Leaf(path.read_bytes()) for path in folder.glob("goals/**/*.md")
    }


def test_a_goal_that_says_done_is_archived() -> None:
    assert decide(asked(TODAY), {"a.md": DAILY, "z.md": DONE}) == Step(
        StepKind.ARCHIVE,
        "rehearsal, not an AI: archived goals/z.md, because its frontmatter says status: done",
        "z.md",
    )


def test_a_note_that_speaks_of_done_archives_nothing() -> None:
    assert decide(asked(), {"a.md": "---\ngoal: a\n---\nstatus: done\n"}).kind is StepKind.NOTHING


def setup_step(goal: str, *sessions: Session, **view: Any) -> Step:
    prompt = render(PromptView(World(None, sessions=sessions), (), "x", local_time="2026-11-22", **view))
    return decide(prompt, {"setup.md": goal})


def test_a_setup_goal_without_its_session_starts_it() -> None:
    step = setup_step(SETUP)
    assert (step.kind, step.goal) == (StepKind.START, "setup.md")
    assert step.verb[:5] == ("start-session", "setup", "--meta", "--goal", "setup")
    assert step.note.endswith(rehearsal.STARTED)


def test_without_a_setup_goal_nothing_is_started() -> None:
    assert decide(asked(NEW, why=Why.FIRST_LOOK), {}).kind is StepKind.NOTHING


@pytest.mark.parametrize("state", ["working", "idle", "asking", "flagged", "starting", "unknown"])
def test_a_setup_session_that_lives_is_left_alone(state: str) -> None:
    flag = "Approve?" if state == "flagged" else None
    assert setup_step(SETUP, Session("setup", "G", state, flag=flag)).kind is StepKind.NOTHING


def test_a_setup_session_that_ended_unapproved_is_noted_once_and_started_again_by_a_person_only() -> None:
    ended = Session("setup", "G", "ended", ended=True)
    started = f"{SETUP}- 2026-11-22: {rehearsal.STARTED}\n"
    noted = setup_step(started, ended)
    assert (noted.kind, noted.verb) == (StepKind.NOTE, ())
    resting = f"{started}{noted.note}\n"
    assert setup_step(resting, ended).kind is StepKind.NOTHING
    assert setup_step(resting).kind is StepKind.NOTHING
    assert setup_step(f"{resting}Go on, please.\n", ended).kind is StepKind.START
    assert (
        setup_step(resting, ended, answered=(Told("setup", "This?", "no, not that"),)).kind is StepKind.START
    )


def test_a_session_of_another_name_is_not_the_setup() -> None:
    assert setup_step(SETUP, Session("setup2", "G", "working")).kind is StepKind.START


def test_a_verb_that_fails_is_told_and_nothing_is_noted(tmp_path: Path) -> None:
    folder = tick_folder(tmp_path, setup=SETUP)
    said: list[str] = []
    assert rehearse(asked(), folder, said.append, lambda _argv: "too many sessions") == 0
    assert said[-1] == "rehearsal, not an AI: could not start the setup session: too many sessions"
    assert (folder / "goals" / "setup.md").read_text() == SETUP


def test_the_verb_is_called_as_any_agent_would(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tick_folder(tmp_path, setup=SETUP)
    program = tmp_path / "looop"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/argv\n')
    program.chmod(0o700)
    monkeypatch.setenv("LOOOP_BIN", str(program))
    assert run_main(folder, asked().encode(), monkeypatch) == 0
    assert tuple((tmp_path / "argv").read_text().splitlines()) == rehearsal.START_SETUP
    assert (folder / "goals" / "setup.md").read_text().endswith(f"{rehearsal.STARTED}\n")


def test_a_changed_sensor_is_noted_on_the_goal_that_watches_it() -> None:
    assert decide(asked(TODAY), {"setup.md": RESTING, "daily.md": DAILY}) == Step(
        StepKind.NOTE,
        "rehearsal, not an AI: noted on goals/daily.md that sensor today went from "
        '"2026-11-21" to "2026-11-22"',
        "daily.md",
        '- 2026-11-22: sensor today went from "2026-11-21" to "2026-11-22" (rehearsal, not an AI)',
    )


@pytest.mark.parametrize("line", ["sensor: today", "watch: ci, today", "watch: today.sh"])
def test_a_goal_names_its_sensors_in_its_frontmatter(line: str) -> None:
    assert decide(asked(TODAY), {"g.md": f"---\ngoal: g\n{line}\n---\n"}).goal == "g.md"


def test_a_changed_sensor_that_no_goal_watches_is_only_named() -> None:
    assert decide(asked(TODAY), {"setup.md": RESTING}) == Step(
        StepKind.NOTHING,
        "rehearsal, not an AI: did nothing; no rule of mine answers sensor:today changed",
    )


def test_a_goal_with_the_name_of_a_sensor_is_no_sensor() -> None:
    change = Change("goal:today", ChangeKind.CHANGED, "a", "b")
    assert decide(asked(change), {"daily.md": DAILY}).kind is StepKind.NOTHING


def test_a_sensor_that_is_gone_is_not_noted() -> None:
    gone = Change("sensor:today", ChangeKind.REMOVED, '"2026-11-21"', None)
    assert decide(asked(gone), {"daily.md": DAILY}).kind is StepKind.NOTHING


def test_a_changed_goal_alone_is_no_reason_to_write() -> None:
    change = Change("goal:daily.md", ChangeKind.CHANGED, "look at the day", "look at the day")
    assert decide(asked(change), {"setup.md": RESTING, "daily.md": DAILY}).kind is StepKind.NOTHING


def test_many_changes_are_counted() -> None:
    changes = [Change(f"goal:{name}.md", ChangeKind.ADDED, None, "x") for name in "abcde"]
    assert decide(asked(*changes), {}).line == (
        "rehearsal, not an AI: did nothing; no rule of mine answers "
        "goal:a.md added, goal:b.md added, goal:c.md added and 2 more"
    )


def test_being_asked_without_any_change_does_nothing() -> None:
    assert decide(asked(why=Why.TIMER), {"setup.md": RESTING}).line == (
        "rehearsal, not an AI: did nothing; nothing changed (asked because: a timer that an earlier tick set)"
    )


def test_without_a_date_in_the_prompt_a_note_is_undated() -> None:
    assert decide(asked(TODAY, time="soon"), {"daily.md": DAILY}).note.startswith("- undated: sensor")


def test_a_long_value_makes_a_short_note() -> None:
    long = Change("sensor:today", ChangeKind.CHANGED, "a" * 250, "b" * 250)
    assert len(decide(asked(long), {"daily.md": DAILY}).note) == rehearsal.LARGEST_NOTE


def test_its_moves_come_to_rest(tmp_path: Path) -> None:
    """Each tick sees what the one before did; a setup that never shows and one change come to rest."""
    folder = tick_folder(tmp_path, setup=SETUP, daily=DAILY)
    baseline, kinds, calls = None, [], list[Sequence[str]]()

    def call(argv: Sequence[str]) -> str:
        calls.append(argv)
        return ""

    for day in (21, 21, 21, 22, 22, 22):
        before = contents(folder)
        goals = [Document(Path(path).name, "", leaf.digest) for path, leaf in before.items()]
        world = World(None, tuple(goals), (Reading("today", f"2026-11-{day}"),))
        why = Why.CHANGED if baseline else Why.FIRST_LOOK
        prompt = render(PromptView(world, compare(baseline, world), str(why), local_time=f"2026-11-{day}"))
        assert rehearse(prompt, folder, lambda _: None, call) == 0
        baseline = Baseline.of(world, 0.0)
        landing = judge(before, contents(folder), None)
        assert isinstance(landing, Landing)
        kinds.append((landing.kind, landing.subject))
    nothing = (Kind.NOTHING, None)
    assert kinds == [
        (Kind.GOAL_CHANGED, "goal:setup.md"),
        (Kind.GOAL_CHANGED, "goal:setup.md"),
        nothing,
        (Kind.GOAL_CHANGED, "goal:daily.md"),
        nothing,
        nothing,
    ]
    assert calls == [rehearsal.START_SETUP]


def test_a_note_is_a_line_of_its_own_below_what_was_there(tmp_path: Path) -> None:
    folder = tick_folder(tmp_path, daily=DAILY)
    rehearse(asked(TODAY), folder, lambda _: None)
    note = '- 2026-11-22: sensor today went from "2026-11-21" to "2026-11-22" (rehearsal, not an AI)\n'
    assert (folder / "goals/daily.md").read_text() == f"{DAILY}\n{note}"


def test_every_move_leaves_one_line_that_says_it_is_no_ai(tmp_path: Path) -> None:
    folder = tick_folder(tmp_path, daily=DAILY, over=DONE)
    for prompt in (asked(), asked(TODAY), asked(why=Why.TIMER)):
        rehearse(prompt, folder, lambda _: None)
    lines = (folder / "journal.md").read_text().splitlines()[1:]
    assert len(lines) == 3
    assert all(line.startswith("rehearsal, not an AI: ") for line in lines)


def test_an_archived_goal_is_one_move_to_the_judge(tmp_path: Path) -> None:
    folder = tick_folder(tmp_path, over=DONE)
    before = contents(folder)
    rehearse(asked(), folder, lambda _: None)
    landing = judge(before, contents(folder), None)
    assert isinstance(landing, Landing)
    assert (landing.kind, landing.subject) == (Kind.GOAL_ARCHIVED, "goal:over.md")
    assert contents(folder)["goals/archive/over.md"].digest == digest_bytes(DONE.encode())


def test_the_archive_folder_is_made_when_it_is_missing(tmp_path: Path) -> None:
    folder = tick_folder(tmp_path, over=DONE)
    (folder / "goals/archive").rmdir()
    rehearse(asked(), folder, lambda _: None)
    assert (folder / "goals/archive/over.md").exists()


def test_a_goal_that_can_not_be_read_or_named_is_left_alone(tmp_path: Path) -> None:
    folder = tick_folder(tmp_path)
    (folder / "goals/my goal.md").write_text(DONE)
    (folder / "goals/link.md").symlink_to(folder / "goals/my goal.md")
    (folder / "goals/large.md").write_text(DONE + "x" * rehearsal.LARGEST_GOAL)
    rehearse(asked(), folder, lambda _: None)
    assert list((folder / "goals/archive").iterdir()) == []


def test_it_says_what_it_does(tmp_path: Path) -> None:
    said: list[str] = []
    rehearse(asked(TODAY), tick_folder(tmp_path, daily=DAILY), said.append)
    assert said[0] == "I am a rehearsal: a few fixed rules, not an AI. My move: add a note to a goal."
    assert said[1].startswith("rehearsal, not an AI: noted on goals/daily.md that sensor today went from ")
    assert len(said) == 2


def test_a_text_that_is_no_prompt_changes_nothing(tmp_path: Path) -> None:
    folder = tick_folder(tmp_path, over=DONE)
    said: list[str] = []
    assert rehearse("archive goals/over.md\n", folder, said.append) == 2
    assert said == ["This is no prompt of looop's: nothing was done (rehearsal, not an AI)."]
    assert (folder / "goals/over.md").exists()
    assert len((folder / "journal.md").read_text().splitlines()) == 1


def test_a_seeded_loop_rehearses_its_first_two_days() -> None:
    goals = {path.name: path.read_text() for path in SEEDS.glob("goals/*.md")}
    first = decide(asked(NEW, why=Why.FIRST_LOOK), goals)
    goals["setup.md"] += first.note
    working = World(None, sessions=(Session("setup", "G", "working"),))
    second = decide(render(PromptView(working, (TODAY,), "changed")), goals)
    assert (first.goal, second.goal) == ("setup.md", "playbook-daily.md")


def test_the_seeded_goals_are_goals() -> None:
    assert [path.name for path in SEEDS.glob("goals/*.md") if not is_goal(path.read_text())] == []


def run_main(folder: Path, stdin: bytes, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
    return rehearsal.main()


def test_the_program_reads_stdin_and_works_in_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tick_folder(tmp_path, over=DONE)
    assert run_main(folder, b"\xff\n" + asked().encode(), monkeypatch) == 0
    assert (folder / "goals/archive/over.md").exists()
    assert "not an AI. My move: archive a goal.\n" in capsys.readouterr().out


def test_a_folder_that_can_not_be_written_is_a_clear_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tick_folder(tmp_path)
    (folder / "journal.md").unlink()
    (folder / "journal.md").mkdir()
    assert run_main(folder, asked().encode(), monkeypatch) == 1
    assert "The move could not be made: " in capsys.readouterr().out
