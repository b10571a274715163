"""What sessions cost through the real engine and its verbs: throughput, echoes, memory, starting one.

In: nothing. Out: figures, taken on this machine in this run, beside those of `script` and `tmux` taken in
turns with them. These are measurements, never tests. Arguments choose parts: `cat echo idle busy start`.
"""

import json
import os
import pty
import re
import select
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from looop.child import tree
from looop.core import wire
from looop.session import records
from support.person import Person, person
from support.waiting import until

MEGABYTES = 100
CATS = 5
FLOODS = 20
ECHOES = 150
IDLE = 100
IDLE_SECONDS = 30.0
BUSY = 10
SETTLING = 12.0  # an idle worker thread of Trio ends after 10
STARTS = 25
PATIENCE = 300.0
FLOOD = "exec yes 'a line of a flood that never ends, as long as such lines mostly are'"


class Engine:
    """A profile whose engine runs, asked over its socket: no client's start is in what it answers."""

    def __init__(self, them: Person) -> None:
        self.person = them

    def ask(self, *argv: str) -> str:
        """Run a verb that must do well; what it printed."""
        decoder, said, run = wire.Decoder(), b"", wire.Run(argv, "/", {}, wire.Terminal())
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(PATIENCE)
            line.connect(str(self.person.profile.sock))
            line.sendall(wire.encode(wire.Frame(wire.RUN, wire.pack_run(run))))
            while data := line.recv(wire.CHUNK):
                for frame in decoder.feed(data):
                    said += frame.data if frame.kind in {wire.OUT, wire.ERR} else b""
                    if frame.kind == wire.EXIT:
                        assert frame.data[0] == 0, said
                        return said.decode()
        raise SystemExit(f"the engine hung up in the middle of {argv}")

    def start(self, name: str, command: str) -> None:
        self.ask("start-session", name, "--command", command)

    def folder(self, name: str) -> Path:
        return self.person.profile.sessions / name

    def lateness(self) -> str:
        found: dict[str, Any] = json.loads(self.ask("status", "--json"))["lateness"]
        return f"p99 {found['p99_ms']} ms, worst {found['worst_ms']} ms ({found['offender'] or 'nobody'})"

    @property
    def pids(self) -> tuple[int, int]:
        return self.person.keeper.pid, self.person.engine.pid


@contextmanager
def engine(**settings: int) -> Iterator[Engine]:
    with tempfile.TemporaryDirectory(prefix="sessions-bench-") as folder, person(Path(folder)) as them:
        config = json.loads(them.profile.config.read_text()) | {"max_sessions": 0} | settings
        them.profile.config.write_text(json.dumps(config))
        them("start-session", "first", "--command", "exec sleep 100000")
        yield Engine(them)


@contextmanager
def tmux() -> Iterator[list[str]]:
    with tempfile.TemporaryDirectory(prefix="sessions-bench-") as folder:
        command = ["tmux", "-f", "/dev/null", "-S", f"{folder}/tmux"]
        env = {name: value for name, value in os.environ.items() if name != "TMUX"}
        subprocess.run([*command, "new-session", "-d", "sleep 100000"], env=env, check=True)
        try:
            yield command
        finally:
            subprocess.run([*command, "kill-server"], check=True)


def cat() -> None:
    """Print a large file in a session, in `script` and in tmux, in turns."""
    line = b"The quick brown fox jumps over the lazy dog, and then once more for luck. 0123\n"
    with engine(session_log_max_bytes=0) as it, tmux() as other, big(line) as name:
        took: dict[str, list[float]] = {"ours": [], "script": [], "tmux": []}
        for number in range(CATS):
            took["ours"].append(timed(lambda n=number: catted(it, f"cat{n}", name)))  # type: ignore[misc]
            assert (it.folder(f"cat{number}") / "output.log").stat().st_size == Path(name).stat().st_size
            it.ask("prune", f"cat{number}")
            took["script"].append(timed(lambda: scripted(name)))
            if not number:  # it is so much slower that once tells enough
                took["tmux"].append(timed(lambda: in_tmux(other, name)))
        late = it.lateness()
    rates = {kind: MEGABYTES / statistics.median(seconds) for kind, seconds in took.items()}
    print(
        f"cat of {MEGABYTES} MB: {rates['ours']:.0f} MB/s, script {rates['script']:.0f}, tmux "
        f"{rates['tmux']:.0f}: ratio to script {rates['ours'] / rates['script']:.2f} (medians of {CATS}; "
        f"ours {spread(took['ours'])} s, script {spread(took['script'])} s); the engine's lateness {late}"
    )


