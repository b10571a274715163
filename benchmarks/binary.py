"""What the frozen file costs beyond the relay: starts through its Python, and the first call of all.

In: dist/looop, from `make binary`. Out: lines of figures of this machine in this run; medians, in turns
with `python3 -c pass`, so that a busy machine slows all. These are measurements, never tests.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROUNDS = 40
FIRST_RUNS = 7
BINARY = Path(__file__).parents[1] / "dist" / "looop"
PYTHON = "/usr/bin/python3"
KEPT = ("PATH", "LANG")


def run(argv: list[str], env: Mapping[str, str]) -> tuple[float, float]:
    """Run it to its end; wall and CPU seconds, its own and its children's."""
    began = time.perf_counter()
    pid = os.posix_spawn(
        argv[0], argv, env, file_actions=[(os.POSIX_SPAWN_OPEN, n, os.devnull, 2, 0) for n in (0, 1, 2)]
    )
    _, _, used = os.wait4(pid, 0)
    return time.perf_counter() - began, used.ru_utime + used.ru_stime


def starts(env: Mapping[str, str], inner: Path) -> None:
    """Compare starts through Python with a Python that does nothing."""
    through = {**env, "_PYI_ARCHIVE_FILE": str(inner), "_PYI_PARENT_PROCESS_LEVEL": "-1"}
    loader = next(inner.parent.glob("lib/ld-linux*"))
    client = [str(loader), "--library-path", str(inner.parent / "lib"), str(inner), "shot", "quiet"]
    verbs = {
        "python3 -c pass": ([PYTHON, "-c", "pass"], env),
        "looop version, by the launcher": ([str(BINARY), "version"], env),
        "looop shot, relayed by the launcher": ([str(BINARY), "shot", "quiet"], env),
        "looop shot, relayed by the frozen Python client": (client, through),
        "looop attach, without a terminal": ([str(BINARY), "attach", "quiet"], env),
        "looop goals, without an engine": (
            [str(BINARY), "goals"],
            {**env, "LOOOP_DATA_DIR": env["ELSEWHERE"]},
        ),
        "looop shot --help": ([str(BINARY), "shot", "--help"], env),
    }
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in verbs}
    for _ in range(ROUNDS):
        for name, (argv, around) in verbs.items():
            taken[name].append(run(argv, around))
    yard = [statistics.median(each[i] for each in taken["python3 -c pass"]) for i in (0, 1)]
    for name, each in taken.items():
        wall, cpu = (statistics.median(one[i] for one in each) for i in (0, 1))
        spread = f"{min(one[0] for one in each) * 1e3:.1f}–{max(one[0] for one in each) * 1e3:.1f}"
        ratios = f"{wall / yard[0]:.2f}, CPU {cpu / yard[1]:.2f}"
        print(f"{name}: {wall * 1e3:.2f} ms ({spread}), CPU {cpu * 1e3:.2f} ms: {ratios}")


def first_runs(env: Mapping[str, str], folder: Path) -> None:
    """Take the first call apart: what unpacking takes is what the second call lacks."""
    firsts, seconds = list[tuple[float, float]](), list[tuple[float, float]]()
    for number in range(FIRST_RUNS):
        around = {**env, "XDG_CACHE_HOME": str(folder / f"cache-{number}")}
        firsts.append(run([str(BINARY), "attach", "quiet"], around))
        seconds.append(run([str(BINARY), "attach", "quiet"], around))
        shutil.rmtree(folder / f"cache-{number}")
    for name, each in (("first call", firsts), ("second call", seconds)):
        wall, cpu = (statistics.median(one[i] for one in each) for i in (0, 1))
        print(f"{name}: {wall * 1e3:.0f} ms, CPU {cpu * 1e3:.0f} ms")


@contextmanager
def profile(folder: Path) -> Iterator[dict[str, str]]:
    """Give the environment of a profile with an engine and a quiet session, and of one without."""
    env = {name: os.environ[name] for name in KEPT if name in os.environ}
    env |= {"HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache"), "ELSEWHERE": str(folder / "other")}
    env["LOOOP_CONFIG"] = str(folder / "looop.json")
    for data in ("other", "data"):
        env["LOOOP_DATA_DIR"] = str(folder / data)
        looop(env, "init", "--runner", "rehearsal", "--yes")
    looop(env, "start-session", "quiet", "--command", "sleep 1000")
    try:
        yield env
    finally:
        looop(env, "down", "--all")


def looop(env: Mapping[str, str], *argv: str) -> None:
    """Run a verb that must do well."""
    subprocess.run([BINARY, *argv], env=env, check=True, stdin=subprocess.DEVNULL, capture_output=True)


def main() -> None:
    """Measure, if the file is there."""
    if not BINARY.exists():
        sys.exit(f"{BINARY} is not there: `make binary` builds it.")
    with tempfile.TemporaryDirectory() as temp, profile(Path(temp)) as env:
        print(f"the file: {BINARY.stat().st_size / 1e6:.1f} MB; medians of {ROUNDS}, in turns; (least–most)")
        inner = next((Path(temp) / "cache" / "looop").glob("*/looop"))
        starts(env, inner)
        first_runs(env, Path(temp))


if __name__ == "__main__":
    main()
