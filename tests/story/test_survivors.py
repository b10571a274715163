"""Nobody outlives what started it: each kind of hostile child, in each place, by each way of its end.

Places are sessions, ticks, sensors, checks and approved commands, each without walls and in a cell. All kinds
of `support.hostiles` are there at once, and none may be left where something has ended; a failure names them.
What is covered ("cut": nobody is left; an approved command's own deadline, a constant of 15 minutes, is not):

| end                                   | session | sensor       | tick  | check   | command |
|---------------------------------------|---------|--------------|-------|---------|---------|
| by itself                             | cut     | cut          | cut   | cut     | cut     |
| a deadline, a limit of its output     | –       | late, floods | late  | late    |         |
| a signal to its leader, kill (--now), |         |              |       |         |         |
| kill of a frozen one, restart         | cut     | –            | –     | –       | –       |
| down                                  | goes on | cut          | cut   | –       |         |
| down --all                            | cut     | –            | –     | cut     | –       |
| down --now, engine killed             | goes on | cut          | cut   | cut     | cut     |
| down --all --now, keeper killed       | cut     | cut          | cut   | cut     | cut     |

Without walls one thing is known not to hold: a daemon that has left its session, its environment and its
limits is nobody's in particular, so of several steps at once it is killed with the last (`child.stray`).
"""

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from looop.child import tree
from support.hostiles import ALL, Hostiles
from support.person import Person, person
from support.profiles import sensor
from support.surviving import gone, killed, leader, leaderless, next_engine
from support.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.needs("bwrap"), pytest.mark.timeout(300)]

SHORT = (2, 8, 32)
"""Deadlines in seconds that are tried in turn until one is long enough for all of the children to begin."""

ALL_OF_IT = os.environ.get("SURVIVORS") == "all"
"""Whether every end is met with every step and all walls, for minutes. Else sessions and steps meet theirs
without walls, and what ends everything at once in a cell, with a sensor and a tick by turns."""

WALLS = ("off", *([pytest.param("require", marks=pytest.mark.needs("bwrap"))] if ALL_OF_IT else []))
SENSOR, TICK = "sensor", "tick"


@dataclass
class Scene:
    """One profile, and who was let loose in which place of it."""

    name: str
    looop: Person
    folder: Path
    loose: dict[str, Hostiles] = field(default_factory=dict)
    calls: list["subprocess.Popen[str]"] = field(default_factory=list)

    def hostiles(self, place: str, *more: str) -> Hostiles:
        gate = self.looop.profile.data / f"gate-{os.urandom(4).hex()}"
        self.loose[place] = Hostiles(gate, (*ALL, *more))
        return self.loose[place]

    def script(self, name: str, text: str) -> None:
        (self.folder / "home" / f"{name}.sh").write_text(text)

    def settle(self, **settings: object) -> None:
        before = json.loads(self.looop.profile.config.read_text())
        self.looop.profile.config.write_text(json.dumps(before | settings))

    def session(self, name: str = "a") -> Hostiles:
        found = self.hostiles(name, "flood-and-hold")
        self.looop("start-session", name, "--command", found.script("{gate}; exit 6"))
        found.begun()
        return found

    def sensor(self, then: str = "sleep 1000", seconds: int = 900) -> Hostiles:
        found = self.hostiles(SENSOR)
        text = f"#!/bin/sh\n# looop: timeout={seconds}s\n{found.script(then)}"
        sensor(self.looop.profile, "hostile", text)
        return self._ticking(found)

    def tick(self, then: str = "sleep 1000", seconds: int = 900) -> Hostiles:
        found = self.hostiles(TICK)
        self.settle(tick_timeout=seconds)
        self.script("agent", found.script(then))
        return self._ticking(found)

    def _ticking(self, found: Hostiles) -> Hostiles:
        self.calls.append(self.looop.start("tick", "--force"))
        return found

    def check(self, then: str = "sleep 1000", seconds: int = 900) -> Hostiles:
        found = self.hostiles("check")
        self.settle(verify_timeout=seconds)
        self.script("check", found.script(then))
        check = f"sh {self.folder / 'home' / 'check.sh'}"
        self.looop("start-session", "checked", "--command", "true", "--verify", check)
        return found

    def command(self, then: str = "sleep 1000") -> Hostiles:
        """Let them loose in a command that a person has approved."""
        found = self.hostiles("command")
        self.script("ship", found.script(then))
        ask = 'cd reports; echo | "$LOOOP_BIN" guard ask -- ship; sleep 1000'
        self.looop("start-session", "asks", "--command", ask)
        until(lambda: self.looop.session("asks")["flag"], "the flag")
        self.calls.append(self.looop.start("approve", "asks"))
        return found

    def left(self, *places: str) -> dict[str, list[str]]:
        """Name those that live in these places, or in any."""
        names = places or tuple(self.loose)
        return {place: it for place in names if (it := self.loose[place].alive())}

    def said(self) -> list[str]:
        """Wait until the verbs have ended that let somebody loose; what they said."""
        ended = [call.communicate(timeout=120)[0] for call in self.calls]
        self.calls.clear()
        return ended

    def over(self) -> None:
        """End what a test has left for good."""
        (self.looop.profile.sensors / "hostile.sh").unlink(missing_ok=True)
        self.script("agent", "")
        self.looop("down", "--all", "--now")
        self.said()
        self.looop("prune")
        self.loose.clear()


