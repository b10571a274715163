"""A worker's command on its way: asked for, looked at by a person, run by looop, and what came of it.

In: what a worker wants; what was approved. Out: a flag; a run, begun once by the engine that lives then.
Neighbours: `flags` decides and tells, `owing` remembers, `engine.grants` reads and runs.
"""

from typing import Protocol

import trio

from looop.core.command import Outcome, Wanted
from looop.core.problem import Exit, Problem
from looop.core.questions import Asked
from looop.core.sessions import Question
from looop.session.handing import Owed
from looop.session.owing import DISK, Commands, Owing
from looop.store import files, questions
from looop.store.paths import Profile
from looop.store.questions import Place

_SOON = 1.0  # seconds until a disk is asked again that kept a command from beginning


class Raise(Protocol):
    """How a flag is raised."""

    async def __call__(
        self,
        place: Place,
        text: str,
        proposal: str | None,
        *,
        command: bool = False,
        replaces: int | None = None,
    ) -> Asked:
        """Raise it, and let people and loop know if it is new."""


class Ordering:
    """The commands of one profile's sessions, for `flags`."""

    def __init__(self, profile: Profile, commands: Commands, owing: Owing, raise_: Raise) -> None:
        self._profile = profile
        self._commands = commands
        self._owing = owing
        self._raise = raise_
        self._running: set[int] = set()

    @property
    def running(self) -> bool:
        """Whether a command runs, or is about to."""
        return bool(self._running)

    async def ask(self, place: Place, wanted: Wanted) -> Asked:
        """Raise a flag for a command. The same one goes on with the same flag, after its approval too."""
        offer = await self._commands.offer(place, wanted)
        for owed in self._owing.all.values():
            same = (owed.answer.proposal or "").partition("-")[0] == offer.token.partition("-")[0]
            if owed.answer.command and same and owed.place.generation == place.generation:
                return Asked(Question(owed.number, owed.answer.question, owed.answer.at), new=False)
        return await self._raise(place, offer.text, offer.token, command=True)

    async def check(self, place: Place, number: int, token: str) -> None:
        """Refuse, as Problem REFUSED `changed`, what is not as it was shown: it is asked anew by then."""
        offer = await self._commands.changed(place, token)
        if offer is None:
            return
        asked = await self._raise(place, offer.text, offer.token, command=True, replaces=number)
        raise Problem(
            Exit.REFUSED,
            "changed",
            f"⚑ {number} did not run: it is not what was asked any more. What would run now is asked as "
            f"⚑ {asked.question.number}: look at it.",
        )

    async def outcome(self, name: str, number: int) -> Outcome:
        """Give what the call is told that asked. Problem MISSING `no-flag` without an answer."""
        place = await files.aside(questions.place_of, self._profile, name)
        answer = await files.aside(questions.answer_to, place.folder, number) if place else None
        if place is None or answer is None:
            raise Problem(Exit.MISSING, "no-flag", f"There is no answer to ⚑ {number} of {name[:80]}.")
        return await self._commands.outcome(place, answer)

    def due(self) -> tuple[Owed, ...]:
        """Give the approved commands that nobody has begun; they count as begun."""
        found = tuple(
            owed
            for owed in self._owing.all.values()
            if owed.answer.command and not owed.complete and owed.number not in self._running
        )
        self._running.update(owed.number for owed in found)
        return found

    async def run(self, owed: Owed) -> None:
        """Have one run, and owe what came of it. What a disk keeps from beginning is begun later."""
        try:
            ran = await self._commands.run(owed.place, owed.number, owed.answer.proposal or "")
            await self._owing.ran(owed, ran)
        except DISK:
            await trio.sleep(_SOON)
        finally:
            self._running.discard(owed.number)
            self._owing.ring()
