"""Generations of a session against a model, over crashes: none is lost, none doubled, numbers only grow."""

from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from looop.core.sessions import Known, Meta, State
from looop.store import questions, sessions
from looop.store.sessions import Entry
from support.dying import MOMENTS, Dying, bounds

NAME = "fix"


class Generations(Dying):
    """The generations that are acknowledged, oldest first: their numbers, and what is known of the newest."""

    def __init__(self) -> None:
        super().__init__()
        self.alive: list[int] = []
        self.made = 0
        self.known: dict[int, Known] = {}
        self.pending: set[int] = set()

    def folders(self) -> list[Path]:
        newest = sessions.folder(self.profile, NAME)
        there = [newest] if (newest / sessions.META).exists() else []
        return [*sessions.earlier(self.profile, NAME), *there]

    def on_disk(self) -> list[int]:
        entries = [sessions.read(place) for place in self.folders()]
        return [int(entry.meta.generation[1:]) for entry in entries if entry]

    def mended(self, dies: int | None = None) -> None:
        """Do what a process does when it begins; it may die of that, too."""
        self.tries(dies, lambda: sessions.mend(self.profile))
        self.tries(None, lambda: sessions.mend(self.profile))

    def begin(self, generation: int) -> None:
        number = sessions.supersede(self.profile, NAME)
        place = sessions.folder(self.profile, NAME)
        meta = Meta(NAME, f"G{generation}", "work", "/", 5.0, number=number)
        brief = sessions.prompt_file(self.profile, NAME, meta.generation)
        sessions.write_meta(Entry(place, meta, Known()), (brief, f"brief {generation}".encode()))

    @rule(dies=MOMENTS, again=MOMENTS)
    def start(self, dies: int | None, again: int | None) -> None:
        self.made += 1
        generation = self.made
        self.profile.prompts.mkdir(exist_ok=True)
        tried = self.tries(dies, lambda: self.begin(generation))
        if tried.died:
            self.mended(again)
            there = self.on_disk()
            assert there in (self.alive, [*self.alive, generation]), (there, self.alive)
            self.alive = there
            return
        assert tried.done
        self.alive.append(generation)

    @rule(dies=MOMENTS, again=MOMENTS)
    def start_and_fail(self, dies: int | None, again: int | None) -> None:
        def begun_in_vain() -> None:
            sessions.supersede(self.profile, NAME)
            sessions.take_back(self.profile, NAME)

        if self.tries(dies, begun_in_vain).died:
            self.mended(again)
        assert self.on_disk() == self.alive

    @rule(state=st.sampled_from([State.IDLE, State.ENDED]), code=st.integers(0, 5), dies=MOMENTS)
    def learn(self, state: State, code: int, dies: int | None) -> None:
        if not self.alive:
            return
        place, newest = sessions.folder(self.profile, NAME), self.alive[-1]
        known = Known(state, 6.0, code=code)
        tried = self.tries(dies, lambda: sessions.write_known(place, known, durably=True))
        found = sessions.find(self.profile, NAME)
        assert found is not None
        before = self.known.get(newest, Known(since=5.0))
        assert found.known in ((before, known) if tried.died else (known,))
        self.known[newest] = found.known

    @rule()
    def ask(self) -> None:
        if self.alive:
            place = questions.place_of(self.profile, NAME)
            assert place is not None
            questions.ask(self.profile, place, "which?")
            self.pending.add(self.alive[-1])

    @rule(data=st.data(), dies=MOMENTS)
    def remove(self, data: st.DataObject, dies: int | None) -> None:
        if len(self.alive) < 2:
            return
        at = data.draw(st.integers(0, len(self.alive) - 2))  # an earlier one, as `prune` does
        place, generation = self.folders()[at], self.alive[at]
        tried = self.tries(dies, lambda: sessions.remove(self.profile, place))
        if tried.died:
            self.mended()
            there = self.on_disk()
            assert there in (self.alive, [it for it in self.alive if it != generation])
            assert generation in there or generation not in self.pending
            self.alive = there
            return
        assert tried.value is (generation not in self.pending), "what waits for a person stays"
        if tried.value:
            self.alive.remove(generation)

    @invariant()
    def every_generation_is_whole(self) -> None:
        assert self.on_disk() == self.alive
        entries = [sessions.read(place) for place in self.folders()]
        numbers = [entry.meta.number for entry in entries if entry]
        assert numbers == sorted(set(numbers))
        for entry, generation in zip(entries, self.alive, strict=True):
            assert entry is not None
            assert entry.known == self.known.get(generation, Known(since=5.0))
        for generation in self.pending & set(self.alive):
            brief = sessions.prompt_file(self.profile, NAME, f"G{generation}")
            assert brief.read_text() == f"brief {generation}"


TestGenerations = Generations.TestCase
TestGenerations.settings = bounds(60)
