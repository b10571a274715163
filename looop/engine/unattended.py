"""What a person may do about flags and claims while no engine answers: it is written down, and waits for one.

In: an answer, a flag or a lease to take down. Out: files. Works on a full disk's last bytes and with a hung
engine. Neighbour: `session.flags` is the live side, and delivers what it finds when it begins.
"""

from typing import NoReturn

from looop.core.command import Outcome, Wanted
from looop.core.problem import Exit, Problem
from looop.core.questions import Answered, Asked, Proposed
from looop.core.sessions import Question
from looop.core.world import Claim
from looop.store import claims, questions
from looop.store.paths import Profile


class Unattended:
    """`engine.questions.Questions` without sessions: what needs a live one is refused, UNREACHABLE."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile

    async def answer(self, which: str, text: str, by: str) -> Answered:
        """Record an answer."""
        place, question = questions.find(self._profile, which)
        questions.answer(self._profile, place, question.number, text, by)
        return Answered(question.number, place.session, "No engine answers: the next one delivers it.")

    async def unflag(self, which: str, name: str | None = None) -> Question:
        """Take a flag down; only a person gets here without an engine."""
        if name is not None:
            _needs_engine()
        place, question = questions.find(self._profile, which)
        questions.withdraw(self._profile, place)
        return question

    async def unclaim(self, lease: str, name: str | None = None) -> Claim | None:
        """End a lease."""
        return claims.end(self._profile, lease, name)

    async def ask(self, name: str, text: str, proposal: str | None = None) -> Asked:  # noqa: ARG002 - as asked
        """Refuse."""
        _needs_engine()

    async def propose(self, name: str, text: str) -> Proposed:  # noqa: ARG002 - as asked
        """Refuse."""
        _needs_engine()

    async def command(self, name: str, wanted: Wanted) -> Asked:  # noqa: ARG002 - as asked
        """Refuse."""
        _needs_engine()

    async def ran(self, name: str, number: int) -> Outcome:  # noqa: ARG002 - as asked
        """Refuse."""
        _needs_engine()

    async def wait(self, *_: object) -> int | None:
        """Refuse."""
        _needs_engine()

    async def taken(self, number: int, name: str | None) -> None:  # noqa: ARG002 - as asked
        """Refuse."""
        _needs_engine()

    async def decide(self, which: str, text: str, by: str, *, approved: bool) -> Answered:  # noqa: ARG002 - as asked
        """Refuse: what is approved has to land, and its session to be told."""
        _needs_engine()

    async def claim(self, lease: str, name: str) -> Claim:  # noqa: ARG002 - as asked
        """Refuse."""
        _needs_engine()

    async def freed(self, lease: str) -> None:  # noqa: ARG002 - as asked
        """Refuse."""
        _needs_engine()


def _needs_engine() -> NoReturn:
    raise Problem(Exit.UNREACHABLE, "no-engine", "No engine answers: `looop up` starts one.")
