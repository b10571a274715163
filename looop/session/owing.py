"""The answers that nobody was told yet, in memory as on disk, and the proposals that must land before.

In: files, what was just recorded, what was given. Out: a table by number, whose bell rings at changes. The
files are the truth; a disk without room is asked again, a session never. Neighbours: `flags`, `handing`.
"""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

import trio
from msgspec import structs

from looop.core.command import Offer, Outcome, Ran, Wanted
from looop.core.problem import Problem
from looop.core.questions import Answered
from looop.session import handing
from looop.session.bell import Bell
from looop.session.handing import Owed
from looop.store import files, questions
from looop.store.faults import Unreadable
from looop.store.paths import Profile
from looop.store.questions import Answer, Place

DISK = (OSError, Problem, Unreadable)
"""What may keep an answer from being written, landed or typed now, and not later."""


class Proposals(Protocol):
    """What meta sessions' proposals need; `place` is the session's. Everything may raise Problem."""

    async def digest(self, place: Place) -> str:
        """Give the digest of what would land now."""

    async def diff(self, place: Place) -> str:
        """Show what would land."""

    async def land(self, place: Place, number: int, proposal: str) -> str:
        """Land it, once however often this is called; a sentence for the session and the person."""


class Own(Protocol):
    """The flags that are no session's but the loop's own, and ask for approval."""

    async def decide(self, which: str, text: str, *, approved: bool) -> Answered | None:
        """Do what a person decided; None if the flag is none of these."""


class NoneOwn:
    """A loop without flags of its own."""

    async def decide(self, which: str, text: str, *, approved: bool) -> Answered | None:  # noqa: ARG002
        """Find none."""
        return None


class Commands(Protocol):
    """What workers' guarded commands need; `place` is the session's."""

    async def offer(self, place: Place, wanted: Wanted) -> Offer:
        """Read what a worker wants to have run, for a person to look at. May raise Problem."""

    async def changed(self, place: Place, token: str) -> Offer | None:
        """Read it again: None if all is as it was shown, else what to ask now. May raise Problem."""

    async def run(self, place: Place, number: int, token: str) -> Ran:
        """Run it, once however often this is called and whoever dies; what became of it."""

    async def outcome(self, place: Place, answer: Answer) -> Outcome:
        """Give what the call is told that asked."""


class Rings(Bell):
    """A bell that counts: who did something else meanwhile can tell whether it rang."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def ring(self) -> None:
        """Wake all who wait."""
        self.count += 1
        super().ring()


class Owing:
    """The table. `unsaved` has what was given while the disk had no room to say so.

    `begun` are those whose text may stand in their session's input already, without its Enter.
    """

    def __init__(self, profile: Profile, proposals: Proposals, bell: Bell) -> None:
        self._profile = profile
        self._proposals = proposals
        self._bell = bell
        self._landing = trio.Lock()
        self._changed = 0
        self.all: dict[int, Owed] = {}
        self.unsaved: dict[int, tuple[Place, str]] = {}
        self.begun: set[int] = set()

    @property
    def hindered(self) -> bool:
        """Whether a disk or a tick keeps something from being written or landed: that is tried again soon."""
        return bool(self.unsaved) or any(not (it.complete or it.answer.command) for it in self.all.values())

    def keep(self, owed: Owed) -> None:
        """Owe it from now on, or in this new form."""
        self.all[owed.number] = owed
        self._changed += 1
        self._bell.ring()

    def drop(self, number: int) -> None:
        """Owe it no longer."""
        self.all.pop(number, None)
        self.begun.discard(number)
        self._changed += 1
        self._bell.ring()

    def ring(self) -> None:
        """Have everybody look again."""
        self._bell.ring()

    def next(self) -> tuple[Owed, ...]:
        """Give one answer for each generation: what was begun is ended before another text is typed."""
        turns = sorted(self.all.values(), key=lambda it: (it.number not in self.begun, it.number))
        first: dict[str, Owed] = {}
        for owed in turns:
            if owed.complete:
                first.setdefault(owed.place.generation, owed)
        return tuple(first.values())

    async def land(self, owed: Owed) -> Owed:
        """Land what was approved; why it could not be is what the session is told then.

        A tick in the way, or a disk that fails, leaves it for the next look.
        """
        async with self._landing:
            answer = await files.aside(questions.answer_to, owed.place.folder, owed.number) or owed.answer
            if not answer.approved or answer.landed is not None:
                return replace(owed, answer=answer)
            try:
                said = await self._proposals.land(owed.place, answer.number, answer.proposal or "")
            except Problem as problem:
                if problem.kind == "busy":
                    return owed
                said = f"it could not land: {problem.text}"
            await files.aside(questions.land, self._profile, owed.place, answer.number, said)
            return replace(owed, answer=structs.replace(answer, landed=said))

    async def ran(self, owed: Owed, ran: Ran) -> None:
        """Owe what became of an approved command, from now on."""
        place, number = owed.place, owed.number
        await files.aside(questions.land, self._profile, place, number, ran.said, ran.code)
        if number in self.all:
            answer = structs.replace(owed.answer, landed=ran.said, code=ran.code)
            self.keep(replace(owed, answer=answer))

    async def load(self, giving: Collection[int]) -> None:
        """Read what is owed from the files; finish what was cut off. A disk that fails is asked again."""
        with suppress(*DISK):
            for number, (place, how) in tuple(self.unsaved.items()):
                await files.aside(questions.deliver, self._profile, place, number, how)
                del self.unsaved[number]
        with suppress(*DISK):
            before = None
            while before != self._changed:  # what was kept or dropped meanwhile counts, not what was read
                before = self._changed
                found = await files.aside(questions.owed, self._profile)
            self.all = {
                answer.number: Owed(place, answer)
                for place, answer in found
                if answer.number not in self.unsaved
            }
        for owed in tuple(self.all.values()):
            if owed.number not in giving:
                with suppress(*DISK):
                    await self._finish(owed)

    async def _finish(self, owed: Owed) -> None:
        if not (owed.complete or owed.answer.command) and (landed := await self.land(owed)).complete:
            self.keep(landed)
        text, enter = await files.aside(handing.begun, owed)
        if enter:
            await self.mark(owed, "typed")
        elif text:
            self.begun.add(owed.number)

    async def mark(self, owed: Owed, how: str) -> bool:
        """Write down that an answer was given. A disk that has no room is asked again, the session is not."""
        first = False
        with trio.CancelScope(shield=True):
            try:
                first = await files.aside(questions.deliver, self._profile, owed.place, owed.number, how)
            except (OSError, Unreadable):
                self.unsaved[owed.number] = (owed.place, how)
                first = True
            except Problem:  # the generation was removed: nobody can be told twice
                pass
            self.drop(owed.number)
        return first
