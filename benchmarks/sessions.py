"""What sessions cost through the real engine and its verbs: parts `cat echo idle busy`.

In: nothing. Out: rows, measured on this machine in this run, beside those of `script` and `tmux` taken in
turns with them. These are measurements, never tests.
"""

import json
import os
import pty
import select
import socket
import subprocess
import tempfile
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from benchmarks import rows, watched
from benchmarks.rows import Row
from looop.child import tree
from looop.core import wire
from looop.session import records
from support.person import Person, person
from support.waiting import until

MEGABYTES = 100
CATS = 5
FLOODS = 20
ECHOES = 300
IDLE = 100
IDLE_SECONDS = 30.0
BUSY = 10
SETTLING = 12.0  # an idle worker thread of Trio ends after 10
PATIENCE = 300.0
SLEEP = "exec sleep 100000"
BOTH = "keeper {:.2f}, engine {:.2f}"
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


def cat() -> Iterator[Row]:
    """Print a large file in a session, in `script` and in tmux, in turns."""
    rows.needs("script", "tmux")
    line = b"The quick brown fox jumps over the lazy dog, and then once more for luck. 0123\n"
    took: dict[str, list[float]] = {"ours": [], "script": [], "tmux": []}
    with engine(session_log_max_bytes=0) as it, tmux() as other, big(line) as name:
        for number in range(CATS):
            took["ours"].append(timed(lambda n=number: catted(it, f"cat{n}", name)))  # type: ignore[misc]
            assert (it.folder(f"cat{number}") / "output.log").stat().st_size == Path(name).stat().st_size
            it.ask("prune", f"cat{number}")
            took["script"].append(timed(lambda: scripted(name)))
            if not number:  # it is so much slower that once tells enough
                took["tmux"].append(timed(lambda: in_tmux(other, name)))
        late = it.lateness()
    speed = {kind: [MEGABYTES / seconds for seconds in each] for kind, each in took.items()}
    yield Row("cat", speed["ours"], speed["script"], note=f"the engine's lateness: {late}")
    yield Row("cat-tmux", speed["tmux"], speed["script"])


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


def echo() -> Iterator[Row]:
    """Time a key's echo in an attached terminal, and `send` with `expect`, alone and beside floods."""
    with engine() as it:
        it.start("typed", "stty raw -echo; echo ready; exec cat")
        it.ask("expect", "typed", "ready")
        with attached(it, "typed") as terminal:
            quiet, asked = echoes(terminal), driven(it)
            for number in range(FLOODS):
                it.start(f"flood{number}", FLOOD)
            time.sleep(3)
            loud, busy = echoes(terminal), driven(it)
            late = it.lateness()
        it.person("down", "--all", "--now")
    p99 = f"p99 without floods {rows.shown(rows.percentile(quiet, 99))} ms"
    yield Row("echo", loud, quiet, note=f"{p99}; the engine's lateness: {late}")
    yield Row("echo-asked", busy, asked)


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
        found.append((time.perf_counter() - began) * 1000)
        time.sleep(0.01)
    return found


def driven(it: Engine) -> list[float]:
    found = []
    for number in range(ECHOES // 6):
        word = f"word{number}."
        began = time.perf_counter()
        it.ask("send", "typed", "-n", word)
        it.ask("expect", "typed", word.replace(".", r"\."), "--timeout", "60")
        found.append((time.perf_counter() - began) * 1000)
    return found


def idle() -> Iterator[Row]:
    """Measure what idle sessions hold and how often they wake keeper and engine."""
    with engine() as it:
        for name in ("warm", "warmer"):
            it.start(name, SLEEP)
        time.sleep(SETTLING)
        before = owned(it)
        for number in range(IDLE):
            it.start(f"s{number}", SLEEP)
        time.sleep(SETTLING)
        grown = [(size - was) / IDLE for size, was in zip(owned(it), before, strict=True)]
        counts, spent = [watched.switches(pid) for pid in it.pids], [watched.cpu(pid) for pid in it.pids]
        time.sleep(IDLE_SECONDS)
        woken = [
            watched.woken(was, watched.switches(pid)) / IDLE_SECONDS
            for pid, was in zip(it.pids, counts, strict=True)
        ]
        used = sum(watched.cpu(pid) for pid in it.pids) - sum(spent)
    yield Row("idle-memory", [sum(grown)], note=BOTH.format(*grown))
    yield Row("idle-wakeups", [sum(woken)], note=f"{BOTH.format(*woken)}, over {IDLE_SECONDS:g} s")
    yield Row("idle-cpu", [used / IDLE_SECONDS * 100])


def busy() -> Iterator[Row]:
    """Measure what a session holds whose program fills the screen and was looked at."""
    rows.needs("vim")
    with engine() as it:
        text = it.person.profile.data / "long.txt"
        text.write_text("\n".join(f"def function_{n}(argument): return {n}" for n in range(3000)))
        program = f"exec vim -u NONE -i NONE -n {text}"
        it.start("v", program)
        it.ask("wait-idle", "v")
        it.ask("shot", "v")
        time.sleep(SETTLING)
        before = owned(it)
        for number in range(BUSY):
            it.start(f"v{number}", program)
            it.ask("wait-idle", f"v{number}", "--settle", "500ms")
            assert "function_0" in it.ask("shot", f"v{number}")
        time.sleep(SETTLING)
        grown = [(size - was) / BUSY for size, was in zip(owned(it), before, strict=True)]
    yield Row("busy-memory", [sum(grown)], note=BOTH.format(*grown))


def owned(it: Engine) -> list[int]:
    """Give KB that keeper and engine share with nobody."""
    return [watched.memory(pid).own for pid in it.pids]


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


PARTS: dict[str, rows.Part] = {"cat": cat, "echo": echo, "idle": idle, "busy": busy}

if __name__ == "__main__":
    tree.become_subreaper()
    rows.main("sessions", PARTS)
