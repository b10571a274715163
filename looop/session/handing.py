"""Giving an answer to its session, once: to the call that waits for it, else as input once it is idle.

In: recorded answers that nobody was told yet. Out: a hand-over, or two writes. `flags` decides when, and
marks what was given; `engine.remote` hands over; keeper writes each named input once, whoever asks again.
"""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Protocol

import trio

from looop.core.sessions import Known, Meta, State
from looop.session import records
from looop.session.screen import Modes
from looop.store import files, questions
from looop.store.paths import Profile
from looop.store.questions import Answer, Place

QUIET = 3.0
"""Seconds without output or input after which a program of which nothing is known may be typed to."""

_BEFORE_ENTER = 0.15
"""Seconds between a text and its Enter: programs take what comes in one burst for a paste."""

_PASTE = (b"\x1b[200~", b"\x1b[201~")
_UNTYPABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Seat(Protocol):
    """One live generation, as far as answers matter; `session.life.Life` is one."""

    @property
    def meta(self) -> Meta:
        """What it was started with."""

    @property
    def folder(self) -> Path:
        """Its folder."""

    @property
    def known(self) -> Known:
        """Its state."""

    @property
    def modes(self) -> Modes:
        """What its program asked of its terminal."""

    @property
    def last_output(self) -> float | None:
        """When output last came, by the clock of waits."""

    @property
    def last_typed(self) -> float | None:
        """When it was last given input, by the clock of waits."""

    @property
    def freed(self) -> float | None:
        """When it was last thawed, or its flag ended, by the clock of waits: it may still have to draw."""

    def look(self) -> None:
        """Judge the state again: a flag came or went."""

    async def type(self, data: bytes, once: str = "") -> int:
        """Write input, once under this name; Problem as `Terminals.write` says."""


class House(Protocol):
    """The live sessions by id; `session.host.Host` is one."""

    @property
    def lives(self) -> Mapping[str, Seat]:
        """The live ones."""

    def changes(self) -> AsyncIterator[None]:
        """Yield at once, and whenever a state may have changed."""


class Waiter(Protocol):
    """A call that waits; `engine.call.Call` is one."""

    async def hand_over(self, text: str, argv: Sequence[str]) -> None:
        """Write to stdout and say how to go on from then on, in one."""

    async def flushed(self) -> None:
        """Return once all of it stands on the caller's streams."""


class Show(Protocol):
    """How an answer is shown to a call."""

    def __call__(self, number: int, text: str) -> str:
        """Give the text for stdout."""


@dataclass(frozen=True, slots=True)
class Owed:
    """A recorded answer that nobody was told yet."""

    place: Place
    answer: Answer

    @property
    def number(self) -> int:
        """The flag's number."""
        return self.answer.number

    @property
    def complete(self) -> bool:
        """Whether it can be told: what was approved must have landed first."""
        return not self.answer.approved or self.answer.landed is not None

    @property
    def taken(self) -> tuple[str, ...]:
        """How its call says that it has the answer."""
        verb = ("guard", "ask") if self.answer.command else ("flag",)
        return (*verb, "--taken", str(self.number))

    @property
    def text(self) -> str:
        """What the session is told."""
        return ": ".join(filter(None, [self.answer.text, self.answer.landed]))


def ready(seat: Seat, now: float) -> bool:
    """Tell whether typed text would be read as somebody's turn. `now` is by the clock of waits.

    Never at a dialog of the agent's own: Enter there would agree to something that nobody was asked.
    """
    if seat.known.state is State.IDLE:
        return True
    quiet = now - max(-inf if at is None else at for at in (seat.last_output, seat.last_typed, seat.freed))
    return seat.known.state in {State.UNKNOWN, State.STALLED} and quiet >= QUIET


async def hand(profile: Profile, owed: Owed, waiter: Waiter, show: Show) -> bool:
    """Give an answer to a waiting call; False if it was given before. BrokenPipeError when the call has gone.

    Killed in between, the call itself says at the next engine what it has: it got the text and how to say so
    in one. Cancelled, or with the call gone, the answer counts as not given.
    """
    try:
        due = await files.aside(questions.hand, profile, owed.place, owed.number)
    except OSError:  # a full disk keeps nobody from being answered; only a crash now could give it twice
        due = await files.aside(questions.is_owed, profile, owed.place, owed.number)
    if not due:
        return False
    await waiter.hand_over(show(owed.number, owed.text), owed.taken)
    await waiter.flushed()
    return True


async def put(profile: Profile, owed: Owed, seat: Seat) -> bool:
    """Type an answer and Enter, each once for ever; False if it was given before. Problem if it can't be."""
    if not await files.aside(questions.is_owed, profile, owed.place, owed.number):
        return False
    once = f"answer-{owed.number}"
    await seat.type(keystrokes(owed.text, bracketed=seat.modes.bracketed_paste), once)
    await trio.sleep(_BEFORE_ENTER)
    await seat.type(b"\r", f"{once}-enter")
    return True


def begun(owed: Owed) -> tuple[bool, bool]:
    """Tell from keeper's records whether the text was typed, and whether its Enter was."""
    done = records.load(owed.place.folder).done
    return f"answer-{owed.number}" in done, f"answer-{owed.number}-enter" in done


def keystrokes(text: str, *, bracketed: bool) -> bytes:
    """Give a text as a terminal sends it when it is pasted; several lines stay so only in brackets."""
    plain = _UNTYPABLE.sub("", text.replace("\r\n", "\n")).strip("\n")
    if bracketed:
        return plain.encode(errors="replace").join(_PASTE)
    return " ".join(plain.split("\n")).encode(errors="replace")
