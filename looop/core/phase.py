"""What the pulse is doing, as it says itself: written to `sessions/pulse/status.json`, shown by `status`.

A scratch value for people and scripts; the loop never reads it back to decide anything.
"""

from enum import Enum

import msgspec


class Doing(Enum):
    """What the pulse does right now."""

    STARTING = "starting"
    SENSING = "sensing"
    SETTLING = "settling"
    DECIDING = "deciding"
    LANDING = "landing"
    SLEEPING = "sleeping"
    STOPPED = "stopped"
    CRASHED = "crashed"
    SAFE_MODE = "safe mode"

    def __str__(self) -> str:
        return self.value


class Hold(msgspec.Struct, frozen=True):
    """One thing that holds the AI back: why, and until when (epoch seconds; None: until a person acts)."""

    reason: str
    until: float | None = None


class Phase(msgspec.Struct, frozen=True):
    """The pulse at one moment. Times are epoch seconds; beats and ticks are those of this process.

    `costs_known` is False once an ask of today has an unknown cost: money caps can't hold then.
    """

    v: int = 1
    doing: Doing = Doing.STOPPED
    pid: int = 0
    since: float = 0.0
    run: str | None = None
    wakes_at: float | None = None
    waits_for: str = ""
    beats: int = 0
    ticks: int = 0
    runner: str = ""
    rehearsing_because: str | None = None
    costs_known: bool = True
    holds: tuple[Hold, ...] = ()
    notices: tuple[str, ...] = ()
    trouble: str | None = None
