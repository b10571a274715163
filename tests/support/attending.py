"""A session whose program is the test, and people with terminals upon it."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import trio

from looop.core.problem import Problem
from looop.core.sessions import Known, Meta, State
from looop.engine.call import Tty
from looop.session import attach
from looop.session.around import Around
from looop.session.audience import Audience
from looop.session.bell import Bell
from looop.session.pyte_screen import PyteScreen
from looop.session.transcript import Transcript

PATIENCE = 30.0
SIZE = (40, 10)


@dataclass
class Keeper:
    """Keeper, as far as terminals need it: notes what it is asked for."""

    size: tuple[int, int] = SIZE
    typed: bytes = b""
    resizes: list[tuple[int, int, bool]] = field(default_factory=list)
    trouble: Problem | None = None

    async def write(self, _key: str, data: bytes) -> int:
        await trio.lowlevel.checkpoint()
        if self.trouble:
            raise self.trouble
        self.typed += data
        return 0

    async def resize(self, _key: str, columns: int, lines: int, *, redraw: bool = False) -> int:
        await trio.lowlevel.checkpoint()
        self.resizes.append((columns, lines, redraw))
        self.size = (columns, lines)
        return 0


class Showing:
    """A display that is always up to date."""

    def __init__(self, life: "FakeLife") -> None:
        self._life = life
        self.offset = 0
        self.stale = False
        self.screen = PyteScreen(*SIZE)

    async def current(self) -> PyteScreen:
        await trio.lowlevel.checkpoint()
        if self.screen.size != self._life.keeper.size:
            self.screen.resize(*self._life.keeper.size)
        while data := self._life.transcript.read(self.offset)[1]:
            self.screen.feed(data)
            self.offset += len(data)
        return self.screen


class FakeLife:
    """A session whose program is the test."""

    def __init__(self, folder: Path) -> None:
        self.keeper = Keeper()
        terminals: Any = self.keeper
        self.meta = Meta("tea", "key", "true", "/", 0.0, size=SIZE)
        self.known = Known()
        self.around = Around(terminals, lambda: 1000.0, steady=lambda: 1000.0)
        self.folder = folder
        self.transcript = Transcript(folder)
        self.display: Any = Showing(self)
        self.book: Any = self
        self.changed = Bell()
        self.attached = 0
        self.audience = Audience()
        self.last_typed: float | None = None
        self.key = "key"
        self.ended = False
        self.watched = 0

    def size(self, _otherwise: tuple[int, int]) -> tuple[int, int]:
        return self.keeper.size

    @contextmanager
    def watching(self) -> Iterator[None]:
        self.watched += 1
        try:
            yield
        finally:
            self.watched -= 1

    def write(self, data: bytes) -> None:
        with (self.folder / "output.log").open("ab") as log:
            log.write(data)
        self.changed.ring()

    def end(self, code: int) -> None:
        self.known = Known(State.ENDED, code=code)
        self.ended = True
        self.changed.ring()


class Person:
    """A call with a terminal, and what a person sees upon it."""

    def __init__(self, size: tuple[int, int] = SIZE) -> None:
        self.tty = Tty(stdin=True, stdout=True, columns=size[0], lines=size[1])
        self.raw_now = False
        self.written = b""
        self.said = ""
        self.resumes: list[tuple[str, ...]] = []
        self.slow: trio.Event | None = None
        self._to_type, self._typed = trio.open_memory_channel[bytes](100)
        self._to_resize, self._sizes = trio.open_memory_channel[Tty](100)
        self._news = Bell()

    async def out(self, text: str | bytes) -> None:
        assert self.raw_now
        await trio.lowlevel.checkpoint()
        if self.slow is not None:
            await self.slow.wait()
        self.written += text.encode() if isinstance(text, str) else text
        self._news.ring()

    async def err(self, text: str | bytes) -> None:
        self.said += text if isinstance(text, str) else text.decode()

    async def resume(self, argv: Sequence[str]) -> None:
        await trio.lowlevel.checkpoint()
        self.resumes.append(tuple(argv))
        self._news.ring()

    async def raw(self) -> None:
        self.raw_now = True

    async def keys(self) -> bytes:
        return await self._typed.receive()

    async def resized(self) -> Tty:
        self.tty = await self._sizes.receive()
        return self.tty

    def type(self, keys: bytes) -> None:
        self._to_type.send_nowait(keys)

    def resize(self, columns: int, lines: int) -> None:
        self._to_resize.send_nowait(Tty(stdin=True, stdout=True, columns=columns, lines=lines))

    def screen(self) -> PyteScreen:
        seen = PyteScreen(self.tty.columns, self.tty.lines)
        seen.feed(self.written)
        return seen

    async def until(self, condition: Callable[[], object]) -> None:
        while not condition():
            await self._news.wait()

    async def began(self) -> None:
        await self.until(lambda: self.resumes)

    async def sees(self, text: str) -> None:
        await self.until(lambda: text in "\n".join(self.screen().text()))


@asynccontextmanager
async def on(life: FakeLife, *people: Person, observe: bool = False) -> AsyncIterator[list[int]]:
    """Have people attached, one after another, for the block; the list gets their exit codes."""
    codes: list[int] = []

    async def serve(person: Person) -> None:
        codes.append(await attach.serve(life, person, observe=observe))

    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            for person in people:
                nursery.start_soon(serve, person)
                await person.began()
            yield codes
            nursery.cancel_scope.cancel()


async def settled(condition: Callable[[], object]) -> None:
    """Wait for what no bell tells of."""
    while not condition():
        await trio.sleep(0.005)
