"""What verbs may ask about flags, answers and claims: one Protocol, answered by the engine or from the files.

In: a worker's question, a person's answer. Out: values, or a Problem in a person's words. `session.flags` is
the live side; `engine.unattended` the other, which records and leaves the delivery to the next engine.
Types for mypy alone, as in `live`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from looop.core.command import Outcome, Wanted
    from looop.core.questions import Answered, Asked, Proposed
    from looop.core.sessions import Question
    from looop.core.world import Claim


class Waiter(Protocol):
    """A call that waits; `engine.call.Call` is one."""

    async def hand_over(self, text: str, argv: Sequence[str]) -> None:
        """Write to stdout and say how to go on from then on, in one."""

    async def flushed(self) -> None:
        """Return once all of it stands on the caller's streams."""


class Questions(Protocol):
    """Flags of sessions, the answers to them, and claims. `name` is a session's id.

    `which` is a flag's number, or the id of a session while it has one open. Problem MISSING `no-flag` (with
    what is open) when there is none; REFUSED `own-flag` for one of the loop's own, `answered` when somebody
    was faster.
    """

    async def ask(self, name: str, text: str, proposal: str | None = None) -> Asked:
        """Raise a session's flag, durably; asking again replaces the text under the same number.

        An empty text keeps that of an open flag. Problem NO `over` for a session that has ended.
        """

    async def propose(self, name: str, text: str) -> Proposed:
        """Raise a flag that asks for approval of what a meta session's draft would change now."""

    async def command(self, name: str, wanted: Wanted) -> Asked:
        """Raise a flag that asks to run a command; the same command goes on with the same flag.

        Problem REFUSED `too-long` or `other-view`, NO `no-program` and the like for what could not be run.
        """

    async def ran(self, name: str, number: int) -> Outcome:
        """Give what a call is told that asked for a command, once it was handed the answer."""

    async def wait(self, name: str, number: int, call: Waiter, limit: float, show: Show) -> int | None:
        """Wait for the answer to a flag and hand it over to the call, exactly once; the verb's exit code.

        `show` makes the text for stdout from an answer. `limit` is in seconds, 0 for none; None when it is
        over, or when the answer was or will be typed. Cancelled at any moment, the answer is not lost. DONE
        once it was given to a waiting call; Problem NO `withdrawn` when the flag was taken down.
        """

    def patience(self) -> float:
        """Give the seconds that a call waits for an answer, as the engine has them; 0: for ever. Blocks."""

    async def taken(self, number: int, name: str | None) -> None:
        """Count an answer as delivered to its waiting call, which says so; a second time: nothing."""

    async def answer(self, which: str, text: str, by: str) -> Answered:
        """Record a person's answer, durably, and deliver it as soon as that can be done."""

    async def decide(self, which: str, text: str, by: str, *, approved: bool) -> Answered:
        """Record a person's verdict on a proposal or a command; an approved one lands, or runs, once.

        Problem REFUSED `changed` when it is not what was shown, NO `no-proposal` for a plain flag. Returns
        when the command has ended; cancelled, it goes on.
        """

    async def unflag(self, which: str, name: str | None = None) -> Question:
        """Take a flag down without an answer; with `name` only that session's, else REFUSED `not-yours`."""

    async def claim(self, lease: str, name: str) -> Claim:
        """Take a lease for a session; whose it is afterwards."""

    async def freed(self, lease: str) -> None:
        """Return when a lease may have become free."""

    async def unclaim(self, lease: str, name: str | None = None) -> Claim | None:
        """End a lease; with `name` only that session's own. None if it is free already."""


class Show(Protocol):
    """How an answer is shown to a waiting call."""

    def __call__(self, number: int, text: str) -> str:
        """Give the text for stdout."""
