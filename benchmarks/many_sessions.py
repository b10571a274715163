"""What many sessions cost keeper and engine: a thousand short ones in turn, a hundred that live at once.

In: nothing. Out: figures of real processes, driven by the real verbs, on this machine in this run. These are
measurements, never tests. Arguments choose parts, `turn` and `live`, and `turn=N` runs N sessions.
"""

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import watched
from support.person import Person, person

MANY = 1000
WARM = 20  # sessions before anything is measured
LIVE = 100
IDLE_SECONDS = 30.0
QUIET = 40.0  # seconds until sessions that said nothing have been judged for good


@contextmanager
def resident() -> Iterator[Person]:
    """Give a profile with an engine, a session that keeps it, and room for more."""
    with (
        tempfile.TemporaryDirectory(prefix="many-bench-") as folder,
        person(Path(folder), LOOOP_MAX_SESSIONS="0") as looop,
    ):
        looop("start-session", "first", "--command", "read x")
        yield looop


def memories(looop: Person) -> str:
    return "memory: keeper {} KB, engine {} KB".format(*map(memory, (looop.keeper.pid, looop.engine.pid)))


def descriptors(looop: Person) -> str:
    both = (watched.descriptors(it.pid) for it in (looop.keeper, looop.engine))
    return "descriptors: keeper {}, engine {}".format(*both)


def memory(pid: int) -> int:
    return watched.memory(pid).rss


def turn(number: int) -> None:
    """Run short sessions one after another."""
    with resident() as looop:
        for index in range(WARM):
            one(looop, f"warm{index}")
        print(f"before: {memories(looop)}; {descriptors(looop)}")
        began = time.perf_counter()
        for index in range(number):
            one(looop, f"s{index}")
            if (index + 1) % (number // 4 or 1) == 0:
                print(f"after {index + 1}: {memories(looop)}")
        took = time.perf_counter() - began
        print(f"after: {descriptors(looop)}; {took / number * 1000:.0f} ms each")
        began = time.perf_counter()
        looop("ls", "--json")
        print(f"`ls --json` of {number} takes {time.perf_counter() - began:.2f} s")
        looop("prune")
        print(f"after prune: {memories(looop)}")


def one(looop: Person, name: str) -> None:
    looop("start-session", name, "--command", "echo hello")
    looop("wait", name)


def live() -> None:
    """Have many live at once, idle, then end them all."""
    with resident() as looop:
        pids = {"keeper": looop.keeper.pid, "engine": looop.engine.pid}
        before = {name: memory(pid) for name, pid in pids.items()}
        began = time.perf_counter()
        for index in range(LIVE):
            looop("start-session", f"s{index}", "--command", "echo ready; exec sleep 10000")
        print(f"{LIVE} live: started in {(time.perf_counter() - began) / LIVE * 1000:.0f} ms each")
        for index in range(LIVE):
            looop("expect", f"s{index}", "ready")
        print(descriptors(looop))
        time.sleep(QUIET)
        for name, pid in pids.items():
            print(f"{name}: {(memory(pid) - before[name]) / LIVE:.1f} KB for each idle session")
        for name, pid in pids.items():
            woken, used = watched.switches(pid), watched.cpu(pid)
            time.sleep(IDLE_SECONDS)
            rate = watched.woken(woken, watched.switches(pid)) / IDLE_SECONDS
            per = rate, (watched.cpu(pid) - used) / IDLE_SECONDS * 100
            print(f"{name} idle with {LIVE}: {per[0]:.1f} wake-ups a second, {per[1]:.2f} % of a core")
        for index in range(LIVE):
            looop("shot", f"s{index}")
        for name, pid in pids.items():
            print(f"{name}: {(memory(pid) - before[name]) / LIVE:.1f} KB each once its screen was shot")
        began = time.perf_counter()
        looop("down", "--all")
        print(f"`down --all` ended them in {time.perf_counter() - began:.1f} s")


def main() -> None:
    """Print the figures."""
    for part in sys.argv[1:] or ("turn", "live"):
        name, _, number = part.partition("=")
        if name == "turn":
            turn(int(number or MANY))
        else:
            live()
    print(f"load average: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
