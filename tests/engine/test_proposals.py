"""An approved draft lands once, whole, and only as it was shown."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from looop.core.problem import Exit, Problem
from looop.engine import proposals
from looop.loop import land as landing
from looop.loop.clock import Clock
from looop.loop.fleet import NoFleet
from looop.loop.site import Site
from looop.session import draft
from looop.store import config, files, written
from support.looping import Looping
from support.profiles import GOAL, made_in

SCRIPT = "#!/bin/sh\necho 1\n"


class Killed(BaseException):
    """Stands for SIGKILL: nothing in the code under test catches it."""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    profile = made_in(tmp_path)
    profile.playbook.write_text("starter\n")
    (profile.goals / "setup.md").write_text(GOAL)
    return Site(profile, config.load(profile, {}), {}, lambda _line: None, Clock(), NoFleet())


@pytest.fixture
def folder(site: Site) -> Path:
    """Give the folder of a session whose draft archives setup and writes three files."""
    made = site.profile.sessions / "setup"
    made.mkdir(parents=True)
    goals = draft.fill(site.profile, made) / "goals"
    (goals / "setup.md").rename(goals / "archive" / "setup.md")
    (goals / "mine.md").write_text(GOAL)
    (made / "draft" / "sensors" / "s.sh").write_text(SCRIPT)
    (made / "draft" / "PLAYBOOK.md").write_text("mine\n")
    return made


def landed(site: Site) -> bool:
    at = site.profile
    return (
        at.playbook.read_text() == "mine\n"
        and (at.goals / "mine.md").read_text() == GOAL
        and not (at.goals / "setup.md").exists()
        and (at.archive / "setup.md").read_text() == GOAL
        and (at.sensors / "s.sh").read_text() == SCRIPT
        and (at.sensors / "s.sh").stat().st_mode & 0o777 == 0o700
        and len(lines(site)) == 1
    )


def lines(site: Site) -> list[str]:
    return site.profile.journal.read_text().splitlines() if site.profile.journal.exists() else []


async def refused(site: Site, folder: Path, **approved: str) -> Problem:
    with pytest.raises(Problem) as caught:
        await proposals.land(site, folder, 3, "setup", **approved)
    assert lines(site) == []
    assert site.profile.playbook.read_text() != "mine\n"
    return caught.value


async def test_it_lands_whole_with_one_line(site: Site, folder: Path) -> None:
    said = await proposals.land(site, folder, 3, "setup", proposal=draft.digest(site.profile, folder))
    assert landed(site)
    assert lines(site)[0].partition(" setup: ")[2] == (
        "landed on a person's approval (flag 3): "
        "PLAYBOOK.md, goals/archive/setup.md, goals/mine.md, goals/setup.md, sensors/s.sh"
    )
    assert said.startswith("Landed what setup proposed: PLAYBOOK.md, ")


async def test_approving_twice_lands_once(site: Site, folder: Path) -> None:
    said = [await proposals.land(site, folder, 3, "setup") for _ in range(2)]
    assert said[0] == said[1]
    assert landed(site)


async def test_a_draft_that_changed_after_it_was_shown_does_not_land(site: Site, folder: Path) -> None:
    shown = draft.digest(site.profile, folder)
    (folder / "draft" / "sensors" / "s.sh").write_text("#!/bin/sh\nrm -rf ~\n")
    assert (await refused(site, folder, proposal=shown)).kind == "draft-changed"


async def test_a_policy_file_that_a_person_changed_meanwhile_stays(site: Site, folder: Path) -> None:
    site.profile.playbook.write_text("theirs\n")
    problem = await refused(site, folder)
    assert (problem.kind, problem.exit_code) == ("conflict", Exit.REFUSED)
    assert problem.text.startswith("PLAYBOOK.md changed since setup began its draft")


async def test_a_bad_file_keeps_all_from_landing(site: Site, folder: Path) -> None:
    (folder / "draft" / "goals" / "bad.md").write_text("no goal")
    assert (await refused(site, folder)).kind == "bad-draft"


async def test_a_tick_that_is_landing_is_waited_for_and_then_given_up(
    site: Site, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(landing, "LOCK_PATIENCE", 0.05)
    with files.lock(site.profile.policy_lock):
        assert (await refused(site, folder)).kind == "busy"


@pytest.mark.parametrize("steps", range(12))
async def test_a_kill_anywhere_is_finished_by_the_next_engine(
    site: Site, folder: Path, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    left = iter(range(steps))

    def dying(real: Callable[..., Any], *args: Any, **named: Any) -> Any:
        if next(left, None) is None:
            raise Killed
        return real(*args, **named)

    for name in ("durable", "durable_remove", "append_durable"):
        monkeypatch.setattr(files, name, partial(dying, getattr(files, name)))
    try:
        await proposals.land(site, folder, 3, "setup")
    except Killed:
        monkeypatch.undo()
        staged = (folder / "landing-3" / "landing.json").exists()
        await proposals.recover(site)
        assert landed(site) or not staged
        await proposals.land(site, folder, 3, "setup")
    assert landed(site)
    assert await proposals.recover(site) == ()


async def test_a_landed_proposal_wakes_the_loop_once(tmp_path: Path) -> None:
    looping = Looping(tmp_path)
    await looping.beat()
    assert not await looping.beats.edited()
    folder = looping.profile.sessions / "setup"
    folder.mkdir(parents=True)
    draft.fill(looping.profile, folder)
    (folder / "draft" / "goals" / "new.md").write_text(GOAL)
    at = Site(looping.profile, config.load(looping.profile, {}), {}, looping.said.append, Clock(), NoFleet())
    await proposals.land(at, folder, 1, "setup")
    assert await looping.beats.edited()
    asked = [(await looping.beat()).ticked is not None for _ in range(3)]
    assert asked == [True, False, False]
    assert not await looping.beats.edited()


async def test_an_approved_proposal_approves_the_scripts_that_it_holds(site: Site, folder: Path) -> None:
    await proposals.land(site, folder, 3, "setup")
    (piece,) = written.known(site.profile).values()
    assert (piece.path, piece.run, piece.approved is not None) == ("sensors/s.sh", "setup", True)
    assert written.awaited(site.profile) == {}
