"""What verbs may ask of the sessions: one Protocol, answered by the engine, or from the files without one.

In: a verb's wish. Out: values of `core.sessions`, or a Problem in a person's words. `session.host` is the
live side, `engine.offline` the other, which knows only what is over. Types for mypy alone, as in `live`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

    from looop.core.hooks import Hook
    from looop.core.sessions import Expected, Explained, Piece, SessionView, Settled, Shot, Start, Typed
    from looop.engine.call import RawCall


class Sessions(Protocol):
    """All sessions of a profile, each called by its `name`, the id that it was started under.

    Problem MISSING `no-session` (with the nearest id) for an unknown one; NO `over` where a verb needs
    a live session and this one has ended, saying how.
    """

    def all(self) -> tuple[SessionView, ...]:
        """Give the newest generation of each: flagged first, then live, then ended ones, newest first."""

    def get(self, name: str) -> SessionView:
        """Give one."""

    async def start(self, order: Start) -> SessionView:
        """Start one; returns when its program was executed.

        Problem REFUSED `live` when the id lives, `too-many` beyond `max_sessions`, `reserved`, `full-disk`;
        USAGE `bad-name`; NO `missing-runner`, `no-consent`.
        """

    def check_start(self, order: Start) -> None:
        """Raise what `start` would, as far as it can be known now."""

    async def restart(self, name: str, env: Mapping[str, str]) -> SessionView:
        """Run the same command and prompt again as a new generation; a live one is ended first."""

    async def resume(self, name: str, env: Mapping[str, str]) -> SessionView:
        """Continue the agent's own conversation as a new generation. Problem NO `no-resume` if it can't."""

    async def kill(self, name: str, *, now: bool = False) -> SessionView:
        """End the whole tree: TERM, grace, KILL; returns when it has ended. An ended one: no error."""

    async def done(
        self, name: str, outcome: str, note: str, tell: Callable[[], Awaitable[object]] | None = None
    ) -> SessionView:
        """Write down, durably, what a worker said of its end: `done`, `failed`; `tell`; begin to end it.

        Problem NO `over` when it ended first: nothing is told. Once it is written down it is ended, whether
        telling fails or is cancelled.
        """

    async def spent(self, name: str, usd: float) -> SessionView:
        """Take what a worker says that its conversation has cost so far, in dollars; durably."""

    async def freeze(self, name: str) -> SessionView:
        """Stop the tree with SIGSTOP."""

    async def thaw(self, name: str) -> SessionView:
        """Let it go on. Problem REFUSED `parked` while it is frozen since the day's money is spent."""

    async def resize(self, name: str, columns: int, lines: int) -> SessionView:
        """Set the size, from 1x1 to 500x500."""

    async def prune(self, name: str | None) -> tuple[str, ...]:
        """Remove ended generations (all, or one id's) but for those with an open flag or answer; which."""

    async def type(self, name: str, text: str, *, enter: bool, paste: bool) -> Typed:
        """Type a text as a person would, Enter as its own write. Problem USAGE for control characters."""

    async def press(self, name: str, keys: Sequence[str]) -> Typed:
        """Press named keys, all checked before any byte; Problem USAGE `no-key` with the nearest name."""

    async def shot(self, name: str, *, styled: bool = True) -> Shot:
        """Give the current screen, after the end too; without `styled` no `cells`, which cost the most."""

    async def read(self, name: str, offset: int, limit: int = 65536) -> Piece:
        """Give raw output from an offset on; empty data at the end. `ended`: nothing will follow."""

    async def grown(self, name: str, offset: int) -> None:
        """Return when there is output behind an offset, or there will be none any more."""

    def tail(self, name: str, lines: int) -> int:
        """Give the offset at which the last lines of the log begin."""

    async def expect(
        self, name: str, pattern: str, *, since: int | None = None, now: bool = False, screen: bool = False
    ) -> Expected:
        """Wait for a regular expression in the clean text (or on the screen); Problem USAGE `bad-pattern`.

        From `since`, else from the last `send` or `key`, else from the beginning; with `now` from the end.
        """

    async def ended(self, name: str) -> SessionView:
        """Return when the session is over."""

    async def idle(self, name: str, settle: float) -> Settled:
        """Return when no output came for `settle` seconds, or the session has ended."""

    async def attach(self, name: str, call: RawCall, *, observe: bool) -> int:
        """Put the caller's terminal on the session until one of them leaves; the exit code.

        `session.attach.serve` with the session's life does all of it.
        """

    async def detach(self, name: str) -> int:
        """Throw every attached terminal off (`session.attach.throw_off`); how many there were."""

    async def explain(self, name: str) -> Explained:
        """Say why it counts as being in its state."""

    def hook(self, name: str, hook: Hook) -> None:
        """Take what the agent in it reported of itself. Problem NO `over` when it has ended."""

    def changes(self) -> AsyncIterator[None]:
        """Yield at once, and whenever `all` may have changed, at most ten times a second."""
