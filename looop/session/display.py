"""A session's screen, kept up with its log: drawn when somebody looks, and a little whenever there is time.

In: the transcript, and the sizes that keeper recorded with their offsets. Out: a `Screen` of the log's end,
or a `Shot` of it. Far behind it jumps: to a clear that the program made, else close to the end, and says
`stale`.
"""

import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import groupby, pairwise
from pathlib import Path

import trio

from looop.core.sessions import Shot
from looop.session import checkpoints, queries
from looop.session.pyte_screen import PyteScreen
from looop.session.records import Records
from looop.session.screen import Cell, Screen
from looop.session.transcript import Transcript
from looop.store import files

FAR = 1 << 20
"""Bytes behind the log's end that are drawn one by one; beyond, it jumps."""
EVERY = 4 << 20
"""Bytes drawn between two checkpoints."""
_NEAR = 256 << 10
_IDLE = 64 << 10
_SLICE = 0.005  # seconds at most between two checks for others who want to run, as far as a piece allows
_PIECE, _MIDDLING = 512, 4800  # bytes drawn at once on a screen of so many cells; fewer on a larger one
_READ = 64 << 10
_LINE = 4096  # in which a line should begin
_CLEAR = re.compile(rb"\x1b(?:\[2J|c|\[\?(?:1049|1047|47)h)")
_ASKED = re.compile(rb"\x1b\[0*6(?:;[0-9;]*)?n")
_ASKING = 8  # bytes that such a question usually takes: it may have begun in the piece before
_ANSWERS = 64  # that are remembered for who reads more slowly than we draw
_FIRST = (120, 40)
_PLAIN = Cell()

Style = dict[str, str | bool | int]


class Display:
    """The screen of one generation. Nothing is read or drawn before somebody asks.

    `stale`: what shows may not be what the program meant. `offset`: how much of the log it shows.
    """

    def __init__(self, folder: Path, transcript: Transcript, records: Callable[[], Records]) -> None:
        self.offset = 0
        self._folder = folder
        self._transcript = transcript
        self._records = records
        self._screen: Screen | None = None
        self._sizes: tuple[tuple[int, int, int], ...] = ()
        self._resizes = 0  # how many of them the screen was given
        self._saved = 0
        self._tail = b""
        self._answers: dict[int, bytes] = {}  # to CSI 6n, by the offset behind it
        self._drawing = trio.Lock()

    @property
    def stale(self) -> bool:
        """Whether the screen is in doubt."""
        return self._screen is not None and self._screen.stale

    async def current(self) -> Screen:
        """Give the screen as of the log's end at this moment, or later. It changes with the next call.

        OSError when the log can't be read. A cancel leaves it wherever it was; whoever waits too goes on.
        """
        return await self.upto(self._transcript.end())

    async def upto(self, offset: int) -> Screen:
        """Give the screen at an offset, or later if it is further already."""
        async with self._drawing:
            return await self._reach(min(offset, self._transcript.end()))

    async def answer(self, offset: int) -> bytes:
        """Give the answer to a CSI 6n that ends at this offset: where the cursor was, just then."""
        screen = await self.upto(offset)
        return self._answers.pop(offset, None) or _answer(screen)

    async def idle(self) -> bool:
        """Draw a little, and write a checkpoint when one is due; whether there is more to do at once."""
        if self._drawing.statistics().locked or not self._lags():
            return False
        async with self._drawing:
            before, end = (self.offset, self._saved), self._transcript.end()
            near = min(end, self.offset + _IDLE)
            await self._reach(end if self._screen is None or end - self.offset > FAR else near)
            return before != (self.offset, self._saved) and self._lags()

    async def shot(self, *, styled: bool = True) -> Shot:
        """Give the present screen as a value; without `styled` its `cells` are left out."""
        async with self._drawing:
            screen = await self._reach(self._transcript.end())
            columns, lines = screen.size
            cursor = screen.cursor
            return Shot(
                columns=columns,
                lines=lines,
                text=screen.text(),
                cells=await _all_runs(screen) if styled else (),
                cursor=None if cursor.hidden else (cursor.column, cursor.line),
                title=screen.title,
                alternate=screen.modes.alternate,
                stale=self.stale,
                offset=self.offset,
            )

    async def _reach(self, target: int) -> Screen:
        """Draw up to an offset; only for who holds `_drawing`."""
        self._sizes = self._records().sizes
        screen = self._screen or await self._rebuild(target)
        if target - self.offset > FAR:
            await self._jump(screen, target)
        while (left := target - self.offset) > 0:
            at, data = self._transcript.read(self.offset, min(left, _READ))
            if at != self.offset:  # the head was cut, and we were in it
                screen = await self._begin(at)
            if not data:
                break
            await self._draw(screen, data)
        self._resize(screen)
        await self._save(screen)
        return screen

    def _lags(self) -> bool:
        """Whether much is not drawn yet, or the newest checkpoint will be cut off with the head."""
        return self._transcript.end() - self.offset >= _IDLE or self._saved < self._transcript.base()

    async def _rebuild(self, target: int) -> Screen:
        start = self._transcript.start()
        found = await files.aside(checkpoints.newest, self._folder, start, target)
        if found is None:
            return await self._begin(start)
        self.offset = self._saved = found.offset
        self._screen, self._resizes = found.screen, found.resizes
        return found.screen

    async def _begin(self, offset: int) -> Screen:
        """Begin with nothing at an offset; what was before it is lost, unless it is 0."""
        self._resizes = sum(at <= offset for at, _, _ in self._sizes)
        size = self._sizes[self._resizes - 1][1:] if self._resizes else _FIRST
        self._screen = screen = PyteScreen(*size)
        self.offset = offset
        if offset:
            screen.doubt()
        await trio.lowlevel.checkpoint()
        return screen

    async def _jump(self, screen: Screen, target: int) -> None:
        """Skip to the last clear within reach, else close to the end; modes and title are followed."""
        since = self._landing(target)
        while self.offset < since:
            at, data = self._transcript.read(self.offset, min(_READ, since - self.offset))
            if not data:
                break
            screen.skip(data)
            self.offset = at + len(data)
            await trio.lowlevel.checkpoint()
        self._resize(screen)
        screen.wipe()

    def _landing(self, target: int) -> int:
        """Find where to go on: at the last clear, or at the begin of a line."""
        window, begin = b"", max(self.offset, target - FAR)
        while (at := begin + len(window)) < target:
            found, data = self._transcript.read(at, target - at)
            if not data:
                break
            begin, window = (begin, window + data) if found == at else (found, data)
        clears = [match.start() for match in _CLEAR.finditer(window)]
        if clears:
            return begin + clears[-1]
        near = max(0, len(window) - _NEAR)
        line = window.find(b"\n", near, near + _LINE)
        return begin + (line + 1 if line >= 0 else near)

    async def _draw(self, screen: Screen, data: bytes) -> None:
        """Draw bytes that begin at our offset, in slices, each size from its offset on."""
        asked, until, at = self._asked(data), time.monotonic() + _SLICE, 0
        while at < len(data):
            self._resize(screen)
            next_asked = asked[0] - at if asked else len(data)
            some = data[at : at + min(_piece(screen), self._until_resize(), next_asked)]
            self._feed(screen, some)
            at += len(some)
            self.offset += len(some)
            if asked and at == asked[0]:
                asked.popleft()
                self._remember(screen)
            if time.monotonic() >= until:
                await trio.lowlevel.checkpoint()
                until = time.monotonic() + _SLICE
        await trio.lowlevel.checkpoint()

    def _asked(self, data: bytes) -> deque[int]:
        """Find where the questions for the cursor end; one may have begun in what was drawn before."""
        tail, self._tail = self._tail, data[-_ASKING:]
        ends = (found.end() - len(tail) for found in _ASKED.finditer(tail + data))
        return deque(end for end in ends if end > 0)

    def _remember(self, screen: Screen) -> None:
        """Keep an answer: who passes it on may not have read that far yet."""
        if len(self._answers) >= _ANSWERS:
            del self._answers[next(iter(self._answers))]
        self._answers[self.offset] = _answer(screen)

    def _feed(self, screen: Screen, data: bytes) -> None:
        try:
            screen.feed(data)
        except Exception:  # noqa: BLE001 - no output may stop a session; the screen begins anew behind it
            screen.wipe()

    def _resize(self, screen: Screen) -> None:
        """Apply the sizes that hold at our offset, in their order."""
        while self._resizes < len(self._sizes) and self._sizes[self._resizes][0] <= self.offset:
            screen.resize(*self._sizes[self._resizes][1:])
            self._resizes += 1

    def _until_resize(self) -> int:
        left = self._sizes[self._resizes :]
        return left[0][0] - self.offset if left else _READ

    async def _save(self, screen: Screen) -> None:
        """Write a checkpoint when much was drawn since, or the last one will be cut off with the head."""
        base = self._transcript.base()
        if self.offset - self._saved < EVERY and not self._saved < base <= self.offset:
            return
        self._saved = self.offset
        with suppress(OSError):  # a full disk: the next rebuild is slower
            args = (self._folder, self.offset, self._resizes, screen.dump)
            await files.aside(checkpoints.write, *args)


