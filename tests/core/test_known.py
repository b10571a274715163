"""What counts as news of a session, and what is kept of its end."""

import signal

import pytest
from msgspec.structs import replace

from looop.core.known import ended, entered, lost
from looop.core.sessions import Evidence, Known, State

OUTSIDE = "killed from outside, by a SIGKILL that looop did not send"


def _in(state: State, known: Known | None = None) -> Known:
    return entered(known or Known(), Evidence(state, "test", "so"), 1.0)


@pytest.mark.parametrize("state", [State.IDLE, State.ASKING, State.STALLED])
def test_entering_a_state_that_is_news_counts_once(state: State) -> None:
    known = _in(state, _in(state))
    assert (known.news, known.news_name) == (1, str(state))


@pytest.mark.parametrize("state", [State.STARTING, State.WORKING, State.FROZEN, State.FLAGGED, State.UNKNOWN])
def test_entering_any_other_state_is_no_news(state: State) -> None:
    assert _in(state, _in(State.IDLE)).news == 1


def test_being_frozen_and_thawed_is_no_news() -> None:
    frozen = _in(State.FROZEN, _in(State.IDLE))
    assert _in(State.IDLE, frozen).news == 1


def test_a_session_that_comes_out_of_a_freeze_changed_is_news() -> None:
    frozen = _in(State.FROZEN, _in(State.WORKING))
    assert _in(State.IDLE, frozen).news == 1


def test_a_second_entry_after_work_is_news_again() -> None:
    assert _in(State.IDLE, _in(State.WORKING, _in(State.IDLE))).news == 2


def test_what_a_person_at_its_terminal_sees_is_news_only_when_they_leave() -> None:
    asking = Evidence(State.ASKING, "screen", "a question")
    attended = entered(Known(), asking, 1.0, attended=True)
    still = entered(attended, asking, 2.0, attended=True)
    left = entered(still, asking, 3.0)
    assert [known.news for known in (attended, still, left, entered(left, asking, 4.0))] == [0, 0, 1, 1]


def test_what_it_asked_and_was_answered_while_a_person_sat_there_is_no_news() -> None:
    attended = entered(Known(), Evidence(State.ASKING, "screen", "a question"), 1.0, attended=True)
    working = entered(attended, Evidence(State.WORKING, "output", "it goes on"), 2.0, attended=True)
    assert entered(working, Evidence(State.WORKING, "output", "it goes on"), 3.0).news == 0


def test_the_time_of_a_state_is_that_of_its_entry() -> None:
    known = entered(_in(State.IDLE), Evidence(State.IDLE, "title", "still"), 9.0)
    assert (known.since, known.said) == (1.0, "still")


def test_an_end_thaws() -> None:
    known = ended(replace(_in(State.FROZEN), frozen=True), 15, 2.0, killed=True)
    assert (known.frozen, known.froze, known.code, known.ended) == (False, None, 143, 2.0)


def test_what_is_lost_has_no_exit_code() -> None:
    known = lost(Known(), "gone", 2.0)
    assert (known.state, known.code, known.news, known.ended) == (State.LOST, None, 1, 2.0)


@pytest.mark.parametrize(
    ("status", "killed", "outcome", "state", "code", "said"),
    [
        (3 << 8, False, None, State.ENDED, 3, "ended with exit code 3"),
        (0, False, "done", State.ENDED, 0, "said done, with exit code 0"),
        (signal.SIGTERM, True, "done", State.ENDED, 0, "said done, with exit code 0"),
        (signal.SIGTERM, True, "failed", State.ENDED, 1, "said failed, with exit code 1"),
        (signal.SIGTERM, True, None, State.KILLED, 143, "ended by looop, with exit code 143"),
        (signal.SIGKILL, False, None, State.ENDED, 137, OUTSIDE),
        (137 << 8, False, None, State.ENDED, 137, OUTSIDE),
        (signal.SIGKILL, True, None, State.KILLED, 137, "ended by looop, with exit code 137"),
    ],
)  # fmt: skip
def test_an_end_says_who_brought_it_about(
    status: int, killed: bool, outcome: str | None, state: State, code: int, said: str
) -> None:
    known = ended(Known(outcome=outcome), status, 2.0, killed=killed)
    assert (known.state, known.code, known.said) == (state, code, said)
    assert known.outside is (said == OUTSIDE)


def test_an_end_is_news_even_to_who_sits_at_the_terminal() -> None:
    known = entered(Known(), Evidence(State.ENDED, "exit", "over"), 1.0, attended=True)
    assert (known.news, known.news_name) == (1, "ended")
