"""Nobody outlives what started it: each kind of hostile child, in each place, by each way of its end.

Places are sessions, ticks, sensors, checks and approved commands, without walls and in cells. All kinds of
`support.hostiles` are there at once, and whatever has ended leaves none of them; a failure names its kind.
"""

import json
import os
import shlex
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from looop.child import tree
from support import tested
from support.hostiles import ALL, HANGING, LEAVING, Hostiles
from support.person import Person, person
from support.profiles import sensor
from support.surviving import gone, killed, leader, leaderless, next_engine
from support.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.timeout(300)]

SHORT = (2, 8, 32)
"""Deadlines in seconds that are tried in turn until one is long enough for all of the children to begin."""


@pytest.fixture(scope="module", params=["off", pytest.param("require", marks=pytest.mark.needs("bwrap"))])
def everybody(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "bin").mkdir()
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    with person(folder, LOOOP_CONFINE=request.param, PATH=path) as looop:
        leaderless(looop)
        settings = json.loads(looop.profile.config.read_text())
        agent = {"tick": f"sh {folder / 'home' / 'agent.sh'}"}
        settings |= {"runner": "mine", "runners": {"mine": agent}, "interval": 3600, "busy_interval": 3600}
        looop.profile.config.write_text(json.dumps(settings))
        (folder / "home" / "agent.sh").write_text("")
        looop("up")
        yield looop


@pytest.fixture
def looop(everybody: Person) -> Iterator[Person]:
    everybody("up")
    yield everybody
    for name in ("sensors/hostile.sh", "goals/a.md"):
        (everybody.profile.data / name).unlink(missing_ok=True)
    everybody("down", "--all")


def hostiles(looop: Person, *more: str) -> Hostiles:
    return Hostiles(looop.profile.data / f"gate-{os.urandom(4).hex()}", (*ALL, *more))


def in_session(looop: Person, then: str = "sleep 1000") -> Hostiles:
    found = hostiles(looop, "flood-and-hold")
    looop("start-session", "a", "--command", found.script(then))
    found.begun()
    return found


def by_itself(looop: Person, found: Hostiles) -> None:
    found.gate.touch()
    assert looop.call("wait", "a").returncode == 6


def by_a_signal(looop: Person, _: Hostiles) -> None:
    os.kill(leader(looop, "a").pid, signal.SIGKILL)
    assert looop.call("wait", "a").returncode == 137


def frozen(looop: Person, _: Hostiles) -> None:
    looop("freeze", "a")
    looop("kill", "a")


def without_keeper(looop: Person, _: Hostiles) -> None:
    killed(looop.keeper)
    until(lambda: not looop.lives(), "the end of the engine")
    looop("up")
    assert looop.state("a") == "lost"


def after_another_engine(looop: Person, found: Hostiles) -> None:
    engine = looop.engine
    killed(engine)
    next_engine(looop, engine)
    assert found.present()  # a session does not notice
    looop("kill", "a", "--now")


ENDS: dict[str, Callable[[Person, Hostiles], object]] = {
    "by itself": by_itself,
    "by a signal to its leader": by_a_signal,
    "kill": lambda looop, _: looop("kill", "a"),
    "kill --now": lambda looop, _: looop("kill", "a", "--now"),
    "kill of a frozen one": frozen,
    "restart": lambda looop, found: restarted(looop, found),
    "down --all": lambda looop, _: looop("down", "--all"),
    "down --all --now": lambda looop, _: looop("down", "--all", "--now"),
    "keeper killed": without_keeper,
    "engine killed, then kill": after_another_engine,
}


def restarted(looop: Person, found: Hostiles) -> None:
    before = tree.descendants(leader(looop, "a").pid)
    looop("restart", "a")
    gone(before)  # those of the next run have the same marks
    found.begun()
    looop("kill", "a", "--now")


@pytest.mark.parametrize("end", ENDS)
def test_no_child_outlives_a_session(looop: Person, end: str) -> None:
    found = in_session(looop, "{gate}; exit 6")
    ENDS[end](looop, found)
    assert found.alive() == []


def agent(looop: Person, script: str) -> None:
    (looop.profile.data.parent / "home" / "agent.sh").write_text(script)


def settle(looop: Person, **settings: object) -> None:
    before = json.loads(looop.profile.config.read_text())
    looop.profile.config.write_text(json.dumps(before | settings))


def late(place: Callable[[Hostiles, int], None], looop: Person) -> Hostiles:
    """Have it run into its deadline, with all children there; `place` returns when it has."""
    for seconds in SHORT:
        found = hostiles(looop)
        seen = False

        def here() -> bool:
            nonlocal seen
            seen = seen or found.present()
            return seen

        place(found, seconds, here)
        if seen:
            return found
        assert found.alive() == []
    raise AssertionError("the children never began")
