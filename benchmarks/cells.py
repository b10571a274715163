"""What a cell costs: a program that does nothing, plain and confined, in turn; and making the cell's terms.

Run as a program: `python benchmarks/cells.py [ROUNDS]`. One line each: the time that one call in ten stays
below, the median, and the median of CPU time with all that makes the cell.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from looop.child.walls import SENSORS, SESSIONS, Walls, Who
from looop.store import files, paths
from looop.store.config import Config
from looop.store.paths import Profile

ROUNDS = 200
NOTHING = ("/bin/sh", "-c", ":")


def main(rounds: int) -> None:
    """Measure in a temporary folder; where nothing confines, say so."""
    with tempfile.TemporaryDirectory() as place:
        profile = Profile(Path(place) / "data", Path(place) / "looop.json")
        paths.create(profile)
        files.private_dir(profile.sandboxes / "one")
        walls = Walls(profile, Config(), os.environ)
        print(f"walls: {walls.level()}")
        if walls.level().by is None:
            return
        env = dict(os.environ)
        sensor, session = Who(SENSORS, "one"), Who(SESSIONS, "one", terminal=True)
        began = time.process_time()
        for _ in range(rounds):
            Walls(profile, Config(), os.environ).confined(sensor, NOTHING, dict(env), profile.data)
        print(f"the terms of a cell: {1000 * (time.process_time() - began) / rounds:.2f} ms of CPU")
        kinds = {
            "plain": (NOTHING, env),
            "a sensor's cell": _argv(walls, sensor, env, profile),
            "a session's cell": _argv(walls, session, env, profile),
        }
        _compare(kinds, rounds)


def _argv(
    walls: Walls, who: Who, env: Mapping[str, str], profile: Profile
) -> tuple[Sequence[str], Mapping[str, str]]:
    found = walls.confined(who, NOTHING, env, profile.data)
    return found.argv, found.env


def _compare(kinds: Mapping[str, tuple[Sequence[str], Mapping[str, str]]], rounds: int) -> None:
    took: dict[str, list[tuple[float, float]]] = {kind: [] for kind in kinds}
    for _ in range(rounds):
        for kind, (argv, env) in kinds.items():
            began = time.perf_counter()
            pid = os.posix_spawn(argv[0], list(argv), dict(env))
            _, status, used = os.wait4(pid, 0)
            assert status == 0
            took[kind].append((1000 * (time.perf_counter() - began), 1000 * (used.ru_utime + used.ru_stime)))
    for kind, found in took.items():
        walls = [wall for wall, _ in found]
        quick, median = statistics.quantiles(walls, n=10)[0], statistics.median(walls)
        cpu = statistics.median(cpu for _, cpu in found)
        print(f"{kind}: one in ten below {quick:.2f} ms, median {median:.2f}; CPU {cpu:.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
