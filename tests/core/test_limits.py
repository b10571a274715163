"""How each outcome changes what holds the next tick back."""

from msgspec.structs import replace

from looop.core import limits
from looop.core.state import Done, Failure, LoopState, Park, Throttle, Tried

NOTE = Done("changed a goal", "goal:a.md", "digest", 0.0)


def fresh(count: int) -> Done:
    """Give a move unlike any other."""
    return Done("changed a goal", f"goal:{count}.md", str(count), count * 10.0)


def test_failures_wait_ever_longer_and_success_forgets_them() -> None:
    state, waits = LoopState(), []
    for _ in range(5):
        state = limits.failed(state, "exit 1", 1000.0)
        waits.append(state.failure.retry_at - 1000.0)
    assert waits == [60, 120, 240, 300, 300]
    assert limits.landed(state, (), None, None, 2000.0).failure.count == 0


def test_an_edit_ends_the_backoff_but_the_reason_stays_for_the_ai() -> None:
    state, _ = limits.observed(limits.failed(LoopState(), "exit 1", 0.0), {"PLAYBOOK.md": "1"})
    state, edits = limits.observed(state, {"PLAYBOOK.md": "2"})
    assert edits == ("playbook",)
    assert (state.failure.retry_at, state.failure.reason) == (0.0, "exit 1")


def test_the_first_look_at_the_files_is_no_edit() -> None:
    assert limits.observed(LoopState(), {"PLAYBOOK.md": "1"})[1] == ()


def test_the_same_edit_is_seen_once() -> None:
    state, _ = limits.observed(LoopState(), {"goals/a.md": "1"})
    state, _ = limits.observed(state, {"goals/a.md": "2"})
    assert limits.observed(state, {"goals/a.md": "2"})[1] == ()
    assert state.edits == ("goal:a.md",)


def test_an_item_that_woke_five_ticks_in_a_row_is_held_for_fifteen_minutes() -> None:
    state = LoopState()
    for beat in range(5):
        assert not limits.holds(state.throttles.get("sensor:t"), beat * 10.0)
        state = limits.landed(state, ["sensor:t"], fresh(beat), None, beat * 10.0)
    throttle = state.throttles["sensor:t"]
    assert limits.holds(throttle, 40.0 + 899)
    assert not limits.holds(throttle, 40.0 + 900)


def test_a_row_is_broken_by_a_beat_in_which_the_item_rests() -> None:
    state = LoopState()
    for beat in range(4):
        state = limits.landed(state, ["sensor:t"], fresh(beat), None, beat * 10.0)
    state = limits.calmed(state, [], {"sensor:t"}, 50.0)
    state = limits.landed(state, ["sensor:t"], fresh(6), None, 60.0)
    assert not limits.holds(state.throttles["sensor:t"], 61.0)


def test_a_held_item_that_rests_when_it_could_wake_is_free_again() -> None:
    state = LoopState()
    for beat in range(5):
        state = limits.landed(state, ["sensor:t"], None, None, beat * 10.0)
    assert "sensor:t" in limits.calmed(state, [], {"sensor:t"}, 100.0).throttles
    assert "sensor:t" not in limits.calmed(state, [], {"sensor:t"}, 2000.0).throttles


def test_the_same_move_three_times_running_is_damped_with_what_woke_it() -> None:
    state = LoopState()
    for count in range(3):
        move = Done("changed a goal", "goal:a.md", str(count), count * 10.0)
        state = limits.landed(state, [f"sensor:{count}"], move, None, count * 10.0)
    assert limits.holds(state.throttles["goal:a.md"], 30.0)
    assert limits.holds(state.throttles["sensor:2"], 30.0)


def test_two_moves_that_undo_each_other_are_damped() -> None:
    state = LoopState()
    for count in range(5):
        even = Done("changed a goal", "goal:a.md", "on", count * 10.0)
        odd = Done("changed a sensor", "sensor:s", "x", count * 10.0)
        state = limits.landed(state, [], odd if count % 2 else even, None, count * 10.0)
    assert limits.holds(state.throttles["goal:a.md"], 50.0)


def test_three_notes_on_one_goal_over_a_day_are_work() -> None:
    state = LoopState()
    for count in range(3):
        move = Done("changed a goal", "goal:a.md", str(count), count * 7200.0)
        state = limits.landed(state, ["sensor:s"], move, None, count * 7200.0)
    assert not limits.holds(state.throttles.get("goal:a.md"), 14401.0)


def test_five_ticks_that_did_nothing_damp_what_woke_the_fifth() -> None:
    state = LoopState()
    for count in range(5):
        state = limits.landed(state, [f"sensor:{count}"], None, None, count * 10.0)
    assert [item for item in state.throttles if limits.holds(state.throttles[item], 50.0)] == ["sensor:4"]


