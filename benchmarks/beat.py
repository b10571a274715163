"""What a beat and an idle pulse cost: `make bench`.

In: nothing. Out: three lines of figures, taken on this machine in this run. The ratio is against `xargs -P16`
on the same scripts, in turns, so that a busy machine slows both. These are measurements, never tests.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import trio

from looop.child import tree
from looop.loop.beat import Beats, Order
from looop.loop.clock import Clock
from looop.loop.fleet import NoFleet
from looop.store.paths import Profile

SENSORS = 20
ROUNDS = 30
SETTLING = 12.0  # an idle worker thread of Trio ends after 10
IDLE_SECONDS = 20.0
PATIENCE = 60.0
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("LOOOP_")}
QUIET = {"runner": "quiet", "runners": {"quiet": {"tick": "cat >/dev/null"}}, "interval": 3600}


def profile(folder: Path) -> Profile:
    """Make a profile with trivial sensors and an agent that never does anything."""
    made = Profile(folder / "data", folder / "looop.json")
    made.sensors.mkdir(parents=True, mode=0o700)
    made.goals.mkdir(mode=0o700)
    made.data.chmod(0o700)
    made.config.write_text(json.dumps(QUIET))
    made.config.chmod(0o600)
    made.playbook.write_text("# PLAYBOOK\n")
    for number in range(SENSORS):
        script = made.sensors / f"s{number:02}.sh"
        script.write_text(f"#!/bin/sh\necho '{{\"signal\": {number}}}'\n")
        script.chmod(0o700)
    return made


async def beats(made: Profile, confine: str) -> None:
    """Time unchanged beats and xargs in turns; xargs confines nothing."""
    tree.become_subreaper()  # as the engine does: what a sensor leaves falls to it
    loop = Beats(
        made,
        env={**ENVIRONMENT, "LOOOP_CONFINE": confine},
        say=lambda _line: None,
        fleet=NoFleet(),
        clock=Clock(),
    )
    await loop.beat(Order(by_hand=True))  # the first look asks the agent
    walls, own, yard = list[float](), list[float](), list[float]()
    for _ in range(ROUNDS):
        wall, cpu = time.perf_counter(), time.process_time()
        report = await loop.beat(Order(by_hand=True))
        own.append(time.process_time() - cpu)
        walls.append(time.perf_counter() - wall)
        assert report.ticked is None, report
        yard.append(xargs(made.sensors))
    ratio = statistics.median(walls) / statistics.median(yard)
    print(
        f"unchanged beat, confine {confine}, {SENSORS} sensors: own CPU {ms(own)} ms; takes {ms(walls)} ms, "
        f"xargs -P16 {ms(yard)} ms: ratio {ratio:.2f} (medians of {ROUNDS})"
    )


def xargs(sensors: Path) -> float:
    """Run the same scripts the way a shell would; seconds."""
    began = time.perf_counter()
    names = "\n".join(str(path) for path in sensors.iterdir())
    subprocess.run(
        ["xargs", "-P16", "-I{}", "sh", "{}"], input=names, text=True, check=True, stdout=subprocess.DEVNULL
    )
    return time.perf_counter() - began


@contextmanager
def pulse(made: Profile) -> Iterator[tuple[int, int]]:
    """Run a real pulse until the block ends; the pids of keeper and engine, once it sleeps."""
    env = {**ENVIRONMENT, "LOOOP_DATA_DIR": str(made.data), "LOOOP_CONFIG": str(made.config)}
    looop = [sys.executable, "-P", "-m", "looop"]
    subprocess.run([*looop, "up"], env=env, check=True, stdout=subprocess.DEVNULL)
    try:
        engine = sleeping(made)
        yield parent(engine), engine
    finally:
        subprocess.run([*looop, "down"], env=env, check=True, stdout=subprocess.DEVNULL)


def sleeping(made: Profile) -> int:
    """Wait until the pulse has beaten and sleeps, and give its pid."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            phase = json.loads((made.pulse / "status.json").read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            phase = {}
        if phase.get("doing") == "sleeping" and phase.get("beats"):
            return int(phase["pid"])
        time.sleep(0.05)
    raise SystemExit(f"the pulse did not come to sleep in {PATIENCE:g} s")


def idle(keeper: int, engine: int) -> None:
    """Count how often an idle keeper and engine are woken, and what they hold in memory."""
    names = {"keeper": keeper, "engine": engine}
    time.sleep(SETTLING)
    before = {name: wakeups(pid) for name, pid in names.items()}
    time.sleep(IDLE_SECONDS)
    rates = {name: woken(before[name], wakeups(pid)) / IDLE_SECONDS for name, pid in names.items()}
    said = ", ".join(f"{name} {rate:.2f}" for name, rate in rates.items())
    print(f"idle pulse: wake-ups a second: {said}, over {IDLE_SECONDS:g} s")
    sizes = ", ".join(
        f"{name} {memory(pid, 'Rss')} MB resident, {memory(pid, 'Pss')} MB its share"
        for name, pid in names.items()
    )
    print(f"memory: {sizes}")


def wakeups(pid: int) -> dict[str, int]:
    """Count, for each thread of a process, the times that it was woken from waiting."""
    return {
        status.parent.name: int(line.split()[1])
        for status in Path(f"/proc/{pid}/task").glob("*/status")
        for line in status.read_text().splitlines()
        if line.startswith("voluntary_ctxt_switches")
    }


def woken(before: dict[str, int], after: dict[str, int]) -> int:
    """Add up what each thread that still lives was woken meanwhile."""
    return sum(count - before.get(thread, 0) for thread, count in after.items())


def memory(pid: int, kind: str) -> str:
    """Tell Rss or Pss in MB."""
    rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    kilobytes = next(int(row.split()[1]) for row in rows if row.startswith(f"{kind}:"))
    return f"{kilobytes / 1024:.1f}"


def parent(pid: int) -> int:
    """Give a process's parent."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def ms(seconds: list[float]) -> str:
    """Give the median in milliseconds."""
    return f"{statistics.median(seconds) * 1000:.1f}"


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory(prefix="looop-bench-") as folder:
        for confine in ("off", "auto"):
            trio.run(beats, profile(Path(folder, confine)), confine)
        with pulse(profile(Path(folder, "idle"))) as pids:
            idle(*pids)


if __name__ == "__main__":
    main()
