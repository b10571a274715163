"""All terminals: what the engine asks of them, what becomes of their leaders, and hints that there is news.

In: requests from the line, readiness, statuses of children, the time. Out: answers and hints on the line.
Knows nothing of engines but the line to the present one. For `engine.keeper`.
"""

import contextlib
import math
import os
import selectors
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from looop.child import tree
from looop.core.problem import Exit, Problem
from looop.engine import ptychild
from looop.engine.keeperlog import log_error
from looop.engine.link import Link, Message, Reply, bytes_of
from looop.engine.pty import Pty, gone
from looop.engine.ptychild import Limits, Order
from looop.engine.ptyend import Sweeper
from looop.engine.ptyinput import Write
from looop.engine.ptylog import Log

LEAST, MOST = 4095, 65536  # bytes that one terminal may say in a turn: with many talking, and alone
LARGEST = 500  # columns or lines
TURN = 16384  # bytes after which a turn ends


class Ptys:
    """The table. `known` are the pids of our own children: all others that we have are leftovers."""

    def __init__(self, selector: selectors.BaseSelector, known: set[int], limits: Limits) -> None:
        self.sweeper = Sweeper(known)
        self.limits = limits
        self.closing = False
        self._selector = selector
        self._known = known
        self._all: dict[str, Pty] = {}
        self._pids: dict[int, Pty] = {}  # those whose leader lives
        self._over: list[Pty] = []  # and those whose leader has ended
        self._timed: set[Pty] = set()  # those that have something due
        self._served = 0
        self._link: Link | None = None
        self._told: dict[str, bool] = {}  # who was hinted at, and whether there was news since

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Pty]:
        return iter(self._all.values())

    def add(self, pty: Pty) -> None:
        """Hold one more."""
        self._all[pty.key] = pty
        self._time(pty)
        if pty.status is None:
            self._pids[pty.pid] = pty
            self._known.add(pty.pid)
        else:
            self._over.append(pty)

    @property
    def due(self) -> float:
        """When `step` is to be called at the latest."""
        return min((pty.due for pty in self._timed), default=math.inf)

    def follow(self, link: Link | None) -> None:
        """Hint to this engine from now on; it has seen nothing yet."""
        self._link = link
        self._told.clear()
        for pty in self:
            self._hint(pty.key)

    def ask(self, message: Message, reply: Reply) -> None:
        """Do what the engine asks; the answer may come later."""
        try:
            handler = _HANDLERS.get(message.get("do"))
            if handler is not None:
                handler(self, message, reply)
        except Problem as problem:
            reply.refuse(problem)
        except (KeyError, TypeError, ValueError, OverflowError, OSError) as error:
            log_error()
            text = f"Keeper could not do that: {type(error).__name__}: {error}."
            reply.refuse(Problem(Exit.NO, "keeper-error", text))

    def ready(self, events: Iterable[tuple[Pty, int]]) -> None:
        """Move what is ready, up to a turn's worth: first who said little, then who waited longest.

        The rest is ready again in the next turn. So a keystroke and its echo wait for no flood.
        """
        found = sorted(events, key=lambda event: (event[0].volume >= LEAST, event[0].served))
        budget, moved = max(LEAST, MOST // max(1, len(found))), 0
        for pty, mask in found:
            if moved >= TURN and pty.volume >= LEAST:
                break
            self._served += 1
            pty.served = self._served
            with self._guard(pty):
                pty.ready(mask, budget, time.monotonic())
            moved += pty.volume

    def step(self, now: float) -> None:
        """Do what is due."""
        for pty in [pty for pty in self._timed if pty.due <= now]:
            with self._guard(pty):
                pty.step(now)

    def reaped(self, pid: int, status: int) -> None:
        """Take a child's status; nothing if it was no leader."""
        self._known.discard(pid)
        pty = self._pids.pop(pid, None)
        if pty is not None:
            self._over.append(pty)
            self.sweeper.begin(time.monotonic())
            with self._guard(pty):
                pty.ended(status, time.monotonic())

    def tidy(self) -> None:
        """Let go of those that are over, once nothing is left of any that ended. To be called every turn."""
        for pty in self._over.copy():
            pty.swept = pty.swept or not self.sweeper.busy
            if pty.finished:
                with self._guard(pty):
                    self._finish(pty)

    def end_all(self, grace: float) -> None:
        """Begin to end all, and start none from now on."""
        self.closing = True
        for pty in self:
            if pty.status is None:
                pty.ending.begin(time.monotonic(), grace)
                self._time(pty)

    def _finish(self, pty: Pty) -> None:
        if not pty.recorded:
            pty.recorded = True
            pty.log.note(end=pty.status, killed=pty.ending.told)
        if pty.log.stuck:
            pty.settle(time.monotonic())
            return
        pty.close()
        self._over.remove(pty)
        self._timed.discard(pty)
        del self._all[pty.key]
        self._told.pop(pty.key, None)
        if self._link is not None:
            self._link.send({"more": pty.key})

    @contextlib.contextmanager
    def _guard(self, pty: Pty) -> Iterator[None]:
        """Have an error in one terminal be that one's alone; and hint at what it said."""
        try:
            yield
        except Exception:  # noqa: BLE001 - all the others must go on
            log_error()
            pty.pause(time.monotonic())
        self._after(pty)

    def _after(self, pty: Pty) -> None:
        """Hint at what it said meanwhile, and look at its timer."""
        self._time(pty)
        if pty.news:
            pty.news = False
            self._hint(pty.key)

    def _time(self, pty: Pty) -> None:
        """Look at its timer from now on, if it has one."""
        timed = pty.due < math.inf and self._all.get(pty.key) is pty
        (self._timed.add if timed else self._timed.discard)(pty)

    def _hint(self, key: str) -> None:
        """Say that there is more, once until the engine begins to read."""
        if key in self._told:
            self._told[key] = True
        elif self._link is not None:
            self._told[key] = False
            self._link.send({"more": key})

    def _get(self, message: Message) -> Pty:
        pty = self._all.get(message["key"])
        if pty is None:
            raise gone(message["key"])
        return pty

    def _spawn(self, message: Message, reply: Reply) -> None:
        key, limit = str(message["key"]), int(message["log_max"])
        if self.closing:
            raise Problem(Exit.NO, "not-started", "Keeper is leaving: no session starts any more.")
        if key in self._all:
            raise Problem(Exit.REFUSED, "exists", f"The terminal {key} runs already.")
        size = _size(message)
        order = Order(
            message["command"],
            message["cwd"],
            message["env"],
            *size,
            self.limits,
            scoped=bool(message.get("scoped")),
        )
        try:
            log = Log.create(message["folder"], limit)
        except OSError as error:
            raise _not_started(error) from None
        try:
            master = ptychild.start(order)
        except Exception as error:  # noqa: BLE001 - the package raises whatever the child named
            log.close()
            raise _not_started(error) from None
        pid: Any = master.pid
        pty = Pty(key, master, tree.start_time(pid) or 0, log, self._selector)
        self.add(pty)
        pty.size = size
        log.note(pid=pid, start=pty.start, boot=tree.boot_id(), size=size)
        pty.settle(time.monotonic())
        reply.done(_alive(pty))

    def _write(self, message: Message, reply: Reply) -> None:
        write = Write(bytes_of(message["data"]), str(message.get("once", "")))
        then = message.get("then")
        if then is not None:
            held = float(then["within"])
            then = Write(bytes_of(then["data"]), str(then["once"]), hold=held, brief=True)
        pty = self._get(message)
        pty.write(write, reply, time.monotonic(), then)
        self._after(pty)

    def _resize(self, message: Message, reply: Reply) -> None:
        pty, redraw = self._get(message), bool(message.get("redraw"))
        pty.resize(*_size(message), reply, time.monotonic(), redraw=redraw)
        self._after(pty)

    def _end(self, message: Message, reply: Reply) -> None:
        pty = self._all.get(message["key"])
        if pty is not None and pty.status is None:
            pty.ending.begin(time.monotonic(), float(message["grace"]))
            self._time(pty)
        reply.done()

    def _alive(self, _message: Message, reply: Reply) -> None:
        reply.done([_alive(pty) for pty in self])

    def _seen(self, message: Message, _reply: Reply) -> None:
        if self._told.pop(message["key"], False):
            self._hint(message["key"])


_HANDLERS: dict[object, Callable[[Ptys, Message, Reply], None]] = {
    "spawn": Ptys._spawn,  # noqa: SLF001 - the table of its own methods
    "write": Ptys._write,  # noqa: SLF001 - the same
    "resize": Ptys._resize,  # noqa: SLF001 - the same
    "end": Ptys._end,  # noqa: SLF001 - the same
    "alive": Ptys._alive,  # noqa: SLF001 - the same
    "seen": Ptys._seen,  # noqa: SLF001 - the same
}


def _size(message: Message) -> tuple[int, int]:
    columns, lines = int(message["columns"]), int(message["lines"])
    if not (0 < columns <= LARGEST and 0 < lines <= LARGEST):
        text = f"{columns}x{lines} is no size: use 1x1 up to {LARGEST}x{LARGEST}."
        raise Problem(Exit.USAGE, "bad-size", text)
    return columns, lines


def _alive(pty: Pty) -> dict[str, object]:
    return {"key": pty.key, "pid": pty.pid, "start": pty.start, "ending": pty.ending.told}


def _not_started(error: Exception) -> Problem:
    reason = (
        os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error).rstrip(".")
    )
    where = f" ({error.filename})" if isinstance(error, OSError) and error.filename else ""
    return Problem(Exit.NO, "not-started", f"The program could not be started: {reason}{where}.")
