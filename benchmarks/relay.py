"""What a verb costs through the launcher, whole processes in turns with those of tmux and of Python.

In: nothing. Out: medians and their ratios, taken on this machine in this run, with the C program alone: what
Python would have to do is not measured here. These are measurements, never tests. Arguments choose parts:
`shot version waits start`.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support.launching import WITH_PYTHON, Launchers
from support.person import Person, person
from support.waiting import until

ROUNDS = 300
WARM = 20
STARTS = 60
LOOK = 0.0002  # seconds between two looks whether a program runs
WAITS = 200
SCREEN = "seq -f 'line %g of what stands on the screen' 40; exec sleep 1000"


class Timer:
    """Starts programs without a shell and without a pipe, and notes how long each took as a whole."""

    def __init__(self) -> None:
        self.took: dict[str, list[float]] = {}

    def run(self, name: str, argv: list[str], env: dict[str, str]) -> None:
        quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
        began = time.perf_counter()
        pid = os.posix_spawnp(argv[0], argv, env, file_actions=quiet)
        _, status = os.waitpid(pid, 0)
        self.took.setdefault(name, []).append(time.perf_counter() - began)
        assert status == 0, f"{name} ended with {status}"

    def until(self, mark: Path, name: str, argv: list[str], env: dict[str, str]) -> None:
        """Start a program, and note how long it took until what it starts has made a file."""
        quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
        began = time.perf_counter()
        pid = os.posix_spawnp(argv[0], argv, env, file_actions=quiet)
        while not mark.exists():
            time.sleep(LOOK)
        self.took.setdefault(name, []).append(time.perf_counter() - began)
        os.waitpid(pid, 0)
        mark.unlink()

    def told(self, ours: str, theirs: str) -> str:
        mine, other = (statistics.median(self.took[name][WARM:]) for name in (ours, theirs))
        fastest = min(self.took[ours]) / min(self.took[theirs])
        return (
            f"{ours}: {mine * 1000:.2f} ms, {theirs}: {other * 1000:.2f} ms: ratio {mine / other:.2f} "
            f"(medians of {len(self.took[ours]) - WARM}; of the fastest {fastest:.2f})"
        )


@contextmanager
def looop() -> Iterator[Person]:
    """Give a person with a running engine, who types the name of a launcher."""
    with tempfile.TemporaryDirectory(prefix="launcher-bench-") as folder:
        launcher = str(Launchers(Path(folder))())
        with person(Path(folder), program=(launcher,), **WITH_PYTHON) as them:
            yield them


@contextmanager
def tmux() -> Iterator[list[str]]:
    with tempfile.TemporaryDirectory(prefix="launcher-bench-") as folder:
        command = ["tmux", "-f", "/dev/null", "-S", f"{folder}/tmux"]
        env = {name: value for name, value in os.environ.items() if name != "TMUX"}
        size = ["-x", "120", "-y", "40"]
        subprocess.run([*command, "new-session", "-d", *size, SCREEN], env=env, check=True)
        try:
            yield command
        finally:
            subprocess.run([*command, "kill-server"], check=True)


def shot() -> None:
    """Print a full screen of 120 by 40."""
    timer = Timer()
    with looop() as them, tmux() as other:
        them("start-session", "tea", "--command", SCREEN)
        them("expect", "tea", "line 40")
        for _ in range(WARM + ROUNDS):
            timer.run("relayed looop shot", [*them.program, "shot", "tea"], them.env)
            timer.run("tmux capture-pane -p", [*other, "capture-pane", "-p"], them.env)
    print(timer.told("relayed looop shot", "tmux capture-pane -p"))


def start() -> None:
    """Start a session, until its program runs and until the verb has ended; on a disk, and in memory alone.

    What is durable waits for the disk, which tmux never does: the second figure is without that.
    """
    for where, folder in (("on this disk", ""), ("in memory", "/dev/shm")):
        tempfile.tempdir = folder or None
        with looop() as them, tmux() as other:
            them("start-session", "first", "--command", "exec sleep 100000")
            print(f"{where}: {started(them, other)}")
    tempfile.tempdir = None


def started(them: Person, other: list[str]) -> str:
    mark, timer, env = them.profile.data / "mark", Timer(), them.env
    command = f": >{mark}; exec sleep 100000"
    ours, theirs = [*them.program, "start-session", "s", "--command", command], [*other, "new-session", "-d"]
    for _ in range(WARM + STARTS):
        timer.until(mark, "start-session to program running", ours, env)
        them("kill", "s", "--now")
        them("prune", "s")
        timer.until(mark, "new-session -d to program running", [*theirs, command], env)
        timer.run("start-session", ours, env)
        until(mark.exists, "its program")
        mark.unlink()
        them("kill", "s", "--now")
        them("prune", "s")
        timer.run("new-session -d", [*theirs, "exec sleep 100000"], env)
    running = timer.told("start-session to program running", "new-session -d to program running")
    return f"{running}; {timer.told('start-session', 'new-session -d')}"


def version() -> None:
    """Tell the version, which needs neither engine nor Python."""
    timer = Timer()
    with tempfile.TemporaryDirectory(prefix="launcher-bench-") as folder:
        launcher = str(Launchers(Path(folder))())
        for _ in range(WARM + ROUNDS):
            timer.run("looop version", [launcher, "version"], dict(os.environ))
            timer.run("python3 -c pass", [sys.executable, "-c", "pass"], dict(os.environ))
    print(timer.told("looop version", "python3 -c pass"))


def waits() -> None:
    """Have many wait for one session: what each costs, and how soon the last one knows."""
    with looop() as them:
        them("start-session", "tea", "--command", "read line; exit 7")
        waiting = [them.start("wait", "tea") for _ in range(WAITS)]
        until(lambda: sockets(them.engine.pid) >= WAITS, f"{WAITS} callers")
        sizes = [memory(it.pid) for it in waiting]
        began = time.perf_counter()
        them("send", "tea", "now")
        for it in waiting:
            it.communicate()
        took = time.perf_counter() - began
    rss, own = ([size[kind] / 1024 for size in sizes] for kind in (0, 1))
    print(
        f"{WAITS} relayed looop wait: {statistics.median(rss):.0f} KB resident each (at most "
        f"{max(rss):.0f}), {statistics.median(own):.0f} KB of it its own; all had ended {took * 1000:.0f} ms "
        "after the session was told to"
    )


def sockets(pid: int) -> int:
    links = (link.readlink() for link in Path(f"/proc/{pid}/fd").iterdir())
    return sum(str(link).startswith("socket:") for link in links)


def memory(pid: int) -> tuple[int, int]:
    """Give what a process has in memory, and what of that is shared with nobody, in bytes."""
    rows = dict(row.split(":", 1) for row in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
    size = {name: int(value.split()[0]) * 1024 for name, value in rows.items()}
    return size["Rss"], size["Private_Clean"] + size["Private_Dirty"]


PARTS = {"shot": shot, "version": version, "waits": waits, "start": start}


def main() -> None:
    """Print the figures."""
    for name in sys.argv[1:] or PARTS:
        PARTS[name]()
        print(f"    load average: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)


if __name__ == "__main__":
    main()
