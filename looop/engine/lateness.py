"""How late the engine's one thread runs: how long each round of ready tasks kept all others waiting.

In: Trio's own account of its rounds and steps. Out: a `Lateness` for `status`. Nothing wakes up for this:
a timer would cost an idle engine a wakeup each time, and would miss what lies between two of its samples.
"""

import time
from collections import deque
from collections.abc import Callable

import trio

from looop.engine.live import Lateness

SAMPLES = 1024  # rounds that the percentile looks at
OFFENCE = 0.010  # seconds of one step from which its task is worth a name
REMEMBERED = 3600.0  # seconds after which a longer hold is forgotten


class Probe(trio.abc.Instrument):
    """Listens to one `trio.run`; costs about 2 µs a step."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._rounds: deque[float] = deque(maxlen=SAMPLES)
        self._round = self._step = clock()
        self._worst = 0.0
        self._worst_at: float | None = None
        self._worst_until = 0.0
        self._offender = ""

    def lateness(self) -> Lateness:
        """Tell the 99th percentile of the last rounds, and the longest step of the last hour."""
        rounds = sorted(self._rounds)
        p99 = rounds[(len(rounds) * 99) // 100] if rounds else 0.0
        stale = self._clock() > self._worst_until
        return Lateness(
            p99_ms=round(p99 * 1000, 3),
            worst_ms=0.0 if stale else round(self._worst * 1000, 3),
            worst_at=None if stale else self._worst_at,
            offender="" if stale else self._offender,
            samples=len(rounds),
        )

    def after_io_wait(self, timeout: float) -> None:  # noqa: ARG002 - Trio's signature
        """Note that a round of tasks begins."""
        self._round = self._step = self._clock()

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        """Note how long one task held the thread."""
        now = self._clock()
        held, self._step = now - self._step, now
        if held >= OFFENCE:
            self._accuse(held, task.name, now)

    def before_io_wait(self, timeout: float) -> None:  # noqa: ARG002 - Trio's signature
        """Note that the round is over."""
        self._rounds.append(self._step - self._round)

    def _accuse(self, held: float, name: str, now: float) -> None:
        if held >= self._worst or now > self._worst_until:
            self._worst, self._offender = held, name
            self._worst_at, self._worst_until = time.time(), now + REMEMBERED
