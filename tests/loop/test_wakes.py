"""What wakes a sleeping pulse, and what does not: real files, real events, a real clock."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from looop.core.phase import Doing
from looop.loop.pulse import Pulse
from looop.store import runs
from support.looping import GOAL, NOTE, PATH, Looping

pytestmark = pytest.mark.process
PATIENCE = 60.0


class Awake:
    """A pulse that sleeps for an hour unless something wakes it."""

    def __init__(self, folder: Path, agent: str = "true") -> None:
        self.loop = Looping(folder, agent, interval=3600, busy_interval=3600, edit_settle=0, revisit=0)
        env = {"PATH": PATH, "HOME": str(folder), "LOOOP_CONFINE": "off"}
        self.pulse = Pulse(self.loop.profile, env=env, fleet=self.loop.fleet, clock=self.loop.clock)

    @property
    def beats(self) -> int:
        return self.pulse.phase().beats

    async def until(self, condition: Callable[[], bool]) -> None:
        with trio.fail_after(PATIENCE):
            while not condition():
                await trio.sleep(0.01)

    def asked_for(self, item: str) -> bool:
        """Tell whether this change had the AI asked; a run that has only just begun has no record yet."""
        found = map(runs.read_record, runs.list_runs(self.loop.profile))
        return any(item in [change.item for change in record.changes] for record in found if record)

    async def asleep(self, beats: int) -> None:
        await self.until(lambda: self.beats >= beats and self.pulse.phase().doing is Doing.SLEEPING)


@asynccontextmanager
async def awake(folder: Path, agent: str = "true") -> AsyncIterator[Awake]:
    pulse = Awake(folder, agent)
    async with trio.open_nursery() as nursery:
        await nursery.start(pulse.pulse.serve)
        await pulse.asleep(1)
        yield pulse
        nursery.cancel_scope.cancel()


async def test_an_edited_goal_wakes_the_beat_and_the_ai_is_asked(tmp_path: Path) -> None:
    async with awake(tmp_path) as pulse:
        pulse.loop.goal("a", GOAL + "- please\n")
        await pulse.until(lambda: pulse.pulse.phase().ticks == 2)
    assert pulse.loop.record().changes[0].item == "goal:a.md"


async def test_an_edited_sensor_and_a_new_goal_wake_the_beat(tmp_path: Path) -> None:
    async with awake(tmp_path) as pulse:
        pulse.loop.sensor("new", "1")
        await pulse.until(lambda: pulse.pulse.phase().ticks == 2)
        assert "sensor:new" in [change.item for change in pulse.loop.record().changes]
        pulse.loop.goal("b")
        await pulse.until(lambda: pulse.pulse.phase().ticks == 3)
        assert "goal:b.md" in [change.item for change in pulse.loop.record().changes]


async def test_an_editor_that_replaces_the_file_wakes_the_beat(tmp_path: Path) -> None:
    async with awake(tmp_path) as pulse:
        goal = pulse.loop.profile.goals / "a.md"
        goal.with_name(".a.md.swp").write_text("swap")
        goal.with_name("a.md~").write_text("backup")
        temp = goal.with_name("4913")
        temp.write_text(GOAL + "- via rename\n")
        temp.rename(goal)
        await pulse.until(lambda: pulse.pulse.phase().ticks == 2)


async def test_what_is_no_edit_wakes_nobody(tmp_path: Path) -> None:
    """The last, real edit is the proof that the earlier hints were looked at: they came first."""
    async with awake(tmp_path) as pulse:
        goals = pulse.loop.profile.goals
        (goals / ".a.md.swp").write_text("swap")
        (goals / "a.md~").write_text("backup")
        (goals / "#a.md#").write_text("autosave")
        (goals / "notes.txt").write_text("no goal")
        (goals / "a.md").touch()
        (goals / "a.md").write_text(GOAL)
        pulse.loop.profile.baseline.touch()
        (pulse.loop.profile.reports / "x.md").write_text("a report")
        await trio.sleep(0.7)  # longer than hints are gathered; a slower machine can only make this pass
        assert pulse.beats == 1
        pulse.loop.goal("a", GOAL + "- please\n")
        await pulse.asleep(2)


async def test_looops_own_landing_wakes_nobody(tmp_path: Path) -> None:
    async with awake(tmp_path, NOTE) as pulse:
        assert pulse.pulse.phase().ticks == 1
        await trio.sleep(0.7)  # as above
        assert pulse.beats == 1
        assert "edited" not in pulse.loop.profile.pulse_log.read_text()


async def test_a_poke_wakes_the_beat(tmp_path: Path) -> None:
    async with awake(tmp_path) as pulse:
        pulse.pulse.poke()
        await pulse.asleep(2)


async def test_edits_settle_before_the_ai_is_asked(tmp_path: Path) -> None:
    async with awake(tmp_path) as pulse:
        pulse.loop.configure(interval=3600, edit_settle=1.5)
        pulse.loop.goal("a", GOAL + "- one\n")
        await pulse.until(lambda: pulse.pulse.phase().doing is Doing.SETTLING)
        pulse.loop.goal("a", GOAL + "- one\n- two\n")
        await pulse.until(lambda: pulse.pulse.phase().ticks == 2)
    assert "| - two" in pulse.loop.prompt()


async def test_the_tick_folder_gone_or_the_goals_folder_replaced_stops_nothing(tmp_path: Path) -> None:
    import shutil

    async with awake(tmp_path) as pulse:
        goals = pulse.loop.profile.goals
        shutil.rmtree(pulse.loop.profile.tick)
        goals.rename(goals.with_name("goals.old"))
        goals.mkdir(mode=0o700)
        await pulse.asleep(2)
        pulse.loop.goal("new")
        await pulse.until(lambda: pulse.asked_for("goal:new.md"))


async def test_a_config_that_breaks_idles_the_pulse_and_its_correction_is_taken(tmp_path: Path) -> None:
    async with awake(tmp_path) as pulse:
        pulse.loop.profile.config.write_text("{")
        pulse.pulse.poke()
        await pulse.until(lambda: "looop.json" in (pulse.pulse.phase().trouble or ""))
        pulse.loop.configure(interval=3600)
        pulse.pulse.poke()
        await pulse.until(lambda: pulse.pulse.phase().trouble is None)


async def test_an_edit_that_can_not_be_taken_in_wakes_the_beat_once(tmp_path: Path) -> None:
    async with awake(tmp_path) as pulse:
        pulse.loop.profile.config.write_text("{")
        pulse.pulse.poke()
        await pulse.until(lambda: pulse.pulse.phase().trouble is not None)
        pulse.loop.goal("a", GOAL + "- edited\n")
        beats = set()
        with trio.move_on_after(4):
            while True:
                beats.add(pulse.pulse.phase().wakes_at)
                await trio.sleep(0.01)
        assert len(beats) <= 3
