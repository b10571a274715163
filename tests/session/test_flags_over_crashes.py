"""Whatever happens in whatever order, engines dying included: an answer is given once, and never lost."""

import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import trio
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from looop.core.problem import Problem
from looop.core.sessions import State
from looop.session import flags as module
from looop.session import handing
from looop.session.fake_house import FakeCommands, FakeHouse, FakeProposals, FakeWaiter
from looop.session.flags import Flags
from looop.store import questions
from support.profiles import made_in

PATIENCE = 30.0
WAIT_MAX = 0.05  # seconds: a call that waits for an answer nobody gives ends by itself
STEPS = ["ask", "answer", "wait", "idle", "work", "over", "start", "crash", "prompt", "leave", "pause"]
DEATHS = ["mark", "before", "after", "handed"]
SEEN = "ask ask answer mark crash before idle mark before wait wait crash mark ask idle"
REAL = questions.deliver


class KilledError(Exception):
    """The engine died here."""


class Story:
    """One session's life with its engines; what was given, and to whom, is read off at the end."""

    def __init__(self, folder: Path, nursery: trio.Nursery) -> None:
        self.profile = made_in(folder)
        self.house = FakeHouse(self.profile)
        self.nursery = nursery
        self.told: list[str] = []
        self.calls: list[FakeWaiter] = []
        self.clients: set[trio.CancelScope] = set()
        self.scope = trio.CancelScope()
        self.booting = trio.Lock()
        self.dying: str | None = None
        self.generation = 0
        self.number = 0
        self.flags: Flags

    async def boot(self) -> None:
        self.scope, self.dying = trio.CancelScope(), None
        self.flags = Flags(
            self.profile,
            self.house,
            poke=lambda: None,
            notify=self.notify,
            proposals=FakeProposals(),
            commands=FakeCommands(),
        )
        await self.nursery.start(self.live)

    async def notify(self, _: str) -> None:
        await trio.lowlevel.checkpoint()

    async def live(self, *, task_status: trio.TaskStatus[None]) -> None:
        with self.scope:
            try:
                await self.flags.serve(task_status=task_status)
            except* KilledError:
                pass
        with suppress(RuntimeError):  # it had started, as most do
            task_status.started()

    async def crash(self) -> None:
        async with self.booting:  # one engine at a time, as their lock has it
            self.scope.cancel()
            for client in tuple(self.clients):
                client.cancel()
            await self.boot()

    def point(self, name: str) -> None:
        """Die here if this is where the engine is to die. Its task fails at once, whatever shields it."""
        if self.dying and name.startswith(self.dying):
            self.dying = None
            self.scope.cancel()
            self.nursery.start_soon(self.crash)
            raise KilledError

    def deliver(self, *args: object) -> bool:
        """Stand in for `questions.deliver`, in its thread."""
        trio.from_thread.run_sync(self.point, "mark")
        return REAL(*args)  # type: ignore[arg-type]

    async def do(self, step: str) -> None:  # noqa: C901, PLR0912 - a table of steps
        live = "fix" in self.house.lives
        match step:
            case "start" if not live:
                self.generation += 1
                seat = self.house.start("fix", f"01{self.generation:03}")
                seat.on_type = self.point
            case "over" if live:
                self.house.become("fix", State.ENDED)
            case "idle" | "work" if live:
                self.house.become("fix", State.IDLE if step == "idle" else State.WORKING)
            case "ask" if live:
                self.number = (await self.flags.ask("fix", "which?")).question.number
            case "wait" if live and self.number:
                self.nursery.start_soon(self.client, self.number)
            case "leave":
                for call in self.calls:
                    call.gone = True
            case "answer":
                await self.answer()
            case "prompt":
                for owed in self.flags.owed():
                    if await self.flags.told((owed.number,), "prompt"):
                        self.told.append(owed.text)
            case "crash":
                await self.crash()
            case "pause":
                await trio.sleep(0.02)
            case _ if step in DEATHS:
                self.dying = step

    async def answer(self) -> None:
        with suppress(Problem):
            _, question = questions.find(self.profile, "fix")
            await self.flags.answer("fix", f"A{question.number};", "ann")

    async def client(self, number: int) -> None:
        """Wait as a relayed `flag --wait` does, over as many engines as that takes."""
        call = HandedWaiter(self.point)
        self.calls.append(call)
        while not (call.gone and not call.goes_on):
            with trio.CancelScope() as mine:
                self.clients.add(mine)
                try:
                    if call.goes_on:
                        await self.flags.taken(number, "fix")
                    else:
                        await self.flags.wait("fix", number, call, WAIT_MAX, lambda _, text: text)
                    return  # noqa: TRY300 - as below
                except (Problem, BrokenPipeError):
                    return
                except KilledError:
                    mine.cancel()
                finally:
                    self.clients.discard(mine)
            await trio.sleep(0)

    async def settle(self) -> None:
        """Let all that can still be given be given."""
        self.dying = None
        if "fix" in self.house.lives:
            self.house.become("fix", State.IDLE)
        with trio.move_on_after(PATIENCE):
            while questions.owed(self.profile):
                await self.do("prompt")
                self.house.bell.ring()
                await trio.sleep(0.005)

    def given(self) -> list[str]:
        """Give every text that reached somebody, with its Enter where it was typed."""
        typed = [path.read_bytes().decode() for path in self.profile.sessions.glob("*/typed")]
        lines = [line for text in typed for line in text.split("\r")[:-1]]
        return sorted([*lines, *self.told, *(text for call in self.calls for text in call.said)])

    def answered(self) -> list[questions.Answer]:
        """Give all answers that were recorded."""
        places = questions.places(self.profile)
        return [answer for place in places for answer in questions.answers(place.folder)]


class HandedWaiter(FakeWaiter):
    """A call whose engine may die between the text and the word that it was written."""

    def __init__(self, point: Callable[[str], None]) -> None:
        super().__init__()
        self.point = point

    async def flushed(self) -> None:
        self.point("handed")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handing, "_BEFORE_ENTER", 0.0)
    monkeypatch.setattr(module, "REATTACH", 0.1)
    monkeypatch.setattr(module, "LOOK_AGAIN", 0.05)
    monkeypatch.setattr(module, "_SOON", 0.01)
    monkeypatch.setattr(module, "_FATE", 0.01)


@settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(st.sampled_from([*STEPS, *DEATHS]), min_size=4, max_size=25))
@example(steps=SEEN.split())
async def test_an_answer_is_given_once_over_every_crash(
    steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with tempfile.TemporaryDirectory() as folder, monkeypatch.context() as patch:
        async with trio.open_nursery() as nursery:
            story = Story(Path(folder), nursery)
            patch.setattr(questions, "deliver", story.deliver)
            await story.boot()
            for step in ["start", "ask", *steps]:
                with suppress(KilledError):
                    await story.do(step)
            await story.settle()
            answers, given_out = story.answered(), story.given()
            nursery.cancel_scope.cancel()
    assert all(answer.delivered for answer in answers)
    assert given_out == sorted(answer.text for answer in answers)
