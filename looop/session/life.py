"""One live generation: its log is followed to its end, its terminal's questions answered, its state judged.

In: hints from keeper, output, hooks, flags. Out: `known`, kept in `status.json`; bells. All that matters is
in files: a second engine goes on where a first was killed. Neighbours: `minding` judges, `host` keeps all.
"""

import dataclasses
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

import trio
from msgspec.structs import replace

from looop.core.hooks import Hook
from looop.core.known import ended, entered
from looop.core.sessions import Evidence, Known, Meta, Question, State
from looop.session import minding
from looop.session.around import Around
from looop.session.audience import Audience
from looop.session.bell import Bell
from looop.session.book import Book
from looop.session.display import Display
from looop.session.pace import Pace
from looop.session.replies import Replies
from looop.session.scanner import MOST, Scan, Scanner
from looop.session.screen import Modes
from looop.session.terminals import Then
from looop.session.transcript import Transcript, last_write
from looop.store import files, sessions
from looop.store.sessions import Entry

SLICE = 65536
_REST = 0.05  # seconds between two looks at a log that nobody watches
_LONG_REST = 0.3  # the same, if the last look found so many bytes that nothing in them can be urgent
_FLOOD = 256 << 10
_LOOK = 0.1  # seconds between two looks for the end while there is output to be read


