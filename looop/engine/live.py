"""What a verb can ask of a running engine; None stands for "no engine" wherever a `Live` is expected.

Every verb names it, most of them run without an engine: what it only speaks of is imported for mypy alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec

from looop.engine.call import Call

if TYPE_CHECKING:
    from looop.core.act import Act
    from looop.core.phase import Phase
    from looop.engine.questions import Questions
    from looop.engine.sessions import Sessions


class Lateness(msgspec.Struct, frozen=True):
    """How late the engine's one thread was, in milliseconds, over the last samples."""

    p99_ms: float = 0.0
    worst_ms: float = 0.0
    worst_at: float | None = None
    offender: str = ""
    samples: int = 0


class Live(Protocol):
    """The running engine, or the foreground `tick` that serves the socket in its place."""

    @property
    def sessions(self) -> Sessions:
        """The sessions."""

    @property
    def questions(self) -> Questions:
        """Their flags, answers and claims."""

    def leaders(self) -> Mapping[int, str]:
        """Map the first process of each live session to the session's id."""

    async def settled(self) -> None:
        """Return once no session is being started: `leaders` then knows the first process of each."""

    def phase(self) -> Phase:
        """Tell what the pulse is doing now."""

    def lateness(self) -> Lateness:
        """Tell how late the engine's loop runs."""

    def poke(self) -> None:
        """Hint that something changed; the pulse compares and beats only if so."""

    async def tick(self, call: Call, *, force: bool) -> int:
        """Do one beat now and follow it on the call's stdout; the exit code. Cancel only stops following."""

    def record(self, act: Act) -> None:
        """Record a changing verb of the running tick for its landing; Problem REFUSED for a second one."""

    async def start_pulse(self) -> None:
        """Run the pulse (again); returns when it lives. Nothing if it does already."""

    async def stop(self, *, sessions: bool = False) -> int:
        """End runner, sensors and pulse, a landing in progress first; with `sessions` those too.

        How many sessions live on: the engine leaves after this call when there is none.
        """


RunVerb = Callable[[Sequence[str], Call, "Live | None"], Awaitable[int]]
