"""A socket served in this process, for one verb that a test gives, and callers without manners."""

import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

import trio

from looop.core import wire
from looop.core.wire import Frame
from looop.engine.ask import Answer, ask
from looop.engine.call import Call
from looop.engine.control import Control
from looop.engine.fake import FakeLive
from looop.engine.live import Live
from looop.store.paths import Profile

PATIENCE = 60.0
Verb = Callable[[Call], Awaitable[int]]


@asynccontextmanager
async def control(profile: Profile, verb: Verb, live: FakeLive | None = None) -> AsyncIterator[Control]:
    async def run_verb(argv: Sequence[str], call: Call, live: Live | None) -> int:
        return await verb(call)

    async with trio.open_nursery() as nursery:
        it: Control = await nursery.start(Control(profile, run_verb, live or FakeLive()).serve)
        yield it
        nursery.cancel_scope.cancel()


async def asked(profile: Profile) -> Answer:
    with trio.fail_after(PATIENCE):
        answer = await ask(profile.sock, "verb")
    assert answer is not None
    return answer


async def ended(process: "subprocess.Popen[bytes]") -> tuple[int, bytes, bytes]:
    out, err = await trio.to_thread.run_sync(process.communicate)
    return process.returncode, out, err


def fails(error: BaseException) -> Verb:
    async def verb(call: Call) -> int:
        raise error

    return verb


class Bare:
    """A connection that sends what no client would."""

    def __init__(self, path: Path, argv: Sequence[str] = ("verb",)) -> None:
        self.run = Frame(wire.RUN, wire.pack_run(wire.Run(argv, "/", {}, wire.Terminal())))
        self.path = path
        self.decoder = wire.Decoder()

    async def __aenter__(self) -> Self:
        self.stream = await trio.open_unix_socket(self.path)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stream.aclose()

    async def say(self, *frames: Frame) -> None:
        await self.stream.send_all(b"".join(map(wire.encode, frames)))

    async def hear(self) -> list[Frame]:
        """Give all frames until the engine hangs up."""
        frames = []
        with trio.fail_after(PATIENCE):
            while data := await self.stream.receive_some():
                frames += list(self.decoder.feed(data))
        return frames
