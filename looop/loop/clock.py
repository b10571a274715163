"""Wall time for dates, behind one seam: tests run virtual nights on Trio's clock."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Clock:
    """The time of day. Waiting is Trio's business: `trio.sleep`, monotonic."""

    now: Callable[[], float] = time.time
    """Epoch seconds."""

    def local(self) -> datetime:
        """Give the person's local time, for dates that people read."""
        return datetime.fromtimestamp(self.now()).astimezone()


def virtual(start: float, elapsed: Callable[[], float]) -> Clock:
    """Make a clock that starts at `start` and follows `elapsed` (such as `trio.current_time`)."""
    zero = elapsed()
    return Clock(lambda: start + elapsed() - zero)
