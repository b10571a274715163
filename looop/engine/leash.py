"""The engine's end of its line to keeper: the terminals, pats, and the news of keeper's end.

In: an inherited descriptor, or none when an engine is run by hand. Out: `session.terminals.Terminals`, over
messages that `engine.ptys` understands. Whatever happens here, keeper and its terminals go on.
"""

import itertools
import os
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import trio

from looop.core.problem import Exit, Problem
from looop.engine.link import Link, Message, text_of
from looop.session.terminals import Alive, Hint, Spawn, Then

_PAT = {"do": "pat"}
_LATE = 64  # so many of those that nobody listens to any more may have a hint on its way


class Leash:
    """One line to keeper; `fd` is None where there is no keeper. Requests need a running `serve`."""

    def __init__(self, fd: int | None) -> None:
        self._link: Link | None = None
        self.keeper: int | None = None
        self._hints: dict[str, Hint] = {}
        self._early: set[str] = set()  # hints that nobody listened to yet
        self._let_go: deque[str] = deque(maxlen=_LATE)
        self._numbers = itertools.count(1)
        self._waiting: dict[int, _Answer] = {}
        self._reading = trio.Lock()
        self._unsent = trio.Event()
        if fd is not None:
            self._link = Link(fd)
            parent = os.getppid()
            self.keeper = parent if parent > 1 else None  # init has adopted us: keeper is gone already

    async def serve(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Exchange messages until keeper has gone, then let every request know; for ever without a keeper."""
        async with trio.open_nursery() as nursery:
            if self._link is not None:
                nursery.start_soon(self._send, self._link)
            task_status.started()
            await self.cut()
            nursery.cancel_scope.cancel()

    async def cut(self) -> None:
        """Return when keeper has ended; never where there is none. May be called any number of times."""
        link = self._link
        if link is None:
            await trio.sleep_forever()
        # Whoever comes first reads for all; the next one takes over when that is cancelled.
        async with self._reading:
            while not link.gone:
                await trio.lowlevel.wait_readable(link.fd)
                for message in link.receive():
                    self._hear(message)
            for answer in self._waiting.values():
                answer.set({})

    def pat(self) -> None:
        """Tell keeper that the engine's loop runs; never waits, and a keeper that is gone is no error."""
        if self._link is not None and self._link.flush():  # else what waits says the same
            self._link.send(_PAT)

    async def spawn(self, order: Spawn) -> Alive:
        """See `Terminals.spawn`."""
        return _alive(
            await self._ask(
                "spawn",
                key=order.key,
                folder=str(order.folder),
                command=order.command,
                cwd=str(order.cwd),
                columns=order.columns,
                lines=order.lines,
                env=dict(order.env),
                log_max=order.log_max,
                scoped=order.scoped,
            )
        )

    async def write(self, key: str, data: bytes, *, once: str = "", then: Then | None = None) -> int:
        """See `Terminals.write`. A cancel may leave it typed or not; only `once` makes asking again safe."""
        held = {"data": text_of(then.data), "once": then.once, "within": then.within} if then else None
        return int(await self._ask("write", key=key, data=text_of(data), once=once, then=held))

    async def resize(self, key: str, columns: int, lines: int, *, redraw: bool = False) -> int:
        """See `Terminals.resize`."""
        return int(await self._ask("resize", key=key, columns=columns, lines=lines, redraw=redraw))

    async def end(self, key: str, grace: float) -> None:
        """See `Terminals.end`."""
        await self._ask("end", key=key, grace=grace)

    async def alive(self) -> tuple[Alive, ...]:
        """See `Terminals.alive`."""
        return tuple(_alive(one) for one in await self._ask("alive"))

    def listen(self, key: str, hint: Hint | None) -> None:
        """See `Terminals.listen`. A hint that came before is given at once."""
        if hint is None:
            self._hints.pop(key, None)
            self._early.discard(key)
            self._let_go.append(key)
            return
        while key in self._let_go:
            self._let_go.remove(key)
        self._hints[key] = hint
        if key in self._early:
            self._early.discard(key)
            hint()

    def seen(self, key: str) -> None:
        """See `Terminals.seen`."""
        self._tell({"do": "seen", "key": key})

    async def renew(self, keeper: Sequence[str], engine: Sequence[str]) -> None:
        """Have keeper become `keeper`, a program's words up to that for the role, and start `engine`.

        Returns when it is about to; we are told to end then. Problem NO `not-renewed` when it is busy.
        """
        await self._ask("renew", keeper=list(keeper), engine=list(engine))

    async def _ask(self, do: str, **values: object) -> Any:
        number = next(self._numbers)
        answer = self._waiting[number] = _Answer()
        try:
            self._tell({"n": number, "do": do, **values})
            if self._link is None or self._link.gone:
                raise _no_keeper()
            return answer.result(await answer.get())
        finally:
            del self._waiting[number]

    def _tell(self, message: Message) -> None:
        if self._link is not None:
            self._link.send(message)
            if self._link.unsent:
                self._unsent.set()

    async def _send(self, link: Link) -> None:
        """Send what the line did not take at once."""
        while True:
            await self._unsent.wait()
            self._unsent = trio.Event()
            with suppress(OSError):
                while not link.flush():
                    await trio.lowlevel.wait_writable(link.fd)

    def _hear(self, message: Message) -> None:
        if "more" in message:
            hint = self._hints.get(message["more"])
            if hint is not None:
                hint()
            elif message["more"] not in self._let_go:
                self._early.add(message["more"])
        elif (answer := self._waiting.get(message.get("n", 0))) is not None:
            answer.set(message)


class _Answer:
    """What one request waits for: the message, or an empty one when keeper has gone."""

    def __init__(self) -> None:
        self._event = trio.Event()
        self._message: Message = {}

    def set(self, message: Message) -> None:
        if not self._event.is_set():
            self._message = message
            self._event.set()

    async def get(self) -> Message:
        await self._event.wait()
        return self._message

    def result(self, message: Message) -> Any:
        if "problem" in message:
            code, kind, text = message["problem"]
            raise Problem(Exit(code), kind, text)
        if "ok" not in message:
            raise _no_keeper()
        return message["ok"]


def _alive(told: Mapping[str, Any]) -> Alive:
    return Alive(told["key"], told["pid"], told["start"], told["ending"])


def _no_keeper() -> Problem:
    return Problem(
        Exit.UNREACHABLE,
        "no-keeper",
        "The program that holds all sessions has gone, and they with it; `looop up` starts anew.",
    )
