"""The sessions without an engine: what their files say, and what is over can still be asked.

In: a profile. Out: a `Sessions` that shows, reads and waits for what has ended already, and says in one
sentence that the rest needs an engine. It runs in the caller's own process; only `prune` changes anything.
"""

import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import closing, suppress
from typing import NoReturn

from msgspec.structs import replace

from looop.core.hooks import Hook
from looop.core.ids import nearest
from looop.core.problem import Exit, Problem
from looop.core.sessions import (
    Evidence,
    Expected,
    Explained,
    Known,
    Piece,
    SessionView,
    Settled,
    Shot,
    Start,
    State,
    Typed,
    ordered,
)
from looop.core.verdict import Verdict
from looop.engine import holder
from looop.engine.call import RawCall
from looop.session import records
from looop.session.transcript import Transcript
from looop.store import config, money, sessions
from looop.store.paths import Profile
from looop.store.sessions import Entry

_EVERY = 0.2
"""Seconds between two looks at a log that may grow."""

_SIGNALLED = 128


class Offline:
    """All sessions of a profile as its files have them. OSError where they can't be read."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile

    def all(self) -> tuple[SessionView, ...]:
        """Give the newest generation of each."""
        return ordered(self._view(entry) for entry in sessions.listed(self._profile))

    def get(self, name: str) -> SessionView:
        """Give one; Problem MISSING `no-session`."""
        return self._view(self._entry(name))

    async def start(self, order: Start) -> SessionView:
        """Say that this needs an engine."""
        self._no_engine(order.id, "is not started")

    def check_start(self, order: Start) -> None:
        """Raise what an engine would, as far as the files tell: a tick may record a start that needs one."""
        from looop.session import starting  # noqa: PLC0415 - only a tick without an engine asks this

        settings = config.load(self._profile, order.env)
        plan = starting.first(self._profile, order, settings, order.env)
        living = [view.id for view in self.all() if not view.over]
        if plan.id in living:
            raise Problem(Exit.REFUSED, "live", f"Session {plan.id} may live: `looop up` finds out.")
        if settings.max_sessions and len(living) >= settings.max_sessions:
            raise Problem(
                Exit.REFUSED,
                "too-many",
                f"{len(living)} sessions may live, and max_sessions is {settings.max_sessions}.",
            )
        money.check_start(self._profile, settings, time.time())

    async def restart(self, name: str, env: Mapping[str, str]) -> SessionView:  # noqa: ARG002 - the Protocol's
        """Say that this needs an engine."""
        self._no_engine(self.get(name).id, "is not restarted")

    async def resume(self, name: str, env: Mapping[str, str]) -> SessionView:  # noqa: ARG002 - the Protocol's
        """Say that this needs an engine."""
        self._no_engine(self.get(name).id, "is not resumed")

    async def kill(self, name: str, *, now: bool = False) -> SessionView:  # noqa: ARG002 - the Protocol's
        """Give what is over; only an engine ends what may live."""
        view = self.get(name)
        return view if view.over else self._no_engine(name, "can't be ended")

    async def done(
        self,
        name: str,
        outcome: str,  # noqa: ARG002 - the Protocol's
        note: str,  # noqa: ARG002 - the Protocol's
        tell: Callable[[], Awaitable[object]] | None = None,  # noqa: ARG002 - the Protocol's
    ) -> SessionView:
        """Refuse: only an engine ends a session."""
        self._needs_life(name)

    async def spent(self, name: str, usd: float) -> SessionView:  # noqa: ARG002 - the Protocol's
        """Say why not."""
        self._needs_life(name)

    async def freeze(self, name: str) -> SessionView:
        """Say why not."""
        self._needs_life(name)

    async def thaw(self, name: str) -> SessionView:
        """Say why not."""
        self._needs_life(name)

    async def resize(self, name: str, columns: int, lines: int) -> SessionView:  # noqa: ARG002 - the Protocol's
        """Say why not."""
        self._needs_life(name)

    async def prune(self, name: str | None) -> tuple[str, ...]:
        """Remove ended generations, as an engine would."""
        from looop.session import retire  # noqa: PLC0415 - Trio, by way of the screens of what is over

        removed: list[str] = []
        for entry in [self._entry(self._entry(name).id)] if name else sessions.listed(self._profile):
            removed += retire.pruned(self._profile, entry.id, live=not self._view(entry).over)
        return tuple(removed)

    async def type(self, name: str, text: str, *, enter: bool, paste: bool) -> Typed:  # noqa: ARG002 - the Protocol's
        """Say why not."""
        self._needs_life(name)

    async def press(self, name: str, keys: Sequence[str]) -> Typed:  # noqa: ARG002 - the Protocol's
        """Say why not."""
        self._needs_life(name)

    async def shot(self, name: str, *, styled: bool = True) -> Shot:
        """Give the screen as its log leaves it: the last one, once the session is over."""
        from looop.session.display import Display  # noqa: PLC0415 - an emulator, which only this verb needs

        folder = self._entry(name).folder
        with closing(Transcript(folder)) as transcript:
            return await Display(folder, transcript, lambda: records.load(folder)).shot(styled=styled)

    async def read(self, name: str, offset: int, limit: int = 65536) -> Piece:
        """Give raw output from an offset on."""
        over = self.get(name).over
        with closing(Transcript(self._entry(name).folder)) as transcript:
            begin, data = transcript.read(offset, limit)
        return Piece(begin, data, ended=over)

    async def grown(self, name: str, offset: int) -> None:
        """Return when the log has grown, looked at now and then: its keeper may still write it."""
        import trio  # noqa: PLC0415 - as in cli.follow: what is only shown needs no event loop

        while not (self.get(name).over or self._end(name) > offset):  # noqa: ASYNC110 - no event tells of files
            await trio.sleep(_EVERY)

    def tail(self, name: str, lines: int) -> int:
        """Give the offset at which the last lines of the log begin."""
        with closing(Transcript(self._entry(name).folder)) as transcript:
            return transcript.back(lines)

    async def expect(
        self, name: str, pattern: str, *, since: int | None = None, now: bool = False, screen: bool = False
    ) -> Expected:
        """Look in an ended session's log, or at its last screen."""
        from looop.session import follow  # noqa: PLC0415 - Trio and RE2
        from looop.session import pattern as patterns  # noqa: PLC0415 - as above

        patterns.compile(pattern)
        entry = self._entry(name)
        if not self._view(entry).over:
            self._no_engine(entry.id, "can't be followed")
        with closing(Transcript(entry.folder)) as transcript:
            end = transcript.end()
            begin = end if now else since if since is not None else entry.known.sent or 0
            rows = _LastScreen(await self.shot(name)) if screen else None
            return await follow.expect(_Finished(transcript), pattern, begin, screen=rows)

    async def ended(self, name: str) -> SessionView:
        """Give what is over."""
        view = self.get(name)
        return view if view.over else self._no_engine(view.id, "can't be waited for")

    async def idle(self, name: str, settle: float) -> Settled:  # noqa: ARG002 - the Protocol's
        """Give what is over."""
        view = await self.ended(name)
        return Settled("ended", Evidence(view.state, "files", view.evidence))

    async def attach(self, name: str, call: RawCall, *, observe: bool) -> int:  # noqa: ARG002 - the Protocol's
        """Say why not."""
        self._needs_life(name)

    async def detach(self, name: str) -> int:
        """Say why not."""
        self._needs_life(name)

    async def explain(self, name: str) -> Explained:
        """Explain what is over, and what was last known of what is not."""
        from looop.session.explain import over  # noqa: PLC0415 - the rules, which only this verb needs

        entry = self._entry(name)
        known = self._known(entry, records.load(entry.folder))
        return over(entry.meta, known, entry.folder)

    def hook(self, name: str, hook: Hook) -> None:
        """Nothing: what agents report is weighed by an engine."""

    async def changes(self) -> AsyncIterator[None]:
        """Yield once a second: nobody tells."""
        import trio  # noqa: PLC0415 - as above

        while True:
            yield
            await trio.sleep(1)

    def _entry(self, name: str) -> Entry:
        if (entry := sessions.find(self._profile, name)) is not None:
            return entry
        meant = nearest(name[:80], (entry.id for entry in sessions.listed(self._profile)))
        hint = f'did you mean "{meant}"?' if meant else "`looop ls` lists them."
        raise Problem(Exit.MISSING, "no-session", f"There is no session {name[:80]!a}: {hint}")

    def _view(self, entry: Entry) -> SessionView:
        written = records.load(entry.folder)
        entry = Entry(entry.folder, entry.meta, self._known(entry, written))
        size = written.sizes[-1][1:] if written.sizes else None
        end = 0
        with closing(Transcript(entry.folder)) as transcript, suppress(OSError):  # whoever reads it is told
            end = transcript.end()
        return sessions.view(entry, sessions.asked(entry.folder), size=size, offset=end)

    def _known(self, entry: Entry, written: records.Records) -> Known:
        """Judge what the engine could not write down any more: an end, or that nobody is left who knows."""
        known = entry.known
        if known.state.over:
            cut_off = known.verdict == str(Verdict.RUNNING) and holder.living(self._profile.lock) is None
            return replace(known, verdict=str(Verdict.UNKNOWN)) if cut_off else known
        if written.end is not None:
            status = os.waitstatus_to_exitcode(written.end.status)
            code = status if status >= 0 else _SIGNALLED - status
            state = State.KILLED if written.end.killed else State.ENDED
            said = f"exit code {code}, as its keeper wrote down"
            return replace(known, state=state, source="keeper", said=said, code=code, ended=written.end.when)
        if holder.living(self._profile.keeper_lock) is not None:
            return replace(
                known, state=State.UNKNOWN, source="files", said="no engine answers that would know"
            )
        return replace(
            known, state=State.LOST, source="files", said="its keeper has gone, and with it its terminal"
        )

    def _end(self, name: str) -> int:
        with closing(Transcript(self._entry(name).folder)) as transcript:
            return transcript.end()

    def _needs_life(self, name: str) -> NoReturn:
        view = self.get(name)
        if view.over:
            how = f" with exit code {view.code}" if view.code is not None else ""
            raise Problem(
                Exit.NO, "over", f"{name} is over ({view.state}{how}): `looop restart {name}` runs it again."
            )
        self._no_engine(name, "can't be reached")

    def _no_engine(self, name: str, what: str) -> NoReturn:
        subject = f"{ascii(name[:80])[1:-1]} {what}"
        if (engine := holder.living(self._profile.lock)) is not None:
            said = f"{subject}, for its engine (pid {engine.pid}) does not answer: starting, or "
            raise Problem(Exit.UNREACHABLE, "no-engine", said + "`looop down --now`.")
        raise Problem(
            Exit.UNREACHABLE, "no-engine", f"No engine answers, so {subject}: `looop up` starts one."
        )


class _Finished:
    """The output of a generation that is over."""

    ended = True

    def __init__(self, transcript: Transcript) -> None:
        self._transcript = transcript

    def end(self) -> int:
        """Give the log's end."""
        return self._transcript.end()

    async def read(self, offset: int, limit: int = 65536) -> tuple[int, bytes]:
        """Read from the file: here nobody else shares the thread."""
        return self._transcript.read(offset, limit)

    async def grown(self, offset: int) -> None:
        """Nothing grows."""


class _LastScreen:
    """The last screen of a generation that is over."""

    def __init__(self, shot: Shot) -> None:
        self._shot = shot

    async def rows(self) -> tuple[int, tuple[str, ...]]:
        """Give its rows."""
        return self._shot.offset, self._shot.text
