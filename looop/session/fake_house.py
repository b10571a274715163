"""A house for tests of flags: sessions that are nothing but a state, and remember what they were typed.

In: what a test sets. Out: the `House` and `Waiter` of `session.handing`. Keeper's memory of named input is on
disk here too, so that a second engine finds what a first had typed.
"""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import trio

from looop.core.command import Offer, Outcome, Ran, Wanted
from looop.core.problem import Exit, Problem
from looop.core.sessions import Known, Meta, State
from looop.session.bell import Bell
from looop.session.records import NAME, load
from looop.session.screen import Modes
from looop.store import files, sessions
from looop.store.paths import Profile
from looop.store.questions import Answer, Place
from looop.store.sessions import Entry


@dataclass
class FakeSeat:
    """One session. `on_type` is told of each input, before and after it was written."""

    meta: Meta
    folder: Path
    known: Known = field(default_factory=lambda: Known(State.WORKING))
    modes: Modes = field(default_factory=Modes)
    last_output: float | None = None
    last_typed: float | None = None
    freed: float | None = None
    looked: int = 0
    trouble: Problem | None = None
    on_type: Callable[[str], None] = lambda _step: None

    @property
    def typed(self) -> bytes:
        """All input so far, in order."""
        try:
            return (self.folder / "typed").read_bytes()
        except FileNotFoundError:
            return b""

    def look(self) -> None:
        """Count it."""
        self.looked += 1

    async def type(self, data: bytes, once: str = "") -> int:
        """Keep it, once under its name."""
        await trio.lowlevel.checkpoint()
        if self.trouble is not None:
            raise self.trouble
        self.on_type(f"before {once}")
        if not once or once not in load(self.folder).done:
            files.scratch(self.folder / "typed", self.typed + data)
            files.append(self.folder / NAME, json.dumps({"at": 0, "t": 0.0, "did": once}))
        self.on_type(f"after {once}")
        return 0


@dataclass
class FakeHouse:
    """The live sessions of a profile."""

    profile: Profile
    lives: dict[str, FakeSeat] = field(default_factory=dict)
    bell: Bell = field(default_factory=Bell)

    def start(self, name: str, generation: str = "01A", state: State = State.WORKING) -> FakeSeat:
        """Start a session; an earlier one of its name makes way."""
        number = sessions.supersede(self.profile, name)
        folder = sessions.folder(self.profile, name)
        meta = Meta(name, generation, "true", "/", 0.0, number=number)
        sessions.write_meta(Entry(folder, meta, Known()))
        self.lives[name] = FakeSeat(meta, folder, Known(state))
        return self.lives[name]

    def become(self, name: str, state: State) -> None:
        """Change a session's state; one that is over leaves."""
        seat = self.lives[name]
        seat.known = Known(state)
        if state.over:
            del self.lives[name]
        self.bell.ring()

    async def changes(self) -> AsyncIterator[None]:
        """Yield at once, and at each change."""
        while True:
            yield
            await self.bell.wait()


@dataclass
class FakeWaiter:
    """A call that waits. What was handed to it counts once it has flushed; `gone`: it never will."""

    gone: bool = False
    stuck: bool = False
    said: list[str] = field(default_factory=list)
    goes_on: tuple[str, ...] = ()

    async def hand_over(self, text: str, argv: Sequence[str]) -> None:
        """Keep both."""
        await trio.lowlevel.checkpoint()
        if self.gone:
            raise BrokenPipeError
        self.said.append(text)
        self.goes_on = tuple(argv)

    async def flushed(self) -> None:
        """Return, or never."""
        if self.stuck:
            await trio.sleep_forever()


@dataclass
class FakeProposals:
    """A draft that is one word; landing is remembered by number."""

    draft: str = "v1"
    landed: list[int] = field(default_factory=list)
    trouble: Problem | None = None

    async def digest(self, place: Place) -> str:  # noqa: ARG002 - the Protocol's
        """Give the word."""
        return self.draft

    async def diff(self, place: Place) -> str:
        """Show it."""
        return f"{place.session}: {self.draft}\n"

    async def land(self, place: Place, number: int, proposal: str) -> str:  # noqa: ARG002 - the Protocol's
        """Land it once."""
        if self.trouble is not None:
            raise self.trouble
        if number not in self.landed:
            self.landed.append(number)
        return f"Landed {proposal}."


@dataclass
class FakeCommands:
    """Commands that are one word with a version; what ran is remembered by number. `pause`: its length."""

    version: str = "v1"
    ran: list[int] = field(default_factory=list)
    pause: float = 0.0

    async def offer(self, place: Place, wanted: Wanted) -> Offer:  # noqa: ARG002 - the Protocol's
        """Give the word and its version."""
        return Offer(f"{wanted.argv[0]}-{self.version}", f"may this run? {wanted.argv[0]}\n{self.version}")

    async def changed(self, place: Place, token: str) -> Offer | None:  # noqa: ARG002 - the Protocol's
        """Compare the version."""
        word, _, version = token.partition("-")
        return (
            None if version == self.version else Offer(f"{word}-{self.version}", f"may this run? {word} anew")
        )

    async def run(self, place: Place, number: int, token: str) -> Ran:  # noqa: ARG002 - the Protocol's
        """Run it once."""
        await trio.sleep(self.pause)
        if number not in self.ran:
            self.ran.append(number)
        return Ran(f"{token} ran.", 3, whole=True)

    async def outcome(self, place: Place, answer: Answer) -> Outcome:  # noqa: ARG002 - the Protocol's
        """Give its code."""
        return Outcome(answer.code if answer.code is not None else 5, said=answer.text)


def busy() -> Problem:
    """Say that a tick holds the policy files."""
    return Problem(Exit.NO, "busy", "A tick is landing.")