class Life:
    """One generation, from its start or its adoption to its end. `attached` counts terminals upon it.

    `born` is when it began, `last_output` and `last_typed` when output and input last came, `freed` when a
    freeze or a flag ended, all by `around.steady`; `trouble` says why the log can't be read; `changed` rings
    when output came or `known` changed; `over` is set once the end is known and written down, `leave` called
    right before that.
    """

    def __init__(
        self, entry: Entry, around: Around, leave: "Callable[[Life], None]" = lambda _: None
    ) -> None:
        self.folder = entry.folder
        self.meta: Meta = entry.meta
        self.known: Known = entry.known
        self.around = around
        self.transcript = Transcript(entry.folder)
        self.book = Book(entry.folder)
        self.display = Display(entry.folder, self.transcript, self.book.now)
        self.changed = Bell()
        self.over = trio.Event()
        self.attached = 0
        self.audience = Audience()
        self.title = ""
        self.born = around.since(entry.meta.created)
        self.notes: tuple[str, ...] = ()
        self.last_output: float | None = None
        self.last_typed: float | None = None
        self.hooked: Hook | None = None
        self.freed: float | None = None
        self.trouble = ""
        self.offset = 0
        self._leave = leave
        self._watchers = 0
        self._attention = Bell()
        self._scanner = Scanner()
        self._pace = Pace()
        self._asking = 0.0  # questions in about the last 64 KiB
        self._hinted = trio.Event()
        self._facts = trio.Event()
        self._saving = trio.Lock()
        self._saved = entry.known
        self._replies = Replies(around.terminals, entry.meta.generation, self.display)

    @property
    def key(self) -> str:
        """The terminal's name."""
        return self.meta.generation

    @property
    def modes(self) -> Modes:
        """What the program asked of its terminal, as far as its output was read."""
        return self._scanner.modes

    @property
    def ended(self) -> bool:
        """Whether nothing will be added to the output any more."""
        return self.over.is_set()

    @property
    def question(self) -> Question | None:
        """The open flag."""
        return self.around.memo.asked(self.folder).flag

    async def serve(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Follow it to its end. A cancel leaves it running; another `Life` goes on from the files.

        Output that was not read yet by then stays so: nobody is left to be answered, and who reads the log
        reads it there.
        """
        self.around.terminals.listen(self.key, self._hear)
        self.last_output = self._written()
        task_status.started()
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._follow, nursery)
                await self._ending()
                nursery.cancel_scope.cancel()
        finally:
            self.around.terminals.listen(self.key, None)
            self.transcript.close()
        if end := self.book.now().end:
            await self.conclude(ended(self.known, end.status, end.when, killed=end.killed))

    async def conclude(self, known: Known) -> None:
        """Write its end down: all that hangs on the generation is let go first, and again after a crash."""
        for hook in self.around.on_end:
            try:
                await hook(self)
            except Exception as error:  # noqa: BLE001 - an end is an end, whoever can't bear it
                self.around.say(f"{self.meta.id}: {error}")
        async with self._saving:
            # What a worker said of its end may have come while the hooks ran.
            self.known = self._saved = replace(known, outcome=self.known.outcome, note=self.known.note)
            await self._write(durably=True)
        self._leave(self)
        self.transcript.retire()
        self.over.set()
        self.ring()
        self.around.poke()

    def end(self) -> int:
        """Give the offset behind the last byte of output; what was read, while the log can't be."""
        try:
            return self.transcript.end()
        except OSError:
            return self.offset

    async def read(self, offset: int, limit: int = SLICE) -> tuple[int, bytes]:
        """Read output, from where there still is some; b"" at the end."""
        await trio.lowlevel.checkpoint()
        return self.transcript.read(offset, limit)

    async def grown(self, offset: int) -> None:
        """Return when there is output at this offset or behind it, or the session is over."""
        with self.watching():
            while not self.ended and self.transcript.end() <= offset:
                await self.changed.wait()

    async def rows(self) -> tuple[int, tuple[str, ...]]:
        """Give the offset that the screen shows, and its rows."""
        screen = await self.display.current()
        return self.display.offset, screen.text()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Follow the log without rest as long as somebody waits for what it says."""
        self._watchers += 1
        self._attention.ring()
        try:
            yield
        finally:
            self._watchers -= 1

    async def type(
        self, data: bytes, once: str = "", *, sent: int | None = None, then: Then | None = None
    ) -> int:
        """Write input in one go; the log's offset right before. Problem and `then` as `Terminals.write` says.

        `Known.sent` becomes that offset, or `sent` where this write belongs to an earlier one.
        """
        offset = await self.around.terminals.write(self.key, data, once=once, then=then)
        self.last_typed = self.around.steady()
        await self.know(replace(self.known, sent=offset if sent is None else sent))
        return offset

    async def done(self, outcome: str, note: str) -> None:
        """Write down, durably, what the worker said of its end: `done` or `failed`. Ending it comes next."""
        await self.know(replace(self.known, outcome=outcome, note=note), durably=True)

    def hook(self, hook: Hook) -> None:
        """Take what the agent reported of itself."""
        self.hooked = dataclasses.replace(hook, at=self.around.since(hook.at))
        self.look()

    def look(self) -> None:
        """Judge again: a flag was raised or taken down, or something else about it changed."""
        self._facts.set()

    async def enter(self, evidence: Evidence) -> None:
        """Take a judgement over; news wakes the loop."""
        before, evidence = self.known, replace(evidence, said=self.around.masked(evidence.said))
        attended = self.audience.writer is not None
        after = entered(before, evidence, self.around.now(), attended=attended)
        if before.state in {State.FROZEN, State.FLAGGED} and after.state is not before.state:
            self.freed = self.around.steady()
        await self.know(after)
        if after.news != before.news:
            self.around.poke()

    async def know(self, known: Known, *, durably: bool = False) -> None:
        """Know something new, and write it down if it matters. Nothing once it is over."""
        if self.known.state.over:
            return
        moved, self.known = known.state is not self.known.state, known
        if moved or durably:
            self.ring()
        async with self._saving:
            # Who waited for the lock before us may have written it already, and not durably.
            if durably or _substance(self.known) != _substance(self._saved):
                self._saved = self.known
                await self._write(durably=durably)

    def ring(self) -> None:
        """Tell everybody who watches."""
        self.changed.ring()
        self.around.bell.ring()
        self._facts.set()

    def fresh(self) -> trio.Event:
        """Give an event that is set when there is anything to judge that came after this call."""
        self._facts = trio.Event()
        return self._facts

    async def _ending(self) -> None:
        """Return when keeper has recorded the end, however much is to be read before it, and by whom."""
        while self.book.now().end is None:
            await self._hinted.wait()
            # A hint that was not taken yet may be older than the end, which then has none of its own.
            await trio.sleep(_LOOK)

    async def _follow(self, nursery: trio.Nursery) -> None:
        nursery.start_soon(self._replies.serve)
        if self.known.state is not State.STARTING:
            # What an engine before us has judged is not judged half, or it would be news again.
            await self._catch_up()
        nursery.start_soon(minding.mind, self)
        nursery.start_soon(self._draw)
        while self.book.now().end is None:
            began = self.offset
            self.around.terminals.seen(self.key)
            await self._catch_up()
            await self._hinted.wait()
            self._hinted = trio.Event()
            await self._rest(_REST if self.offset - began < _FLOOD else _LONG_REST)
        nursery.cancel_scope.cancel()

    async def _catch_up(self) -> None:
        """Read what is there by now; what comes meanwhile has a hint of its own."""
        try:
            await self._read_up(self.transcript.end())
            self.trouble = ""
        except OSError as error:
            self.trouble = f"its output can't be read: {error.filename or self.folder} ({error.strerror})"
            self._facts.set()

    async def _read_up(self, end: int) -> None:
        before, began = self.known.replied, self.offset
        while self.offset < end:
            async with nullcontext() if self._watchers or self.attached else self.around.turn:
                left = before - self.offset
                at, data = self.transcript.read(
                    self.offset, min(self._pace.size, left) if left > 0 else self._pace.size
                )
                if not data:
                    break
                self.offset = at + len(data)
                # What an engine before us may have read is as old as the file; the rest comes now.
                self.last_output = self.around.steady() if began else self._written()
                await self._take(self._scan(data), at)
                self.changed.ring()
                self._facts.set()
                await trio.lowlevel.checkpoint()

    def _scan(self, data: bytes) -> Scan:
        began = time.monotonic()
        scan = self._scanner.feed(data)
        self._pace.took(len(data), time.monotonic() - began)
        return scan

    async def _take(self, scan: Scan, at: int) -> None:
        self.title = self.title if scan.title is None else scan.title
        self.notes = scan.notes or self.notes
        self._asking = self._asking * (1 - (self.offset - at) / SLICE) + len(scan.replies)
        if self._asking >= MOST and self.offset < self.transcript.end():
            return  # it asks in a loop and went on without an answer; drawing all of it would take minutes
        if scan.replies and self.offset > self.known.replied:
            ours = not self.attached
            # Written down first: an answer that is lost is asked for again, one given twice is typed input.
            await self.know(replace(self.known, replied=self.offset))
            if ours:
                self._replies.owe(tuple(it._replace(end=at + it.end) for it in scan.replies))

    def _written(self) -> float | None:
        at = last_write(self.folder)
        return None if at is None else self.around.since(at)

    async def _draw(self) -> None:
        """Keep the screen within reach of a log that nobody looks at, before its head is cut."""
        while True:
            news = self.changed.next()
            with suppress(OSError):  # whoever looks will be told
                while await self.around.leisure.spend(self.display.idle):
                    pass
            await news.wait()

    async def _rest(self, seconds: float) -> None:
        with trio.move_on_after(seconds):
            while not (self._watchers or self.attached):
                await self._attention.wait()

    async def _write(self, *, durably: bool) -> None:
        try:
            await files.aside(_written, self.folder, self.known, durably)
        except OSError as error:  # the next change writes it all again, or the next engine finds it out
            self.around.say(f"{self.meta.id}: its status could not be written ({error.strerror})")

    def _hear(self) -> None:
        self._hinted.set()


def _substance(known: Known) -> Known:
    """Leave out what may change with every second of output."""
    return replace(known, said="")


def _written(folder: Path, known: Known, durably: bool) -> None:
    sessions.write_known(folder, known, durably=durably)
