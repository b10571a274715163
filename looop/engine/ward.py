"""The pulse's ward: brings it to life, and back to life after a crash, ever more slowly.

In: a function that makes a pulse. Out: a pulse that lives, or the reason why not. A crash of the pulse ends
here: socket and sessions go on. Neighbours: `engine.daemon` holds it, `loop.pulse` is what it brings up.
"""

import itertools
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import NoReturn, Protocol

import trio

from looop.core.moves import Act
from looop.core.phase import Doing, Phase
from looop.core.problem import Exit, Problem
from looop.loop.beat import Order

DELAYS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0)  # seconds before the next try
CALM = 60.0  # seconds that a pulse must live for its next crash to count as the first


class ReportLike(Protocol):
    """What a beat by hand comes to."""

    @property
    def exit_code(self) -> int:
        """The exit code of `tick`."""

    def sentence(self) -> str:
        """Say what happened."""


class PulseLike(Protocol):
    """What `loop.pulse.Pulse` is to the engine; `engine.fake.FakePulse` is another."""

    async def serve(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Live until cancelled; a cancel ends agent and sensors, and a landing in progress well."""

    def phase(self) -> Phase:
        """Tell what it does."""

    def poke(self) -> None:
        """Hint at a change."""

    def record(self, act: Act) -> None:
        """Record the running tick's verb."""

    async def tick_now(self, order: Order, heard: Callable[[str], None]) -> ReportLike | None:
        """Do one beat now; None when the pulse ended meanwhile."""


class Ward:
    """One pulse after another. In `safe` mode none until `start` is called."""

    def __init__(
        self,
        make: Callable[[], PulseLike],
        note: Callable[[BaseException], Awaitable[None]],
        *,
        safe: bool = False,
    ) -> None:
        self._make = make
        self._note = note
        self._safe = safe
        self._pulse: PulseLike | None = None
        self._phase = Phase(
            doing=Doing.SAFE_MODE if safe else Doing.STARTING,
            since=time.time(),
            trouble="the engine ended too often within minutes" if safe else None,
        )
        self._asked = trio.Event()
        self._changed = trio.Event()

    async def serve(self) -> NoReturn:
        """Keep the pulse alive until cancelled."""
        if self._safe:
            await self._asked.wait()
        delays = _delays()
        while True:
            self._become(Phase(doing=Doing.STARTING, since=time.time()))
            born = trio.current_time()
            trouble = await self._live()
            if trio.current_time() - born > CALM:
                delays = _delays()
            delay = next(delays)
            self._asked = trio.Event()
            self._become(
                Phase(doing=Doing.CRASHED, since=time.time(), wakes_at=time.time() + delay, trouble=trouble)
            )
            with trio.move_on_after(delay):
                await self._asked.wait()

    async def start(self) -> bool:
        """Return when the pulse lives; False if it did already. Problem NO with the reason if it can't.

        Ends safe mode, and the wait after a crash.
        """
        if self._lives():
            return False
        self._asked.set()
        if self._phase.doing in {Doing.SAFE_MODE, Doing.CRASHED}:
            await self._news()
        while not self._lives():
            if self._phase.trouble is not None:
                raise Problem(Exit.NO, "pulse-failed", self._phase.trouble)
            await self._news()
        return True

    def phase(self) -> Phase:
        """Tell what the pulse does, or why there is none."""
        return self._phase if self._pulse is None else self._pulse.phase()

    def pulse(self) -> PulseLike:
        """Give the living pulse; Problem NO when there is none."""
        if self._pulse is None:
            reason = f" ({self._phase.trouble})" if self._phase.trouble else ""
            raise Problem(
                Exit.NO,
                "no-pulse",
                f"There is no pulse just now: {self._phase.doing}{reason}. `looop up` starts it.",
            )
        return self._pulse

    def poke(self) -> None:
        """Hint at a change; nothing without a pulse, which looks for itself when it starts."""
        if self._pulse is not None:
            self._pulse.poke()

    async def _live(self) -> str:
        """Let one pulse live; return what ended it."""
        try:
            pulse = self._make()
            async with trio.open_nursery() as nursery:
                await nursery.start(pulse.serve)
                self._pulse = pulse
                self._become(self._phase)
        except Exception as error:  # noqa: BLE001 - a crash of the pulse ends here
            await self._note(error)
            return _reason(error)
        finally:
            self._pulse = None
        return "the pulse ended by itself"

    def _lives(self) -> bool:
        return self._pulse is not None

    def _become(self, phase: Phase) -> None:
        self._phase = phase
        self._changed.set()
        self._changed = trio.Event()

    async def _news(self) -> None:
        await self._changed.wait()


def _delays() -> Iterator[float]:
    return itertools.chain(DELAYS, itertools.repeat(DELAYS[-1]))


def _reason(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error.text if isinstance(error, Problem) else f"{type(error).__name__}: {error}"
