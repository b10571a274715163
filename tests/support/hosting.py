"""A host under test: a real profile, terminals in memory, clocks that a test can put forward.

`later` is time that has passed; `set` is what somebody has set the wall clock by, or the machine has slept.
"""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import trio

from looop.core.sessions import SessionView, Start
from looop.session.fake import FakeTerminals
from looop.session.host import Host
from looop.session.watched import Guard
from looop.store.config import Config
from support.profiles import made_in

PATIENCE = 30.0


class Hosting:
    """A profile, its keeper, and one host after the other upon them."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.profile = made_in(folder)
        self.later = self.set = 0.0
        self.terminals = FakeTerminals(now=self.now)
        self.settings = Config(**{"confine": "off", **settings})
        self.env = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "LOOOP_SECRET": "x", "KEPT": "yes"}
        self.pokes = 0
        self.said: list[str] = []
        self.guard: Guard | None = None
        self.host = self.fresh()

    def now(self) -> float:
        return time.time() + self.later + self.set

    def steady(self) -> float:
        return trio.current_time() + self.later

    def fresh(self) -> Host:
        """Make the host of a new engine on the same files."""
        return Host(
            self.profile,
            self.terminals,
            env=self.env,
            settings=lambda: self.settings,
            now=self.now,
            steady=self.steady,
            poke=self._poke,
            say=self.said.append,
            guard=self.guard,
        )

    @asynccontextmanager
    async def served(self) -> AsyncIterator[Host]:
        """Serve a host; leaving it is the engine's end, as abrupt as a crash."""
        async with trio.open_nursery() as nursery:
            self.host = self.fresh()
            await nursery.start(self.host.serve)
            yield self.host
            nursery.cancel_scope.cancel()

    async def start(self, name: str = "a", **order: Any) -> SessionView:
        return await self.host.start(Start(**{"id": name, "prompt": "do it", "command": "work", **order}))

    def key(self, name: str = "a") -> str:
        return self.host.lives[name].key

    def say(self, data: bytes, name: str = "a") -> None:
        self.terminals.say(self.key(name), data)

    async def finish(self, code: int = 0, name: str = "a", **how: Any) -> SessionView:
        """Let a session's program end, and wait until that is known."""
        self.terminals.finish(self.key(name), code, **how)
        with trio.fail_after(PATIENCE):
            return await self.host.ended(name)

    def folder(self, name: str = "a") -> Path:
        return self.profile.sessions / name

    def _poke(self) -> None:
        self.pokes += 1


async def eventually(condition: Callable[[], object], what: str) -> None:
    """Return when the condition holds; fail, naming `what`, when it does not for long."""
    with trio.move_on_after(PATIENCE):
        while not condition():
            await trio.sleep(0.01)
        return
    raise AssertionError(f"waited {PATIENCE:g} s for {what}")
