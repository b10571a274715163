"""Stand-ins for what the engine is built around: a pulse that only beats, and an engine that only answers.

For tests of `engine.control`, `engine.ward` and whole keepers; nothing in the program imports this.
"""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field

import trio

from looop.core.act import Act
from looop.core.phase import Doing, Phase
from looop.engine.call import Call
from looop.engine.live import Lateness
from looop.engine.questions import Questions
from looop.engine.sessions import Sessions
from looop.loop.beat import Order
from looop.loop.fleet import Answer


@dataclass(frozen=True, slots=True)
class FakeReport:
    """What a beat of the fake pulse did."""

    exit_code: int = 0

    def sentence(self) -> str:
        """Say it."""
        return "a beat that did nothing"


@dataclass
class FakePulse:
    """A pulse that sleeps. `landing` seconds pass at its end, as if a landing had to be finished.

    With `trouble` it never comes to life; `crash` makes a living one fail.
    """

    trouble: Exception | None = None
    landing: float = 0.0
    pokes: int = 0
    acts: list[Act] = field(default_factory=list)
    ended: bool = False
    _phase: Phase = field(default_factory=Phase)
    _crash: trio.Event = field(default_factory=trio.Event)

    async def serve(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Live until cancelled."""
        if self.trouble is not None:
            raise self.trouble
        self.become(Doing.SLEEPING)
        task_status.started()
        try:
            await self._crash.wait()
            raise RuntimeError("the fake pulse was told to crash")
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(self.landing)
            self.become(Doing.STOPPED)
            self.ended = True

    def become(self, doing: Doing) -> None:
        """Show this phase from now on."""
        self._phase = Phase(doing=doing)

    def crash(self) -> None:
        """Fail at once."""
        self._crash.set()

    def phase(self) -> Phase:
        """Tell what was set."""
        return self._phase

    def poke(self) -> None:
        """Count it."""
        self.pokes += 1

    def record(self, act: Act) -> None:
        """Keep it."""
        self.acts.append(act)

    async def tick_now(self, order: Order, heard: Callable[[str], None]) -> FakeReport:
        """Say two lines and end."""
        for line in ("sensing", f"nothing to do{' by force' if order.force else ''}"):
            heard(line)
            await trio.lowlevel.checkpoint()
        return FakeReport()


@dataclass
class FakeResidents:
    """An empty house; `living` is what a test says it is."""

    living: int = 0
    busy: bool = False

    @property
    def sessions(self) -> Sessions:
        """Have none."""
        raise NotImplementedError

    @property
    def questions(self) -> Questions:
        """Have none."""
        raise NotImplementedError

    async def serve(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Wait."""
        task_status.started()
        await trio.sleep_forever()

    def leaders(self) -> Mapping[int, str]:
        """Name none."""
        return {}

    async def settled(self) -> None:
        """Start none."""

    def answers(self) -> tuple[Answer, ...]:
        """Have none."""
        return ()

    async def told(self, numbers: tuple[int, ...]) -> None:
        """Do nothing."""

    async def tidy(self, untold: Container[str] = ()) -> None:
        """Do nothing."""

    async def end_all(self, *, now: bool) -> None:  # noqa: ARG002 - the Protocol's
        """End those that a test imagined."""
        self.living = 0

    def look(self) -> None:
        """Look at nothing."""


@dataclass
class FakeLive(FakeResidents):
    """An engine that has nothing but a phase."""

    doing: Doing = Doing.SLEEPING

    def phase(self) -> Phase:
        """Tell what was set."""
        return Phase(doing=self.doing)

    def lateness(self) -> Lateness:
        """Tell nothing."""
        return Lateness()

    def poke(self) -> None:
        """Do nothing."""

    async def tick(self, call: Call, *, force: bool) -> int:
        """Say one line."""
        await call.out(f"ticked{' by force' if force else ''}\n")
        return 0

    def record(self, act: Act) -> None:
        """Do nothing."""

    async def start_pulse(self) -> None:
        """Do nothing."""

    async def stop(self, *, sessions: bool = False) -> int:  # noqa: ARG002 - the Protocol's
        """Do nothing."""
        return 0
