"""A real keeper whose engine is the test itself: a stub takes the engine's place and hands its line over.

At the end everything below keeper is killed, and that it is gone is for the session's own check.
"""

import array
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import trio

from looop.child import tree
from looop.engine.leash import Leash
from looop.engine.timing import Timing
from looop.session import records
from looop.session.records import End, Records
from looop.session.terminals import Alive, Spawn
from looop.store import files

PATIENCE = 60.0
ROOT = Path(__file__).parents[2]
STUB = (sys.executable, "-S", "-E", str(Path(__file__).with_name("stub_line.py")))
ENV = {"PATH": os.environ["PATH"], "TERM": "xterm-256color"}
PROGRAM = (
    "import os, sys; from looop.engine import keeper; "
    "len(sys.argv) > 2 and sys.argv[1] != '-' and os.dup2(int(sys.argv[1]), keeper.LOCK); "
    "sys.exit(keeper.main(sys.argv[2:]))"
)
KEEPER = (sys.executable, "-c", PROGRAM)


@dataclass
class Keeping:
    """One keeper. `engine` is the stub's pid, `leash` its line, which is served."""

    data: Path
    process: "subprocess.Popen[bytes]"
    listener: trio.SocketListener
    nursery: trio.Nursery
    engine: int = 0
    start: int = 0
    leash: Leash = field(default_factory=lambda: Leash(None))
    serving: trio.CancelScope = field(default_factory=trio.CancelScope)

    async def connect(self) -> None:
        """Take the next engine's place."""
        self.hang_up()
        with trio.fail_after(PATIENCE):
            stream = await self.listener.accept()
            data, ancillary, _, _ = await stream.socket.recvmsg(64, socket.CMSG_SPACE(4))
            await stream.aclose()
        fds = array.array("i")
        fds.frombytes(ancillary[0][2][:4])
        self.engine, self.leash, self.serving = int(data), Leash(fds[0]), trio.CancelScope()
        self.start = tree.start_time(self.engine) or 0
        await self.nursery.start(self._serve)

    async def _serve(self, *, task_status: trio.TaskStatus[None]) -> None:
        with self.serving:
            await self.leash.serve(task_status=task_status)

    def hang_up(self) -> None:
        """Close our copy of the present engine's line."""
        self.serving.cancel()
        if self.leash._link is not None:
            self.leash._link.close()
        self.leash = Leash(None)

    async def crash(self) -> None:
        """Kill the engine, and take the next one's place."""
        os.kill(self.engine, signal.SIGKILL)
        await self.connect()

    def folder(self, key: str) -> Path:
        return self.data / "sessions" / key

    def order(
        self, key: str, command: str, *, log_max: int = 0, cwd: str = "/", env: Mapping[str, str] = ENV
    ) -> Spawn:
        self.folder(key).mkdir(parents=True, exist_ok=True)
        return Spawn(key, self.folder(key), command, Path(cwd), 80, 24, env, log_max)

    async def spawn(self, key: str, command: str, *, log_max: int = 0) -> Alive:
        return await self.leash.spawn(self.order(key, command, log_max=log_max))

    def log(self, key: str) -> bytes:
        return (self.folder(key) / "output.log").read_bytes()

    def records(self, key: str) -> Records:
        return records.load(self.folder(key))

    async def end_of(self, key: str) -> End:
        await until(lambda: self.records(key).end is not None, f"the end of {key}")
        end = self.records(key).end
        assert end is not None
        return end

    async def says(self, key: str, text: bytes) -> None:
        await until(lambda: text in self.log(key), f"{text!r} from {key}")

    def said(self) -> str:
        return (self.data / "keeper.log").read_text()

    def descriptors(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))


@asynccontextmanager
async def keeping(
    data: Path, *options: str, up: bool = True, timing: Timing | None = None, prefix: tuple[str, ...] = ()
) -> AsyncIterator[Keeping]:
    """Give a keeper with its first engine. `prefix` is put before its command."""
    sock = trio.socket.socket(trio.socket.AF_UNIX)
    await sock.bind(str(data / "line"))
    sock.listen()
    if up:
        (data / ".up").touch()
    with files.lock(data / ".keeper.lock") as lock, (data / "keeper.log").open("ab") as log:
        fd = lock.fileno()
        argv = [*prefix, *KEEPER, str(fd), str(data), (timing or Timing()).argument(), *options]
        process = subprocess.Popen(
            [*argv, *STUB, str(data / "line")],
            stdout=log,
            stderr=log,
            env={**os.environ, "PYTHONPATH": f"{ROOT}"},
            pass_fds=(fd,),
        )
    keeper: Keeping | None = None
    try:
        async with trio.open_nursery() as nursery:
            keeper = Keeping(data, process, trio.SocketListener(sock), nursery)
            await keeper.connect()
            yield keeper
            keeper.hang_up()
            nursery.cancel_scope.cancel()
    finally:
        below = tree.descendants(process.pid)
        tree.kill_tree(process.pid)
        process.wait()
        left = [(entry.pid, entry.start) for entry in below]
        left += [(keeper.engine, keeper.start)] if keeper is not None else []
        for pid, start in left:
            if tree.alive(pid, start):
                tree.kill_tree(pid)
        sock.close()
        (data / "line").unlink()


async def until(condition: Callable[[], object], what: str) -> None:
    """Return when the condition holds; fail, naming `what`, when it does not for a long time."""
    with trio.move_on_after(PATIENCE):
        while not condition():
            await trio.sleep(0.02)
        return
    raise AssertionError(f"waited {PATIENCE:g} s for {what}")
