"""Flags of sessions: a worker asks, a person answers, and the answer reaches the worker, once.

In: questions and answers from verbs; the live sessions. Out: files (`store.questions`), hand-overs, input.
What a crash cuts off is finished by the next engine, from the files and keeper's record of what was typed.
Neighbours: `handing` gives an answer away, `owing` has what is to be given, `leases` the claims.
"""

import math
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import trio

from looop.core.command import Outcome, Wanted
from looop.core.problem import Exit, Problem
from looop.core.questions import Answered, Asked, Proposed
from looop.core.sessions import Question
from looop.core.world import Claim
from looop.session import handing
from looop.session.handing import House, Owed, Show, Waiter
from looop.session.leases import Leases
from looop.session.ordering import Ordering
from looop.session.owing import DISK, Commands, NoneOwn, Owing, Own, Proposals, Rings
from looop.session.telling import Telling
from looop.store import files, questions
from looop.store.paths import Profile
from looop.store.questions import Answer, Place

PATIENCE = 90.0
"""Seconds that a call waits for its answer, where nothing else is configured."""

REATTACH = 12.0
"""Seconds after the start in which calls that waited before come back: no old answer is typed."""

LOOK_AGAIN = 15.0
"""Seconds between two looks for answers that were recorded while we did not run, or did not answer."""

_SOON = 1.0  # between two looks whether a session can be given its answer, or a disk or a tick lets it
_FATE = 1.0  # seconds in which a person is told what became of an answer


