"""What the frozen file costs beyond the relay: parts `size starts first`.

In: dist/looop, from `make binary`. Out: rows, measured in this run in turns with `python3 -c pass`, so that a
busy machine slows all. These are measurements, never tests.
"""

import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from benchmarks import rows
from benchmarks.rows import Lacking, Row

ROUNDS = 40
FIRST_RUNS = 7
BINARY = Path(__file__).parents[1] / "dist" / "looop"
PYTHON = "/usr/bin/python3"  # what the file is frozen from on Debian
KEPT = ("PATH", "LANG")


def run(argv: list[str], env: Mapping[str, str]) -> tuple[float, float]:
    """Run it to its end; milliseconds, and those of CPU, its own and its children's."""
    began = time.perf_counter()
    pid = os.posix_spawn(
        argv[0], argv, env, file_actions=[(os.POSIX_SPAWN_OPEN, n, os.devnull, 2, 0) for n in (0, 1, 2)]
    )
    _, _, used = os.wait4(pid, 0)
    return (time.perf_counter() - began) * 1000, (used.ru_utime + used.ru_stime) * 1000


def starts() -> Iterator[Row]:
    """Compare starts through Python with a Python that does nothing."""
    with profile() as (env, folder):
        inner = next((folder / "cache" / "looop").glob("*/looop"))
        through = {**env, "_PYI_ARCHIVE_FILE": str(inner), "_PYI_PARENT_PROCESS_LEVEL": "-1"}
        loader = next(inner.parent.glob("lib/ld-linux*"))
        client = [str(loader), "--library-path", str(inner.parent / "lib"), str(inner), "shot", "quiet"]
        elsewhere = {**env, "LOOOP_DATA_DIR": env["ELSEWHERE"]}
        verbs = {
            "python": ([PYTHON, "-c", "pass"], env),
            "frozen": (client, through),
            "attach": ([str(BINARY), "attach", "quiet"], env),
            "goals": ([str(BINARY), "goals"], elsewhere),
            "help": ([str(BINARY), "shot", "--help"], env),
        }
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in verbs}
        for _ in range(ROUNDS):
            for name, (argv, around) in verbs.items():
                taken[name].append(run(argv, around))
    walls = {name: [wall for wall, _ in each] for name, each in taken.items()}
    used = {name: statistics.median(cpu for _, cpu in each) for name, each in taken.items()}
    yard = walls.pop("python")
    for name, each in walls.items():
        note = f"CPU {rows.shown(used[name])} ms, ratio {used[name] / used['python']:.2f}"
        yield Row(name, each, yard, note=note)


def first() -> Iterator[Row]:
    """Take the first call apart: what unpacking takes is what the second call lacks."""
    firsts, seconds = list[float](), list[float]()
    with profile() as (env, folder):
        for number in range(FIRST_RUNS):
            cache = folder / f"cache-{number}"
            for taken in (firsts, seconds):
                taken.append(run([str(BINARY), "attach", "quiet"], {**env, "XDG_CACHE_HOME": str(cache)})[1])
            shutil.rmtree(cache)
    yield Row("first", firsts)
    yield Row("first-beyond", seconds)


def size() -> Iterator[Row]:
    """Weigh it."""
    with profile() as (_, folder):
        inside = (folder / "cache").rglob("*")
        unpacked = sum(path.lstat().st_size for path in inside if path.is_file() and not path.is_symlink())
    yield Row("size", [BINARY.stat().st_size / 1e6])
    yield Row("unpacked", [unpacked / 1e6])


@contextmanager
def profile() -> Iterator[tuple[dict[str, str], Path]]:
    """Give the environment of a profile with an engine and a quiet session, and the folder it is in."""
    if not BINARY.exists():
        raise Lacking("dist/looop is not there: `make binary` builds it")
    with tempfile.TemporaryDirectory(prefix="binary-bench-") as temp:
        folder = Path(temp)
        env = {name: os.environ[name] for name in KEPT if name in os.environ}
        env |= {"HOME": temp, "XDG_CACHE_HOME": str(folder / "cache"), "ELSEWHERE": str(folder / "other")}
        env["LOOOP_CONFIG"] = str(folder / "looop.json")
        for data in ("other", "data"):
            env["LOOOP_DATA_DIR"] = str(folder / data)
            looop(env, "init", "--runner", "rehearsal", "--yes")
        looop(env, "start-session", "quiet", "--command", "sleep 1000")
        try:
            yield env, folder
        finally:
            looop(env, "down", "--all")


def looop(env: Mapping[str, str], *argv: str) -> None:
    """Run a verb that must do well."""
    subprocess.run([BINARY, *argv], env=env, check=True, stdin=subprocess.DEVNULL, capture_output=True)


PARTS: dict[str, rows.Part] = {"size": size, "starts": starts, "first": first}

if __name__ == "__main__":
    rows.main("binary", PARTS)