@pytest.fixture(scope="module", params=WALLS)
def profile(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("scene")
    (folder / "bin").mkdir()
    ship = folder / "bin" / "ship"
    ship.write_text(f"#!/bin/sh\nexec sh {folder / 'home' / 'ship.sh'}\n")
    ship.chmod(0o755)
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    with person(folder, LOOOP_CONFINE=request.param, PATH=path) as looop:
        leaderless(looop)
        scene = Scene(request.param, looop, folder)
        agent = {"tick": f"sh {folder / 'home' / 'agent.sh'}"}
        scene.settle(runner="mine", runners={"mine": agent}, interval=3600, busy_interval=3600, edit_settle=0)
        yield scene


@pytest.fixture
def scene(profile: Scene) -> Iterator[Scene]:
    profile.script("agent", "")
    profile.looop("up")
    yield profile
    profile.over()


def test_nobody_outlives_a_session_that_ends_or_is_killed_at_once(scene: Scene) -> None:
    looop = scene.looop
    scene.session().gate.touch()
    assert looop.call("wait", "a").returncode == 6
    assert scene.left() == {}
    scene.session()
    os.kill(leader(looop, "a").pid, signal.SIGKILL)
    assert looop.call("wait", "a").returncode == 137
    assert scene.left() == {}
    scene.session()
    looop("kill", "a", "--now")
    assert scene.left() == {}


def test_nobody_outlives_a_session_that_is_asked_to_end(scene: Scene) -> None:
    # All at once, because each of them uses up all of its time to end.
    looop = scene.looop
    for name in ("kill", "frozen", "restart"):
        scene.session(name)
    below = tree.descendants(leader(looop, "restart").pid)
    looop("freeze", "frozen")
    words = (("kill", "kill"), ("kill", "frozen"), ("restart", "restart"))
    for verb in [looop.start(*each) for each in words]:
        assert verb.wait(60) == 0
        verb.communicate()
    assert scene.left("kill", "frozen") == {}
    gone(below)  # those of the next run have the same marks
    scene.loose["restart"].begun()
    looop("kill", "restart", "--now")
    assert scene.left() == {}


def test_nobody_outlives_a_step_that_ends_by_itself(scene: Scene) -> None:
    for begin in (scene.check, scene.command, scene.sensor):
        found = begin("{gate}; echo 1")
        found.begun()
        found.gate.touch()
    ran, _ = scene.said()
    assert "exit code 0" in ran
    until(lambda: checked(scene), "the verdict")
    assert scene.looop.session("checked")["verdict"] == "verified"
    assert (scene.looop.profile.snapshots / "sensor-hostile.json").exists()
    assert scene.left() == {}
    found = scene.tick("{gate}")
    found.begun()
    found.gate.touch()
    scene.said()
    assert found.alive() == []


def test_nobody_outlives_a_deadline(scene: Scene) -> None:
    for begin in (scene.sensor, scene.tick, scene.check):
        assert late(scene, begin).alive() == []


def late(scene: Scene, begin: Callable[..., Hostiles]) -> Hostiles:
    """Have one run into its deadline, with all of the children there."""
    for seconds in SHORT:
        found, seen = begin(seconds=seconds), False
        while not (checked(scene) if begin == scene.check else scene.calls[0].poll() is not None):
            seen = seen or found.whole()
        scene.said()
        if seen:
            return found
        scene.looop("prune")
    raise AssertionError("some children never began")


def checked(scene: Scene) -> bool:
    """Tell whether the check has its verdict."""
    return scene.looop.session("checked")["verdict"] not in {"not verified", "being checked"}


def test_nobody_outlives_a_sensor_that_says_too_much(scene: Scene) -> None:
    found = scene.sensor("{gate}; yes")
    found.begun()
    found.gate.touch()
    scene.said()
    assert "sensor_max_bytes" in (scene.looop.profile.snapshots / "sensor-hostile.json").read_text()
    assert found.alive() == []


@pytest.mark.parametrize("step", [SENSOR, TICK])
def test_nobody_outlives_down_while_sessions_go_on(scene: Scene, step: str) -> None:
    found, session = begun(scene, step), scene.session()
    scene.looop("down")
    assert found.alive() == []
    session.begun()  # all of them are there still
    scene.check().begun()
    scene.looop("down", "--all")
    assert scene.left() == {}


def begun(scene: Scene, step: str) -> Hostiles:
    """Let them loose in a sensor or a tick, but in none that a next engine would begin."""
    found = scene.sensor() if step == SENSOR else scene.tick()
    found.begun()
    (scene.looop.profile.sensors / "hostile.sh").unlink(missing_ok=True)
    scene.script("agent", "")
    return found


def killed_engine(looop: Person) -> None:
    engine = looop.engine
    killed(engine)
    next_engine(looop, engine)


def killed_keeper(looop: Person) -> None:
    killed(looop.keeper)
    looop("up")


ENDS: dict[str, tuple[Callable[[Person], object], bool]] = {
    "engine killed": (killed_engine, True),
    "down --now": (lambda looop: looop("down", "--now"), True),
    "keeper killed": (killed_keeper, False),
    "down --all --now": (lambda looop: looop("down", "--all", "--now"), False),
}
"""What ends all at once, and whether sessions go on."""


EVERY = [(walls, end, step) for walls in ("off", "require") for end in ENDS for step in (SENSOR, TICK)]
SOME = [("require", end, (SENSOR, TICK)[number % 2]) for number, end in enumerate(ENDS)]


@pytest.mark.parametrize(
    ("profile", "end", "step"),
    [
        pytest.param(*one, marks=pytest.mark.needs("bwrap") if one[0] == "require" else ())
        for one in (EVERY if ALL_OF_IT else SOME)
    ],
    indirect=["profile"],
)
def test_nobody_outlives_what_ends_everything_at_once(scene: Scene, end: str, step: str) -> None:
    act, goes_on = ENDS[end]
    session, command, check = scene.session(), scene.command(), scene.check()
    for found in (begun(scene, step), command, check):
        found.begun()
    act(scene.looop)
    assert scene.left(step, "command", "check", *[] if goes_on else ["a"]) == {}
    if goes_on:
        session.begun()  # all of them are there still
