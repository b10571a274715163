"""Judging one live session whenever there is something new to judge, or when an answer has had its time.

In: a `Life`. Out: `Life.enter` with each judgement. The screen, which is dear, is looked at when the program
is quiet or, while little comes, now and then; never in a flood. Neighbour: `core.states` judges.
"""

from math import inf
from typing import Protocol

import trio

from looop.child import foreground
from looop.core import state_rules
from looop.core.hooks import Hook
from looop.core.sessions import Evidence, Known, Meta, Question, State
from looop.core.states import Facts, judge
from looop.session.around import Around
from looop.session.book import Book
from looop.session.display import Display

QUIET = 0.3
"""Seconds without output after which the screen is looked at."""

_SELDOM = 2.0  # seconds between two looks while output comes
_FLOOD = 128 << 10  # bytes since the last look that are too many to draw for a look
_PAUSE = 0.05  # seconds between two judgements


class Minded(Protocol):
    """What judging needs of a live session."""

    meta: Meta
    known: Known
    around: Around
    display: Display
    title: str
    offset: int
    hooked: Hook | None
    born: float
    last_output: float | None
    last_typed: float | None
    trouble: str
    freed: float | None

    @property
    def book(self) -> Book:
        """Its records."""

    @property
    def question(self) -> Question | None:
        """The open flag."""

    def end(self) -> int:
        """Give the offset behind the last byte of output, read or not."""

    def fresh(self) -> trio.Event:
        """Give an event that is set when there is anything new."""

    async def enter(self, evidence: Evidence) -> None:
        """Take a judgement over."""


async def mind(life: Minded) -> None:
    """Judge until cancelled."""
    look, told, until = Look(life), None, None
    while True:
        fresh = life.fresh()
        await look.up()
        # Output alone is judged with the screen that it made: without, each redraw would look like work.
        if (telling := _telling(life)) != told or look.current or look.flooded:
            evidence = judged(life, look)
            told, until = telling, evidence.until
            await life.enter(evidence)
        with trio.move_on_after(_patience(life, until, look)):
            await fresh.wait()
        await trio.sleep(_PAUSE)


def judged(life: Minded, look: "Look | None" = None) -> Evidence:
    """Judge by all that counts now; of what can't be read nothing is known."""
    if life.trouble:
        return Evidence(State.UNKNOWN, "files", life.trouble)
    return judge(_seen(life, look) if look else facts(life), life.around.steady())


def facts(life: Minded, screen: tuple[str, ...] = (), cursor: tuple[int, int] | None = None) -> Facts:
    """Gather what counts; `screen` is the present one, or nothing."""
    known = life.known
    agent = state_rules.agent(life.meta.runner, life.meta.command)
    pid = life.book.now().pid if screen and not agent else None
    return Facts(
        started=life.born,
        output=life.last_output,
        typed=life.last_typed,
        title=life.title,
        screen=screen,
        hook=life.hooked,
        agent=agent,
        frozen=known.frozen,
        unpaid=known.unpaid,
        flagged=life.question is not None,
        cursor=cursor,
        foreground=None if pid is None else foreground.program(pid),
        freed=life.freed,
        before=known.froze if known.state is State.FROZEN else known.state,
    )


def _telling(life: Minded) -> tuple[object, ...]:
    """Give the facts that count whatever the screen shows."""
    return life.hooked, life.question, (life.known.frozen, life.known.unpaid), life.trouble


def _seen(life: Minded, look: "Look") -> Facts:
    return facts(life, look.rows, look.cursor) if look.current else facts(life)


class Look:
    """The rows of the screen, and its cursor's column and line, as they were at the last look."""

    def __init__(self, life: Minded) -> None:
        self.rows: tuple[str, ...] = ()
        self.cursor: tuple[int, int] | None = None
        self._life = life
        self._at = 0
        self._when = -inf

    @property
    def current(self) -> bool:
        """Whether they show all output."""
        return self._at >= self._life.offset

    @property
    def flooded(self) -> bool:
        """Whether so much came since that it is work, whatever it draws."""
        return self._life.offset - self._at >= _FLOOD

    @property
    def due(self) -> float:
        """When the next look may be had, if no output comes till then."""
        return min(self._output + QUIET, self._when + _SELDOM)

    @property
    def _output(self) -> float:
        return -inf if self._life.last_output is None else self._life.last_output

    async def up(self) -> None:
        """Look at the screen, unless it would be dear now."""
        if self.current or not self._affordable():
            return
        self._at, self._when = self._life.offset, self._life.around.steady()
        try:
            async with self._life.around.turn:
                screen = await self._life.display.current()
            self.rows, self.cursor = screen.text(), (screen.cursor.column, screen.cursor.line)
        except Exception as error:  # noqa: BLE001 - a screen that can't be drawn must not end a session
            self.rows, self.cursor = (), None
            self._life.around.say(f"{self._life.meta.id}: its screen can't be drawn ({error!r})")

    def _affordable(self) -> bool:
        now = self._life.around.steady()
        if self._life.end() - self._life.offset >= _FLOOD:
            return False  # it is not the program that is quiet
        if now - self._output >= QUIET:
            return True
        return now - self._when >= _SELDOM and not self.flooded


def _patience(life: Minded, until: float | None, look: Look) -> float:
    waits = [at for at in (until, None if look.current else look.due) if at is not None]
    return max(0.0, min(waits, default=inf) - life.around.steady())
