"""`runs` and `why` tell one story; what is missing or damaged is said, and hostile text stays harmless."""

import pytest

from looop.core.diff import Change, ChangeKind
from looop.core.phase import Doing, Phase
from looop.core.problem import Exit
from looop.core.sessions import State
from looop.store import files, runs
from looop.store.paths import Profile
from looop.store.runs import MoveRecord
from support.lived import FAILED, NOW, RUN, live_in
from support.verbs import FakeEngine, Looop


@pytest.fixture(autouse=True)
def _a_morning(profile: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    live_in(profile)
    monkeypatch.setattr("time.time", lambda: NOW)


@pytest.mark.parametrize(
    ("about", "run"),
    [(RUN, RUN), ("11:50", RUN), ("11:49", FAILED), ("12:00", RUN), ("goals/tea.md", RUN), ("tea.md", RUN)],
)
async def test_a_run_is_found_by_its_name_its_time_or_its_goal(looop: Looop, about: str, run: str) -> None:
    assert (await looop("why", about, "--json")).value["run"]["run"] == run


@pytest.mark.parametrize("about", ["11:00", "goals/setup.md", "tick-20260101-000000-000000"])
async def test_what_no_run_knows_is_missing(looop: Looop, about: str) -> None:
    assert (await looop("why", about, "--json")).problem == (Exit.MISSING, "no-run")


async def test_a_session_is_told_with_the_last_tick_that_it_woke(
    relayed: Looop, engine: FakeEngine, profile: Profile
) -> None:
    engine.sessions.add("mail", State.IDLE, evidence="hook: it has finished its turn", goal="inbox.md")
    run = runs.start(profile, "tick-20260101-115900-000000")
    change = Change("session:mail", ChangeKind.CHANGED, "working", "idle")
    runs.write_record(run, MoveRecord(run=run.id, began=NOW - 60, changes=(change,)))
    said = await relayed("why", "sessions/mail")
    assert "goals/inbox.md" in said.out
    assert "hook: it has finished its turn" in said.out
    assert run.id in said.out
    assert (await relayed("why", "sessions/mail", "--json")).value["session"]["id"] == "mail"


async def test_a_session_that_no_tick_knows_is_told_by_itself(relayed: Looop, engine: FakeEngine) -> None:
    engine.sessions.add("fresh")
    assert "run " not in (await relayed("why", "sessions/fresh")).out
    assert (await relayed("why", "sessions/nope", "--json")).problem == (Exit.MISSING, "no-session")


async def test_a_goal_that_only_woke_a_tick_is_found_too(looop: Looop, profile: Profile) -> None:
    run = runs.start(profile, "tick-20260101-115900-000000")
    change = Change("goal:setup.md", ChangeKind.CHANGED, "a", "b")
    runs.write_record(run, MoveRecord(run=run.id, began=NOW - 60, changes=(change,)))
    assert (await looop("why", "goals/setup.md", "--json")).value["run"]["run"] == run.id


async def test_a_run_that_goes_on_says_so_only_while_somebody_runs_it(
    looop: Looop, relayed: Looop, profile: Profile
) -> None:
    run = runs.start(profile, "tick-20260101-115900-000000")
    runs.write_record(run, MoveRecord(run=run.id, began=NOW - 60, outcome="running"))
    for verb in ("why", "runs"):
        assert "still running" in (await relayed(verb, run.id)).out
        assert "cut off" in (await looop(verb, run.id)).out


async def test_a_stray_file_named_like_a_run_hides_no_run(looop: Looop, profile: Profile) -> None:
    (profile.runs / "tick-20260101-000000-aaaaaa").write_text("stray")
    assert [run["run"] for run in (await looop("runs", "--json")).value["runs"]] == [FAILED, RUN]


async def test_a_run_without_its_record_is_named_and_hides_no_other(looop: Looop, profile: Profile) -> None:
    (profile.runs / RUN / "move.json").write_bytes(b"\xff{")
    assert (await looop("runs", RUN, "--json")).problem == (Exit.MISSING, "no-record")
    assert [run["run"] for run in (await looop("runs", "--json")).value["runs"]] == [FAILED]


async def test_a_mistyped_run_is_answered_with_the_nearest(looop: Looop) -> None:
    assert f'did you mean "{RUN}"?' in (await looop("runs", RUN[:-1])).err


async def test_a_run_can_not_lead_out_of_the_folder_of_runs(looop: Looop) -> None:
    assert (await looop("runs", "../goals")).code == Exit.MISSING


async def test_what_an_agent_said_stays_on_its_line(looop: Looop, profile: Profile) -> None:
    run = runs.start(profile, "tick-20260101-115900-000000")
    hostile = "\x1b[2Jacted\nrun  forged"
    change = Change("sensor:x", ChangeKind.CHANGED, None, hostile)
    runs.write_record(
        run,
        MoveRecord(
            run=run.id,
            began=NOW,
            why=hostile,
            changes=(change,) * 30,
            runner=hostile,
            outcome=hostile,
            reason=hostile,
            move=hostile,
            line=hostile,
            acts=(hostile,) * 50,
            ignored=(hostile,),
        ),
    )
    files.durable(run.folder / "\x1b[2J", b"")
    for argv in (("why",), ("runs",), ("runs", run.id)):
        out = (await looop(*argv)).out
        assert "\x1b" not in out
        assert [row for row in out.splitlines() if row.startswith("run  forged")] == []
    assert "and 10 more changes" in (await looop("why")).out
    assert "and 30 more calls" in (await looop("why")).out


@pytest.mark.parametrize(
    ("since", "words"), [(NOW - 500, "nothing differs"), (NOW - 558, "the next one looks")]
)
async def test_why_tells_an_unchanged_world_from_one_that_was_just_acted_on(
    profile: Profile, since: float, words: str
) -> None:
    phase = Phase(doing=Doing.SLEEPING, since=since, wakes_at=NOW + 10)
    assert words in (await Looop(profile, FakeEngine(phase))("why")).out


async def test_a_damaged_ledger_is_a_clear_answer_of_cost(looop: Looop, profile: Profile) -> None:
    profile.cost.write_text("no json\nno json\n")
    assert (await looop("cost", "--json")).problem == (Exit.NO, "corrupt-ledger")