@contextmanager
def big(line: bytes) -> Iterator[str]:
    with tempfile.NamedTemporaryFile(prefix="sessions-bench-") as file:
        file.write(line * (MEGABYTES * 1_000_000 // len(line)))
        file.flush()
        yield file.name


def catted(it: Engine, name: str, big_one: str) -> None:
    it.start(name, f"stty -opost; cat {big_one}")
    until(lambda: records.load(it.folder(name)).end, "the end of cat", PATIENCE)


def scripted(name: str) -> None:
    made = f"{name}.typescript"
    command = ["script", "-qc", f"stty -opost; cat {name}", made]
    subprocess.run(command, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, check=True)
    Path(made).unlink()


def in_tmux(command: list[str], name: str) -> None:
    inside = f"stty -opost; cat {name}; {' '.join(command)} wait-for -S over"
    subprocess.run([*command, "new-session", "-d", inside], check=True)
    subprocess.run([*command, "wait-for", "over"], check=True)


def echo() -> None:
    """Time a key's echo in an attached terminal, and `send` with `expect`, alone and beside floods."""
    with engine() as it:
        it.start("typed", "stty raw -echo; echo ready; exec cat")
        it.ask("expect", "typed", "ready")
        with attached(it, "typed") as terminal:
            quiet, asked = echoes(terminal), driven(it)
            before = it.lateness()
            for number in range(FLOODS):
                it.start(f"flood{number}", FLOOD)
            time.sleep(3)
            loud, busy = echoes(terminal), driven(it)
        print(f"echo in an attached terminal: alone {ms(quiet)}; beside {FLOODS} floods {ms(loud)}")
        print(f"`send -n` and `expect` of it: alone {ms(asked)}; beside {FLOODS} floods {ms(busy)}")
        print(f"the engine's lateness: before the floods {before}; after {it.lateness()}", flush=True)
        it.person("down", "--all", "--now")


@contextmanager
def attached(it: Engine, name: str) -> Iterator[int]:
    """Give a terminal that a real `looop attach` runs on."""
    argv = [*it.person.program, "attach", name]
    pid, terminal = pty.fork()
    if not pid:
        os.execve(argv[0], argv, it.person.env)
    try:
        termios.tcsetwinsize(terminal, (40, 120))
        heard(terminal, b"ready")
        yield terminal
    finally:
        os.close(terminal)
        tree.kill_tree(pid)
        with suppress(ChildProcessError):
            os.waitpid(pid, 0)


def heard(terminal: int, text: bytes) -> None:
    seen, deadline = b"", time.monotonic() + PATIENCE
    while text not in seen and time.monotonic() < deadline:
        if select.select([terminal], [], [], 1)[0]:
            seen += os.read(terminal, 65536)
    assert text in seen, seen[-200:]


def echoes(terminal: int) -> list[float]:
    found = []
    for number in range(ECHOES):
        key = b"%c" % (97 + number % 26)
        began = time.perf_counter()
        os.write(terminal, key)
        heard(terminal, key)
        found.append(time.perf_counter() - began)
        time.sleep(0.01)
    return found


def driven(it: Engine) -> list[float]:
    found = []
    for number in range(ECHOES // 3):
        word = f"word{number}."
        began = time.perf_counter()
        it.ask("send", "typed", "-n", word)
        it.ask("expect", "typed", word.replace(".", r"\."), "--timeout", "60")
        found.append(time.perf_counter() - began)
    return found


def idle() -> None:
    """Measure what idle sessions hold and how often they wake keeper and engine."""
    with engine() as it:
        for name in ("warm", "warmer"):
            it.start(name, "exec sleep 100000")
        time.sleep(SETTLING)
        before = [memory(pid) for pid in it.pids]
        for number in range(IDLE):
            it.start(f"s{number}", "exec sleep 100000")
        time.sleep(SETTLING)
        grown = [(memory(pid) - was) / IDLE for pid, was in zip(it.pids, before, strict=True)]
        woken, ticks = [wakeups(pid) for pid in it.pids], [cpu(pid) for pid in it.pids]
        time.sleep(IDLE_SECONDS)
        rates = [rate(pid, was) for pid, was in zip(it.pids, woken, strict=True)]
        spent = [cpu(pid) - was for pid, was in zip(it.pids, ticks, strict=True)]
    print(
        f"{IDLE} idle sessions: keeper {grown[0]:.1f} KB and engine {grown[1]:.1f} KB each; wake-ups a "
        f"second: keeper {rates[0]:.2f}, engine {rates[1]:.2f}; clock ticks of CPU in {IDLE_SECONDS:g} s: "
        f"keeper {spent[0]}, engine {spent[1]}"
    )


def busy() -> None:
    """Measure what a session holds whose program fills the screen and was looked at."""
    with engine() as it:
        text = it.person.profile.data / "long.txt"
        text.write_text("\n".join(f"def function_{n}(argument): return {n}" for n in range(3000)))
        program = f"exec vim -u NONE -i NONE -n {text}" if shutil.which("vim") else f"exec less {text}"
        it.start("v", program)
        it.ask("wait-idle", "v")
        it.ask("shot", "v")
        time.sleep(SETTLING)
        before = [memory(pid) for pid in it.pids]
        for number in range(BUSY):
            it.start(f"v{number}", program)
            it.ask("wait-idle", f"v{number}", "--settle", "500ms")
            assert "function_0" in it.ask("shot", f"v{number}")
        time.sleep(SETTLING)
        grown = [(memory(pid) - was) / BUSY for pid, was in zip(it.pids, before, strict=True)]
    print(
        f"{BUSY} sessions with vim, screens built: keeper {grown[0]:.0f} KB and engine {grown[1]:.0f} KB each"
    )


def memory(pid: int) -> float:
    """Give KB of memory that is a process's own."""
    rows = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(size) for size in re.findall(r"^Private_(?:Clean|Dirty):\s+(\d+)", rows, re.MULTILINE))


def wakeups(pid: int) -> dict[str, int]:
    """Count, for each thread of a process, the times that it was woken from waiting."""
    return {
        status.parent.name: int(line.split()[1])
        for status in Path(f"/proc/{pid}/task").glob("*/status")
        for line in status.read_text().splitlines()
        if line.startswith("voluntary_ctxt_switches")
    }


def rate(pid: int, before: dict[str, int]) -> float:
    """Give how often the threads that still live were woken in a second since."""
    woken = sum(count - before.get(thread, 0) for thread, count in wakeups(pid).items())
    return woken / IDLE_SECONDS


def cpu(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def start() -> None:
    """Time the wish for a session until its program runs, and tmux for the same, in turns."""
    took: dict[str, list[float]] = {"client": [], "engine": [], "tmux": [], "nothing": []}
    with engine() as it, tmux() as other:
        mark = it.person.profile.data / "mark"
        command = f": >{mark}; exec sleep 100000"
        for number in range(STARTS):
            took["client"].append(
                marked(mark, lambda: it.person.start("start-session", f"c{number}", "--command", command))  # noqa: B023
            )
            took["engine"].append(marked(mark, lambda: it.start(f"e{number}", command)))  # noqa: B023
            took["tmux"].append(
                marked(mark, lambda: subprocess.run([*other, "new-session", "-d", command], check=True))
            )
            took["nothing"].append(timed(lambda: it.person("version")))
            for name in (f"c{number}", f"e{number}"):
                it.ask("kill", name, "--now")
    median = {kind: statistics.median(seconds) for kind, seconds in took.items()}
    print(
        f"start-session to program running: {median['client'] * 1000:.1f} ms through the Python client "
        f"(`looop version` takes {median['nothing'] * 1000:.1f}), {median['engine'] * 1000:.1f} ms over the "
        f"socket; tmux new-session -d {median['tmux'] * 1000:.1f} ms: ratios "
        f"{median['client'] / median['tmux']:.2f} and {median['engine'] / median['tmux']:.2f} "
        f"(medians of {STARTS})"
    )


def marked(mark: Path, begin: Callable[[], object]) -> float:
    """Time a start until its program has made a file."""
    began = time.perf_counter()
    started = begin()
    while not mark.exists():
        time.sleep(0.0002)
    took = time.perf_counter() - began
    if isinstance(started, subprocess.Popen):
        started.communicate()
    mark.unlink()
    return took


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def spread(seconds: list[float]) -> str:
    return f"{min(seconds):.2f}-{max(seconds):.2f}"


def ms(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    return (
        f"p50 {ordered[len(ordered) // 2] * 1000:.1f} p99 {ordered[len(ordered) * 99 // 100] * 1000:.1f} ms"
    )


PARTS = {"cat": cat, "echo": echo, "idle": idle, "busy": busy, "start": start}


def main() -> None:
    """Print the figures."""
    tree.become_subreaper()
    for name in sys.argv[1:] or PARTS:
        PARTS[name]()
        print(f"    load average: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)


if __name__ == "__main__":
    main()
