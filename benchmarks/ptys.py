"""What keeper's terminals cost: throughput, lateness during floods, idle sessions, starting one.

In: nothing. Out: figures, taken on this machine in this run, beside those of `script` and `tmux` taken in
turns with them. These are measurements, never tests. Arguments choose parts: `cat echo idle start many`.
"""

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import trio

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support.keeping import ENV, Keeping, keeping

MEGABYTES = 100
FLOODS = 20
IDLE = 100
IDLE_SECONDS = 20.0
STARTS = 30
MANY = 1000
ECHOES = 200
PATIENCE = 300.0
READY = b"ready"


@asynccontextmanager
async def fresh() -> AsyncIterator[Keeping]:
    with tempfile.TemporaryDirectory(prefix="ptys-bench-") as folder:
        async with keeping(Path(folder)) as keeper:
            yield keeper


class Follower:
    """One session's output as it comes, woken by hints, as the engine would read it."""

    def __init__(self, keeper: Keeping, key: str) -> None:
        self._keeper, self._key = keeper, key
        self._log = (keeper.folder(key) / "output.log").open("rb", buffering=0)
        self._news = trio.Event()
        keeper.leash.listen(key, self._news.set)
        self.text = b""

    async def until(self, text: bytes) -> None:
        with trio.fail_after(PATIENCE):
            while True:
                self._news = trio.Event()
                self._keeper.leash.listen(self._key, self._news.set)
                self._keeper.leash.seen(self._key)
                self.text += self._log.read()
                if text in self.text:
                    self.text = b""
                    return
                await self._news.wait()