def test_a_person_is_told_once_of_ticks_that_did_nothing_however_many_sessions_woke_them() -> None:
    state = LoopState()
    for count in range(17):
        state = limits.landed(state, [f"session:big{count}"], None, None, count * 10.0)
    assert list(limits.causes(state)) == [limits.NOTHING]


def test_a_person_is_told_of_each_flapping_item_by_its_name() -> None:
    state = LoopState()
    for beat in range(5):
        state = limits.landed(state, ["sensor:s", "sensor:t"], fresh(beat), None, beat * 10.0)
    assert list(limits.causes(state)) == ["sensor:s", "sensor:t"]


def test_a_session_that_was_removed_is_not_held_any_more_even_if_its_going_is_news() -> None:
    state = LoopState()
    for _ in range(5):
        state = limits.landed(state, ["session:a", "session:b"], None, None, 0.0)
    state = limits.calmed(state, ["session:a", "session:b"], {"session:b"}, 10.0)
    assert list(limits.causes(state)) == ["session:b"]


def test_a_goal_that_comes_and_goes_stays_held() -> None:
    state = LoopState()
    for _ in range(5):
        state = limits.landed(state, ["goal:a.md"], None, None, 0.0)
    assert "goal:a.md" in limits.calmed(state, ["goal:a.md"], (), 10.0).throttles


