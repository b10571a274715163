"""What a cell costs: a program that does nothing, plain and confined, in turn; and making the cell's terms.

In: nothing. Out: the rows of part `starts`; the time of a plain start is the yardstick of both cells.
"""

import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks import rows
from benchmarks.rows import Lacking, Row
from looop.child.walls import SENSORS, SESSIONS, Walls, Who
from looop.store import files, paths
from looop.store.config import Config
from looop.store.paths import Profile

ROUNDS = 200
NOTHING = ("/bin/sh", "-c", ":")


def starts() -> Iterator[Row]:
    """Start nothing, in a temporary folder, in three ways."""
    with tempfile.TemporaryDirectory(prefix="cells-bench-") as place:
        profile = Profile(Path(place) / "data", Path(place) / "looop.json")
        paths.create(profile)
        files.private_dir(profile.sandboxes / "one")
        walls = Walls(profile, Config(), os.environ)
        if walls.level().by is None:
            raise Lacking("nothing on this machine confines")
        env = dict(os.environ)
        sensor, session = Who(SENSORS, "one"), Who(SESSIONS, "one", terminal=True)
        terms = [_terms(profile, sensor, env) for _ in range(ROUNDS)]
        kinds = {
            "plain": (NOTHING, env),
            "cell-sensor": _argv(walls, sensor, env, profile),
            "cell-session": _argv(walls, session, env, profile),
        }
        took = _taken(kinds)
    for key in ("cell-sensor", "cell-session"):
        yield Row(key, took[key], took["plain"], note=f"by {walls.level().by}")
    yield Row("cell-terms", terms)


def _terms(profile: Profile, who: Who, env: Mapping[str, str]) -> float:
    """Give the milliseconds of CPU that the terms of a cell take from nothing."""
    began = time.process_time()
    Walls(profile, Config(), os.environ).confined(who, NOTHING, dict(env), profile.data)
    return (time.process_time() - began) * 1000


def _argv(
    walls: Walls, who: Who, env: Mapping[str, str], profile: Profile
) -> tuple[Sequence[str], Mapping[str, str]]:
    found = walls.confined(who, NOTHING, env, profile.data)
    return found.argv, found.env


def _taken(
    kinds: Mapping[str, tuple[Sequence[str], Mapping[str, str]]],
) -> dict[str, list[float]]:
    """Start each in turns; milliseconds. bwrap does not wait for all of its own, so CPU can't be told so."""
    took: dict[str, list[float]] = {kind: [] for kind in kinds}
    for _ in range(ROUNDS):
        for kind, (argv, env) in kinds.items():
            began = time.perf_counter()
            pid = os.posix_spawn(argv[0], list(argv), dict(env))
            _, status = os.waitpid(pid, 0)
            assert status == 0
            took[kind].append(1000 * (time.perf_counter() - began))
    return took


PARTS: dict[str, rows.Part] = {"starts": starts}

if __name__ == "__main__":
    rows.main("cells", PARTS)
