"""A large profile: 1,000 goals, 100 sensors and 50 sessions, and what an unchanged beat costs: part `beat`.

In: nothing. Out: rows. The beats are those of a real engine, asked for by `looop tick`; its CPU is read from
its own clock before and after each, so what the verb costs it is in it. These are measurements, never tests.
"""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import rows, watched
from benchmarks.rows import Row
from looop.store import config
from support.person import Person, person
from support.profiles import GOAL, sensor
from support.waiting import until

GOALS, SENSORS, SESSIONS = 1000, 100, 50
ROUNDS = 20
PATIENCE = 300.0
SETTLING = 45.0  # seconds until sessions that said nothing have been judged for good
QUIET = {"tick": "cat >/dev/null"}


def beat() -> Iterator[Row]:
    """Fill a profile, let its pulse come to rest, and ask for beats in which nothing has changed."""
    with tempfile.TemporaryDirectory(prefix="large-bench-") as folder, person(Path(folder)) as looop:
        profile, never = looop.profile, 86400.0
        rest = {"interval": never, "busy_interval": never, "active_interval": never, "edit_settle": 0.1}
        config.set_keys(profile, runner="quiet", runners={"quiet": QUIET}, max_sessions=0, **rest)
        for number in range(GOALS):
            (profile.goals / f"g{number}.md").write_text(GOAL)
        for number in range(SENSORS):
            sensor(profile, f"s{number}", f"#!/bin/sh\necho '{{\"signal\": {number}}}'\n")
        for number in range(SESSIONS):
            looop("start-session", f"s{number}", "--command", "exec sleep 100000")
        looop("up")
        time.sleep(SETTLING)
        until(lambda: unchanged(looop), "a beat without news", PATIENCE)
        whole, own, pid = list[float](), list[float](), looop.engine.pid
        for _ in range(ROUNDS):
            began, used = time.perf_counter(), watched.cpu(pid)
            assert unchanged(looop)
            own.append((watched.cpu(pid) - used) * 1000)
            whole.append((time.perf_counter() - began) * 1000)
            time.sleep(1)  # beats are at least so far apart
    yield Row("beat-large", own)
    yield Row("beat-large-all", whole)


def unchanged(looop: Person) -> bool:
    """Ask for a beat; whether it found nothing new."""
    return "Nothing changed" in looop("tick", timeout=PATIENCE)


PARTS: dict[str, rows.Part] = {"beat": beat}

if __name__ == "__main__":
    rows.main("large", PARTS)
