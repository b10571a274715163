"""Claims against a model, over crashes: a name has one holder, and nobody's lease is ended for another's."""

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from looop.core.world import Claim
from looop.store import claims
from support.dying import MOMENTS, Dying, bounds

NAMES = st.sampled_from(["a", "b", "repo.x"])
WHO = st.sampled_from([("fix", "1"), ("fix", "2"), ("other", "3")])
Holder = tuple[str, str]


class Claims(Dying):
    """What each name's holder is, and after a death what it may be."""

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[str, Holder] = {}

    def on_disk(self) -> dict[str, Holder]:
        return {it.name: (it.session, it.generation) for it in claims.read(self.profile)}

    def may_be(self, *possible: dict[str, Holder]) -> None:
        """Let the disk decide among what is possible after a death."""
        there = self.on_disk()
        assert there in possible, (there, possible)
        self.held = there

    @rule(name=NAMES, who=WHO, dies=MOMENTS)
    def take(self, name: str, who: Holder, dies: int | None) -> None:
        after = {name: who, **self.held}
        tried = self.tries(dies, lambda: claims.take(self.profile, name, *who))
        if tried.died:
            self.may_be(self.held, after)
            return
        assert tried.value == Claim(name, *after[name])
        self.held = after

    @rule(name=NAMES, session=st.sampled_from(["fix", "other", None]), dies=MOMENTS)
    def end(self, name: str, session: str | None, dies: int | None) -> None:
        holder = self.held.get(name)
        after = {it: who for it, who in self.held.items() if it != name}
        tried = self.tries(dies, lambda: claims.end(self.profile, name, session))
        if tried.died:
            mine = holder is not None and session in {None, holder[0]}
            self.may_be(self.held, *([after] if mine else []))
        elif holder is not None and session not in {None, holder[0]}:
            assert tried.problem is not None
            assert tried.problem.kind == "not-yours"
        else:
            assert tried.value == (Claim(name, *holder) if holder else None)
            self.held = after

    @rule(who=WHO, dies=MOMENTS)
    def release(self, who: Holder, dies: int | None) -> None:
        self.drop({who}, dies, living=None)

    @rule(living=st.sets(WHO), dies=MOMENTS)
    def drop_dead(self, living: set[Holder], dies: int | None) -> None:
        self.drop(set(self.held.values()) - living, dies, living=living)

    def drop(self, gone: set[Holder], dies: int | None, *, living: set[Holder] | None) -> None:
        if living is None:
            (who,) = gone
            tried = self.tries(dies, lambda: claims.release(self.profile, *who))
        else:
            tried = self.tries(dies, lambda: claims.drop_dead(self.profile, living))
        dropped = {name for name, who in self.held.items() if who in gone}
        if tried.died:
            there = self.on_disk()
            assert self.held.keys() - dropped <= there.keys() <= self.held.keys()
            assert there.items() <= self.held.items()
            self.held = there
            return
        assert set(tried.value or ()) == dropped
        self.held = {name: who for name, who in self.held.items() if name not in dropped}

    @invariant()
    def the_disk_is_as_the_model(self) -> None:
        assert self.on_disk() == self.held


TestClaims = Claims.TestCase
TestClaims.settings = bounds(60)
