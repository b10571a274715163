"""Is the AI asked, why, what holds it back, and when is the next beat."""

from typing import Any

from msgspec.structs import replace

from looop.core import limits
from looop.core.diff import Change, ChangeKind
from looop.core.due import Caps, Now, Pace, Spend, Verdict, Why, consider, sleep_until
from looop.core.phase import Hold
from looop.core.state import Done, Failure, LoopState, Park, Throttle

T = 1_000_000.0
CHANGED = (Change("sensor:t", ChangeKind.CHANGED, "1", "2"),)


def verdict(
    changes: tuple[Change, ...] = CHANGED,
    state: LoopState = LoopState(),  # noqa: B008 - it is frozen
    spend: Spend = Spend(),  # noqa: B008 - it is frozen
    caps: Caps = Caps(),  # noqa: B008 - it is frozen
    **now: Any,
) -> Verdict:
    return consider(changes, state, spend, caps, Now(**{"at": T, "first_look": False, **now}))


def reasons(found: Verdict) -> list[str]:
    return [hold.reason for hold in found.holds]


def test_an_unchanged_world_asks_nobody() -> None:
    assert verdict(()) == Verdict(None, (), ())


def test_a_change_asks_and_so_does_a_first_look() -> None:
    assert verdict().why is Why.CHANGED
    assert verdict((), first_look=True).why is Why.FIRST_LOOK
    assert verdict((), force=True).why is Why.BY_HAND


def test_a_held_item_wakes_nobody_unless_a_person_edited_it() -> None:
    held = LoopState(throttles={"sensor:t": Throttle(5, T - 10, "flapping")})
    assert not verdict(state=held).wants
    assert verdict(state=replace(held, edits=("sensor:t",))).ask


def test_a_timer_asks_once_even_if_nothing_changed() -> None:
    state = LoopState(due_at=T - 1)
    assert verdict((), state).why is Why.TIMER
    assert not verdict((), limits.landed(state, (), None, None, T)).wants


def test_ticks_that_keep_doing_nothing_can_not_hurry_each_other_with_timers() -> None:
    state = LoopState(due_at=T - 1, nothings=5, asked_at=T - 60)
    assert not verdict((), state).wants
    assert verdict((), replace(state, asked_at=T - 901)).why is Why.TIMER


def test_a_tick_that_did_nothing_is_reconsidered_after_revisit() -> None:
    assert verdict((), LoopState(nothing_at=T - 21600)).why is Why.REVISIT
    assert not verdict((), LoopState(nothing_at=T - 21599)).wants
    assert not verdict((), LoopState(nothing_at=T - 99999), caps=Caps(revisit=0)).wants


def test_a_failure_holds_until_its_time_and_by_hand_too() -> None:
    state = LoopState(failure=Failure(1, T + 60, "exit 1"))
    assert verdict(state=state).holds == (Hold("the last tick failed (exit 1)", T + 60),)
    assert not verdict(state=state, by_hand=True).ask
    assert verdict(state=state, force=True).ask


def test_a_park_holds_and_a_time_beyond_all_parks_is_a_clock_that_jumped() -> None:
    assert reasons(verdict(state=LoopState(park=Park("usage limit", T + 999)))) == ["parked: usage limit"]
    assert verdict(state=LoopState(park=Park("usage limit", T + 10**9))).ask


def test_editing_settles_first_but_a_tick_by_hand_does_not_wait() -> None:
    assert verdict(edited_at=T - 1).holds == (Hold("a person is editing", T + 4),)
    assert verdict(edited_at=T - 1, by_hand=True).ask
    assert verdict(edited_at=T - 6).ask


def test_two_asks_are_five_seconds_apart_but_not_by_hand() -> None:
    state = LoopState(asked_at=T - 2)
    assert [hold.until for hold in verdict(state=state).holds] == [T + 3]
    assert verdict(state=state, by_hand=True).ask
    assert verdict(state=LoopState(asked_at=T + 500)).ask


def test_caps_hold_even_a_forced_tick() -> None:
    caps = Caps(per_hour=2, per_day=3, usd_per_day=1.0)
    full = Spend(hour=2, day=3, usd=1.5, hour_frees_at=T + 5, day_frees_at=T + 9)
    assert [hold.until for hold in verdict(spend=full, caps=caps, force=True).holds] == [T + 5, T + 9, T + 9]


def test_a_cap_of_zero_is_no_limit() -> None:
    assert verdict(spend=Spend(hour=999, day=999, usd=99), caps=Caps(0, 0, 0)).ask


def test_a_ledger_that_can_not_be_read_fails_closed() -> None:
    assert reasons(verdict(spend=Spend(trouble="cost.jsonl is damaged"))) == ["cost.jsonl is damaged"]


def test_pause_and_troubles_hold() -> None:
    assert reasons(verdict(paused=Hold("paused"), troubles=(Hold("the disk is full"),))) == [
        "the disk is full",
        "paused",
    ]


def next_beat(state: LoopState, found: Verdict | None = None, *, active: bool = False) -> tuple[float, str]:
    at, why = sleep_until(found or verdict(()), state, Pace(), T, active=active)
    return at - T, why


def test_the_next_beat_comes_at_the_interval_sooner_after_a_move_or_while_sessions_live() -> None:
    assert next_beat(LoopState()) == (60, "the interval")
    assert next_beat(LoopState(moved=True))[0] == 10
    assert next_beat(LoopState(), active=True)[0] == 30


def test_a_timer_wakes_the_sleep_and_delays_nothing() -> None:
    assert next_beat(LoopState(due_at=T + 7))[0] == 7
    assert next_beat(LoopState(due_at=T + 700))[0] == 60


def test_a_hold_wakes_the_sleep_when_it_ends_and_a_past_timer_does_not_spin() -> None:
    state = LoopState(failure=Failure(1, T + 20, "x"), due_at=T - 50)
    assert next_beat(state, verdict(state=state))[0] == 20


def test_beats_are_at_least_a_second_apart() -> None:
    assert next_beat(LoopState(due_at=T - 50))[0] == 1


def test_a_night_with_a_timestamp_sensor_costs_a_bounded_number_of_asks() -> None:
    state, asks, now = LoopState(), 0, T
    while now < T + 8 * 3600:
        found = consider(CHANGED, state, Spend(), Caps(), Now(now, first_look=False))
        if found.ask:
            asks += 1
            move = Done("changed a goal", "goal:a.md", str(now), now)
            state = limits.landed(state, ["sensor:t"], move, None, now)
        slept = Verdict(None, (), ()) if found.ask else found
        now, _ = sleep_until(slept, state, Pace(), now, active=False)
    assert asks <= 5 + 8 * 4


def test_of_several_holds_the_last_to_end_wakes_the_sleep() -> None:
    state = LoopState(failure=Failure(1, T + 20, "x"), asked_at=T - 1)
    assert next_beat(state, verdict(state=state)) == (20, "the last tick failed (x)")


def test_a_hold_without_an_end_is_looked_at_again_at_the_interval() -> None:
    state = LoopState()
    assert next_beat(state, verdict(state=state, paused=Hold("paused")))[0] == 60


def test_the_same_move_again_and_again_can_not_hurry_on_with_a_timer() -> None:
    note = Done("changed a goal", "goal:a.md", "digest", T - 20)
    state = LoopState(moves=(note, note, note), due_at=T - 1, asked_at=T - 10)
    assert not verdict((), state).wants
    assert verdict((), replace(state, asked_at=T - limits.CALM)).why is Why.TIMER
