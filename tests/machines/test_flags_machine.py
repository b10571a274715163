"""Flags against a model, over crashes: a number is one flag's for ever, an answer is the first and stays.

`session/test_flags_over_crashes.py` holds who is given an answer; here it is what the files may hold.
"""

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from looop.core.sessions import Known, Meta
from looop.store import flags, questions, sessions
from looop.store.questions import Place
from looop.store.sessions import Entry
from support.dying import MOMENTS, Dying, bounds

CAUSES = st.sampled_from(["disk", "money", "awaiting sensors/x.sh"])
SELDOM = st.sampled_from([False, False, False, True])
TEXTS = st.sampled_from(["one?", "two?", "x" * 3000])


class Flags(Dying):
    """The loop's own flags by cause, and one session's with its answers."""

    def __init__(self) -> None:
        super().__init__()
        self.own: dict[str, int] = {}
        self.seen: set[int] = set()  # every number that was ever shown
        self.open: int | None = None
        self.answers: dict[int, str] = {}
        self.delivered: set[int] = set()
        self.generation = 0
        self.start()

    @property
    def place(self) -> Place:
        place = questions.place_of(self.profile, "fix")
        assert place is not None
        return place

    def start(self) -> None:
        """Begin a generation; what the one before asked is nobody's to ask again."""
        self.generation += 1
        sessions.supersede(self.profile, "fix")
        meta = Meta("fix", f"G{self.generation}", "work", "/", 5.0, number=self.generation)
        sessions.write_meta(Entry(self.profile.sessions / "fix", meta, Known()))
        self.open = None

    def shown(self, number: int) -> None:
        """Take a number that was not there before: it is larger than any."""
        assert number > max(self.seen, default=0)
        self.seen.add(number)

    @rule(cause=CAUSES, text=TEXTS, dies=MOMENTS)
    def raise_flag(self, cause: str, text: str, dies: int | None) -> None:
        tried = self.tries(dies, lambda: flags.raise_flag(self.profile, cause, text))
        if tried.died:
            self.look_again({cause})
        elif cause in self.own:
            assert tried.value is None
        else:
            assert tried.value is not None
            self.shown(tried.value.number)
            self.own[cause] = tried.value.number

    @rule(cause=CAUSES, digest=st.sampled_from(["d1", "d2"]), dies=MOMENTS)
    def offer(self, cause: str, digest: str, dies: int | None) -> None:
        before = next((it for it in flags.open_flags(self.profile) if it.cause == cause), None)
        tried = self.tries(dies, lambda: flags.offer(self.profile, cause, "look", digest, "+x"))
        if tried.died:
            self.look_again({cause})
            return
        assert tried.value is not None
        if before is not None and before.offer == digest:
            assert tried.value == before
            return
        self.shown(tried.value.number)
        self.own[cause] = tried.value.number

    @rule(cause=CAUSES, dies=MOMENTS)
    def clear(self, cause: str, dies: int | None) -> None:
        tried = self.tries(dies, lambda: flags.clear(self.profile, cause))
        if tried.died:
            self.look_again({cause})
            return
        assert (tried.value and tried.value.number) == self.own.pop(cause, None)

    def look_again(self, touched: set[str]) -> None:
        """See what a process that died has done to some causes; the others are as they were."""
        there = {it.cause: it.number for it in flags.open_flags(self.profile)}
        for cause in {*there, *self.own} - touched:
            assert there.get(cause) == self.own.get(cause)
        for cause in touched & there.keys():
            if there[cause] != self.own.get(cause):
                self.shown(there[cause])
        self.own = there

    @rule(text=TEXTS, command=st.booleans(), dies=MOMENTS)
    def ask(self, text: str, command: bool, dies: int | None) -> None:
        place = self.place
        before = questions.read(place.folder)
        proposal = text[:5] if command else None
        tried = self.tries(dies, lambda: questions.ask(self.profile, place, text, proposal, command=command))
        if tried.died:
            there = questions.read(place.folder)
            if there is not None and there.number != self.open:
                self.shown(there.number)
            assert there is not None or before is None
            self.open = there.number if there else None
            return
        assert tried.value is not None
        question, fresh = tried.value
        assert fresh == (question.number != self.open)
        if fresh:
            self.shown(question.number)
        self.open = question.number

    @rule(
        stale=st.sampled_from([False, False, False, True]), text=st.sampled_from(["yes", "no"]), dies=MOMENTS
    )
    def answer(self, stale: bool, text: str, dies: int | None) -> None:
        number = (self.open or 0) - 1 if stale else self.open or 999
        tried = self.tries(
            dies, lambda: questions.answer(self.profile, self.place, number, text, "ada", approved=True)
        )
        there = questions.answer_to(self.place.folder, number)
        if number != self.open:
            assert tried.died or tried.problem is not None
            assert (there.text if there else None) == (self.answers.get(number) if there else None)
        elif tried.died:
            if there is not None:
                self.answers[number], self.open = text, None
        else:
            assert tried.done
            self.answers[number], self.open = text, None

    @precondition(lambda self: self.answers)
    @rule(data=st.data(), dies=MOMENTS, hand=st.booleans())
    def deliver(self, data: st.DataObject, dies: int | None, hand: bool) -> None:
        number = data.draw(st.sampled_from(sorted(self.answers)))
        where = [it for it in questions.places(self.profile) if questions.answer_to(it.folder, number)]
        (place,) = where
        if hand:
            tried = self.tries(dies, lambda: questions.hand(self.profile, place, number))
            assert tried.died or tried.value == (number not in self.delivered)
            return
        tried = self.tries(dies, lambda: questions.deliver(self.profile, place, number, "wait"))
        if tried.died:
            found = questions.answer_to(place.folder, number)
            assert found is not None
            assert found.delivered is not None or number not in self.delivered
            self.delivered |= {number} if found.delivered else set()
            return
        assert tried.value == (number not in self.delivered), "an answer is delivered once"
        self.delivered.add(number)

    @rule(dies=MOMENTS)
    def withdraw(self, dies: int | None) -> None:
        tried = self.tries(dies, lambda: questions.withdraw(self.profile, self.place))
        if tried.died:
            there = questions.read(self.place.folder)
            assert (there.number if there else None) in {None, self.open}
            self.open = there.number if there else None
            return
        assert (tried.value.number if tried.value else None) == self.open
        self.open = None

    @rule()
    def restart(self) -> None:
        self.start()

    @invariant()
    def the_files_are_as_the_model(self) -> None:
        assert {it.cause: it.number for it in flags.open_flags(self.profile)} == self.own
        there = questions.read(self.place.folder)
        assert (there.number if there else None) == self.open
        kept = [it for place in questions.places(self.profile) for it in questions.answers(place.folder)]
        assert {it.number: it.text for it in kept} == self.answers
        assert {it.number for it in kept if it.delivered} == self.delivered


TestFlags = Flags.TestCase
TestFlags.settings = bounds(60)
