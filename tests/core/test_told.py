"""What people are told in one word or clause: it is part of what scripts and eyes rely on."""

from typing import Any

import pytest

from looop.core import allowance, otherwise, reach
from looop.core.cell import Cell, Level
from looop.core.due import Why
from looop.core.edits import Blob, Version
from looop.core.phase import Doing
from looop.core.sessions import Question, SessionView, State, ordered
from looop.core.streams import EventKind


def test_reasons_and_states_print_as_their_words() -> None:
    assert f"{Why.TIMER}" == "a timer that an earlier tick set"
    assert f"{Doing.SAFE_MODE}" == "safe mode"
    assert f"{EventKind.CALLED}" == "called"
    assert f"{State.ASKING}" == "asking"
    assert f"{allowance.Level.WARN}" == "much is spent"


def test_every_state_says_what_would_change_it_and_time_only_where_it_counts() -> None:
    for state in State:
        assert otherwise.otherwise(state, timed=False)
    assert otherwise.otherwise(State.IDLE, timed=True).endswith("; or time alone")
    assert otherwise.otherwise(State.WORKING, timed=True).endswith("; or its silence")
    assert otherwise.otherwise(State.ENDED, timed=False) == "nothing: it is over"


def test_what_a_program_may_reach_is_less_in_a_cell_and_never_understated() -> None:
    assert reach.reach("sensor", confined=False) == reach.EVERYTHING
    assert reach.reach("sensor", confined=True).startswith("the network, and files of its own")
    assert reach.reach("notify", confined=True) == reach.EVERYTHING


def test_a_level_says_what_confines_and_what_stays_open() -> None:
    assert str(Level(None, "no bwrap")) == "NOT confined: no bwrap"
    assert (
        str(Level("bwrap", "an old kernel")) == "confined by bwrap; abstract sockets stay open: an old kernel"
    )
    assert str(Level("bwrap", scoped=True)) == "confined by bwrap"


def test_a_cell_gives_nothing_that_was_not_named() -> None:
    cell = Cell("/data")
    assert (cell.write, cell.show, cell.door, cell.runtime, cell.nothing) == ((), (), None, None, "/dev/null")


@pytest.mark.parametrize(
    ("before", "after", "did"),
    [
        (None, Blob("b", 1), "created"),
        (Blob("a", 1), None, "removed"),
        (Blob("a", 1), Blob("b", 1), "changed"),
    ],
)
def test_a_version_says_what_became_of_its_file(before: Blob | None, after: Blob | None, did: str) -> None:
    assert Version("f", before, after).did == did


def test_the_purse_minds_its_own_causes_and_those_of_limits_alone() -> None:
    assert all(allowance.minded(cause) for cause in allowance.CAUSES)
    assert allowance.minded(f"{allowance.LIMIT}tea")
    assert not allowance.minded("disk")


def view(name: str, state: State = State.WORKING, **more: Any) -> SessionView:
    return SessionView(name, "01A", state, 1.0, "", size=(80, 24), **{"created": 1.0, **more})


def test_a_session_is_over_and_checked_by_its_own_words() -> None:
    assert [view("a", state).over for state in (State.ENDED, State.KILLED, State.LOST)] == [True] * 3
    assert not view("a", State.STALLED).over
    assert not view("a").checked
    assert view("a", verdict="verified").checked


def test_who_waits_comes_first_then_who_lives_each_newest_first() -> None:
    views = [
        view("over", State.ENDED, created=9.0, ended=10.0),
        view("older", created=2.0),
        view("asks", created=1.0, flag=Question(1, "?", 1.0)),
        view("long-over", State.ENDED, created=1.0, ended=5.0),
        view("newer", created=3.0),
    ]
    assert [it.id for it in ordered(views)] == ["asks", "newer", "older", "over", "long-over"]
