"""The verbs that start, steer and end sessions: what each asks for, says, refuses, and records in a tick."""

import pytest

from looop.cli.console import FakeCall
from looop.core.act import Act
from looop.core.problem import Exit, Problem
from looop.core.sessions import SessionView, Start, State
from looop.engine.call import Caller, Kind
from looop.store import written
from looop.store.paths import Profile
from support.verbs import FakeEngine, Looop

HOSTILE = ["../x", "a/b", "", ".x", "-x\x1b[2J", "x" * 65, "a\nb", "x@", "\u202e"]


async def test_a_session_is_started_and_its_id_printed(relayed: Looop, engine: FakeEngine) -> None:
    said = await relayed("start-session", "review", "Look at it", "claude")
    assert (said.code, said.out, said.err) == (0, "review\n", "")
    env = {"HOME": "/nowhere", "LOOOP_CONFINE": "off"}
    assert engine.sessions.did == [("start", Start("review", "Look at it", "claude", env=env))]


async def test_an_agent_that_ends_at_once_is_not_passed_over_in_silence(
    relayed: Looop, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = engine.sessions.start

    async def short(order: Start) -> SessionView:
        view = await start(order)
        await engine.sessions.kill(view.id)
        return view

    monkeypatch.setattr(engine.sessions, "start", short)
    said = await relayed("start-session", "review", "Look at it", "claude")
    assert (said.code, said.out) == (0, "review\n")
    assert "review has ended at once" in said.err


async def test_a_prompt_may_come_from_stdin_and_a_command_needs_none(
    relayed: Looop, engine: FakeEngine
) -> None:
    assert (await relayed("start-session", "a", "-", given="grüß\n".encode())).code == 0
    assert (await relayed("start-session", "b", "--command", "bash -l")).code == 0
    assert [did[1].prompt for did in engine.sessions.did] == ["grüß\n", ""]
    assert engine.sessions.did[1][1].command == "bash -l"
    assert (await relayed("start-session", "c", "--json")).problem == (Exit.USAGE, "missing-argument")
    assert (await relayed("start-session", "c", "-", "--json")).problem == (Exit.USAGE, "missing-argument")


async def test_the_goal_is_the_one_named_alike_unless_another_is_named(
    relayed: Looop, engine: FakeEngine
) -> None:
    await relayed("start-session", "setup", "x")
    await relayed("start-session", "review", "x", "--goal", "goals/setup.md")
    assert [did[1].goal for did in engine.sessions.did] == ["setup.md", "setup.md"]
    said = await relayed("start-session", "more", "x", "--goal", "seutp", "--json")
    assert said.problem == (Exit.MISSING, "no-goal")
    assert "setup.md" in said.err or "setup" in said.err


@pytest.mark.parametrize("name", HOSTILE)
async def test_an_id_that_is_none_starts_nothing_and_is_shown_without_harm(
    relayed: Looop, engine: FakeEngine, name: str
) -> None:
    said = await relayed("start-session", "--", name, "x")
    assert said.code in {Exit.USAGE, Exit.MISSING}
    assert "\x1b" not in said.err
    assert "\u202e" not in said.err
    assert engine.sessions.did == []


async def test_the_loops_own_id_is_reserved(relayed: Looop) -> None:
    assert (await relayed("start-session", "pulse", "x", "--json")).problem == (Exit.REFUSED, "reserved")


@pytest.mark.parametrize(
    "argv",
    [
        ("shot", "revue"),
        ("log", "revue"),
        ("send", "revue", "x"),
        ("key", "revue", "Enter"),
        ("expect", "revue", "x"),
        ("wait-idle", "revue"),
        ("kill", "revue"),
        ("restart", "revue"),
        ("resume", "revue"),
        ("resize", "revue", "80x24"),
        ("freeze", "revue"),
    ],
)
async def test_an_unknown_id_is_told_with_the_nearest_one(
    relayed: Looop, engine: FakeEngine, argv: tuple[str, ...]
) -> None:
    engine.sessions.add("review")
    said = await relayed(*argv)
    assert said.code == Exit.MISSING
    assert 'did you mean "review"?' in said.err
    assert engine.sessions.did == []


async def test_a_text_is_typed_with_enter_and_its_fate_told(relayed: Looop, engine: FakeEngine) -> None:
    engine.sessions.add("x", log=b"1234")
    assert (await relayed("send", "x", "hello", "there")).out.startswith("submitted")
    engine.sessions.there["x"].how = "queued"
    said = await relayed("send", "x", "-", "--json", given=b"a\nb\n")
    assert said.value == {"v": 1, "id": "x", "how": "queued", "offset": 4}
    await relayed("send", "x", "-n", "--paste", "--", "-rf")
    assert engine.sessions.did == [
        ("type", "x", "hello there", True, False),
        ("type", "x", "a\nb", True, False),
        ("type", "x", "-rf", False, True),
    ]


async def test_a_text_with_dashes_is_a_text(relayed: Looop, engine: FakeEngine) -> None:
    engine.sessions.add("x")
    await relayed("send", "x", "ls", "-la", "--all")
    assert engine.sessions.did == [("type", "x", "ls -la --all", True, False)]


async def test_control_characters_are_refused_with_advice(relayed: Looop, engine: FakeEngine) -> None:
    engine.sessions.add("x")
    said = await relayed("send", "x", "a\x1b[201~b")
    assert said.code == Exit.USAGE
    assert "looop key" in said.err
    assert engine.sessions.did == []


async def test_keys_are_pressed_or_none_of_them(relayed: Looop, engine: FakeEngine) -> None:
    engine.sessions.add("x")
    assert (await relayed("key", "x", "Up", "C-c")).out == "pressed\n"
    assert (await relayed("key", "x", "Up", "Cc", "--json")).problem == (Exit.USAGE, "no-key")
    assert (await relayed("key", "x", "--json")).problem == (Exit.USAGE, "missing-argument")
    assert engine.sessions.did == [("press", "x", b"\x1b[A\x03")]


@pytest.mark.parametrize("argv", [("send", "x", "y"), ("key", "x", "Enter"), ("resize", "x", "80x24")])
async def test_what_is_over_is_not_steered(relayed: Looop, engine: FakeEngine, argv: tuple[str, ...]) -> None:
    engine.sessions.add("x").end_with(3)
    said = await relayed(*argv, "--json")
    assert said.problem == (Exit.NO, "over")
    assert "ended(3)" in said.err


@pytest.mark.parametrize(
    "size", ["80", "80x", "x24", "0x24", "80x0", "1001x24", "80x-1", "٣x٣", "80x24x", "80 x 24"]
)
async def test_a_size_that_is_none_is_refused(relayed: Looop, engine: FakeEngine, size: str) -> None:
    engine.sessions.add("x")
    assert (await relayed("resize", "x", "--json", "--", size)).problem == (Exit.USAGE, "bad-value")


async def test_a_size_is_set(relayed: Looop, engine: FakeEngine) -> None:
    engine.sessions.add("x")
    assert (await relayed("resize", "x", "100X30", "--json")).value["sessions"][0]["size"] == [100, 30]


async def test_a_kill_ends_it_and_a_second_one_is_no_mistake(relayed: Looop, engine: FakeEngine) -> None:
    engine.sessions.add("x")
    assert (await relayed("kill", "x", "--now")).out == "x has ended.\n"
    assert (await relayed("kill", "x")).out == "x was over already (killed(143)).\n"
    assert engine.sessions.did[0] == ("kill", "x", True)


async def test_all_that_live_are_frozen_and_all_that_are_frozen_thawed(
    relayed: Looop, engine: FakeEngine
) -> None:
    for name, state in (("a", State.WORKING), ("b", State.FROZEN), ("c", State.ENDED)):
        engine.sessions.add(name, state)
    await relayed("freeze", "--all")
    await relayed("thaw", "--all")
    assert [did[:2] for did in engine.sessions.did] == [("freeze", "a"), ("thaw", "a"), ("thaw", "b")]
    assert (await relayed("freeze", "--json")).problem == (Exit.USAGE, "bad-value")
    assert (await relayed("thaw", "a", "--all", "--json")).problem == (Exit.USAGE, "bad-value")


async def test_all_that_were_lost_are_resumed_and_one_that_fails_stops_no_other(
    relayed: Looop, engine: FakeEngine
) -> None:
    for name, state in (("a", State.LOST), ("b", State.ENDED), ("c", State.LOST)):
        engine.sessions.add(name, state)
    assert (await relayed("resume", "--all")).code == 0
    assert [did[:2] for did in engine.sessions.did] == [("resume", "a"), ("resume", "c")]
    engine.sessions.add("d", State.LOST)
    engine.sessions.refuse = Problem(Exit.NO, "no-resume", "It has no conversation.")
    said = await relayed("resume", "--all", "--json")
    assert (said.code, said.value["failed"], said.value["sessions"]) == (Exit.NO, ["d"], [])
    assert "no conversation" in said.err


async def test_what_lives_is_not_resumed(relayed: Looop, engine: FakeEngine) -> None:
    engine.sessions.add("x")
    assert (await relayed("resume", "x", "--json")).problem == (Exit.REFUSED, "live")


async def test_ended_sessions_are_removed(relayed: Looop, engine: FakeEngine) -> None:
    engine.sessions.add("x").end_with(0)
    engine.sessions.add("y")
    assert (await relayed("prune")).out == "Removed 1 ended session: x.\n"
    assert (await relayed("prune")).out == "There was nothing to remove.\n"


async def test_prune_says_why_a_session_that_was_named_stays(relayed: Looop, engine: FakeEngine) -> None:
    engine.sessions.add("live")
    asks = engine.sessions.add("asks")
    asks.flag(7, "Which tea?")
    asks.end_with(0)
    engine.sessions.add("told", undelivered=1).end_with(0)
    assert "live lives" in (await relayed("prune", "live")).out
    assert "⚑ 7 is open" in (await relayed("prune", "asks")).out
    assert "looop restart told" in (await relayed("prune", "told")).out


TICKS = {
    ("send", "x", "hello", "-n"): ("send", "-n", "--", "x@01JX", "hello"),
    ("key", "x", "C-c"): ("key", "--", "x@01JX", "C-c"),
    ("restart", "x"): ("restart", "x@01JX"),
    ("kill", "x", "--now"): ("kill", "x@01JX", "--now"),
    ("resize", "x", "80x24"): ("resize", "x@01JX", "80x24"),
}


@pytest.mark.parametrize("argv", TICKS)
async def test_in_a_tick_a_verb_is_recorded_and_nothing_happens(
    relayed: Looop, engine: FakeEngine, argv: tuple[str, ...]
) -> None:
    engine.sessions.add("x")
    said = await relayed(*argv, kind=Kind.TICK)
    assert said.out == "recorded: happens when this tick lands\n"
    assert engine.acts == [Act(TICKS[argv], "session:x")]
    assert engine.sessions.did == []
    landed = await relayed(*engine.acts[0].argv, kind=Kind.LOOP)
    assert (landed.code, len(engine.sessions.did)) == (0, 1)


@pytest.mark.parametrize("argv", TICKS)
async def test_what_a_tick_recorded_never_lands_on_a_later_generation(
    relayed: Looop, engine: FakeEngine, argv: tuple[str, ...]
) -> None:
    engine.sessions.add("x")
    await relayed(*argv, kind=Kind.TICK)
    engine.sessions.add("x", generation="01JLATER")
    assert (await relayed(*engine.acts[0].argv, kind=Kind.LOOP)).code != 0
    assert engine.sessions.did == []


async def test_in_a_tick_a_resume_is_recorded(relayed: Looop, engine: FakeEngine) -> None:
    engine.sessions.add("x", State.LOST)
    await relayed("resume", "x", kind=Kind.TICK)
    assert engine.acts == [Act(("resume", "x@01JX"), "session:x")]
    assert (await relayed("resume", "--all", "--json", kind=Kind.TICK)).problem == (Exit.REFUSED, "one-only")


async def test_in_a_tick_text_from_stdin_is_recorded_with_the_verb(
    relayed: Looop, engine: FakeEngine
) -> None:
    engine.sessions.add("x")
    await relayed("send", "x", "-", kind=Kind.TICK, given=b"-n is a flag\nof echo\n")
    await relayed(*engine.acts[0].argv, kind=Kind.LOOP)
    assert engine.sessions.did == [("type", "x@01JX", "-n is a flag\nof echo", True, False)]


async def test_in_a_tick_a_start_is_about_its_goal_and_lands_as_it_was_asked_for(
    relayed: Looop, engine: FakeEngine, profile: Profile
) -> None:
    (profile.tick / "goals").mkdir(parents=True)
    (profile.tick / "goals" / "tea.md").write_text("---\ngoal: tea\n---\n")
    await relayed("start-session", "tea", "-", "claude", "--meta", kind=Kind.TICK, given=b"- boil\n")
    assert engine.sessions.did == []
    assert engine.acts[0].subject == "goal:tea.md"
    (profile.goals / "tea.md").write_text("---\ngoal: tea\n---\n")
    engine.shown = type(engine.shown)(run="tick-1")
    await relayed(*engine.acts[0].argv, kind=Kind.LOOP)
    order = engine.sessions.did[0][1]
    assert (order.prompt, order.runner, order.goal, order.meta, order.run) == (
        "- boil\n",
        "claude",
        "tea.md",
        True,
        "tick-1",
    )


async def test_in_a_tick_a_session_without_a_goal_is_its_own_subject(
    relayed: Looop, engine: FakeEngine
) -> None:
    await relayed("start-session", "odd", "x", kind=Kind.TICK)
    assert engine.acts == [Act(("start-session", "--", "odd", "x"), "session:odd")]


async def test_what_could_not_be_done_at_landing_is_refused_in_the_tick(
    relayed: Looop, engine: FakeEngine
) -> None:
    engine.sessions.add("x")
    engine.sessions.add("over").end_with(0)
    for argv in (
        ("start-session", "x", "y"),
        ("send", "over", "y"),
        ("send", "x", "\x03"),
        ("key", "x", "Entr"),
        ("kill", "y"),
        ("resume", "x"),
        ("resize", "x", "1"),
    ):
        assert (await relayed(*argv, kind=Kind.TICK)).code != 0
    assert engine.acts == []


@pytest.mark.parametrize("argv", [("send", "x", "y"), ("key", "x", "Enter"), ("restart", "x")])
@pytest.mark.parametrize("kind", [Kind.TICK, Kind.LOOP, Kind.STRANGER])
async def test_nobody_talks_over_a_question_but_a_person(
    relayed: Looop, engine: FakeEngine, argv: tuple[str, ...], kind: Kind
) -> None:
    engine.sessions.add("x").flag(7, "may I?")
    assert (await relayed(*argv, "--json", kind=kind)).problem == (Exit.REFUSED, "flagged")
    assert engine.sessions.did == []
    assert (await relayed(*argv)).code == 0


@pytest.mark.parametrize(
    "argv",
    [
        ("start-session", "y", "z"),
        ("send", "x", "y"),
        ("kill", "x"),
        ("prune",),
        ("freeze", "x"),
        ("resize", "x", "1x1"),
    ],
)
async def test_nothing_that_a_session_runs_steers_sessions(
    relayed: Looop, engine: FakeEngine, argv: tuple[str, ...]
) -> None:
    engine.sessions.add("x")
    call = FakeCall(caller=Caller(Kind.CHILD, 1, "x"))
    assert (await relayed(*argv, call=call)).code == Exit.REFUSED
    assert engine.sessions.did == []


@pytest.mark.parametrize(
    ("kind", "giver"), [(Kind.PERSON, "person"), (Kind.LOOP, "looop"), (Kind.TICK, None)]
)
async def test_a_check_is_known_by_who_gave_it(profile: Profile, kind: Kind, giver: str | None) -> None:
    engine = FakeEngine()
    said = await Looop(profile, engine)("start-session", "a", "do", "--verify", " make test ", kind=kind)
    assert said.code == 0
    digest = written.digest_of_check("make test")
    if giver is None:
        assert engine.acts[0].argv == ("start-session", "--verify=make test", "--", "a", "do")
    else:
        (order,) = [it[1] for it in engine.sessions.did if it[0] == "start"]
        assert (order.verify, order.verify_from) == ("make test", giver)
    assert (digest in written.awaited(profile)) is (giver == "looop")
