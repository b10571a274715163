"""What a tick wrote waits for a person before looop runs it; what a person wrote runs at once."""

from pathlib import Path
from typing import Any

import pytest

from looop.core.act import Act
from looop.core.problem import Problem
from looop.core.reading import AWAITS
from looop.loop import origin, verdicts
from looop.loop.fleet import NoFleet
from looop.loop.site import Site
from looop.loop.tick import Outcome
from looop.store import config, events, files, flags, written
from looop.store.faults import Unreadable
from looop.store.flags import Flag
from support.looping import NOTE, Looping

pytestmark = pytest.mark.process

SCRIPT = "#!/bin/sh\\necho x >>ran; echo 7\\n"
WRITES = f"printf '{SCRIPT}' >sensors/x.sh; echo '- added x' >>journal.md"
OTHER = f"printf '{SCRIPT}# changed\\n' >sensors/x.sh; echo '- changed x' >>journal.md"


@pytest.fixture
def loop(tmp_path: Path) -> Looping:
    return Looping(tmp_path, WRITES, notify="cat >>told")


def ran(loop: Looping) -> int:
    path = loop.profile.data / "ran"
    return len(path.read_text().split()) if path.exists() else 0


def told(loop: Looping) -> str:
    path = loop.profile.data / "told"
    return path.read_text() if path.exists() else ""


def only_flag(loop: Looping) -> Flag:
    (flag,) = flags.open_flags(loop.profile)
    return flag


def site(loop: Looping) -> Site:
    settings = config.load(loop.profile, {})
    return Site(loop.profile, settings, {}, loop.said.append, loop.clock, NoFleet())


async def decide(loop: Looping, *, approved: bool, why: str = "") -> str:
    return await verdicts.decide(site(loop), only_flag(loop), why, approved=approved)


async def written_by_a_tick(loop: Looping) -> None:
    """Have a tick write the sensor, and the next beat look at it."""
    assert (await loop.beat()).ticked is not None
    loop.agent("true")
    await loop.beat()


async def test_a_ticks_sensor_is_no_program_until_a_person_approves_it(loop: Looping) -> None:
    await written_by_a_tick(loop)
    assert ran(loop) == 0
    assert f"error: {AWAITS}" in loop.prompt()
    flag = only_flag(loop)
    assert flag.cause == "awaiting sensors/x.sh"
    assert "+echo x >>ran; echo 7" in flag.diff
    assert told(loop).count("was written by tick-") == 1
    assert "+echo x >>ran; echo 7" in told(loop)
    assert "may run" in await decide(loop, approved=True)
    await loop.beat()
    assert (ran(loop), flags.open_flags(loop.profile)) == (1, ())
    assert "signal: 7" in loop.prompt()


async def test_it_wakes_the_loop_once_and_tells_of_itself_once(loop: Looping) -> None:
    await written_by_a_tick(loop)
    asked = [(await loop.beat()).ticked is not None for _ in range(3)]
    assert asked == [False, False, False]
    assert told(loop).count("was written by") == 1
    assert len([it for it in events.read(loop.profile, 100) if it.kind == "flag"]) == 1


async def test_a_person_who_edits_it_in_place_has_it_run_at_once(loop: Looping) -> None:
    await written_by_a_tick(loop)
    loop.sensor("x", "8")
    await loop.beat()
    assert "signal: 8" in loop.prompt()
    assert flags.open_flags(loop.profile) == ()


async def test_what_changes_while_it_waits_is_asked_about_anew_and_the_old_yes_counts_for_nothing(
    loop: Looping,
) -> None:
    await written_by_a_tick(loop)
    shown = only_flag(loop)
    loop.agent(OTHER)
    await loop.beat(force=True)
    with pytest.raises(Problem, match="look at it again"):
        await verdicts.decide(site(loop), shown, "", approved=True)
    loop.agent("true")
    await loop.beat()
    now = only_flag(loop)
    assert (now.instead, now.number != shown.number) == (shown.number, True)
    assert "+# changed" in now.diff
    assert "+echo x >>ran; echo 7" in now.diff  # what came before was never approved, so all of it is shown
    assert ran(loop) == 0


async def test_a_change_of_an_approved_one_shows_what_is_new_alone(loop: Looping) -> None:
    await written_by_a_tick(loop)
    await decide(loop, approved=True)
    loop.agent(OTHER)
    await loop.beat(force=True)
    loop.agent("true")
    await loop.beat()
    diff = only_flag(loop).diff
    assert "+# changed" in diff
    assert "+echo x" not in diff


async def test_a_denied_sensor_is_kept_beside_and_the_next_prompt_says_why(loop: Looping) -> None:
    await written_by_a_tick(loop)
    (loop.profile.sensors / "x.sh.off").write_text("an older one")
    number = only_flag(loop).number
    await decide(loop, approved=False, why="no network here")
    assert not (loop.profile.sensors / "x.sh").exists()
    assert (loop.profile.sensors / "x.sh.off").read_text() == "an older one"
    assert "echo 7" in (loop.profile.sensors / "x.2.sh.off").read_text()
    line = f"sensors/x.sh was denied by a person (⚑ {number}): no network here (kept as sensors/x.2.sh.off)"
    assert loop.journal()[-1] == line
    await loop.beat()
    assert "no network here" in loop.prompt()
    assert flags.open_flags(loop.profile) == ()
    assert ran(loop) == 0


