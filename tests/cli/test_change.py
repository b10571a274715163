"""A verb that changes policy is recorded in a tick, and done at once, under the lock, for a person."""

import pytest

from looop.cli import change
from looop.core.act import Act, Write
from looop.core.problem import Exit
from looop.engine.call import Kind
from looop.store import files
from looop.store.paths import Profile
from support.verbs import FakeEngine, Looop


async def test_in_a_tick_a_goal_is_recorded_and_nothing_is_written(
    relayed: Looop, engine: FakeEngine, profile: Profile
) -> None:
    said = await relayed("goal", "new", "tea", "There is tea", kind=Kind.TICK)
    assert said.out == "recorded: happens when this tick lands\n"
    assert engine.acts == [
        Act(
            ("goal", "new", "tea.md"),
            "goal:tea.md",
            (Write("goals/tea.md", b"---\ngoal: There is tea\n---\n"),),
        )
    ]
    assert not (profile.goals / "tea.md").exists()
    assert engine.pokes == 0


async def test_in_a_tick_an_archived_goal_is_a_removal_and_a_free_name(
    relayed: Looop, engine: FakeEngine, profile: Profile
) -> None:
    data = (profile.goals / "setup.md").read_bytes()
    (profile.archive / "setup.md").write_text("an earlier one")
    await relayed("goal", "archive", "setup", kind=Kind.TICK)
    writes = (Write("goals/setup.md", None), Write("goals/archive/setup.2.md", data))
    assert engine.acts == [Act(("goal", "archive", "setup.md"), "goal:setup.md", writes)]
    assert (profile.goals / "setup.md").exists()


async def test_in_a_tick_a_sensor_is_switched_by_two_writes(
    relayed: Looop, engine: FakeEngine, profile: Profile
) -> None:
    data = (profile.sensors / "today.sh").read_bytes()
    said = await relayed("sensor", "off", "today", "--json", kind=Kind.TICK)
    assert said.value == {"v": 1, "said": "recorded: happens when this tick lands", "recorded": True}
    writes = (Write("sensors/today.sh", None), Write("sensors/today.sh.off", data))
    assert engine.acts == [Act(("sensor", "off", "today"), "sensor:today", writes)]


async def test_a_second_verb_of_a_tick_is_refused(relayed: Looop) -> None:
    await relayed("goal", "new", "a", "text", kind=Kind.TICK)
    assert (await relayed("goal", "new", "b", "text", kind=Kind.TICK)).code == Exit.REFUSED


async def test_what_could_not_land_is_refused_at_once(relayed: Looop, engine: FakeEngine) -> None:
    assert (await relayed("goal", "new", "setup", "text", kind=Kind.TICK)).code == Exit.REFUSED
    assert (await relayed("goal", "archive", "nothing", kind=Kind.TICK)).code == Exit.MISSING
    assert engine.acts == []


async def test_a_tick_without_anybody_who_runs_it_changes_nothing(looop: Looop, profile: Profile) -> None:
    said = await looop("goal", "new", "tea", "text", kind=Kind.TICK)
    assert said.code == Exit.UNREACHABLE
    assert not (profile.goals / "tea.md").exists()


async def test_a_persons_change_pokes_the_pulse(relayed: Looop, engine: FakeEngine, profile: Profile) -> None:
    await relayed("goal", "new", "tea", "text")
    assert (profile.goals / "tea.md").exists()
    assert engine.pokes == 1
    assert engine.acts == []


async def test_a_landing_that_takes_long_is_a_clear_refusal(
    looop: Looop, profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change, "_PATIENCE", 0.1)
    with files.lock(profile.policy_lock):
        said = await looop("goal", "new", "tea", "text", "--json")
    assert said.problem == (Exit.NO, "busy")
    assert (await looop("goal", "new", "tea", "text")).code == 0
