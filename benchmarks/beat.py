"""What a beat and an idle pulse cost: parts `off auto edit idle`.

In: nothing. Out: rows, measured on this machine in this run. The ratio is against `xargs -P16` on the same
scripts, in turns, so that a busy machine slows both. These are measurements, never tests.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import trio

from benchmarks import rows, watched
from benchmarks.rows import Lacking, Row
from looop.child import tree
from looop.child.walls import Walls
from looop.loop.beat import Beats, Order
from looop.loop.clock import Clock
from looop.loop.fleet import NoFleet
from looop.store import config
from looop.store.paths import Profile
from support.profiles import GOAL, made_in, sensor
from support.waiting import until

SENSORS = 20
ROUNDS = 30
EDITS = 20
BETWEEN = 1.5  # seconds between two edits: beats are at least 1 s apart
SETTLING = 12.0  # an idle worker thread of Trio ends after 10
IDLE_SECONDS = 20.0
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("LOOOP_")}
QUIET = {"runner": "quiet", "runners": {"quiet": {"tick": "cat >/dev/null"}}, "interval": 3600}


def profile(folder: Path) -> Profile:
    """Make a profile with trivial sensors and an agent that never does anything."""
    folder.mkdir()
    made = made_in(folder)
    made.config.write_text(json.dumps(QUIET))
    made.config.chmod(0o600)
    made.playbook.write_text("# PLAYBOOK\n")
    for number in range(SENSORS):
        sensor(made, f"s{number:02}", f"#!/bin/sh\necho '{{\"signal\": {number}}}'\n")
    return made


@contextmanager
def fresh() -> Iterator[Profile]:
    with tempfile.TemporaryDirectory(prefix="looop-bench-") as folder:
        yield profile(Path(folder, "one"))


def unchanged(confine: str) -> Iterator[Row]:
    """Time unchanged beats and xargs in turns; xargs confines nothing."""
    rows.needs("xargs")
    with fresh() as made:
        env = {**ENVIRONMENT, "LOOOP_CONFINE": confine}
        if confine != "off" and Walls(made, config.load(made, env), env).level().by is None:
            raise Lacking("nothing on this machine confines")
        walls, own, yard = trio.run(beats, made, env)
    yield Row(f"beat-{confine}", walls, yard)
    yield Row(f"beat-{confine}-cpu", own)


async def beats(made: Profile, env: dict[str, str]) -> tuple[list[float], list[float], list[float]]:
    """Give milliseconds: of each beat, of its own CPU, and of xargs."""
    tree.become_subreaper()  # as the engine does: what a sensor leaves falls to it
    loop = Beats(made, env=env, say=lambda _line: None, fleet=NoFleet(), clock=Clock())
    await loop.beat(Order(by_hand=True))  # the first look asks the agent
    walls, own, yard = list[float](), list[float](), list[float]()
    for _ in range(ROUNDS):
        wall, cpu = time.perf_counter(), time.process_time()
        report = await loop.beat(Order(by_hand=True))
        own.append((time.process_time() - cpu) * 1000)
        walls.append((time.perf_counter() - wall) * 1000)
        assert report.ticked is None, report
        yard.append(xargs(made.sensors))
    return walls, own, yard


def xargs(sensors: Path) -> float:
    """Run the same scripts the way a shell would; milliseconds."""
    began = time.perf_counter()
    names = "\n".join(str(path) for path in sensors.iterdir())
    subprocess.run(
        ["xargs", "-P16", "-I{}", "sh", "{}"], input=names, text=True, check=True, stdout=subprocess.DEVNULL
    )
    return (time.perf_counter() - began) * 1000


@contextmanager
def pulse(made: Profile, **more: str) -> Iterator[tuple[int, int]]:
    """Run a real pulse until the block ends; the pids of keeper and engine, once it sleeps."""
    env = {**ENVIRONMENT, "LOOOP_DATA_DIR": str(made.data), "LOOOP_CONFIG": str(made.config), **more}
    looop = [sys.executable, "-P", "-m", "looop"]
    subprocess.run([*looop, "up"], env=env, check=True, capture_output=True)
    try:
        until(lambda: sleeping(made), "the pulse to sleep")
        engine = int(phase(made)["pid"])  # type: ignore[call-overload]
        yield watched.parent(engine), engine
    finally:
        subprocess.run([*looop, "down"], env=env, check=True, capture_output=True)


def phase(made: Profile) -> dict[str, object]:
    """Give what the pulse says of itself; nothing before it has said anything."""
    try:
        found: dict[str, object] = json.loads((made.pulse / "status.json").read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return found


def sleeping(made: Profile) -> bool:
    now = phase(made)
    return now.get("doing") == "sleeping" and bool(now.get("beats"))


def edit() -> Iterator[Row]:
    """Edit a goal until the beat that sees it runs a sensor; its shell's start is in the figure."""
    took = list[float]()
    with fresh() as made:
        mark = made.data / "mark"
        sensor(made, "marks", f"#!/bin/sh\n: >{mark}\necho 1\n")
        with pulse(made, LOOOP_CONFINE="off", LOOOP_EDIT_SETTLE="0.1"):
            for number in range(EDITS):
                until(lambda: sleeping(made), "the pulse to sleep")
                time.sleep(BETWEEN)
                mark.unlink(missing_ok=True)
                began = time.perf_counter()
                (made.goals / "g.md").write_text(f"{GOAL}- edit {number}\n")
                until(mark.exists, "the beat to run its sensor", look=rows.LOOK)
                took.append((time.perf_counter() - began) * 1000)
    yield Row("beat-edit", took, note="50 ms of it are waited, for an editor's next write")


def idle() -> Iterator[Row]:
    """Count how often an idle keeper and engine are woken, and what they hold in memory."""
    with fresh() as made, pulse(made) as pids:
        time.sleep(SETTLING)
        before = [watched.switches(pid) for pid in pids]
        time.sleep(IDLE_SECONDS)
        woken = [watched.woken(was, watched.switches(pid)) for pid, was in zip(pids, before, strict=True)]
        held = [watched.memory(pid) for pid in pids]
    rates = "keeper {:.2f}, engine {:.2f}".format(*(count / IDLE_SECONDS for count in woken))
    sizes = "keeper {:.1f}, engine {:.1f}".format(*(it.rss / 1024 for it in held))
    yield Row("beat-wakeups", [sum(woken) / IDLE_SECONDS], note=f"{rates}, over {IDLE_SECONDS:g} s")
    yield Row("beat-memory", [sum(it.pss for it in held) / 1024], note=f"resident: {sizes}")


PARTS: dict[str, rows.Part] = {
    "off": partial(unchanged, "off"),
    "auto": partial(unchanged, "auto"),
    "edit": edit,
    "idle": idle,
}

if __name__ == "__main__":
    rows.main("beat", PARTS)
