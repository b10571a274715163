"""A keeper in memory: the terminals of a test, with real logs and records in the folders.

In: what a session asks of `Terminals`; what a test lets the programs say. Out: `typed`, `ended`, `sizes`. It
outlives a `Host` as keeper outlives an engine; a new one in its place is a keeper that has lost everything.
"""

import json
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import trio

from looop.child import tree
from looop.core.problem import Exit, Problem
from looop.session import records
from looop.session.terminals import Alive, Hint, Spawn, Then
from looop.session.transcript import CURRENT
from looop.store import files

NOBODY = 1 << 30
"""Above every pid that a kernel gives: signals to it reach nobody."""


@dataclass
class FakeTerminal:
    """One terminal."""

    order: Spawn
    alive: Alive
    offset: int = 0
    done: dict[str, int] = field(default_factory=dict)
    hint: Hint | None = None
    told: bool = False


class FakeTerminals:
    """The terminals. `refuse` is the reason for which the next start fails; `stubborn` ones ignore TERM."""

    def __init__(
        self, *, boot: str | None = None, stubborn: bool = False, now: Callable[[], float] = time.time
    ) -> None:
        self.live: dict[str, FakeTerminal] = {}
        self.typed: dict[str, bytes] = defaultdict(bytes)
        self.ended: list[tuple[str, float]] = []
        self.spawned: list[Spawn] = []
        self.refuse = ""
        self.stubborn = stubborn
        self.gone = False
        self._now = now
        self._boot = tree.boot_id() if boot is None else boot

    async def spawn(self, order: Spawn) -> Alive:
        """Start a program."""
        await self._checkpoint()
        if self.refuse:
            reason, self.refuse = self.refuse, ""
            raise Problem(Exit.NO, "not-started", f"{order.key} could not be started: {reason}.")
        if order.key in self.live:
            raise Problem(Exit.REFUSED, "exists", f"{order.key} lives already.")
        one = FakeTerminal(order, Alive(order.key, NOBODY + len(self.spawned), 1))
        self.spawned.append(order)
        self.live[order.key] = one
        files.append(order.folder / CURRENT, b"")
        self._record(
            one,
            pid=one.alive.pid,
            start=one.alive.start,
            boot=self._boot,
            size=[order.columns, order.lines],
            t=self._now(),
        )
        return one.alive

    async def write(self, key: str, data: bytes, *, once: str = "", then: Then | None = None) -> int:
        """Give the program input; `then` when it is asked for."""
        del then
        await self._checkpoint()
        one = self._one(key)
        if once in one.done:
            return one.done[once]
        self.typed[key] += data
        if once:
            one.done[once] = one.offset
            self._record(one, did=once)
        return one.offset

    async def resize(self, key: str, columns: int, lines: int, *, redraw: bool = False) -> int:
        """Set the size."""
        del redraw
        await self._checkpoint()
        one = self._one(key)
        self._record(one, size=[columns, lines])
        return one.offset

    async def end(self, key: str, grace: float) -> None:
        """End the whole tree: at once, unless it is stubborn and has a grace."""
        await self._checkpoint()
        self.ended.append((key, grace))
        if key in self.live and not (self.stubborn and grace):
            self.finish(key, signal=9 if not grace else 15, killed=True)

    async def alive(self) -> tuple[Alive, ...]:
        """Tell of every terminal."""
        await self._checkpoint()
        return tuple(one.alive for one in self.live.values())

    def listen(self, key: str, hint: Hint | None) -> None:
        """Be told of news of one terminal."""
        if one := self.live.get(key):
            one.hint, one.told = hint, False

    def seen(self, key: str) -> None:
        """Say that the log will be read to its end."""
        if one := self.live.get(key):
            one.told = False

    def say(self, key: str, data: bytes) -> None:
        """Let the program write this."""
        one = self._one(key)
        files.append(one.order.folder / CURRENT, data)
        one.offset += len(data)
        self._tell(one)

    def finish(self, key: str, code: int = 0, *, signal: int = 0, killed: bool = False) -> None:
        """Let the program end, by itself or by a signal."""
        one = self._one(key)
        self._record(one, end=signal or code << 8, killed=killed, t=self._now())
        del self.live[key]
        self._tell(one)

    def _one(self, key: str) -> FakeTerminal:
        if key in self.live:
            return self.live[key]
        raise Problem(Exit.MISSING, "no-terminal", f"No terminal {key}: its program has ended.")

    def _tell(self, one: FakeTerminal) -> None:
        if one.hint and not one.told:
            one.told = True
            one.hint()

    def _record(self, one: FakeTerminal, **facts: Any) -> None:
        with suppress(FileNotFoundError):  # keeper has the file open, and does not mind
            files.append(one.order.folder / records.NAME, json.dumps({"at": one.offset, **facts}))

    async def _checkpoint(self) -> None:
        await trio.lowlevel.checkpoint()
        if self.gone:
            raise Problem(Exit.UNREACHABLE, "no-keeper", "The keeper has gone.")
