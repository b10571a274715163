"""The sessions as the loop may see and steer them; the engine hands the loop its fleet.

The beat knows sessions only by this Protocol. `NoFleet` is the fleet of a program without sessions;
`FakeFleet` records what a test's tick did.
"""

from collections.abc import Container
from dataclasses import dataclass, field
from typing import Protocol

from looop.core.act import Act
from looop.core.problem import Exit, Problem
from looop.core.world import Claim, Session


@dataclass(frozen=True, slots=True)
class Answer:
    """A person's answer to the flag with this number, of a session that had ended before it could hear it."""

    number: int
    session: str
    question: str
    text: str


class Fleet(Protocol):
    """Sessions and claims now, and the verbs that a tick may have performed on them."""

    def sessions(self) -> tuple[Session, ...]:
        """Tell of every session, live or ended and not yet retired."""

    def claims(self) -> tuple[Claim, ...]:
        """Tell of every lease that is held."""

    def check(self, act: Act) -> None:
        """Refuse (Problem) a verb that could not be performed at landing."""

    async def perform(self, act: Act) -> None:
        """Do it, once; Problem if it can't be done."""

    async def tidy(self, untold: Container[str] = ()) -> None:
        """Retire sessions that ended long ago, drop claims of those that are over.

        `untold` are the ids of those whose end no tick has been told of: they stay.
        """

    def answers(self) -> tuple[Answer, ...]:
        """Give the answers that no session is left to hear; the next prompt has them."""

    async def told(self, numbers: tuple[int, ...]) -> None:
        """Count the answers to these flags as delivered, durably; a second time: nothing."""


@dataclass
class NoFleet:
    """A fleet without sessions: nothing to see, every fleet verb is refused."""

    def sessions(self) -> tuple[Session, ...]:
        """Tell of no session."""
        return ()

    def claims(self) -> tuple[Claim, ...]:
        """Tell of no claim."""
        return ()

    def check(self, act: Act) -> None:
        """Refuse: there is nothing to act on."""
        verb = act.argv[0] if act.argv else "this"
        raise Problem(Exit.REFUSED, "no-sessions", f"`looop {verb}` needs sessions, which this looop lacks.")

    async def perform(self, act: Act) -> None:
        """Refuse, as `check` does."""
        self.check(act)

    async def tidy(self, untold: Container[str] = ()) -> None:
        """Do nothing."""

    def answers(self) -> tuple[Answer, ...]:
        """Tell of no answer."""
        return ()

    async def told(self, numbers: tuple[int, ...]) -> None:
        """Do nothing."""


@dataclass
class FakeFleet(NoFleet):
    """A fleet for tests: what it shows is set, what is performed is recorded."""

    shown: tuple[Session, ...] = ()
    held: tuple[Claim, ...] = ()
    performed: list[Act] = field(default_factory=list)
    answered: tuple[Answer, ...] = ()
    spared: list[frozenset[str]] = field(default_factory=list)

    def sessions(self) -> tuple[Session, ...]:
        """Tell of the sessions that the test set."""
        return self.shown

    def claims(self) -> tuple[Claim, ...]:
        """Tell of the claims that the test set."""
        return self.held

    def check(self, act: Act) -> None:
        """Allow everything."""

    async def perform(self, act: Act) -> None:
        """Record it."""
        self.performed.append(act)

    async def tidy(self, untold: Container[str] = ()) -> None:
        """Record whom it spares."""
        self.spared.append(frozenset(it.id for it in self.shown if it.id in untold))

    def answers(self) -> tuple[Answer, ...]:
        """Tell of the answers that the test set."""
        return self.answered

    async def told(self, numbers: tuple[int, ...]) -> None:
        """Forget them."""
        self.answered = tuple(answer for answer in self.answered if answer.number not in numbers)
