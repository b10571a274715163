"""An engine's flags with a fake house around them, and ways to wait for what becomes of them."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import trio

from looop.session.fake_house import FakeCommands, FakeHouse, FakeProposals
from looop.session.flags import Flags
from looop.store import questions
from looop.store.paths import Profile

PATIENCE = 30.0


def show(number: int, text: str) -> str:
    return f"{number}={text}"


@dataclass
class Desk:
    """An engine's flags with a fake house around them."""

    profile: Profile
    house: FakeHouse
    proposals: FakeProposals = field(default_factory=FakeProposals)
    commands: FakeCommands = field(default_factory=FakeCommands)
    pokes: int = 0
    notified: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.flags = self.another()

    def another(self) -> Flags:
        return Flags(
            self.profile,
            self.house,
            poke=self.poke,
            notify=self.notify,
            proposals=self.proposals,
            commands=self.commands,
        )

    def poke(self) -> None:
        self.pokes += 1

    async def notify(self, text: str) -> None:
        self.notified.append(text)

    def how(self, number: int) -> str | None:
        for place in questions.places(self.profile):
            if (answer := questions.answer_to(place.folder, number)) and answer.delivered:
                return answer.delivered.how
        return None


@asynccontextmanager
async def serving(flags: Flags) -> AsyncIterator[Flags]:
    async with trio.open_nursery() as nursery:
        await nursery.start(flags.serve)
        yield flags
        nursery.cancel_scope.cancel()


async def until(condition: Callable[[], object], what: str) -> None:
    with trio.move_on_after(PATIENCE):
        while not condition():
            await trio.sleep(0.005)
        return
    raise AssertionError(f"waited for {what}")
