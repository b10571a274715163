"""The pulse's ward: brings it to life, and back to life after a crash, ever more slowly.

In: a function that makes a pulse. Out: a pulse that lives, or the reason why not. A crash of the pulse ends
here: socket and sessions go on. Neighbours: `engine.daemon` holds it, `loop.pulse` is what it brings up.
"""

import itertools
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import NoReturn, Protocol

import trio

from looop.core.act import Act
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
    """One pulse after another. In `safe` mode, and unless it is `wanted`, none until `start` is called."""

    def __init__(
        self,
        make: Callable[[], PulseLike],
        note: Callable[[BaseException], Awaitable[None]],
        *,
        safe: bool = False,
        wanted: bool = True,
    ) -> None:
        self._make = make
        self._note = note
        self._rests = safe or not wanted
        self._pulse: PulseLike | None = None
        self._lent = False  # the pulse is there for one beat only
        self._life = trio.CancelScope()
        self._turn = trio.Lock()
        self._phase = _safe_mode() if safe else _phase(Doing.STARTING if wanted else Doing.STOPPED)
        self._asked = trio.Event()
        self._changed = trio.Event()

    async def serve(self) -> NoReturn:
        """Keep the pulse alive until cancelled, but for the times when it was stopped."""
        delays = _delays()
        while True:
            if self._rests:
                await self._asked.wait()
                delays = _delays()
            self._become(_phase(Doing.STARTING))
            born = trio.current_time()
            trouble = await self._live()
            if trouble is None:
                self._become(_phase(Doing.STOPPED))
                continue
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

        Ends safe mode, a rest, and the wait after a crash.
        """
        if self._lives():
            return False
        self._rests = False
        self._asked.set()
        if self._phase.doing in {Doing.SAFE_MODE, Doing.CRASHED, Doing.STOPPED}:
            await self._news()
        while not self._lives():
            if self._phase.trouble is not None:
                raise Problem(Exit.NO, "pulse-failed", self._phase.trouble)
            await self._news()
        return True

    async def stop(self) -> None:
        """Let it rest; returns when the pulse has ended, a landing in progress first."""
        if not self._rests:
            self._rests = True
            self._asked.set()  # ends the wait after a crash
            self._asked = trio.Event()
        self._life.cancel()
        if self._phase.doing is Doing.CRASHED:
            self._become(_phase(Doing.STOPPED))
        while self._lives():
            await self._news()

    async def once(self, order: Order, heard: Callable[[str], None]) -> ReportLike | None:
        """Do one beat: of the living pulse, or of one made for it where the pulse rests.

        Problem NO when it could not live: in safe mode, after a crash. A cancel ends a beat of its own.
        """
        if self._lives() or self._phase.doing is not Doing.STOPPED:
            return await self.pulse().tick_now(order, heard)
        report: ReportLike | None = None
        problem: Problem | None = None
        async with self._turn:
            self._pulse, self._lent = (pulse := self._make()), True
            try:
                async with trio.open_nursery() as nursery:

                    async def ask() -> None:
                        nonlocal report, problem
                        try:
                            report = await pulse.tick_now(order, heard)
                        except Problem as found:  # as itself, not wrapped by the nursery
                            problem = found
                        nursery.cancel_scope.cancel()

                    nursery.start_soon(ask)
                    nursery.start_soon(_serve, pulse)
            finally:
                self._pulse, self._lent = None, False
                self._become(self._phase)
        if problem is not None:
            raise problem
        return report

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

    async def _live(self) -> str | None:
        """Let one pulse live; return what ended it, None for `stop`."""
        async with self._turn:
            try:
                with trio.CancelScope() as self._life:
                    if self._rests:
                        return None
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
            return None if self._life.cancelled_caught else "the pulse ended by itself"

    def _lives(self) -> bool:
        return self._pulse is not None and not self._lent

    def _become(self, phase: Phase) -> None:
        self._phase = phase
        self._changed.set()
        self._changed = trio.Event()

    async def _news(self) -> None:
        await self._changed.wait()


async def _serve(pulse: PulseLike) -> None:
    await pulse.serve(task_status=trio.TASK_STATUS_IGNORED)


def _phase(doing: Doing) -> Phase:
    return Phase(doing=doing, since=time.time())


def _safe_mode() -> Phase:
    trouble = "the engine ended too often within minutes"
    return Phase(doing=Doing.SAFE_MODE, since=time.time(), trouble=trouble)


def _delays() -> Iterator[float]:
    return itertools.chain(DELAYS, itertools.repeat(DELAYS[-1]))


def _reason(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error.text if isinstance(error, Problem) else f"{type(error).__name__}: {error}"
