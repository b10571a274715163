"""What is seen at a glance, and what waits for the person, whatever state the rest is in."""

import msgspec
import pytest

from looop.cli.console import FakeCall
from looop.cli.status import StatusView
from looop.core.phase import Doing, Hold, Phase
from looop.core.sessions import State
from looop.engine.call import Kind
from looop.store import config, files, flags, pause
from looop.store.paths import Profile
from looop.store.pause import Pause
from support.verbs import FakeEngine, Looop

NOW = 1767268800.0


@pytest.fixture(autouse=True)
def _noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: NOW)


async def seen(looop: Looop) -> StatusView:
    return msgspec.json.decode((await looop("status", "--json")).out, type=StatusView)


async def test_a_sleeping_pulse_says_until_when_and_why(relayed: Looop, engine: FakeEngine) -> None:
    engine.shown = Phase(doing=Doing.SLEEPING, wakes_at=NOW + 42, waits_for="the interval")
    assert "sleeping, next beat in 42s (the interval)" in (await relayed("status")).out


async def test_every_hold_is_shown_with_its_reason_and_its_end(relayed: Looop, engine: FakeEngine) -> None:
    engine.shown = Phase(holds=(Hold("parked: login expired"), Hold("300 asks today", NOW + 3600)))
    out = (await relayed("status")).out
    assert "parked: login expired, until a person acts" in out
    assert "300 asks today, until 13:00:00 (1h)" in out


async def test_a_pause_is_shown_once_also_when_the_pulse_shows_it_too(
    relayed: Looop, engine: FakeEngine, profile: Profile
) -> None:
    paused = Pause(since=NOW - 60, until=NOW + 60)
    pause.write(profile, paused)
    engine.shown = Phase(holds=(paused.hold(),))
    out = (await relayed("status")).out
    assert out.count("12:01:00") == 1
    assert out.count("paused") == 1


async def test_a_pause_that_is_over_is_none(looop: Looop, profile: Profile) -> None:
    pause.write(profile, Pause(since=NOW - 60, until=NOW - 1))
    assert (await seen(looop)).pause is None


async def test_a_damaged_pause_is_a_pause_that_says_how_to_end_it(looop: Looop, profile: Profile) -> None:
    profile.pause.write_text("soon")
    assert "looop unpause" in (await seen(looop)).pause.hold().reason  # type: ignore[union-attr]
    await looop("unpause")
    assert (await seen(looop)).pause is None


async def test_rehearsal_says_how_to_agree(relayed: Looop, engine: FakeEngine) -> None:
    engine.shown = Phase(runner="rehearsal", rehearsing_because="nobody has agreed: `looop init`")
    assert "rehearsal, not an AI: nobody has agreed: `looop init`" in (await relayed("status")).out


async def test_unknown_costs_are_said_to_break_the_money_caps(relayed: Looop, engine: FakeEngine) -> None:
    engine.shown = Phase(costs_known=False)
    assert "money caps can't hold" in (await relayed("status")).out


async def test_a_lost_engine_is_told_apart_from_one_that_nobody_wants(looop: Looop, profile: Profile) -> None:
    assert "not running: `looop up`" in (await looop("status")).out
    files.durable(profile.up, b"{}")
    assert "not running, though it should" in (await looop("status")).out


async def test_an_engine_that_holds_the_lock_and_is_silent_is_named(looop: Looop, profile: Profile) -> None:
    import os

    from looop.engine import holder

    with files.lock(profile.lock) as held:
        held.write_holder(holder.myself())
        assert f"pid {os.getpid()}) does not answer" in (await looop("status")).out


async def test_what_a_dead_pulse_was_doing_is_not_shown_as_going_on(looop: Looop, profile: Profile) -> None:
    phase = Phase(doing=Doing.DECIDING, run="tick-1", wakes_at=NOW)
    (profile.pulse / "status.json").write_bytes(msgspec.json.encode(phase))
    assert (await seen(looop)).phase.doing is Doing.STOPPED


async def test_one_broken_part_hides_no_other(looop: Looop, profile: Profile) -> None:
    profile.cost.write_text("no json\nat all\n")
    profile.config.write_text("{")
    (profile.pulse / "status.json").write_bytes(b"\xff")
    profile.journal.unlink(missing_ok=True)
    profile.journal.mkdir()
    view = await seen(looop)
    assert len(view.troubles) == 3
    assert view.goals == 2
    assert "cost.jsonl" in (await looop("status")).out


