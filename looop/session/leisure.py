"""Time for what can wait: one thing at a time, and far longer for all else in between.

In: work that is done in slices, from all sessions of an engine. Out: nothing. Nobody who has nothing to do
wakes up for it. Used by `session.life` to draw what nobody looks at yet.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import trio

Done = TypeVar("Done")

_SHARE = 16
"""One part in so many of the time is given to it."""

_LONGEST = 10.0  # seconds of rest at most


class Leisure:
    """Whoever waits for it takes turns, in the order in which they came."""

    def __init__(self) -> None:
        self._turn = trio.Lock()

    async def spend(self, work: Callable[[], Awaitable[Done]]) -> Done:
        """Do it when it's its turn, and rest in proportion. A cancel ends the work or the rest."""
        async with self._turn:
            began = trio.current_time()
            done = await work()
            await trio.sleep(min(_LONGEST, (_SHARE - 1) * (trio.current_time() - began)))
            return done
