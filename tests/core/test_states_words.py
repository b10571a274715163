"""The whole answer of each source: its state, where that comes from, its words, and how long it holds."""

import pytest

from looop.core.hooks import MEANINGS, Hook
from looop.core.sessions import Evidence, State
from looop.core.states import FIRST_OUTPUT, FIRST_SCREEN, OUTLIVED, SETTLED, STALLED_AFTER, Facts, judge
from support.screens import CLAUDE, PI

T = 1_000_000.0
OLD = T - 100
STALLED = T + STALLED_AFTER


@pytest.mark.parametrize(
    ("facts", "now", "found"),
    [
        (
            Facts(OLD, T, frozen=True),
            T,
            Evidence(State.FROZEN, "freeze", "a person stopped it with `looop freeze`"),
        ),
        (
            Facts(OLD, T, unpaid=True),
            T,
            Evidence(State.FROZEN, "money", "the day's money is spent; `looop unpark` lets it go on"),
        ),
        (Facts(OLD, T, flagged=True), T, Evidence(State.FLAGGED, "flag", "it has asked a person and waits")),
        (
            Facts(T),
            T,
            Evidence(State.STARTING, "output", "it has not shown anything yet", T + FIRST_OUTPUT),
        ),
        (
            Facts(T, agent="pi"),
            T,
            Evidence(State.STARTING, "output", "it has not shown anything yet", T + FIRST_SCREEN),
        ),
        (
            Facts(OLD, T),
            T,
            Evidence(State.WORKING, "output", "it printed something a moment ago", T + SETTLED),
        ),
        (
            Facts(OLD, T - 9, typed=T),
            T,
            Evidence(State.WORKING, "input", "something was typed, and no news has come since", T + SETTLED),
        ),
        (
            Facts(OLD, T),
            T + SETTLED,
            Evidence(
                State.WORKING, "quiet", "it runs, and nothing on its screen says that it waits", STALLED
            ),
        ),
        (
            Facts(OLD, T, agent="pi", screen=("?!",)),
            T + SETTLED,
            Evidence(State.WORKING, "output", "its output stopped a moment ago", T + FIRST_SCREEN),
        ),
        (
            Facts(OLD, T, agent="pi", screen=("?!",)),
            T + FIRST_SCREEN,
            Evidence(
                State.UNKNOWN,
                "quiet",
                "it is silent, and its screen looks like nothing that is known",
                STALLED,
            ),
        ),
        (
            Facts(OLD, T),
            STALLED,
            Evidence(State.STALLED, "quiet", "quiet for 15 min, and nothing says what it waits for"),
        ),
        (
            Facts(OLD, T, agent="claude", title="⠂ Claude Code"),
            T,
            Evidence(State.WORKING, "title", "its title shows that it works", STALLED),
        ),
        (
            Facts(OLD, T, agent="pi", screen=PI["idle"]),
            T + SETTLED,
            Evidence(State.IDLE, "screen", "its screen shows an empty prompt"),
        ),
    ],
)
def test_an_answer_says_where_it_comes_from_in_words_and_how_long_it_holds(
    facts: Facts, now: float, found: Evidence
) -> None:
    assert judge(facts, now) == found


def test_a_report_counts_if_it_came_with_the_last_input_or_after_it() -> None:
    def state(typed: float) -> State:
        return judge(Facts(OLD, T - 50, typed=typed, agent="claude", hook=Hook("Stop", T)), T + SETTLED).state

    assert (state(T), state(T + 0.5)) == (State.IDLE, State.WORKING)


def test_quiet_is_counted_from_the_last_of_output_input_freeze_and_report() -> None:
    hook = Hook("UserPromptSubmit", T)
    for facts in (
        Facts(OLD, T),
        Facts(OLD, OLD, typed=T),
        Facts(OLD, OLD, freed=T),
        Facts(OLD, OLD, hook=hook),
        Facts(T, OLD),
    ):
        assert judge(facts, STALLED - 0.5).state is State.WORKING
        assert judge(facts, STALLED).state is State.STALLED


def test_a_report_of_work_is_kept_where_the_screen_shows_work_too() -> None:
    facts = Facts(OLD, T, agent="claude", screen=CLAUDE["working"], hook=Hook("UserPromptSubmit", T))
    assert judge(facts, T + OUTLIVED).source == "hook"


def test_a_report_that_the_screen_agrees_with_keeps_its_own_words() -> None:
    facts = Facts(OLD, T, agent="claude", screen=CLAUDE["idle"], hook=Hook("Stop", T))
    assert judge(facts, T + OUTLIVED + 1).source == "hook"


def test_output_after_an_input_is_the_news_of_it() -> None:
    assert judge(Facts(OLD, T, typed=T - 1), T + 1).source == "output"
    assert judge(Facts(OLD, T, typed=T), T + 1).source == "input"


def test_what_was_idle_before_is_idle_at_once_unless_it_was_just_typed_to() -> None:
    def state(typed: float | None, before: State) -> State:
        return judge(Facts(OLD, T, typed=typed, agent="pi", screen=PI["idle"], before=before), T).state

    assert state(None, State.IDLE) is State.IDLE
    assert state(T - SETTLED, State.IDLE) is State.IDLE
    assert state(T - SETTLED + 0.5, State.IDLE) is State.WORKING
    assert state(None, State.WORKING) is State.WORKING


def test_a_screen_that_outlives_a_report_is_told_in_its_own_words() -> None:
    facts = Facts(OLD, T, agent="claude", screen=CLAUDE["idle"], hook=Hook("UserPromptSubmit", T))
    assert judge(facts, T + OUTLIVED) == Evidence(State.IDLE, "screen", "its screen shows an empty prompt")


def test_a_report_without_a_message_is_told_in_its_own_words_alone() -> None:
    said = judge(Facts(OLD, T, hook=Hook("Stop", T)), T).said
    assert said == f"{MEANINGS['Stop'].said} (Stop)"
