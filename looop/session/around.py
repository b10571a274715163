"""What all sessions of an engine share, as one value: the door to keeper, the time, whom to wake and tell."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import trio

from looop.core.sessions import Known, Meta
from looop.session.bell import Bell
from looop.session.leisure import Leisure
from looop.session.memo import Memo
from looop.session.terminals import Terminals
from looop.session.watched import Guard, NoGuard


class Ended(Protocol):
    """A generation that is about to be over."""

    @property
    def folder(self) -> Path:
        """Its folder."""

    @property
    def meta(self) -> Meta:
        """What it was started with."""

    @property
    def known(self) -> Known:
        """What was known of it right before its end."""


OnEnd = Callable[[Ended], Awaitable[None]]
OnStart = Callable[[Meta, Path], Awaitable[None]]


@dataclass(frozen=True)
class Around:
    """The surroundings. `now` gives epoch seconds; `poke` wakes the loop on news; `say` takes a line.

    `steady` gives the seconds that all waits count in. A clock that is set, or a machine that slept, must not
    make a session look quiet for hours, nor keep it from being looked at: `now` is for dates alone.

    `on_start` is awaited with each new generation's folder before its program is started; what it raises
    stops the start, and `on_undo` is awaited when anything did. `on_end` is awaited for each end before it is
    written down, so after a crash once more.
    Who holds `turn` follows output that nobody watches: one session at a time, or floods would fill each
    round of the engine. `bell` rings when what is shown of any session may have changed.
    `guard` watches the commands that sessions run. `masked` takes secrets out of a text that is written down.
    """

    terminals: Terminals
    now: Callable[[], float]
    poke: Callable[[], None] = lambda: None
    say: Callable[[str], None] = lambda _: None
    on_start: list[OnStart] = field(default_factory=list)
    on_undo: list[OnStart] = field(default_factory=list)
    on_end: list[OnEnd] = field(default_factory=list)
    bell: Bell = field(default_factory=Bell)
    memo: Memo = field(default_factory=Memo)
    leisure: Leisure = field(default_factory=Leisure)
    turn: trio.Lock = field(default_factory=trio.Lock)
    guard: Guard = field(default_factory=NoGuard)
    masked: Callable[[str], str] = lambda text: text
    steady: Callable[[], float] = trio.current_time

    def since(self, date: float) -> float:
        """Give a date as a moment of the steady clock; one that is still to come counts as now."""
        return self.steady() - max(0.0, self.now() - date)

    def date(self, moment: float) -> float:
        """Give the date of a moment of the steady clock, as far as the machine has not slept since."""
        return self.now() + (moment - self.steady())
