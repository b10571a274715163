"""What a verb costs through the launcher: parts `shot version waits stream start start_mem walled`.

In: nothing. Out: rows, of whole processes, measured in this run in turns with tmux and Python, and with the
C program alone: what Python would have to do is not measured here. These are measurements, never tests.
"""

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from benchmarks import rows, watched
from benchmarks.binary import BINARY
from benchmarks.rows import Lacking, Row
from looop.child.walls import Walls
from looop.store import config
from support.launching import WITH_PYTHON, Launchers
from support.person import Person, person
from support.waiting import until

ROUNDS = 300
WARM = 20
STARTS = 60
WAITS = 200
MEGABYTES = 100
STREAMS = 3
NEARLY = 1 << 20  # bytes of the end that the launcher can't have sent yet
PATIENCE = 300.0
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
        until(mark.exists, "its program", look=rows.LOOK)
        self.took.setdefault(name, []).append(time.perf_counter() - began)
        _, status = os.waitpid(pid, 0)
        assert status == 0, f"{name} ended with {status}"
        mark.unlink()

    def row(self, key: str, ours: str, theirs: str, note: str = "") -> Row:
        """Give all but the first calls, in milliseconds, and the quickest of all."""
        mine, other = ([taken * 1000 for taken in self.took[name][WARM:]] for name in (ours, theirs))
        fastest = f"of the fastest {min(mine) / min(other):.2f}"
        return Row(key, mine, other, note=f"{note}, {fastest}" if note else fastest)


@contextmanager
def looop(*, frozen: bool = False, **env: str) -> Iterator[Person]:
    """Give a person with a running engine, who types the name of a launcher, or of the one file."""
    with tempfile.TemporaryDirectory(prefix="launcher-bench-") as folder:
        if frozen:
            with person(Path(folder), program=(str(BINARY),), **env) as them:
                yield them
            return
        launcher = str(Launchers(Path(folder))())
        with person(Path(folder), program=(launcher,), **WITH_PYTHON, **env) as them:
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


def shot() -> Iterator[Row]:
    """Print a full screen of 120 by 40."""
    rows.needs("tmux")
    timer = Timer()
    with looop() as them, tmux() as other:
        them("start-session", "tea", "--command", SCREEN)
        them("expect", "tea", "line 40")
        for _ in range(WARM + ROUNDS):
            timer.run("ours", [*them.program, "shot", "tea"], them.env)
            timer.run("tmux", [*other, "capture-pane", "-p"], them.env)
    yield timer.row("shot", "ours", "tmux")


def start(
    keys: Sequence[str], folder: str | None = None, *, frozen: bool = False, **env: str
) -> Iterator[Row]:
    """Start a session, until its program runs and until the verb has ended: the rows of one, or of both.

    What is durable waits for the disk, which tmux never does: in memory it waits for nothing.
    """
    rows.needs("tmux")
    tempfile.tempdir, timer = folder, Timer()
    try:
        with looop(frozen=frozen, **env) as them, tmux() as other:
            walls = Walls(them.profile, config.load(them.profile, them.env), them.env).level().by
            if walls is None and env:
                raise Lacking("nothing on this machine confines")
            them("start-session", "first", "--command", "exec sleep 100000")
            started(timer, them, other)
    finally:
        tempfile.tempdir = None
    how = "the one file" if frozen else "from a checkout, where Python is started within"
    note = f"by {walls}, {how}" if walls else ""
    yield from (timer.row(key, ours, theirs, note) for key, (ours, theirs) in zip(keys, PAIRS, strict=False))


PAIRS = (("running", "tmux running"), ("whole", "tmux whole"))


