"""All sessions of a profile as they can be looked at: those that live and those that are over.

In: names. Out: views, output, screens, matches. Nothing here changes anything.
`host.Host` is this and what starts, steers and ends them.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Self

import trio

from looop.core.ids import nearest
from looop.core.problem import Exit, Problem
from looop.core.sessions import Evidence, Expected, Explained, Piece, SessionView, Settled, Shot, ordered
from looop.session import explain, follow
from looop.session.around import Around
from looop.session.bell import Bell
from looop.session.life import Life
from looop.session.past import Past, Remains
from looop.store import sessions
from looop.store.paths import Profile
from looop.store.sessions import Entry

_APART = 0.1  # seconds between two `changes`


class Shelf:
    """The newest generation of each id: in `lives` while it lives, then in `past`."""

    def __init__(self, profile: Profile, around: Around) -> None:
        self.profile = profile
        self.around = around
        self.lives: dict[str, Life] = {}
        self.past: dict[str, Past] = {}

    def leaders(self) -> dict[int, str]:
        """Map the first process of each live session to its id."""
        found = ((life.book.pid, name) for name, life in self.lives.items())
        return {pid: name for pid, name in found if pid is not None}

    def life(self, name: str) -> Life:
        """Give a live session; Problem MISSING `no-session`, NO `over`."""
        found = self._one(name)
        if isinstance(found, Life):
            return found
        state = found.known.state
        raise Problem(
            Exit.NO,
            "over",
            f"Session {found.meta.id} is over ({state}: {found.known.said}): `looop restart {found.meta.id}` "
            "runs it again.",
        )

    def all(self) -> tuple[SessionView, ...]:
        """Give the newest generation of each, as a person looks."""
        views = [*map(self._view, self.lives.values()), *map(self._view, self.past.values())]
        return ordered(views)

    def get(self, name: str) -> SessionView:
        """Give one; `<id>@<n>` is an earlier generation."""
        return self._view(self._one(name))

    async def shot(self, name: str, *, styled: bool = True) -> Shot:
        """Give the current screen, after the end too."""
        with self._output(name) as output:
            return await output.display.shot(styled=styled)

    async def read(self, name: str, offset: int, limit: int = 65536) -> Piece:
        """Give raw output from an offset on."""
        with self._output(name) as output:
            ended = output.ended
            at, data = await output.read(offset, limit)
            return Piece(at, data, ended and not data)

    async def grown(self, name: str, offset: int) -> None:
        """Return when there is output behind an offset, or there will be none any more."""
        with self._output(name) as output:
            await output.grown(offset)

    def tail(self, name: str, lines: int) -> int:
        """Give the offset at which the last lines of the log begin."""
        with self._output(name) as output:
            return output.transcript.back(lines)

    async def expect(
        self, name: str, pattern: str, *, since: int | None = None, now: bool = False, screen: bool = False
    ) -> Expected:
        """Wait for a regular expression."""
        known = self._one(name).known
        with self._output(name) as output:
            begin = output.end() if now else (known.sent or 0) if since is None else since
            return await follow.expect(output, pattern, begin, screen=output if screen else None)

    async def ended(self, name: str) -> SessionView:
        """Return when the session is over."""
        found = self._one(name)
        if isinstance(found, Life):
            await found.over.wait()
        return self._view(found)

    async def idle(self, name: str, settle: float) -> Settled:
        """Return when no output came for a while, or the session has ended."""
        found = self._one(name)
        with self._output(name) as output:
            await follow.begun(output, found.known, agent=bool(found.meta.runner))
            why = await follow.settled(output, settle)
        return Settled(why, Evidence(found.known.state, found.known.source, found.known.said))

    async def explain(self, name: str) -> Explained:
        """Say why it counts as being in its state."""
        found = self._one(name)
        if isinstance(found, Past) or found.known.state.over or found.trouble:
            return explain.over(found.meta, found.known, entry_of(found).folder)
        return await explain.explain(found)

    def changes(self) -> AsyncIterator[None]:
        """Yield at once, and whenever `all` may have changed, at most ten times a second."""
        return _Changes(self.around.bell)

    def _one(self, name: str) -> Life | Past:
        """Find one; an earlier generation is read from its folder."""
        name = name.removeprefix("sessions/")
        plain, _, generation = name.partition("@")
        found = self.lives.get(plain) or self.past.get(plain)
        if found and generation in {"", found.meta.generation}:
            return found
        if "@" in name and (entry := sessions.find(self.profile, name)):
            return Past.of(entry)
        meant = nearest(name, {*self.lives, *self.past})
        hint = f"did you mean {meant}?" if meant else "`looop ls` lists them."
        raise Problem(Exit.MISSING, "no-session", f"There is no session {name[:80]!r}: {hint}")

    def _view(self, one: Life | Past) -> SessionView:
        if isinstance(one, Past):
            asked = self.around.memo.asked(one.entry.folder)
            return sessions.view(one.entry, asked, size=one.size, offset=one.offset)
        return sessions.view(
            entry_of(one),
            self.around.memo.asked(one.folder),
            size=one.book.size(one.meta.size),
            pid=None if one.known.state.over else one.book.now().pid,
            offset=one.end(),
            title=one.title,
            attached=len(one.audience),
        )

    @contextmanager
    def _output(self, name: str) -> Iterator[Life | Remains]:
        found = self._one(name)
        output = found if isinstance(found, Life) else Remains(found)
        try:
            yield output
        finally:
            if output.ended:  # a read after the end has opened the log again
                output.transcript.close()


class _Changes:
    """A class rather than a generator: whoever leaves the loop early has nothing to close."""

    def __init__(self, bell: Bell) -> None:
        self._bell = bell
        self._rung: trio.Event | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> None:
        await trio.lowlevel.checkpoint()
        if self._rung is not None:
            await self._rung.wait()
            await trio.sleep(_APART)
        self._rung = self._bell.next()


def entry_of(one: Life | Past) -> Entry:
    """Give a generation as its folder has it, or will in a moment."""
    return one.entry if isinstance(one, Past) else Entry(one.folder, one.meta, one.known)
