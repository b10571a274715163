"""Due: is the AI asked in this beat, why, what holds it back; and when is the next beat.

In: the changes, the `LoopState`, the caps and the spend so far. Out: a `Verdict`, then a `Sleep`. Pure;
`loop.pulse` sleeps. All times are epoch seconds; a cap of 0 (or none) means no limit.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from looop.core.diff import Change
from looop.core.limits import BACKOFF, CALM, LONGEST_PARK, ROW, holds, pending, repeats
from looop.core.moves import TIMER_RANGE
from looop.core.phase import Hold
from looop.core.state import LoopState

BEAT_GAP = 1.0
"""Seconds between two beats, at least."""

DECIDE_GAP = 5.0
"""Seconds between two ticks that ask the AI, at least."""

EDITING = "a person is editing"
PARKED = "parked"


class Why(Enum):
    """Why the AI is asked."""

    FIRST_LOOK = "first look"
    CHANGED = "the world changed"
    TIMER = "a timer that an earlier tick set"
    REVISIT = "nothing changed for a long time"
    BY_HAND = "asked for by hand"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Spend:
    """What the ledger says: asks within the last hour and local day, and the money of the day.

    `unknown` counts the asks of the day whose cost nobody knows.
    `hour_frees_at` and `day_frees_at` are when the next ask fits again once a cap is reached.
    """

    hour: int = 0
    day: int = 0
    usd: float = 0.0
    unknown: int = 0
    hour_frees_at: float = 0.0
    day_frees_at: float = 0.0
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class Caps:
    """The person's limits, from CONFIG."""

    per_hour: int = 120
    per_day: int = 300
    usd_per_day: float | None = None
    revisit: float = 21600.0


@dataclass(frozen=True, slots=True)
class Now:
    """The facts of this beat that are neither state nor change."""

    at: float
    first_look: bool
    edited_at: float | None = None
    edit_settle: float = 5.0
    by_hand: bool = False
    force: bool = False
    paused: Hold | None = None
    troubles: tuple[Hold, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Ask or not. `waking` are the changes that count; `holds` is what speaks against asking now."""

    why: Why | None
    waking: tuple[Change, ...]
    holds: tuple[Hold, ...]

    @property
    def ask(self) -> bool:
        """Whether the AI is asked now."""
        return self.why is not None and not self.holds

    @property
    def wants(self) -> bool:
        """Whether the AI would be asked, were it not for the holds."""
        return self.why is not None


@dataclass(frozen=True, slots=True)
class Pace:
    """The intervals of CONFIG, in seconds."""

    interval: float = 60.0
    busy: float = 10.0
    active: float = 30.0


def consider(
    changes: tuple[Change, ...],
    state: LoopState,
    spend: Spend,
    caps: Caps,
    now: Now,
) -> Verdict:
    """Decide whether this beat asks the AI. What a person edited always counts."""
    waking = tuple(
        change
        for change in changes
        if change.item in state.edits or not holds(state.throttles.get(change.item), now.at)
    )
    why = _why(waking, state, caps, now)
    if why is None:
        return Verdict(None, waking, ())
    return Verdict(why, waking, tuple(_holds(state, spend, caps, now)))


def sleep_until(
    verdict: Verdict, state: LoopState, pace: Pace, now: float, *, active: bool
) -> tuple[float, str]:
    """Tell when the next beat is, and why then. `active`: sessions live."""
    times = [(now + pace.interval, "the interval")]
    if state.moved:
        times.append((now + pace.busy, "the last tick's move to show its effect"))
    if active:
        times.append((now + pace.active, "sessions that live"))
    if verdict.holds:
        times += [max((hold.until or now + pace.interval, hold.reason) for hold in verdict.holds)]
    elif state.due_at is not None:
        times.append((_timer_at(state, now), "a timer that a tick set"))
    at, reason = min(times)
    return max(at, now + BEAT_GAP), reason


def _why(waking: tuple[Change, ...], state: LoopState, caps: Caps, now: Now) -> Why | None:
    if now.force:
        return Why.BY_HAND
    if now.first_look:
        return Why.FIRST_LOOK
    if waking:
        return Why.CHANGED
    if state.due_at is not None and now.at >= _timer_at(state, now.at):
        return Why.TIMER
    if state.nothing_at is not None and caps.revisit and not 0 <= now.at - state.nothing_at < caps.revisit:
        return Why.REVISIT
    return None


def _timer_at(state: LoopState, now: float) -> float:
    """Tell when the one-shot timer is due; ticks that do nothing, or the same again, can't hurry on."""
    due = state.due_at if state.due_at and pending(state.due_at, now, TIMER_RANGE[1]) else now
    calm = state.asked_at + CALM
    damped = state.nothings >= ROW or repeats(state.moves)
    return max(due, calm) if damped and pending(calm, now, CALM) else due


def _holds(state: LoopState, spend: Spend, caps: Caps, now: Now) -> Iterator[Hold]:
    yield from now.troubles
    yield from _caps(spend, caps)
    if now.force:
        return
    if now.paused:
        yield now.paused
    if state.park and pending(state.park.until, now.at, LONGEST_PARK):
        yield Hold(f"{PARKED}: {state.park.reason}", state.park.until)
    if pending(state.failure.retry_at, now.at, BACKOFF[-1]):
        yield Hold(f"the last tick failed ({state.failure.reason})", state.failure.retry_at)
    if now.by_hand:
        return
    if now.edited_at is not None and pending(
        settled := now.edited_at + now.edit_settle, now.at, now.edit_settle
    ):
        yield Hold(EDITING, settled)
    if pending(gap := state.asked_at + DECIDE_GAP, now.at, DECIDE_GAP):
        yield Hold("the last tick has only just ended", gap)


def _caps(spend: Spend, caps: Caps) -> Iterator[Hold]:
    if spend.trouble:
        yield Hold(spend.trouble)
    if caps.per_hour and spend.hour >= caps.per_hour:
        yield Hold(f"{spend.hour} asks within an hour (max_decides_per_hour)", spend.hour_frees_at)
    if caps.per_day and spend.day >= caps.per_day:
        yield Hold(f"{spend.day} asks today (max_decides_per_day)", spend.day_frees_at)
    if caps.usd_per_day and spend.usd >= caps.usd_per_day:
        said = f"{PARKED}: ${spend.usd:.2f} spent today (max_daily_usd); `looop unpark` lets it go on"
        yield Hold(said, spend.day_frees_at)