def started(timer: Timer, them: Person, other: list[str]) -> None:
    them.profile.reports.mkdir(mode=0o700, exist_ok=True)
    mark, env = them.profile.reports / "mark", them.env  # where a session within walls may write
    command = f": >{mark}; exec sleep 100000"
    ours, theirs = [*them.program, "start-session", "s", "--command", command], [*other, "new-session", "-d"]
    for _ in range(WARM + STARTS):
        timer.until(mark, "running", ours, env)
        them("kill", "s", "--now")
        them("prune", "s")
        timer.until(mark, "tmux running", [*theirs, command], env)
        timer.run("whole", ours, env)
        until(mark.exists, "its program")
        mark.unlink()
        them("kill", "s", "--now")
        them("prune", "s")
        timer.run("tmux whole", [*theirs, "exec sleep 100000"], env)


def version() -> Iterator[Row]:
    """Tell the version, which needs neither engine nor Python."""
    timer = Timer()
    with tempfile.TemporaryDirectory(prefix="launcher-bench-") as folder:
        launcher = str(Launchers(Path(folder))())
        for _ in range(WARM + ROUNDS):
            timer.run("ours", [launcher, "version"], dict(os.environ))
            timer.run("python", [sys.executable, "-c", "pass"], dict(os.environ))
    yield timer.row("version", "ours", "python")


def waits() -> Iterator[Row]:
    """Have many wait for one session: what each costs, and how soon the last one knows."""
    with looop() as them:
        them("start-session", "tea", "--command", "read line; exit 7")
        waiting = [them.start("wait", "tea") for _ in range(WAITS)]
        until(lambda: sockets(them.engine.pid) >= WAITS, f"{WAITS} callers")
        held = [watched.memory(it.pid) for it in waiting]
        pythons = sum("python" in Path(f"/proc/{it.pid}/exe").readlink().name for it in waiting)
        began = time.perf_counter()
        them("send", "tea", "now")
        for it in waiting:
            it.communicate()
        took = (time.perf_counter() - began) * 1000
    note = f"{statistics.median(it.own for it in held):.0f} KB their own; all had ended after {took:.0f} ms"
    yield Row("waits", [it.rss for it in held], note=note)
    yield Row("waits-python", [pythons])


def stream() -> Iterator[Row]:
    """Pass a large log on, and see what the launcher holds meanwhile, whatever lies before it."""
    with looop() as them:
        config.set_keys(them.profile, session_log_max_bytes=0)
        big = f"head -c {MEGABYTES}000000 /dev/zero | tr '\\0' x"
        them("start-session", "big", "--command", f"stty -opost; {big}")
        them("wait", "big", timeout=PATIENCE)
        peaks = [streamed(them) for _ in range(STREAMS)]
    yield Row("stream", peaks)


def streamed(them: Person) -> int:
    """Read such a log to its end; the most KB that the launcher ever held when almost all was sent."""
    left, held = MEGABYTES * 1_000_000, 0
    argv = [*them.program, "log", "big", "--raw", "--since", "0"]
    with subprocess.Popen(argv, env=them.env, stdout=subprocess.PIPE, bufsize=0) as process:
        assert process.stdout is not None
        while piece := process.stdout.read(1 << 16):
            left -= len(piece)
            if left < NEARLY and not held:
                held = peak(process.pid)
    assert left == 0, f"{left} bytes are missing"
    return held


def peak(pid: int) -> int:
    """Give the most KB that a process ever held."""
    found = re.search(r"^VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(found[1]) if found else 0


def sockets(pid: int) -> int:
    links = (link.readlink() for link in Path(f"/proc/{pid}/fd").iterdir())
    return sum(str(link).startswith("socket:") for link in links)


PARTS: dict[str, rows.Part] = {
    "shot": shot,
    "version": version,
    "waits": waits,
    "stream": stream,
    "start": partial(start, ("start", "start-verb")),
    "start_mem": partial(start, ("start-memory",), "/dev/shm"),
    "walled": partial(start, ("start-walled",), frozen=BINARY.exists(), LOOOP_CONFINE="auto"),
}

if __name__ == "__main__":
    rows.main("relay", PARTS)
