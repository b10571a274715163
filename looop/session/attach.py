"""A person's terminal on a live session: painted from its state, then fed with its output as it comes.

In: a `Life`, and a call whose terminal is raw. Out: bytes for that terminal, keys and a size for the program.
A terminal of the session's size gets the program's own bytes; any other gets frames, cut to what it can show.
Neighbours: `paint` draws, `audience` knows who types, `engine.attaching` is the terminal's end.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import trio

from looop.core.problem import Problem
from looop.core.sessions import Known, Meta
from looop.session.around import Around
from looop.session.audience import Audience
from looop.session.bell import Bell
from looop.session.book import Book
from looop.session.display import Display
from looop.session.paint import Picture, change, clip, modes, note, take, whole
from looop.session.screen import Modes
from looop.session.transcript import Transcript

BEHIND = 1 << 20
"""Bytes that a terminal may lag behind; then it is painted anew instead of being shown all of them."""

EVERY = 0.05
"""Seconds between two frames."""

NOTED = 3.0
"""Seconds that a line of ours stays on the screen."""

LARGEST = 500  # columns and lines
_ENTER, _LEAVE = b"\x1b[?1049h", b"\x1b[?1049l"
_OTHER_LEAVES = (_LEAVE, b"\x1b[?1047l", b"\x1b[?47l")
_WATCHING = "you watch; Ctrl-\\ twice to leave"
_TAKEN_OVER = "another terminal types now; you watch, Ctrl-\\ twice to leave"


class Tty(Protocol):
    """A terminal's size."""

    @property
    def columns(self) -> int:
        """In cells."""

    @property
    def lines(self) -> int:
        """In cells."""


class RawCall(Protocol):
    """The call, as far as it is needed; `engine.call` has the whole of it."""

    @property
    def tty(self) -> Tty:
        """The terminal as it is now."""

    async def out(self, text: str | bytes) -> None:
        """Write to it, waiting while it takes nothing. BrokenPipeError when it has gone."""

    async def err(self, text: str | bytes) -> None:
        """Say something once it is itself again."""

    async def resume(self, argv: Sequence[str]) -> None:
        """Say how to go on at another engine."""

    async def raw(self) -> None:
        """Make it raw; Problem USAGE if it is none."""

    async def keys(self) -> bytes:
        """Wait for keys; b"" when none will follow."""

    async def resized(self) -> Tty:
        """Wait for a new size, or for a wish to be painted."""


class Watched(Protocol):
    """What is needed of a live session: `session.life.Life`."""

    meta: Meta
    known: Known
    around: Around
    transcript: Transcript
    display: Display
    book: Book
    changed: Bell
    attached: int
    audience: Audience
    last_typed: float | None

    @property
    def key(self) -> str:
        """The terminal's name."""

    @property
    def ended(self) -> bool:
        """Whether nothing will be added to the output."""

    def watching(self) -> AbstractContextManager[None]:
        """Follow the log without rest meanwhile."""


async def serve(life: Watched, call: RawCall, *, observe: bool) -> int:
    """Keep a terminal on a session until it leaves, is thrown off, or the session has ended; the exit code.

    The newest terminal that does not observe types, and the session takes its size, and keeps it afterwards.
    0 for a terminal that left or was thrown off, else the session's own exit code. A hang-up cancels it.
    """
    viewer = Viewer(life, call, observe=observe)
    await call.raw()
    with life.watching(), life.audience.sitting(viewer):
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(viewer.follow)
                nursery.start_soon(viewer.listen)
                nursery.start_soon(viewer.measure)
                nursery.start_soon(viewer.tidy)
                await viewer.show()
                nursery.cancel_scope.cancel()
        finally:
            viewer.answers(yes=False)
            if life.ended:
                life.transcript.close()
    return await _last_words(life, call, viewer)


