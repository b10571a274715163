"""Sessions in memory, for tests of verbs: what they show is set, what is done to them is kept.

In: a test's script. Out: a `Sessions`. Waiting works as it does in an engine, on output that a test adds.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import trio
from msgspec.structs import replace

from looop.core import keys as key_names
from looop.core.hooks import Hook
from looop.core.ids import nearest
from looop.core.input_text import checked
from looop.core.keys import KeyModes
from looop.core.problem import Exit, Problem
from looop.core.sessions import (
    Evidence,
    Expected,
    Explained,
    Piece,
    Question,
    SessionView,
    Settled,
    Shot,
    Start,
    State,
    Typed,
    ordered,
)
from looop.engine.call import RawCall
from looop.session import follow

Cells = tuple[tuple[tuple[str, Mapping[str, str | bool]], ...], ...]

NOW = 1767268800.0
"""2026-01-01 12:00:00 UTC."""


@dataclass
class FakeSession:
    """One session. `how` is what becomes of what is typed; `cut` is where what is kept of the log begins."""

    view: SessionView
    log: bytes = b""
    cut: int = 0
    how: str = "submitted"
    rows: tuple[str, ...] = ()
    news: trio.Event = field(default_factory=trio.Event)

    def add(self, data: bytes) -> None:
        """Add output."""
        self.log += data
        self.ring()

    def become(self, state: State, **facts: Any) -> None:
        """Change what is shown of it."""
        self.view = replace(self.view, state=state, **facts)
        self.ring()

    def end_with(self, code: int | None, state: State = State.ENDED) -> None:
        """End it."""
        self.become(state, code=code, ended=NOW)

    def flag(self, number: int, text: str) -> None:
        """Raise its flag."""
        self.become(State.FLAGGED, flag=Question(number, text, NOW - 30))

    def ring(self) -> None:
        """Wake whoever waits."""
        news, self.news = self.news, trio.Event()
        news.set()

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self.view.over

    @property
    def waits(self) -> bool:
        """Whether a flag is up, or an answer was not heard."""
        return self.view.flag is not None or self.view.undelivered > 0

    def end(self) -> int:
        """Give the log's end."""
        return len(self.log)

    async def read(self, offset: int, limit: int = 65536) -> tuple[int, bytes]:
        """Read the log."""
        begin = max(offset, self.cut)
        return begin, self.log[begin : begin + limit]

    async def grown(self, offset: int) -> None:
        """Wait for more."""
        while len(self.log) <= offset and not self.ended:
            await self.news.wait()


