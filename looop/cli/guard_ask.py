"""`guard ask`: a command that only a person may let run; what the guard's shims call in a command's place.

In: a command in a session, its folder, variables and input. Out: what the command wrote, and its exit code,
as if it had run there; looop ran it, outside (`engine.grants`). Neighbour: `flags`, for plain questions.
"""

import time
from collections.abc import Sequence
from typing import Annotated

from cyclopts import Parameter

from looop.cli.asking import desk, left, own
from looop.cli.disk import disk
from looop.cli.inject import ACall, ALive, Text
from looop.cli.show import clean, span
from looop.core.command import Outcome, Wanted
from looop.core.problem import Exit, Problem
from looop.engine.call import Call, Kind
from looop.engine.questions import Questions

STDIN_PATIENCE = 2.0
"""Seconds that a command's input has for its end: many tools leave one open that never ends."""

_LARGEST_INPUT = 1 << 20


async def ask(
    *command: Text,
    call: ACall,
    live: ALive,
    number: Annotated[int | None, Parameter(show=False, help="Go on with this flag.")] = None,
    deadline: Annotated[
        float | None, Parameter(show=False, help="Until when at most, in epoch seconds.")
    ] = None,
    taken: Annotated[
        int | None, Parameter(show=False, help="Say that this flag's answer was printed by then.")
    ] = None,
) -> int:
    """Ask a person whether a command may run. looop runs it then, outside of the session.

    Prints what it wrote and ends as it ended; 5 when it was denied. After a while (flag_wait_max) it returns
    by itself with 124: end your turn then, you will be told. Asking again goes on with the same flag.
    """
    name = _session(call)
    side = desk(live)
    if taken is not None:
        await side.taken(taken, name)
        return (await side.ran(name, taken)).code
    if number is None:
        data, endless = await _input(call)
        wanted = Wanted(command, call.cwd, call.caller.pid, data, endless)
        number = (await side.command(name, wanted)).question.number
    limit = await disk(live, side.patience)
    until = time.time() + limit if deadline is None and limit else deadline
    await call.resume(
        ("guard", "ask", "--number", str(number), *(("--deadline", repr(until)) if until else ()))
    )
    told = _Told(call, side, name)
    if await side.wait(name, number, told, left(limit, deadline), told.show) is None:
        raise _unanswered(number, limit)
    outcome = told.outcome or await side.ran(name, number)  # else another call of the session was told
    return outcome.code


def _session(call: Call) -> str:
    """Give the session that calls; anybody else is told what to do instead, as Problem REFUSED."""
    if call.caller.kind is Kind.TICK:
        raise Problem(
            Exit.REFUSED,
            "not-in-a-tick",
            "A tick runs no command that a person has to approve: start a session for it (`looop "
            "start-session`), where the person can be asked.",
        )
    name = own(call)
    if name is None:
        raise Problem(Exit.REFUSED, "a-person", "You are a person and need nobody's approval: just run it.")
    return name


async def _input(call: Call) -> tuple[bytes, bool]:
    """Read the command's input, unless that is a terminal; and tell whether its end did not come."""
    if call.tty.stdin:
        return b"", False
    import trio  # noqa: PLC0415 - only in an engine is there anything to wait for

    with trio.move_on_after(STDIN_PATIENCE):
        return await call.stdin(_LARGEST_INPUT), False
    return b"", True


class _Told:
    """The call that waits: it is given what the command wrote, in place of a text."""

    def __init__(self, call: Call, side: Questions, name: str) -> None:
        self.outcome: Outcome | None = None
        self._call = call
        self._side = side
        self._name = name
        self._number = 0

    def show(self, number: int, text: str) -> str:
        """Note which flag was answered; the text is for those who are told later."""
        del text
        self._number = number
        return ""

    async def hand_over(self, text: str | bytes, argv: Sequence[str]) -> None:
        """Write the command's own output. Killed in between, of its stderr some may be seen twice."""
        del text
        self.outcome = await self._side.ran(self._name, self._number)
        if self.outcome.said:
            await self._call.err(f"looop: {clean(self.outcome.said)}\n")
        await self._call.err(self.outcome.err)
        await self._call.hand_over(self.outcome.out, argv)

    async def flushed(self) -> None:
        """Return once all of it stands on the caller's streams."""
        await self._call.flushed()


def _unanswered(number: int, limit: float) -> Problem:
    return Problem(
        Exit.TIMEOUT,
        "unanswered",
        f"⚑ {number} asks a person, and within {span(limit)} nothing has come of it. End your turn now: what "
        "comes of it will be typed to you; don't run the command again before.",
    )