class Viewer:
    """One terminal. Whatever happens only wakes it; each turn looks at what is true now."""

    def __init__(self, life: Watched, call: RawCall, *, observe: bool) -> None:
        self.observes = observe
        self.thrown = self.left = False
        self._life, self._call = life, call
        self._woken = trio.Event()
        self._noted = trio.Event()
        self._wrote: bool | None = None  # whether it typed at the last turn
        self._due = self._unfit = True
        self._raw = False
        self._answers = False
        self._drawn: Picture | None = None
        self._main = False  # whether its main screen shows the session's
        self._note = ""
        self._at = 0
        self._tail = b""

    @property
    def writes(self) -> bool:
        """Whether it is the one that types."""
        return self._life.audience.writer is self

    def wake(self) -> None:
        """Take another turn."""
        self._woken.set()

    def throw_off(self) -> None:
        """Leave, and say that somebody wanted it."""
        self.thrown = True
        self.wake()

    def answers(self, *, yes: bool) -> None:
        """Say whether this terminal sees the program's questions, so that nobody else must answer them."""
        self._life.attached += yes - self._answers
        self._answers = yes

    async def follow(self) -> None:
        """Wake at everything new."""
        while True:
            await self._life.changed.wait()
            self.wake()

    async def listen(self) -> None:
        """Pass keys on, in order."""
        while typed := await self._call.keys():
            if self.writes:
                await self._type(typed)
        self.left = True
        self.wake()

    async def measure(self) -> None:
        """Heed new sizes."""
        while True:
            await self._call.resized()
            self._due = self._unfit = True
            self.wake()

    async def tidy(self) -> None:
        """Take lines of ours away again."""
        while True:
            await self._noted.wait()
            self._noted = trio.Event()
            await trio.sleep(NOTED)
            self._note, self._due = "", True
            self.wake()

    async def show(self) -> None:
        """Show the session until it has ended or this terminal leaves."""
        while not (self.thrown or self.left):
            self._woken = trio.Event()
            await self._take_role()
            ended = self._life.ended
            moved = await (self._pass_on() if self._fits() else self._frame())
            if moved:
                continue
            if ended:
                return
            await self._woken.wait()

    async def _take_role(self) -> None:
        writes = self.writes
        if writes is not self._wrote:
            self._note = "" if writes else _WATCHING if self.observes else _TAKEN_OVER
            self._wrote, self._due, self._unfit = writes, True, writes
            watching = () if writes else ("--observe",)
            await self._call.resume(("attach", self._life.meta.id, *watching))
        if writes and self._unfit:
            self._unfit = False
            await self._resize()

    async def _resize(self) -> None:
        """Give the session this terminal's size; if it has it already, the program draws itself anew."""
        columns, lines = (min(size, LARGEST) for size in self._size())
        try:
            await self._life.around.terminals.resize(self._life.key, columns, lines, redraw=True)
        except Problem as problem:
            if problem.kind != "no-terminal":  # it is just ending
                raise

    def _fits(self) -> bool:
        """Whether the program's own bytes are right for this terminal."""
        fits = self._life.book.size(self._life.meta.size) == self._size()
        if fits is not self._raw:
            self._raw, self._due = fits, True
        self.answers(yes=fits and self.writes and self._answers)
        return fits

    async def _pass_on(self) -> bool:
        """Show what came since, or all of it anew; False when there is nothing to show."""
        if self._due:
            return await self._paint()
        at, data = self._life.transcript.read(self._at)
        if not data:
            return False
        if at != self._at or self._life.transcript.end() - at > BEHIND:
            self._due = True
            return True
        if self._comes_to_a_blank_screen(data):
            self._due = True
            return True
        await self._call.out(data)
        self._at = at + len(data)
        return True

    async def _paint(self) -> bool:
        screen = await self._life.display.current()
        if screen.size != self._size():  # changed in this very moment
            self._raw = False
            return await self._frame()
        self._due, self._tail = False, b""
        self._at = self._life.display.offset
        self.answers(yes=self.writes)
        picture = take(screen)
        main = not picture.modes.alternate
        for piece in whole(picture, scroll=main and not self._main):
            await self._call.out(piece)
        self._main = self._main or main
        await self._say()
        return True

    async def _frame(self) -> bool:
        """Show one frame, at most twenty a second; False when nothing has changed."""
        picture = clip(take(await self._life.display.current()), *self._size())
        wanted = picture.modes if self.writes else Modes()
        anew, before = self._due, self._drawn
        if anew:
            self._due, before = False, None
            await self._call.out(_LEAVE + _ENTER)
        if data := change(before, picture):
            switched = modes(wanted) if before is None or before.modes != picture.modes else b""
            await self._call.out(data + switched)
        self._drawn = picture
        if anew:
            await self._say()
        if data:
            await trio.sleep(EVERY)
        return bool(data)

    def _comes_to_a_blank_screen(self, data: bytes) -> bool:
        """Whether the program goes to its main screen, which this terminal has never shown."""
        if self._main:
            return False
        seen = self._tail + data
        self._tail = seen[-len(_LEAVE) :]
        return any(leave in seen for leave in _OTHER_LEAVES)

    async def _say(self) -> None:
        if self._note:
            await self._call.out(note(self._note, *self._size()))
            self._noted.set()

    async def _type(self, keys: bytes) -> None:
        try:
            await self._life.around.terminals.write(self._life.key, keys)
        except Problem as problem:
            if problem.kind == "input-full":
                await self._call.out(b"\x07")
            elif problem.kind != "no-terminal":
                raise
        self._life.last_typed = self._life.around.steady()

    def _size(self) -> tuple[int, int]:
        return self._call.tty.columns, self._call.tty.lines


async def _last_words(life: Watched, call: RawCall, viewer: Viewer) -> int:
    name = life.meta.id
    if viewer.thrown:
        await call.err(f"looop: thrown off {name} by `looop detach`; the session goes on.\n")
        return 0
    if not life.ended:
        return 0
    code = life.known.code
    how = "ended" if code is None else f"ended with exit code {code}"
    await call.err(f"looop: {name} {how}; `looop log {name}` has its output.\n")
    return code or 0