@dataclass
class FakeSessions:
    """All of them. `did` has every change that was asked for, `refuse` is raised in place of the next one.

    `facts` is what `explain` tells beyond the view.
    """

    there: dict[str, FakeSession] = field(default_factory=dict)
    did: list[tuple[Any, ...]] = field(default_factory=list)
    refuse: Problem | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    def add(self, name: str, state: State = State.WORKING, log: bytes = b"", **facts: Any) -> FakeSession:
        """Put a session there."""
        shown: dict[str, Any] = {
            "since": NOW - 60,
            "evidence": "output: its output goes on",
            "created": NOW - 600,
        } | facts
        size = shown.pop("size", (120, 40))
        generation = shown.pop("generation", f"01J{name.upper()}")
        view = SessionView(name, generation, state, size=size, **shown)
        self.there[name] = FakeSession(view, log)
        return self.there[name]

    def all(self) -> tuple[SessionView, ...]:
        """Give all."""
        return ordered(replace(it.view, offset=len(it.log)) for it in self.there.values())

    def get(self, name: str) -> SessionView:
        """Give one."""
        found = self._one(name)
        return replace(found.view, offset=len(found.log))

    async def start(self, order: Start) -> SessionView:
        """Start one, which works at once."""
        self.check_start(order)
        self._do("start", order)
        return self.add(order.id, goal=order.goal, runner=order.runner, meta=order.meta).view

    def check_start(self, order: Start) -> None:
        """Refuse what lives, and what the test refuses."""
        if order.id in self.there and not self.there[order.id].ended:
            raise Problem(Exit.REFUSED, "live", f"{order.id} lives already.")
        self._check()

    async def restart(self, name: str, env: Mapping[str, str]) -> SessionView:
        """Let it work again."""
        return self._again("restart", name, env)

    async def resume(self, name: str, env: Mapping[str, str]) -> SessionView:
        """Let it work again."""
        return self._again("resume", name, env)

    async def kill(self, name: str, *, now: bool = False) -> SessionView:
        """End it."""
        found = self._one(name)
        self._do("kill", name, now)
        if not found.ended:
            found.end_with(143, State.KILLED)
        return found.view

    async def done(
        self, name: str, outcome: str, note: str, tell: Callable[[], Awaitable[object]] | None = None
    ) -> SessionView:
        """End it with what it said."""
        found = self._living(name)
        self._do("done", name, outcome, note)
        if tell is not None:
            await tell()
        found.become(State.ENDED, code=0, ended=NOW, outcome=outcome, note=note)
        return found.view

    async def spent(self, name: str, usd: float) -> SessionView:
        """Keep what it said."""
        found = self._living(name)
        self._do("spent", name, usd)
        return found.view

    async def freeze(self, name: str) -> SessionView:
        """Show it frozen."""
        return self._turned("freeze", name, State.FROZEN)

    async def thaw(self, name: str) -> SessionView:
        """Show it at work."""
        return self._turned("thaw", name, State.WORKING)

    async def resize(self, name: str, columns: int, lines: int) -> SessionView:
        """Show the size."""
        found = self._living(name)
        self._do("resize", name, columns, lines)
        found.become(found.view.state, size=(columns, lines))
        return found.view

    async def prune(self, name: str | None) -> tuple[str, ...]:
        """Remove what is over and waits for nothing."""
        self._do("prune", name)
        over = [it for it, found in self.there.items() if found.ended and not found.waits]
        gone = tuple(it for it in over if name in {None, it})
        for it in gone:
            del self.there[it]
        return gone

    async def type(self, name: str, text: str, *, enter: bool, paste: bool) -> Typed:
        """Keep what was typed."""
        found = self._living(name)
        self._do("type", name, checked(text).decode(), enter, paste)
        return Typed(len(found.log), found.how if enter else "typed")

    async def press(self, name: str, keys: Sequence[str]) -> Typed:
        """Keep what was pressed."""
        found = self._living(name)
        self._do("press", name, key_names.encode(keys, KeyModes()))
        return Typed(len(found.log), "pressed")

    async def shot(self, name: str, *, styled: bool = True) -> Shot:
        """Give the rows that the test set, without any style."""
        found = self._one(name)
        columns, lines = found.view.size
        rows = (*found.rows, *[""] * (lines - len(found.rows)))
        cells: Cells = tuple(((row, {}),) if row else () for row in rows) if styled else ()
        return Shot(columns, lines, rows, cells, (0, 0), found.view.title, False, False, len(found.log))  # noqa: FBT003 - as the struct has them

    async def read(self, name: str, offset: int, limit: int = 65536) -> Piece:
        """Read the log."""
        found = self._one(name)
        ended = found.ended
        begin, data = await found.read(offset, limit)
        return Piece(begin, data, ended)

    async def grown(self, name: str, offset: int) -> None:
        """Wait for more."""
        await self._one(name).grown(offset)

    def tail(self, name: str, lines: int) -> int:
        """Find the last lines."""
        kept = self._one(name).log.splitlines(keepends=True)
        return sum(map(len, kept[: max(0, len(kept) - lines)]))

    async def expect(
        self, name: str, pattern: str, *, since: int | None = None, now: bool = False, screen: bool = False
    ) -> Expected:
        """Wait for it in the log; the screen is the rows that the test set."""
        found = self._one(name)
        begin = len(found.log) if now else since if since is not None else found.view.sent or 0
        return await follow.expect(found, pattern, begin, screen=_Rows(found) if screen else None)

    async def ended(self, name: str) -> SessionView:
        """Wait for the end."""
        found = self._one(name)
        await self._until(found, lambda: found.ended)
        return found.view

    async def idle(self, name: str, settle: float) -> Settled:
        """Wait for quiet."""
        found = self._one(name)
        why = await follow.settled(found, settle)
        return Settled(why, Evidence(found.view.state, "output", found.view.evidence))

    async def attach(self, name: str, call: RawCall, *, observe: bool) -> int:
        """Keep that somebody attached."""
        del call
        self._living(name)
        self._do("attach", name, observe)
        return int(Exit.DONE)

    async def detach(self, name: str) -> int:
        """Throw nobody off."""
        self._living(name)
        self._do("detach", name)
        return 0

    async def explain(self, name: str) -> Explained:
        """Explain one by what is shown of it."""
        view = self._one(name).view
        source, _, said = view.evidence.partition(": ")
        shown = Explained(view.id, view.generation, view.state, view.since, source, said, "a test")
        return replace(shown, **{"news": view.news, "news_name": view.news_name, **self.facts})

    def hook(self, name: str, hook: Hook) -> None:
        """Keep it."""
        self._one(name)
        self.did.append(("hook", name, hook.event, hook.message))

    async def changes(self) -> AsyncIterator[None]:
        """Yield at once and a few times a second."""
        while True:
            yield
            await trio.sleep(0.05)

    def _one(self, name: str) -> FakeSession:
        plain, _, generation = name.partition("@")
        if plain in self.there and generation in {"", self.there[plain].view.generation}:
            return self.there[plain]
        meant = nearest(name, self.there)
        hint = f'did you mean "{meant}"?' if meant else "`looop ls` lists them."
        raise Problem(Exit.MISSING, "no-session", f"There is no session {name!a}: {hint}")

    def _living(self, name: str) -> FakeSession:
        found = self._one(name)
        if found.ended:
            raise Problem(Exit.NO, "over", f"{name} is over: `looop restart {name}` runs it again.")
        return found

    def _again(self, what: str, name: str, env: Mapping[str, str]) -> SessionView:
        found = self._one(name)
        del env
        self._do(what, name)
        found.become(State.STARTING, code=None, ended=None)
        return found.view

    def _turned(self, what: str, name: str, state: State) -> SessionView:
        found = self._living(name)
        self._do(what, name)
        found.become(state)
        return found.view

    def _do(self, *what: Any) -> None:
        self._check()
        self.did.append(what)

    def _check(self) -> None:
        if self.refuse is not None:
            raise self.refuse

    async def _until(self, found: FakeSession, true: Callable[[], bool]) -> None:
        while not true():
            await found.news.wait()


class _Rows:
    def __init__(self, session: FakeSession) -> None:
        self._session = session

    async def rows(self) -> tuple[int, tuple[str, ...]]:
        return len(self._session.log), self._session.rows
