"""Stories of disk errors while people and workers are at it: done is done, and what failed can be redone."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress

from faults.errors import Story
from looop.cli.mistakes import TROUBLE
from looop.core.command import Moment, Ran
from looop.core.problem import Problem
from looop.core.sessions import Known, Meta
from looop.core.world import Claim
from looop.store import claims, grants, history, money, pause, questions, sessions, written
from support.profiles import GOAL, made_in
from support.verbs import Looop


class Verbs(Story):
    """A person who writes and archives goals, allows money, and pauses; each verb says what came of it."""

    name = "verbs"

    VERBS = (
        ("goal", "new", "b", "be kept"),
        ("goal", "archive", "a"),
        ("unpark", "--allow", "2"),
        ("pause",),
        ("unpause",),
        ("status",),
    )

    async def prepare(self) -> None:
        """Make a profile with one goal."""
        self.profile = made_in(self.folder)
        (self.profile.goals / "a.md").write_text(GOAL)
        self.profile.config.write_text('{"runner": "rehearsal"}')
        self.profile.config.chmod(0o600)
        self.looop = Looop(self.profile)
        self.done = set[tuple[str, ...]]()

    async def tell(self) -> None:
        """Call them all, and look at what each says."""
        for verb in self.VERBS:
            said = await self.looop(*verb)
            if said.code == 0:
                self.done.add(verb)
            lines = said.err.splitlines()
            told = len(lines) == 1 and lines[0].startswith("looop: ")
            assert said.code in {0, 1, 3, 5}, f"{verb}: {said.code} {said.err}"
            assert said.code == 0 or told, f"{verb} said {said.err!r}"
            assert "Traceback" not in said.err, said.err

    async def broken(self) -> AsyncIterator[str]:
        """Do again what was not done, and compare."""
        profile, new, old = self.profile, self.profile.goals / "b.md", self.profile.goals / "a.md"
        if self.VERBS[0] in self.done and "be kept" not in new.read_text():
            yield "an acknowledged goal is lost"
        if self.VERBS[2] in self.done and money.allowed(profile) is None:
            yield "the money that was allowed is forgotten"
        if self.VERBS[4] in self.done and pause.read(profile):
            yield "a pause that was ended holds on"
        for verb in self.VERBS:
            said = await self.looop(*verb)
            refused = said.code and verb not in self.done
            if refused and "already" not in said.err and "no goal" not in said.err:
                yield f"{verb} can't be done again: {said.err}"
        if "be kept" not in new.read_text():
            yield f"the goal is torn: {new.read_text()!r}"
        if old.exists() or (profile.archive / "a.md").read_text() != GOAL:
            yield "the archived goal is not where it belongs"
        if history.read(profile).damaged:
            yield "the history is damaged"


class Store(Story):
    """Flags, answers, claims, checks and grants, by the functions that engine and verbs call."""

    name = "store"

    async def prepare(self) -> None:
        """Make a session's folder."""
        self.profile = made_in(self.folder)
        folder = self.profile.sessions / "a"
        folder.mkdir(mode=0o700)
        meta = Meta("a", "G", "true", str(self.profile.data), 1.0, (80, 24))
        sessions.write_meta(sessions.Entry(folder, meta, Known(since=1.0)))
        place = questions.place_of(self.profile, "a")
        assert place is not None
        self.place = place
        grants.folder(place).mkdir(mode=0o700)
        self.done = set[str]()

    async def tell(self) -> None:
        """Do one after another; those that fail are not acknowledged."""
        for name, step in self.steps().items():
            with suppress(*TROUBLE):
                if step() is not False:
                    self.done.add(name)

    def steps(self) -> dict[str, Callable[[], object]]:
        """Give what is done, by name."""
        profile, place = self.profile, self.place
        ran = Ran("it ran", 0)
        return {
            "claim": lambda: claims.take(profile, "desk", "a", "G"),
            "ask": lambda: questions.ask(profile, place, "which?"),
            "answer": lambda: questions.answer(profile, place, self._number(), "this", "me"),
            "hand": lambda: questions.hand(profile, place, self._number()),
            "deliver": lambda: questions.deliver(profile, place, self._number(), "typed"),
            "note": lambda: written.note(profile, "d1", "sensors/a.sh", "run"),
            "spend": lambda: grants.spend(profile, place, 7, "token", Moment(1.0, "boot", 1.0)),
            "finish": lambda: grants.finish(profile, place, 7, ran, b"out", b"err"),
        }

    def _number(self) -> int:
        found = questions.read(self.place.folder)
        told = questions.answers(self.place.folder)
        return found.number if found else told[-1].number if told else 0

    async def broken(self) -> AsyncIterator[str]:
        """Look at what was acknowledged, then do the rest."""
        for violation in (*self._lost(), *self._again()):
            yield violation

    def _lost(self) -> Iterator[str]:
        profile, place, done = self.profile, self.place, self.done
        told = questions.answers(place.folder)
        if "claim" in done and claims.read(profile) != (Claim("desk", "a", "G"),):
            yield "a claim is lost"
        if "ask" in done and not told and questions.read(place.folder) is None:
            yield "a flag is lost"
        if "answer" in done and [it.text for it in told] != ["this"]:
            yield f"an answer is lost: {told}"
        if "deliver" in done and told[0].delivered is None:
            yield "a delivery is forgotten: it would be told twice"
        if "note" in done and "d1" not in written.awaited(profile):
            yield "what an AI wrote passes for a person's"
        if "spend" in done and not grants.spent(profile, place, 7):
            yield "a spent grant is whole again"
        ended = grants.ended(profile, place, 7)
        if "finish" in done and ended is None:
            yield "the end of a command is lost"
        if ended and grants.output(profile, place, 7) != (b"out", b"err"):
            yield "a command has ended, and its output is lost"

    def _again(self) -> Iterator[str]:
        spent = "spend" in self.done
        for name, step in self.steps().items():
            if name == "ask" and questions.answers(self.place.folder):
                continue  # a second flag would be another question
            try:
                came = step()
            except Problem as problem:
                if problem.kind != "answered":
                    yield f"{name} can't be done again: {problem.text}"
                continue
            if name == "spend" and spent and came:
                yield "a grant was spent twice"
        told = questions.answers(self.place.folder)
        if len(told) != 1 or told[0].text != "this":
            yield f"there are these answers: {told}"
