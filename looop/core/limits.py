"""Limits: how each outcome of a tick changes what holds the next one back.

In: a `LoopState` and what happened. Out: a new `LoopState`. `core.due` reads it; nothing here sleeps.
"""

from collections.abc import Container, Iterable, Iterator, Mapping
from math import inf

from msgspec.structs import replace

from looop.core.moves import TIMER_RANGE, subject
from looop.core.state import Done, Failure, LoopState, Park, Throttle, Tried

BACKOFF = (60.0, 120.0, 240.0, 300.0)
"""Seconds before a failed tick is tried again: the first, the second, … and every later failure."""

LONGEST_PARK = 8 * 86400.0
"""Seconds: a weekly usage limit and a day of grace. Then it is tried, whenever a longer limit may end."""

PARK_BACKOFF = (300.0, 900.0, 1800.0, 3600.0)
"""Seconds before an agent at its limit, which does not say until when, is tried again: the first time, …"""

LOGIN_RETRY = 6 * 3600.0
"""Seconds before an expired login is tried again though nobody seems to have logged in."""

ROW = 5
"""An item that woke so many ticks in a row is flapping; so many ticks that did nothing are damped."""

CALM = 900.0
"""Seconds between two wakes by what is held as flapping or damped."""

_RARELY = f"a wake every {CALM / 60:.0f} minutes"

FLAPPING = f"it woke {ROW} ticks in a row"
NOTHING = f"{ROW} ticks in a row did nothing"
CIRCLES = "the same move on the same subject, again and again"

SAME = 3
"""The same move on the same subject so many times within `SAME_WITHIN` is a loop of the AI's own making."""

SAME_WITHIN = 3600.0
"""Seconds. Three notes on one goal over a day are work; three within the hour feed themselves."""

REMEMBERED_MOVES = 12
REMEMBERED_NOTICES = 20

SENSOR_PATIENCE = 10
"""A sensor that failed so many times in a row is tried ever more rarely."""

SENSOR_RAREST = 3600.0
"""Seconds: the longest wait between two tries of a failing sensor."""


_GIB = 1 << 30
_LEAST_SHARE = 0.02


def full(free: int, total: int) -> str | None:
    """Say that a disk is full, of whose `total` bytes `free` are left: less than 1 GiB and less than 2 %."""
    least = min(_GIB, int(total * _LEAST_SHARE))
    return None if free >= least else f"the disk is full: {free >> 20} MiB are free, {least >> 20} are needed"


def pending(until: float, now: float, most: float) -> bool:
    """Tell whether a remembered time is still to come.

    One that lies further off than it was ever set (`most` seconds) is a clock that jumped back: it is over.
    """
    return 0 < until - now <= most


def failed(state: LoopState, reason: str, now: float) -> LoopState:
    """Remember a tick that failed or was rejected, and wait longer each time."""
    count = state.failure.count + 1
    wait = BACKOFF[min(count, len(BACKOFF)) - 1]
    return replace(state, failure=Failure(count, now + wait, reason), asked_at=now, moved=False)


def interrupted(state: LoopState, reason: str) -> LoopState:
    """Remember for the next prompt that a person's stop cut a tick off. Not a failure: nothing waits."""
    return replace(state, failure=replace(state.failure, reason=reason))


def parked(state: LoopState, reason: str, until: float | None, now: float, seal: str = "") -> LoopState:
    """Remember that the agent can't work before `until`. Not a failure: nothing is wrong with the tick.

    It is tried again after a minute at the earliest, whatever it promised, and after `LONGEST_PARK`. None:
    it does not say until when, and is tried ever more rarely; with a `seal`, which waits for a person's
    login, rarely from the first.
    """
    count = state.park.count + 1 if state.park else 1
    if until is None:
        until = now + (LOGIN_RETRY if seal else PARK_BACKOFF[min(count, len(PARK_BACKOFF)) - 1])
    until = min(max(until, now + BACKOFF[0]), now + LONGEST_PARK)
    failure = replace(state.failure, reason=reason)
    park = Park(reason, until, count, seal)
    return replace(state, park=park, failure=failure, asked_at=now, moved=False)


def unparked(state: LoopState, token: str, seal: str) -> LoopState:
    """Leave a park: by a person's `token` that was not heeded yet, or since another `seal` is there now."""
    if token and token != state.unparked:
        return replace(state, park=None, unparked=token)
    if state.park and state.park.seal not in {"", seal}:
        return replace(state, park=None)
    return state


def observed(state: LoopState, policy: Mapping[str, str]) -> tuple[LoopState, tuple[str, ...]]:
    """Compare the policy files with what looop last read or wrote; give the items that a person edited.

    An edit ends the backoff, a park and all damping; the last failure's reason still reaches the AI.
    """
    paths = {path for path in {*policy, *state.known} if policy.get(path) != state.known.get(path)}
    edits = tuple(sorted(item for path in paths if (item := subject(path)))) if state.known else ()
    state = replace(state, known=dict(policy))
    if not edits:
        return state, ()
    failure = replace(state.failure, count=0, retry_at=0.0)
    everything = tuple(sorted({*state.edits, *edits}))
    state = replace(state, failure=failure, park=None, throttles={}, nothings=0, moves=(), edits=everything)
    return state, edits