async def test_with_auto_it_runs_as_its_tick_left_it_and_is_noted_all_the_same(tmp_path: Path) -> None:
    loop = Looping(tmp_path, WRITES, sensors="auto")
    await written_by_a_tick(loop)
    assert ran(loop) == 1
    (piece,) = written.awaited(loop.profile).values()
    assert piece.path == "sensors/x.sh"
    assert flags.open_flags(loop.profile) == ()
    loop.configure(sensors="ask")
    await loop.beat()
    assert only_flag(loop).cause == "awaiting sensors/x.sh"


@pytest.mark.parametrize("move", ["mine.sh sensors/mine.sh.off", "mine.sh sensors/yours.sh"])
async def test_what_a_tick_only_moves_stays_its_authors(loop: Looping, move: str) -> None:
    loop.sensor("mine", "1")
    loop.agent(f"mv sensors/{move}; echo '- moved' >>journal.md")
    assert (await loop.beat()).ticked is not None
    assert written.known(loop.profile) == {}


class Killed(BaseException):
    """Stands for SIGKILL: nothing in the code under test catches it."""


@pytest.mark.parametrize("at", ["written.json", "landing.json", "x.sh"])
async def test_no_kill_lets_a_script_be_there_without_its_note(
    loop: Looping, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    real = files.durable

    def dying(path: Path, data: bytes, **named: Any) -> None:
        if path.name == at:
            raise Killed
        real(path, data, **named)

    monkeypatch.setattr(files, "durable", dying)
    with pytest.RaisesGroup(Killed, allow_unwrapped=True, flatten_subgroups=True):
        await loop.beat()
    monkeypatch.undo()
    assert not (loop.profile.sensors / "x.sh").exists()
    loop.beats = loop.fresh()
    loop.agent("true")
    await loop.beat()
    there = (loop.profile.sensors / "x.sh").exists()
    assert there is (at == "x.sh")
    assert [flag.cause for flag in flags.open_flags(loop.profile)] == ["awaiting sensors/x.sh"] * there
    assert ran(loop) == 0


async def test_a_book_that_cant_be_read_idles_the_beat_and_runs_nothing(loop: Looping) -> None:
    await written_by_a_tick(loop)
    (loop.profile.pulse / "written.json").write_text("{")
    report = await loop.beat()
    assert "written.json" in (report.trouble or "")
    assert ran(loop) == 0
    with pytest.raises(Unreadable):
        written.awaited(loop.profile)


async def test_a_check_that_a_tick_wrote_is_asked_about_and_stays_unrun_when_denied(loop: Looping) -> None:
    loop.agent("printf -- '---\\ngoal: x\\nverify: make test\\n---\\n' >goals/a.md")
    await loop.beat()
    loop.agent("true")
    await loop.beat()
    assert only_flag(loop).cause == "awaiting goals/a.md"
    assert "+verify: make test" in only_flag(loop).diff
    await decide(loop, approved=False)
    await loop.beat()
    assert flags.open_flags(loop.profile) == ()
    assert list(written.awaited(loop.profile)) == [written.digest_of_check("make test")]
    assert "verify: make test" in (loop.profile.goals / "a.md").read_text()


async def test_a_check_that_a_tick_gave_to_a_session_is_asked_about_too(loop: Looping) -> None:
    act = Act(("start-session", "fix", "do it", "--verify", "make test"), "goal:a.md")
    origin.note(loop.profile, "tick-1", (), act)
    origin.note(loop.profile, "tick-1", (), Act(("start-session", "b", "x", "--verify=true"), "goal:b.md"))
    loop.agent("true")
    await loop.beat()
    there = flags.open_flags(loop.profile)
    assert [flag.cause[:-9] for flag in there] == ["awaiting start-session fix", "awaiting start-session b"]
    assert "+verify: make test" in there[0].diff
    await verdicts.decide(site(loop), there[0], "", approved=True)
    await verdicts.decide(site(loop), there[1], "", approved=False)
    await loop.beat()
    assert flags.open_flags(loop.profile) == ()
    assert list(written.awaited(loop.profile)) == [written.digest_of_check("true")]


async def test_a_note_of_a_tick_leaves_a_persons_check_a_persons(loop: Looping) -> None:
    loop.goal("a", "---\ngoal: x\nverify: make test\n---\n")
    loop.agent(NOTE)
    assert (await loop.beat()).ticked is not None
    assert written.known(loop.profile) == {}


async def test_config_is_nothing_that_a_tick_can_land(loop: Looping) -> None:
    before = loop.profile.config.read_bytes()
    loop.agent("echo '{}' >looop.json; echo '{}' >CONFIG; mkdir -p sensors; echo '- set' >>journal.md")
    ticked = (await loop.beat()).ticked
    assert ticked is not None
    assert (ticked.outcome, ticked.ignored) == (Outcome.NOTHING, ("CONFIG", "looop.json"))
    assert loop.profile.config.read_bytes() == before


async def test_what_a_full_book_can_not_take_does_not_land(
    loop: Looping, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(written, "FULL", 0)
    ticked = (await loop.beat()).ticked
    assert ticked is not None
    assert (ticked.outcome, ticked.reason) == (Outcome.REJECTED, written.TOO_MUCH)
    assert not (loop.profile.sensors / "x.sh").exists()
    assert written.known(loop.profile) == {}


async def test_a_check_that_nobody_would_read_does_not_land(loop: Looping) -> None:
    goal = f"printf -- '---\\ngoal: g\\nverify: true %0{origin.LONGEST}d\\n---\\n' 7 >goals/g.md"
    loop.agent(f"{goal}; echo '- a goal' >>journal.md")
    ticked = (await loop.beat()).ticked
    assert ticked is not None
    assert ticked.outcome is Outcome.REJECTED
    assert "a check has 4101 bytes, more than 4096" in ticked.reason
    assert not (loop.profile.goals / "g.md").exists()