def _piece(screen: Screen) -> int:
    """Give how many bytes are drawn at once: the larger the screen, the dearer may be each of them."""
    columns, lines = screen.size
    return max(8, min(_PIECE, _PIECE * _MIDDLING // (columns * lines)))


def _answer(screen: Screen) -> bytes:
    hand = screen.hand
    return queries.cursor_reply(screen.cursor, hand.region[0] if hand.origin and hand.region else 0)


async def _all_runs(screen: Screen) -> tuple[tuple[tuple[str, Style], ...], ...]:
    """Give each row as runs of one look, without the plain blanks at its end; a large screen takes long.

    A look names the attributes that differ from plain, and `width`, the run's columns, where its characters
    don't take one each; a wide character shares a run with wide ones only.
    """
    made, until = [], time.monotonic() + _SLICE
    for row in screen.cells():
        made.append(tuple(_runs(row)))
        if time.monotonic() >= until:
            await trio.lowlevel.checkpoint()
            until = time.monotonic() + _SLICE
    return tuple(made)


def _runs(row: Sequence[Cell]) -> Iterator[tuple[str, Style]]:
    used = len(row)
    while used and row[used - 1] == _PLAIN:
        used -= 1
    halves = [not cell.text for cell in row[:used]]
    wide = [here or behind for here, behind in pairwise([*halves, False])]
    looks = zip(row, wide, strict=False)
    for (look, _), cells in groupby(looks, lambda it: (it[0][1:], it[1])):
        texts = [cell.text for cell, _ in cells]
        text = "".join(texts)
        style: Style = {
            name: value
            for name, value, plain in zip(Cell._fields[1:], look, _PLAIN[1:], strict=True)
            if value != plain
        }
        yield text, style if len(text) == len(texts) else {**style, "width": len(texts)}