def landed(
    state: LoopState, woke: Iterable[str], move: Done | None, timer: int | None, now: float
) -> LoopState:
    """Remember a tick that ended well. `woke` are the items that differed and were not a person's edits.

    `timer` is what `.next-interval` asked for, in seconds. A tick that asks for none leaves alone what an
    earlier one set, until that is due: a move's own effect wakes a tick long before most timers.
    """
    moves = (*state.moves, move)[-REMEMBERED_MOVES:] if move else state.moves
    earlier = state.due_at if state.due_at and pending(state.due_at, now, TIMER_RANGE[1]) else None
    state = replace(
        state,
        failure=Failure(),
        park=None,
        due_at=earlier if timer is None else now + timer,
        nothing_at=None if move else now,
        nothings=0 if move else state.nothings + 1,
        asked_at=now,
        moved=move is not None,
        moves=moves,
        throttles=_counted(state, set(woke), now),
        edits=(),
    )
    if move and repeats(moves):
        return _hold(state, {*woke, move.subject}, CIRCLES, now)
    if state.nothings >= ROW:
        return _hold(state, set(woke), NOTHING, now)
    return state


def calmed(state: LoopState, changed: Iterable[str], there: Container[str], now: float) -> LoopState:
    """Begin a beat: forget the rows that it broke, the holds whose item could have woken, the last move.

    A session that is not `there` any more is forgotten: a later one of its name is another. Goals, sensors
    and claims that come and go are the same ones.
    """
    still = set(changed)
    throttles = {
        item: throttle
        for item, throttle in state.throttles.items()
        if (item in there or not item.startswith("session:"))
        and (item in still or (throttle.reason and holds(throttle, now)))
    }
    return replace(state, throttles=throttles, moved=False)


def holds(throttle: Throttle | None, now: float) -> bool:
    """Tell whether an item may not wake the loop now. A wake "in the future" is a clock that jumped."""
    return bool(throttle and throttle.reason) and throttle is not None and 0 <= now - throttle.woke_at < CALM


def repeats(moves: tuple[Done, ...]) -> bool:
    """Tell whether the last move goes in circles: the same three times running, or back to the same bytes."""
    if not moves:
        return False
    last = moves[-1]
    recent = [move for move in moves if 0 <= last.at - move.at <= SAME_WITHIN]
    running = [(move.kind, move.subject) for move in recent[-SAME:]]
    same_bytes = [move for move in recent if (move.subject, move.after) == (last.subject, last.after)]
    return running == [(last.kind, last.subject)] * SAME or len(same_bytes) >= SAME


def told(state: LoopState) -> LoopState:
    """Remember that the AI has been told of every held item and every notice."""
    throttles = {item: replace(t, told=True) if t.reason else t for item, t in state.throttles.items()}
    return replace(state, throttles=throttles, notices=())


def sensor_wait(failures: int, interval: float) -> float:
    """Seconds between two runs of a sensor: its own interval, or ever longer once it keeps failing."""
    if failures < SENSOR_PATIENCE:
        return 0.0 if failures else interval
    return min(60.0 * 2.0 ** min(failures - SENSOR_PATIENCE, 10), SENSOR_RAREST)


def sensor_due(tried: Tried | None, script: str, interval: float, now: float) -> bool:
    """Tell whether a sensor runs in this beat; one that was edited, or whose time is in the future, does."""
    if tried is None or tried.digest != script:
        return True
    return not 0 <= now - tried.at < (sensor_wait(tried.failures, interval) or -inf)


def _counted(state: LoopState, woke: set[str], now: float) -> dict[str, Throttle]:
    throttles = {item: t for item, t in state.throttles.items() if t.reason and item not in woke}
    for item in sorted(woke):
        before = state.throttles.get(item, Throttle())
        row = before.row + 1
        reason = before.reason or (FLAPPING if row >= ROW else "")
        throttles[item] = Throttle(row, now, reason, before.told)
    return throttles


def _hold(state: LoopState, items: set[str], reason: str, now: float) -> LoopState:
    throttles = dict(state.throttles)
    for item in sorted(items):
        before = throttles.get(item, Throttle())
        throttles[item] = Throttle(before.row, now, before.reason or reason, before.told)
    return replace(state, throttles=throttles)


def held(state: LoopState) -> Iterator[tuple[str, str]]:
    """Say of each held item that it is held, for people and for the AI alike."""
    for item, throttle in sorted(state.throttles.items()):
        if throttle.reason:
            yield item, f"{item} is held back to {_RARELY}: {throttle.reason}"


def causes(state: LoopState) -> dict[str, str]:
    """Say of what is held what a person must know, by cause: each flapping item, and damping once.

    Damping is about the ticks, whatever woke them: a person needs no flag for each of ten short sessions.
    """
    found = dict[str, str]()
    for item, line in held(state):
        reason = state.throttles[item].reason
        if reason == FLAPPING:
            found[item] = line
        else:
            found.setdefault(
                reason, f"{reason}: {item}, and what else had a part in it, is held back to {_RARELY}"
            )
    return found


def noticed(state: LoopState, notices: Iterable[str]) -> LoopState:
    """Keep notices for the next prompt, each once, the newest `REMEMBERED_NOTICES` of them."""
    everything = tuple(dict.fromkeys((*state.notices, *notices)))
    return replace(state, notices=everything[-REMEMBERED_NOTICES:])


def wrote(state: LoopState, left: Mapping[str, str | None]) -> LoopState:
    """Remember what looop itself has just written (None: removed), so that it is nobody's edit."""
    known = {**state.known, **left}
    return replace(state, known={path: digest for path, digest in known.items() if digest is not None})
