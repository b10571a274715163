"""Look at the disk where nobody else waits: in a thread inside the engine, at once in the caller's process.

A read verb run on the files alone needs no event loop, and so no Trio.
"""

from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

from looop.engine.live import Live
from looop.store import files

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


async def disk(live: Live | None, look: Callable[[*Ts], T], *args: *Ts) -> T:
    """Call `look(*args)`; inside an engine in a thread, which a cancel waits for."""
    if live is None:
        return look(*args)
    return await files.aside(look, *args)