def test_a_disk_is_full_with_less_than_a_gib_and_less_than_two_percent_free() -> None:
    gib = 1 << 30
    assert limits.full(gib, 1000 * gib) is None
    assert limits.full(gib // 51, gib) is not None
    assert limits.full(gib // 49, gib) is None
    assert limits.full(gib - 1, 1000 * gib) == "the disk is full: 1023 MiB are free, 1024 are needed"


def test_a_move_ends_the_row_of_nothings() -> None:
    state = LoopState()
    for _ in range(4):
        state = limits.landed(state, [], None, None, 0.0)
    assert limits.landed(state, [], NOTE, None, 0.0).nothings == 0


def test_a_clock_that_jumped_back_ends_a_hold() -> None:
    state = LoopState()
    for _ in range(5):
        state = limits.landed(state, ["sensor:t"], None, None, 9000.0)
    assert not limits.holds(state.throttles["sensor:t"], 100.0)
    assert not limits.pending(9000.0, 100.0, 300.0)


def test_a_failing_sensor_is_tried_each_beat_then_ever_more_rarely() -> None:
    waits = [limits.sensor_wait(failures, 600.0) for failures in (0, 1, 9, 10, 11, 40)]
    assert waits == [600.0, 0.0, 0.0, 60.0, 120.0, 3600.0]


def test_a_sensor_runs_when_new_edited_due_or_when_its_time_lies_in_the_future() -> None:
    tried = Tried(at=1000.0, digest="a")
    assert limits.sensor_due(None, "a", 600.0, 1001.0)
    assert limits.sensor_due(tried, "b", 600.0, 1001.0)
    assert limits.sensor_due(tried, "a", 600.0, 1600.0)
    assert limits.sensor_due(tried, "a", 600.0, 500.0)
    assert limits.sensor_due(tried, "a", 0.0, 1000.0)
    assert not limits.sensor_due(tried, "a", 600.0, 1599.0)


def test_notices_are_kept_once_and_gone_when_told() -> None:
    state = limits.noticed(limits.noticed(LoopState(), ["a", "b"]), ["a"])
    assert state.notices == ("a", "b")
    assert limits.told(state).notices == ()


def test_the_busy_pace_lasts_for_the_one_sleep_after_a_move() -> None:
    state = limits.landed(LoopState(), (), NOTE, None, 0.0)
    assert state.moved
    assert not limits.calmed(state, (), (), 10.0).moved


def test_what_is_held_is_told_to_the_ai_once_and_stays_held() -> None:
    state = LoopState()
    for _ in range(5):
        state = limits.landed(state, ["sensor:t"], None, None, 0.0)
    assert not state.throttles["sensor:t"].told
    told = limits.told(state).throttles["sensor:t"]
    assert told.told
    assert limits.holds(told, 1.0)
    assert [item for item, _ in limits.held(state)] == ["sensor:t"]


def test_what_is_not_held_counts_as_not_told() -> None:
    state = limits.told(limits.landed(LoopState(), ["sensor:t"], None, None, 0.0))
    assert not state.throttles["sensor:t"].told
    assert list(limits.held(state)) == []


def test_only_a_tick_that_did_nothing_is_reconsidered_later() -> None:
    assert limits.landed(LoopState(), (), None, None, 7.0).nothing_at == 7.0
    assert limits.landed(LoopState(), (), NOTE, None, 7.0).nothing_at is None


def test_what_looop_wrote_and_removed_is_nobodys_edit() -> None:
    state, _ = limits.observed(LoopState(), {"goals/a.md": "1", "goals/b.md": "1"})
    state = limits.wrote(state, {"goals/a.md": "2", "goals/b.md": None})
    assert limits.observed(state, {"goals/a.md": "2"})[1] == ()


def test_a_hold_ends_to_the_second() -> None:
    state = LoopState()
    for _ in range(5):
        state = limits.landed(state, ["sensor:t"], None, None, 100.0)
    assert limits.holds(state.throttles["sensor:t"], 100.0)
    assert not limits.holds(state.throttles["sensor:t"], 99.0)
    assert not limits.holds(None, 100.0)


def test_an_item_that_is_held_and_wakes_again_keeps_its_reason() -> None:
    state = LoopState()
    for _ in range(5):
        state = limits.landed(state, ["sensor:t"], None, None, 0.0)
    reason = state.throttles["sensor:t"].reason
    state = limits.landed(state, ["sensor:t", "sensor:new"], NOTE, None, 1000.0)
    assert state.throttles["sensor:t"].reason == reason
    assert limits.holds(state.throttles["sensor:t"], 1001.0)
    assert not limits.holds(state.throttles["sensor:new"], 1001.0)


def test_an_item_that_rested_while_another_woke_starts_its_row_anew() -> None:
    state = LoopState()
    for count in range(4):
        state = limits.landed(state, ["sensor:t"], fresh(count), None, 0.0)
    state = limits.landed(state, ["sensor:other"], fresh(5), None, 0.0)
    state = limits.landed(state, ["sensor:t"], fresh(6), None, 0.0)
    assert state.throttles["sensor:t"].row == 1


def test_a_time_is_pending_until_it_has_come() -> None:
    assert limits.pending(100.5, 100.0, 10.0)
    assert not limits.pending(100.0, 100.0, 10.0)
    assert limits.pending(110.0, 100.0, 10.0)
    assert not limits.pending(110.5, 100.0, 10.0)


def test_a_timer_survives_the_ticks_that_come_before_it_is_due() -> None:
    state = limits.landed(LoopState(), (), fresh(1), 600, 0.0)
    state = limits.landed(state, ["goal:1.md"], None, None, 10.0)
    assert state.due_at == 600.0
    assert limits.landed(state, (), None, None, 600.0).due_at is None
    assert limits.landed(state, (), None, 60, 20.0).due_at == 80.0


def test_a_park_lasts_a_minute_at_least_and_is_tried_after_eight_days() -> None:
    def until(promised: float) -> float:
        park = limits.parked(LoopState(), "rate limited", promised, 1000.0).park
        assert park is not None
        return park.until

    assert [until(5.0), until(1001.0), until(5000.0)] == [1060.0, 1060.0, 5000.0]
    assert until(1000.0 + 30 * 86400) == 1000.0 + limits.LONGEST_PARK


def test_an_edit_ends_a_row_of_equal_moves() -> None:
    state, _ = limits.observed(LoopState(), {"goals/a.md": "1"})
    for at in (0.0, 10.0):
        state = limits.landed(state, (), NOTE, None, at)
    state, _ = limits.observed(state, {"goals/a.md": "2"})
    assert not limits.landed(state, (), NOTE, None, 20.0).throttles


def test_an_agent_at_its_limit_is_tried_ever_more_rarely_but_hourly() -> None:
    state, waits = LoopState(), []
    for _ in range(6):
        state = limits.parked(state, "usage limit", None, 1000.0)
        assert state.park is not None
        waits.append(state.park.until - 1000.0)
    assert waits == [300.0, 900.0, 1800.0, 3600.0, 3600.0, 3600.0]


def test_an_expired_login_waits_for_a_login() -> None:
    state = limits.parked(LoopState(), "not logged in", None, 1000.0, "seal")
    assert state.park is not None
    assert state.park.until == 1000.0 + limits.LOGIN_RETRY
    assert limits.unparked(state, "", "seal") == state
    assert limits.unparked(state, "", "another").park is None


def test_another_seal_ends_no_park_that_waits_for_a_limit() -> None:
    state = limits.parked(LoopState(), "usage limit", None, 1000.0)
    assert limits.unparked(state, "", "another") == state


def test_a_persons_word_ends_one_park_and_not_the_next() -> None:
    state = limits.unparked(limits.parked(LoopState(), "usage limit", 9e9, 1000.0), "t1", "")
    assert state.park is None
    again = limits.parked(state, "usage limit", 9e9, 2000.0)
    assert limits.unparked(again, "t1", "") == again
    assert limits.unparked(again, "t2", "").park is None


def test_a_persons_stop_is_told_to_the_ai_and_holds_nothing_back() -> None:
    state = limits.interrupted(limits.failed(LoopState(), "exit 1", 0.0), "stopped by a person")
    assert state.failure.reason == "stopped by a person"
    assert (state.failure.count, state.failure.retry_at) == (1, 60.0)


def test_a_failure_changes_its_own_part_of_the_state_and_ends_the_busy_pace() -> None:
    before = LoopState(moved=True, asked_at=1.0, notices=("n",))
    assert limits.failed(before, "exit 1", 100.0) == replace(
        before, failure=Failure(1, 160.0, "exit 1"), asked_at=100.0, moved=False
    )


def test_a_park_keeps_the_count_of_failures_and_tells_its_reason_to_the_ai_and_to_people() -> None:
    before = LoopState(moved=True, failure=Failure(2, 50.0, "exit 1"))
    assert limits.parked(before, "usage limit", 500.0, 100.0, "seal") == replace(
        before,
        failure=Failure(2, 50.0, "usage limit"),
        park=Park("usage limit", 500.0, 1, "seal"),
        asked_at=100.0,
        moved=False,
    )


def test_a_beat_begins_without_the_busy_pace_of_the_one_before() -> None:
    assert limits.calmed(LoopState(moved=True), [], set(), 1.0) == LoopState(moved=False)


def test_a_sensor_is_not_run_again_in_the_very_moment_of_its_last_run() -> None:
    tried = Tried(100.0, "d", 0)
    assert [limits.sensor_due(tried, "d", 60.0, at) for at in (99.0, 100.0, 100.5, 159.0, 160.0)] == [
        True,
        False,
        False,
        False,
        True,
    ]


def test_each_cause_is_told_with_what_it_is_about_and_how_often_it_may_wake() -> None:
    flapping = Throttle(5, 1.0, limits.FLAPPING)
    state = LoopState(throttles={"a": flapping, "b": Throttle(1, 1.0, limits.CIRCLES), "c": Throttle(1, 1.0)})
    rest = "is held back to a wake every 15 minutes"
    assert limits.causes(state) == {
        "a": f"a {rest}: {limits.FLAPPING}",
        limits.CIRCLES: f"{limits.CIRCLES}: b, and what else had a part in it, {rest}",
    }


def test_an_edit_ends_all_that_holds_the_loop_back_and_is_remembered_with_earlier_ones() -> None:
    before = LoopState(
        known={"goals/a.md": "1"},
        failure=Failure(3, 500.0, "exit 1"),
        park=Park("usage limit", 900.0, 1, ""),
        throttles={"a": Throttle(5, 1.0, limits.FLAPPING)},
        nothings=4,
        moves=(NOTE,),
        edits=("playbook",),
    )
    after, edits = limits.observed(before, {"goals/a.md": "2"})
    assert edits == ("goal:a.md",)
    assert after == LoopState(
        known={"goals/a.md": "2"}, failure=Failure(0, 0.0, "exit 1"), edits=("goal:a.md", "playbook")
    )


def test_a_tick_that_ended_well_ends_a_park_and_what_it_was_told_of_edits() -> None:
    before = LoopState(park=Park("usage limit", 900.0, 1, ""), edits=("playbook",), nothings=2)
    assert limits.landed(before, (), NOTE, None, 50.0) == LoopState(asked_at=50.0, moved=True, moves=(NOTE,))


def test_without_a_move_nothing_goes_in_circles_and_an_hour_still_counts() -> None:
    assert not limits.repeats(())

    def at(*times: float) -> bool:
        return limits.repeats(tuple(replace(NOTE, at=time) for time in times))

    assert (at(0.0, 10.0, limits.SAME_WITHIN), at(0.0, 10.0, limits.SAME_WITHIN + 0.5)) == (True, False)


def test_what_is_held_stays_held_while_others_wake_and_is_told_once() -> None:
    held, told = Throttle(5, 1.0, limits.FLAPPING), Throttle(5, 1.0, limits.FLAPPING, told=True)
    state = LoopState(throttles={"a": held, "b": told, "c": Throttle(2, 1.0)})
    after = limits.landed(state, ["b", "d"], fresh(1), None, 50.0).throttles
    assert after == {"a": held, "b": Throttle(6, 50.0, limits.FLAPPING, told=True), "d": Throttle(1, 50.0)}


def test_who_was_told_of_a_hold_is_not_told_again_when_the_move_repeats() -> None:
    told = Throttle(1, 1.0, limits.CIRCLES, told=True)
    state = LoopState(throttles={NOTE.subject: told}, moves=(NOTE, NOTE))
    after = limits.landed(state, ["a"], NOTE, None, 50.0).throttles
    assert after == {
        NOTE.subject: Throttle(1, 50.0, limits.CIRCLES, told=True),
        "a": Throttle(1, 50.0, limits.CIRCLES),
    }
