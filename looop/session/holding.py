"""Stopping and continuing one live session: for a person who wants it, and for money that is spent.

In: a `Life`. Out: its tree stopped or not, and who wants that written down first: after a crash the next
engine does it again. Either of both keeps it frozen. Neighbour: `freezing` sends the signals.
"""

from collections.abc import Callable

from msgspec.structs import replace

from looop.core.problem import Exit, Problem
from looop.core.sessions import Evidence, State
from looop.session import freezing
from looop.session.life import Life
from looop.session.minding import judged
from looop.store import files


async def freeze(life: Life) -> None:
    """Stop it for a person."""
    await life.know(replace(life.known, frozen=True))
    await _signal(life, freezing.stop)
    await life.enter(judged(life))


async def thaw(life: Life) -> None:
    """Let it go on for a person; Problem REFUSED `parked` while it is money that stops it."""
    if life.known.unpaid:
        raise Problem(
            Exit.REFUSED,
            "parked",
            f"{life.meta.id} is frozen since the day's money is spent: `looop unpark` lets all go on.",
        )
    await _go_on(life)


async def hold(life: Life) -> None:
    """Stop it for want of money, durably told apart from what a person did; once more is harmless."""
    if not life.known.unpaid:
        await life.know(replace(life.known, unpaid=True), durably=True)
        await life.enter(judged(life))
    await _signal(life, freezing.stop)


async def release(life: Life) -> None:
    """Let it go on if it was stopped for want of money, and no person stopped it as well."""
    if not life.known.unpaid:
        return
    if life.known.frozen:
        await life.know(replace(life.known, unpaid=False), durably=True)
        await life.enter(judged(life))
    else:
        await _go_on(life)


async def _go_on(life: Life) -> None:
    await _signal(life, freezing.go_on)
    await life.know(replace(life.known, frozen=False, unpaid=False), durably=True)
    before = life.known.froze or State.WORKING
    await life.enter(Evidence(before, "thaw", "it goes on as before it was frozen"))


async def _signal(life: Life, how: Callable[[int, int], int]) -> None:
    found = life.book.now()
    if found.pid is not None:
        await files.aside(how, found.pid, found.start)
