"""A terminal's answers to its program, when no real terminal is there to give them.

In: queries that the scanner found. Out: input to the program, as slowly as it reads: nobody waits for it.
"""

from collections import deque
from contextlib import suppress

from looop.core.problem import Problem
from looop.session.bell import Bell
from looop.session.display import Display
from looop.session.scanner import ASK_CURSOR, Query
from looop.session.terminals import Terminals

_MOST = 64


class Replies:
    """The answers to one program. What it asks while 64 answers wait for it is not answered."""

    def __init__(self, terminals: Terminals, key: str, display: Display) -> None:
        self._terminals = terminals
        self._key = key
        self._display = display
        self._waiting: deque[Query] = deque()
        self._asked = Bell()

    def owe(self, asked: tuple[Query, ...]) -> None:
        """Answer these, in order, soon; each ends at an offset of the log."""
        self._waiting.extend(asked[: _MOST - len(self._waiting)])
        self._asked.ring()

    async def serve(self) -> None:
        """Answer until cancelled. A terminal that has ended needs no answer."""
        while True:
            while self._waiting:
                query = self._waiting.popleft()
                reply = query.reply
                if reply == ASK_CURSOR:
                    reply = await self._display.answer(query.end)
                with suppress(Problem):
                    await self._terminals.write(self._key, reply)
            await self._asked.wait()