async def test_what_others_wrote_can_not_move_the_cursor(relayed: Looop, engine: FakeEngine) -> None:
    engine.shown = Phase(holds=(Hold("\x1b[2Jheld\n⚑ 9 forged"),), trouble="\u202etrouble", runner="\x9b2J")
    out = (await relayed("status")).out
    assert "\x1b" not in out
    assert "\x9b" not in out
    assert "\u202e" not in out
    assert not [row for row in out.splitlines() if row.startswith("⚑")]


async def test_a_bare_looop_without_a_profile_says_how_to_begin(no_profile: Profile) -> None:
    said = await Looop(no_profile)()
    assert said.code == 0
    assert said.out.startswith("looop up  ")


async def test_a_bare_looop_with_nothing_to_do_says_so(
    relayed: Looop, engine: FakeEngine, profile: Profile
) -> None:
    config.set_keys(profile, runner="rehearsal")
    said = await relayed()
    assert said.out.startswith("Nothing waits for you.\nThe pulse: sleeping\n")


async def test_a_bare_looop_puts_flags_first_and_names_a_verb_for_each_thing(
    relayed: Looop, engine: FakeEngine, profile: Profile
) -> None:
    flags.raise_flag(profile, "disk", "the disk is full")
    pause.write(profile, Pause(since=NOW))
    engine.shown = Phase(doing=Doing.SLEEPING, holds=(Hold("parked: no login"), Hold("soon over", NOW + 5)))
    waits = (await relayed("--json")).value["waits"]
    assert [wait["verb"] for wait in waits] == [
        "looop unflag 1",
        "looop status",
        "looop unpause",
        "looop init",
    ]


async def test_a_profile_that_can_not_be_trusted_leads_to_the_doctor(looop: Looop, profile: Profile) -> None:
    profile.data.chmod(0o777)
    waits = (await looop("--json")).value["waits"]
    assert [wait["verb"] for wait in waits] == ["looop doctor"]
    assert (await looop("doctor")).code == 1
    profile.data.chmod(0o700)


async def test_a_flag_goes_by_its_number_or_its_cause(
    relayed: Looop, engine: FakeEngine, profile: Profile
) -> None:
    flags.raise_flag(profile, "disk", "full \x1b[2J")
    flags.raise_flag(profile, "failing today", "it fails")
    assert (await relayed("unflag", "1")).out == "⚑ 1 is down: full\n"
    assert (await relayed("unflag", "failing today")).code == 0
    assert flags.open_flags(profile) == ()
    assert engine.pokes == 2
    assert (await relayed("unflag", "1", "--json")).problem == (3, "no-flag")


async def test_the_doctor_names_the_variables_that_a_person_set(looop: Looop) -> None:
    call = FakeCall(env={"HOME": "/nowhere", "LOOOP_BIN": "/bin/looop", "LOOOP_INTERVAL": "9"})
    said = (await looop("doctor", call=call)).out
    assert "(and LOOOP_INTERVAL)" in said
    assert "LOOOP_BIN" not in said


async def test_the_doctor_works_on_whatever_is_left(no_profile: Profile) -> None:
    no_profile.config.write_text("{")
    said = await Looop(no_profile)("doctor", "--json", kind=Kind.CHILD)
    assert said.code == 1
    assert {finding["what"]: finding["grade"] for finding in said.value["findings"]} == {
        "config": "bad",
        "agent": "bad",
        "data": "note",
    }


async def test_the_doctor_finds_a_sensor_that_can_not_run(looop: Looop, profile: Profile) -> None:
    (profile.sensors / "odd.sh").write_text("echo 1\n")
    said = await looop("doctor", call=FakeCall(env={"PATH": "/nowhere"}))
    assert said.code == 1
    assert "odd does not start with #!" in said.out


async def test_live_sessions_show_with_their_evidence_and_ended_ones_are_counted(
    relayed: Looop, engine: FakeEngine
) -> None:
    engine.sessions.add("build", State.ASKING, evidence="screen: a yes or no question")
    engine.sessions.add("old", State.ENDED, code=0)
    out = (await relayed("status")).out
    assert "build: asking for" in out
    assert "screen: a yes or no question" in out
    assert "ended    1 session" in out
    assert "old" not in out


async def test_a_session_that_asks_at_its_terminal_waits_for_a_person(
    relayed: Looop, engine: FakeEngine
) -> None:
    engine.sessions.add("build", State.ASKING, evidence="screen: a yes or no question")
    engine.sessions.add("fine", State.WORKING)
    waits = (await relayed("--json")).value["waits"]
    assert [wait["verb"] for wait in waits if "attach" in wait["verb"]] == ["looop attach build"]