class Flags:
    """The flags, answers and claims of one profile, while `serve` runs. A call may be cancelled anywhere."""

    def __init__(  # noqa: PLR0913 - the doors to all who decide, land and run, each by name
        self,
        profile: Profile,
        house: House,
        *,
        poke: Callable[[], None],
        notify: Callable[[str], Awaitable[object]],
        proposals: Proposals,
        commands: Commands,
        own: Own | None = None,
        now: Callable[[], float] = time.time,
        patience: Callable[[], float] = lambda: PATIENCE,
        masked: Callable[[str], str] = lambda text: text,
    ) -> None:
        self.patience = patience
        self._profile = profile
        self._house = house
        self._poke = poke
        self._proposals = proposals
        self._own = own or NoneOwn()
        self._now = now
        self._giving, self._held = set[int](), set[int]()
        self._waiters: dict[tuple[str, str], object] = {}
        self._bell = Rings()
        self._owing = Owing(profile, proposals, self._bell)
        self.ordering = Ordering(profile, commands, self._owing, self._raise)
        self._telling = Telling(profile, notify, now, masked)
        self.leases = Leases(profile, self._living, poke)

    async def serve(self, *, task_status: "trio.TaskStatus[None]" = trio.TASK_STATUS_IGNORED) -> None:
        """Deliver answers until cancelled; begins with what an earlier engine left."""
        await self._owing.load(self._giving)
        self._held = set(self._owing.all)
        await self._telling.remind()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._come_back)
            nursery.start_soon(self._watch)
            task_status.started()
            looked = trio.current_time()
            while True:
                self._begin(nursery)
                waits = any(self._seat(owed) for owed in self._owing.all.values())
                with trio.move_on_after(_SOON if waits else LOOK_AGAIN) as rest:
                    await self._bell.wait()
                late = trio.current_time() >= looked + LOOK_AGAIN  # it may wait for hours: a look costs much
                if rest.cancelled_caught and (late or self._owing.hindered):
                    await self._owing.load(self._giving)
                    looked = trio.current_time()

    async def ask(self, name: str, text: str, proposal: str | None = None) -> Asked:
        """Raise a session's flag; see `engine.questions.Questions`."""
        place = await self._place(name)
        text = text.strip()
        if not text:
            open_now = await files.aside(questions.read, place.folder)
            if open_now is not None and open_now.command:
                return Asked(open_now, new=False)
            text = open_now.text if open_now else "It asks for you: look at its screen."
        return await self._raise(place, text, proposal)

    async def command(self, name: str, wanted: Wanted) -> Asked:
        """Raise a flag that asks to run a command; the same command goes on with the same flag."""
        return await self.ordering.ask(await self._place(name), wanted)

    async def ran(self, name: str, number: int) -> Outcome:
        """Give what the call is told that asked for a command, once it was given the answer."""
        return await self.ordering.outcome(name, number)

    async def propose(self, name: str, text: str) -> Proposed:
        """Raise a flag that asks for approval of what the session's draft would change now."""
        place = await self._place(name)
        diff = await self._proposals.diff(place)
        digest = await self._proposals.digest(place)
        return Proposed(await self.ask(name, text or "It proposes changes of the policy.", digest), diff)

    async def wait(self, name: str, number: int, call: Waiter, limit: float, show: Show) -> int | None:
        """Wait for an answer and hand it over; see `engine.questions.Questions`.

        Of several calls of one session only the latest waits: the others were left behind by their agent.
        """
        place, deadline = await self._place(name), trio.current_time() + (limit or math.inf)
        with self._waiting(place) as latest:
            while latest():
                number = await self._asked_now(place, number)
                owed, seen = self._owing.all.get(number), self._bell.count
                if owed is None and (how := await self._became(place, number)):
                    return int(Exit.DONE) if how == "wait" else None
                if owed is not None and owed.complete and not self._with_a_call(owed):
                    await self._hand(owed, call, show)
                    continue
                with trio.move_on_at(deadline) as patience:
                    while self._bell.count == seen:
                        await self._bell.wait()
                if patience.cancelled_caught:
                    return None
        return None

    async def taken(self, number: int, name: str | None) -> None:
        """Count an answer as delivered to its waiting call, which says so itself."""
        if number in self._giving:
            return
        with self._give(number):
            if number not in self._owing.all:  # a disk that failed when this engine began
                await self._owing.load(self._giving)
            owed = self._owing.all.get(number)
            if owed is not None and name in {None, owed.place.session}:
                await self._owing.mark(owed, "wait")

    async def answer(self, which: str, text: str, by: str) -> Answered:
        """Record a person's answer, and deliver it as soon as that can be done."""
        place, question = await files.aside(questions.find, self._profile, which)
        made = await files.aside(questions.answer, self._profile, place, question.number, text, by)
        return await self._recorded(Owed(place, made))

    async def decide(self, which: str, text: str, by: str, *, approved: bool) -> Answered:
        """Record a person's verdict on a proposal or a command; an approved one lands, or runs."""
        if (own := await self._own.decide(which, text, approved=approved)) is not None:
            return own
        place, question = await files.aside(questions.find, self._profile, which)
        if question.proposal is None:
            raise Problem(
                Exit.NO,
                "no-proposal",
                f"⚑ {question.number} is a question and no proposal: `looop answer {question.number} TEXT`.",
            )
        if approved:
            await self._unchanged(place, question, question.proposal)
        made = await files.aside(self._verdict, place, question, text, by, approved)
        if question.command:
            return await self._recorded(Owed(place, made))
        owed = await self._owing.land(Owed(place, made))
        said = await self._recorded(owed)
        landed = owed.answer.landed if owed.complete else "It lands as soon as the policy files are free."
        return replace(said, how=" ".join(filter(None, [landed, said.how])))

    async def unflag(self, which: str, name: str | None = None) -> Question:
        """Take a flag down without an answer; with `name` only that session's own."""
        place, question = await files.aside(questions.find, self._profile, which)
        if name is not None and place.session != name:
            raise Problem(
                Exit.REFUSED, "not-yours", f"⚑ {question.number} is {place.session}'s: a worker ends its own."
            )
        await files.aside(questions.withdraw, self._profile, place)
        self._look(place.session)
        self._poke()
        self._bell.ring()
        return question

    def owed(self) -> tuple[Owed, ...]:
        """Give the answers whose generation is over: for the next prompt, or the next generation's brief.

        Those that a call is being given, or was by an engine that died over it, are that call's.
        """
        return tuple(
            owed
            for owed in self._owing.all.values()
            if owed.complete and self._seat(owed) is None and not self._with_a_call(owed)
        )

    async def told(self, numbers: tuple[int, ...], how: str) -> tuple[int, ...]:
        """Count answers as delivered (`prompt`, `brief`); gives those that nobody was told before."""
        found = [owed for number in numbers if (owed := self._owing.all.get(number))]
        return tuple([owed.number for owed in found if await self._owing.mark(owed, how)])

    async def claim(self, lease: str, name: str) -> Claim:
        """Take a lease; see `Leases`."""
        return await self.leases.claim(lease, name)

    async def freed(self, lease: str) -> None:
        """Return when a lease may have become free."""
        await self.leases.freed(lease)

    async def unclaim(self, lease: str, name: str | None = None) -> Claim | None:
        """End a lease."""
        return await self.leases.unclaim(lease, name)

    async def _raise(
        self,
        place: Place,
        text: str,
        proposal: str | None,
        *,
        command: bool = False,
        replaces: int | None = None,
    ) -> Asked:
        ask = partial(questions.ask, command=command, replaces=replaces, now=self._now())
        question, new = await files.aside(ask, self._profile, place, self._telling.masked(text), proposal)
        self._look(place.session)
        if new:
            await files.aside(self._telling.note, "flag", place, question.number, question.text)
            self._telling.news.append((place, question))
            self._poke()
            self._bell.ring()
        return Asked(question, new)

    async def _unchanged(self, place: Place, question: Question, proposal: str) -> None:
        """Refuse to approve what is not what was shown; a command is asked anew then, under a new number."""
        if question.command:
            await self.ordering.check(place, question.number, proposal)
        elif await self._proposals.digest(place) != proposal:
            raise questions.changed(question.number)

    def _verdict(self, place: Place, question: Question, text: str, by: str, approved: bool) -> Answer:
        words = ": ".join(filter(None, ["approved" if approved else "denied", text]))
        return questions.answer(
            self._profile,
            place,
            question.number,
            words,
            by,
            approved=approved,
            proposal=question.proposal,
            now=self._now(),
        )

    async def _recorded(self, owed: Owed) -> Answered:
        """Let an answer go its way, and wait a moment for what becomes of it."""
        self._owing.keep(owed)
        await files.aside(self._telling.note, "answer", owed.place, owed.number, owed.answer.text)
        self._look(owed.place.session)
        self._poke()
        while owed.answer.command and (now := self._owing.all.get(owed.number)) and not now.complete:
            await self._bell.wait()
        with trio.move_on_after(_FATE if self._seat(owed) else 0):
            while owed.number in self._owing.all:
                await self._bell.wait()
        return Answered(owed.number, owed.place.session, await self._fate(owed))

    async def _fate(self, owed: Owed) -> str:
        now = await files.aside(questions.answer_to, owed.place.folder, owed.number)
        became = (now.landed or "").partition("\n")[0] if now is not None and now.command else ""
        if now is not None and now.delivered is not None:
            told = {"wait": "It was given to the call that waited for it.", "typed": "It was typed."}
            how = told.get(now.delivered.how, "It was told.")
        elif self._seat(owed) is None:
            how = "The session has ended: the next tick is told, or its next run, whichever comes first."
        else:
            how = "It is typed as soon as the session is idle."
        return f"{became} {how}".strip()

    async def _hand(self, owed: Owed, call: Waiter, show: Show) -> None:
        with self._give(owed.number):
            if (await files.aside(handing.begun, owed))[0]:  # its text was typed: only Enter is missing
                self._waiters.pop((owed.place.session, owed.place.generation), None)
            elif await handing.hand(self._profile, owed, call, show):
                await self._owing.mark(owed, "wait")
            else:
                self._owing.drop(owed.number)

    async def _put(self, owed: Owed) -> None:
        """Type an answer. What can't be typed now stays owed: for a better moment, or the next prompt."""
        with self._give(owed.number):
            try:
                if (seat := self._seat(owed)) is not None:
                    await handing.put(self._profile, owed, seat)
                    await self._owing.mark(owed, "typed")
            except DISK:
                await trio.sleep(_SOON)

    @contextmanager
    def _give(self, number: int) -> Iterator[None]:
        """Let nobody else give the same answer meanwhile."""
        self._giving.add(number)
        try:
            yield
        finally:
            self._giving.discard(number)
            self._held.discard(number)
            self._bell.ring()

    @contextmanager
    def _waiting(self, place: Place) -> Iterator[Callable[[], bool]]:
        me, seat = object(), (place.session, place.generation)
        self._waiters[seat] = me
        self._bell.ring()
        try:
            yield lambda: self._waiters.get(seat) is me
        finally:
            if self._waiters.get(seat) is me:
                del self._waiters[seat]
            self._bell.ring()

    def _begin(self, nursery: trio.Nursery) -> None:
        """Start whatever can be done now."""
        while self._telling.news:
            nursery.start_soon(self._telling.tell, *self._telling.news.pop(0))
        for owed in self.ordering.due():
            nursery.start_soon(self.ordering.run, owed)
        for owed in self._owing.next():
            if owed.number not in self._giving and self._typable(owed):
                self._giving.add(owed.number)
                self._owing.begun.add(owed.number)
                nursery.start_soon(self._put, owed)

    def _typable(self, owed: Owed) -> bool:
        seat = self._seat(owed)
        waited = (owed.place.session, owed.place.generation) in self._waiters or owed.number in self._held
        return seat is not None and owed.complete and not waited and handing.ready(seat, trio.current_time())

    def _with_a_call(self, owed: Owed) -> bool:
        return owed.number in self._giving or (owed.answer.handed and owed.number in self._held)

    async def _come_back(self) -> None:
        await trio.sleep(REATTACH)
        self._held.clear()
        self._bell.ring()

    async def _watch(self) -> None:
        async for _ in self._house.changes():
            if self._owing.all:
                self._bell.ring()

    async def _asked_now(self, place: Place, number: int) -> int:
        """Give the flag in whose place this one stands by now, because what it asked had changed."""
        question = await files.aside(questions.read, place.folder)
        return question.number if question is not None and number in question.replaces else number

    async def _became(self, place: Place, number: int) -> str | None:
        """Tell how an answer was given; None while it was not. Problem when none will come."""
        question = await files.aside(questions.read, place.folder)
        if question is not None and question.number == number:
            return None
        answer = await files.aside(questions.answer_to, place.folder, number)
        if answer is None:
            raise Problem(Exit.NO, "withdrawn", f"⚑ {number} was taken down without an answer.")
        if answer.delivered is not None or number in self._owing.unsaved:
            return answer.delivered.how if answer.delivered else self._owing.unsaved[number][1]
        if number not in self._owing.all:
            await self._owing.load(self._giving)
            if number in self._owing.all:
                self._bell.ring()
        return None

    async def _place(self, name: str) -> Place:
        place = await files.aside(questions.place_of, self._profile, name)
        if place is None:
            raise Problem(
                Exit.MISSING, "no-session", f"There is no session {name[:80]!r}: `looop ls` lists them."
            )
        if self._living().get(name) != place.generation:
            raise Problem(Exit.NO, "over", f"{name} has ended: nobody is left to hear an answer.")
        return place

    def _living(self) -> dict[str, str]:
        return {name: seat.meta.generation for name, seat in self._house.lives.items()}

    def _seat(self, owed: Owed) -> "handing.Seat | None":
        seat = self._house.lives.get(owed.place.session)
        return seat if seat is not None and seat.meta.generation == owed.place.generation else None

    def _look(self, name: str) -> None:
        if seat := self._house.lives.get(name):
            seat.look()