async def cat() -> None:
    """Print a large file in a session and in `script`, in turns."""
    with tempfile.NamedTemporaryFile(prefix="ptys-bench-") as big:
        line = b"The quick brown fox jumps over the lazy dog, and then once more for luck. 0123\n"
        big.write(line * (MEGABYTES * 1_000_000 // len(line)))
        big.flush()
        ours, theirs = list[float](), list[float]()
        for number in range(3):
            ours.append(await catted(big.name))
            began = time.perf_counter()
            command = ["script", "-qc", f"stty -opost; cat {big.name}", f"{big.name}.typescript"]
            subprocess.run(command, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, check=True)
            theirs.append(time.perf_counter() - began)
            Path(f"{big.name}.typescript").unlink()
            del number
    ratio = statistics.median(theirs) / statistics.median(ours)
    print(f"cat of {MEGABYTES} MB: {rate(ours)} MB/s, script {rate(theirs)} MB/s: ratio {ratio:.2f}")


async def catted(name: str) -> float:
    async with fresh() as keeper:
        began = time.perf_counter()
        await keeper.spawn("a", f"stty -opost; cat {name}")
        while keeper.records("a").end is None:
            await trio.sleep(0.005)
        took = time.perf_counter() - began
        assert (keeper.folder("a") / "output.log").stat().st_size == Path(name).stat().st_size
        return took


def rate(seconds: list[float]) -> str:
    return f"{MEGABYTES / statistics.median(seconds):.0f}"


async def echo() -> None:
    """Time a keystroke's way to a program and back, alone and beside floods."""
    async with fresh() as keeper:
        await keeper.spawn("typed", "stty raw -echo; echo ready; exec cat")
        follower = Follower(keeper, "typed")
        await follower.until(READY)
        quiet = await echoes(keeper, follower)
        for number in range(FLOODS):
            order = keeper.order(
                f"flood{number}", "exec yes 'a line of a flood that never ends'", log_max=1 << 24
            )
            await keeper.leash.spawn(order)
        await trio.sleep(2)
        before = total(keeper)
        began = time.perf_counter()
        loud = await echoes(keeper, follower)
        moved = (total(keeper) - before) / (time.perf_counter() - began) / 1e6
    print(
        f"echo: alone median {ms(quiet, 50)} p99 {ms(quiet, 99)} ms; beside {FLOODS} floods "
        f"median {ms(loud, 50)} p99 {ms(loud, 99)} ms ({moved:.0f} MB/s were written)"
    )


def total(keeper: Keeping) -> int:
    """Count what keeper has written, by the kernel's own account."""
    io = Path(f"/proc/{keeper.process.pid}/io").read_text()
    return int(re.findall(r"wchar: (\d+)", io)[0])


async def echoes(keeper: Keeping, follower: Follower) -> list[float]:
    found = []
    for number in range(ECHOES):
        word = b"<%d>" % number
        began = time.perf_counter()
        await keeper.leash.write("typed", word)
        await follower.until(word)
        found.append(time.perf_counter() - began)
        await trio.sleep(0.01)
    return found


def ms(seconds: list[float], percent: int) -> str:
    return f"{sorted(seconds)[len(seconds) * percent // 100] * 1000:.1f}"


async def idle() -> None:
    """Measure what idle sessions hold and how often they wake keeper."""
    async with fresh() as keeper:
        before = memory(keeper)
        for number in range(IDLE):
            await keeper.spawn(f"s{number}", "exec sleep 1000")
        await trio.sleep(1)
        each = (memory(keeper) - before) / IDLE
        woken, ticks = wakeups(keeper), cpu(keeper)
        await trio.sleep(IDLE_SECONDS)
        rate_ = (wakeups(keeper) - woken) / IDLE_SECONDS
        print(
            f"{IDLE} idle sessions: {each / 1024:.1f} KB each in keeper, {rate_:.2f} wake-ups a second, "
            f"{cpu(keeper) - ticks} clock ticks of CPU in {IDLE_SECONDS:g} s"
        )


def memory(keeper: Keeping) -> int:
    rows = Path(f"/proc/{keeper.process.pid}/smaps_rollup").read_text()
    return int(re.findall(r"^Pss:\s+(\d+)", rows, re.MULTILINE)[0]) * 1024


def wakeups(keeper: Keeping) -> int:
    status = Path(f"/proc/{keeper.process.pid}/status").read_text()
    return int(re.findall(r"^voluntary_ctxt_switches:\s+(\d+)", status, re.MULTILINE)[0])


def cpu(keeper: Keeping) -> int:
    fields = Path(f"/proc/{keeper.process.pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


async def start() -> None:
    """Time the request for a session until its program runs, and tmux for the same, in turns."""
    ours, theirs = list[float](), list[float]()
    with tempfile.TemporaryDirectory(prefix="ptys-bench-") as folder:
        tmux = ["tmux", "-f", "/dev/null", "-S", f"{folder}/tmux"]
        subprocess.run([*tmux, "new-session", "-d", "sleep 1000"], env=ENV, check=True)
        try:
            async with fresh() as keeper:
                for number in range(STARTS):
                    mark = Path(folder, f"mark{number}")
                    began = time.perf_counter()
                    await keeper.spawn(f"s{number}", f": >{mark}; exec sleep 1000")
                    ours.append(seen(mark, began))
                    mark.unlink()
                    began = time.perf_counter()
                    subprocess.run([*tmux, "new-session", "-d", f": >{mark}; exec sleep 1000"], check=True)
                    theirs.append(seen(mark, began))
                    mark.unlink()
        finally:
            subprocess.run([*tmux, "kill-server"], check=True)
    ratio = statistics.median(ours) / statistics.median(theirs)
    print(
        f"request to program running: {ms(ours, 50)} ms; tmux new-session -d {ms(theirs, 50)} ms: "
        f"ratio {ratio:.2f} (medians of {STARTS}; without our own verb's relay)"
    )


def seen(mark: Path, began: float) -> float:
    while not mark.exists():
        time.sleep(0.0001)
    return time.perf_counter() - began


async def many() -> None:
    """Run many sessions one after another; what stays in keeper."""
    async with fresh() as keeper:
        for number in range(MANY):
            if number == 50:
                descriptors, before = keeper.descriptors(), memory(keeper)
            await keeper.spawn(f"s{number}", "echo hello")
            while keeper.records(f"s{number}").end is None:
                await trio.sleep(0.001)
        await keeper.leash.alive()
        grown = (memory(keeper) - before) / 1024
        print(
            f"{MANY} sessions in turn: descriptors {descriptors} → {keeper.descriptors()}, "
            f"memory {grown:+.0f} KB"
        )


PARTS = {"cat": cat, "echo": echo, "idle": idle, "start": start, "many": many}


def main() -> None:
    """Print the figures."""
    for name in sys.argv[1:] or PARTS:
        trio.run(PARTS[name])
    print(f"load average: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
