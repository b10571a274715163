"""Approvals of commands against a model, over crashes: each is spent at most once, before anything runs."""

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from looop.core.command import Command, Moment, Ran
from looop.core.digest import digest_bytes
from looop.core.sessions import Known, Meta
from looop.store import files, grants, questions, sessions
from looop.store.questions import Place
from looop.store.sessions import Entry
from support.dying import MOMENTS, Dying, bounds

AT = Moment(5.0, "boot", 5.0)
INPUT = b"typed"
COMMANDS = tuple(
    Command(("git", "push", f"b{at}"), "/", "/bin/git", stdin=digest_bytes(INPUT) if at else None)
    for at in range(3)
)
WHICH = st.sampled_from(range(3))
NUMBERS = st.sampled_from([1, 2, 3])


class Grants(Dying):
    """Which approvals may have been spent, which runs may have begun, and how those ended."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: set[int] = set()
        self.spent: dict[int, int] = {}  # by flag: how often somebody was told that it may run now
        self.ended: dict[int, Ran] = {}
        self.place = Place(self.profile.sessions / "fix", "fix", "G1", newest=True)
        files.private_dir(self.place.folder, below=self.profile.data)
        sessions.write_meta(Entry(self.place.folder, Meta("fix", "G1", "work", "/", 5.0), Known()))

    @rule(which=WHICH, dies=MOMENTS)
    def keep(self, which: int, dies: int | None) -> None:
        command = COMMANDS[which]
        tried = self.tries(dies, lambda: grants.keep(self.profile, self.place, command, INPUT, AT))
        if tried.done:
            assert tried.value == grants.token(command)
            self.kept.add(which)

    @rule(which=WHICH)
    def load(self, which: int) -> None:
        command = COMMANDS[which]
        tried = self.tries(None, lambda: grants.load(self.profile, self.place, grants.token(command)))
        assert tried.done or which not in self.kept
        if tried.value is not None:
            assert tried.value.command == command
            expected = INPUT if command.stdin else b""
            assert grants.stdin(self.profile, self.place, command) == expected, "who finds it finds its input"

    @rule(which=WHICH)
    def forge(self, which: int) -> None:
        """Put another command where this one is kept: it is not what was shown."""
        name = grants.token(COMMANDS[which])
        other = grants.Asked(COMMANDS[(which + 1) % 3], AT)
        path = grants.folder(self.place) / f"{name}.json"
        if not path.exists():
            return
        real = path.read_bytes()
        path.write_bytes(msgspec.json.encode(other))
        tried = self.tries(None, lambda: grants.load(self.profile, self.place, name))
        assert tried.problem is not None
        assert tried.problem.kind == "bad-request"
        path.write_bytes(real)

    @rule(number=NUMBERS, dies=MOMENTS)
    def spend(self, number: int, dies: int | None) -> None:
        before = number in self.spent
        if not grants.folder(self.place).is_dir():
            return
        tried = self.tries(dies, lambda: grants.spend(self.profile, self.place, number, "t", AT))
        if tried.died:
            if grants.spent(self.profile, self.place, number):
                self.spent.setdefault(number, 0)
            else:
                assert not before, "what was spent stays so"
            return
        assert tried.value is not before
        self.spent[number] = self.spent.get(number, 0) + bool(tried.value)
        assert self.spent[number] <= 1

    @rule(number=NUMBERS, code=st.integers(0, 3), dies=MOMENTS)
    def finish(self, number: int, code: int, dies: int | None) -> None:
        if self.spent.get(number) != 1 or number in self.ended:
            return  # only who may run it ends it, once
        ran = Ran(f"it ended with {code}", code, whole=True)
        out = f"out {code}".encode()
        tried = self.tries(dies, lambda: grants.finish(self.profile, self.place, number, ran, out, b""))
        there = grants.ended(self.profile, self.place, number)
        assert there in ({None, ran} if tried.died else {ran})
        if there is not None:
            self.ended[number] = there
            assert grants.output(self.profile, self.place, number) == (out, b""), "its end says all of it"

    @invariant()
    def what_was_spent_stays_spent(self) -> None:
        for number in (1, 2, 3):
            assert grants.spent(self.profile, self.place, number) == (number in self.spent)
            assert grants.ended(self.profile, self.place, number) == self.ended.get(number)
        assert questions.here(self.profile, self.place).generation == "G1"


TestGrants = Grants.TestCase
TestGrants.settings = bounds(60)
