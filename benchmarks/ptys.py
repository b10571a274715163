"""What keeper's terminals cost, keeper alone: parts `cat echo start`, and `many` for a look at what stays.

In: nothing. Out: rows, measured on this machine in this run, beside those of `script` and `tmux` taken in
turns with them. These are measurements, never tests.
"""

import re
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import trio

from benchmarks import rows, watched
from benchmarks.rows import Row
from support.keeping import ENV, Keeping, keeping
from support.waiting import until

MEGABYTES = 100
CATS = 5
FLOODS = 20
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


async def cat() -> list[Row]:
    """Print a large file in a session and in `script`, in turns."""
    rows.needs("script")
    with tempfile.NamedTemporaryFile(prefix="ptys-bench-") as big:
        line = b"The quick brown fox jumps over the lazy dog, and then once more for luck. 0123\n"
        big.write(line * (MEGABYTES * 1_000_000 // len(line)))
        big.flush()
        ours, theirs = list[float](), list[float]()
        for _ in range(CATS):
            ours.append(MEGABYTES / await catted(big.name))
            began = time.perf_counter()
            command = ["script", "-qc", f"stty -opost; cat {big.name}", f"{big.name}.typescript"]
            subprocess.run(command, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, check=True)
            theirs.append(MEGABYTES / (time.perf_counter() - began))
            Path(f"{big.name}.typescript").unlink()
    return [Row("keeper-cat", ours, theirs)]


async def catted(name: str) -> float:
    async with fresh() as keeper:
        began = time.perf_counter()
        await keeper.spawn("a", f"stty -opost; cat {name}")
        while keeper.records("a").end is None:
            await trio.sleep(0.005)
        took = time.perf_counter() - began
        assert (keeper.folder("a") / "output.log").stat().st_size == Path(name).stat().st_size
        return took


async def echo() -> list[Row]:
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
    return [Row("keeper-echo", loud, quiet, note=f"{moved:.0f} MB/s were written")]


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
        found.append((time.perf_counter() - began) * 1000)
        await trio.sleep(0.01)
    return found


async def start() -> list[Row]:
    """Time the request for a session until its program runs, and tmux for the same, in turns."""
    rows.needs("tmux")
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
    return [Row("keeper-start", ours, theirs, note="without a verb's relay")]


def seen(mark: Path, began: float) -> float:
    until(mark.exists, "its program", look=0.0001)
    return (time.perf_counter() - began) * 1000


async def many() -> list[Row]:
    """Run many sessions one after another; what stays in keeper."""
    async with fresh() as keeper:
        for number in range(MANY):
            if number == 50:
                descriptors, before = keeper.descriptors(), watched.memory(keeper.process.pid).own
            await keeper.spawn(f"s{number}", "echo hello")
            while keeper.records(f"s{number}").end is None:
                await trio.sleep(0.001)
        await keeper.leash.alive()
        grown = watched.memory(keeper.process.pid).own - before
        note = f"descriptors {descriptors} → {keeper.descriptors()}"
    return [Row("keeper-many", [grown], note=note)]


def _part(measure: Callable[[], Awaitable[list[Row]]]) -> rows.Part:
    def part() -> Iterator[Row]:
        yield from trio.run(measure)

    return part


PARTS = {"cat": _part(cat), "echo": _part(echo), "start": _part(start), "many": _part(many)}

if __name__ == "__main__":
    rows.main("ptys", PARTS)
