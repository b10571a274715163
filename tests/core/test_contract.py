"""The worker contract: what it says, and that no text from outside can pass for a part of it."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from looop.core.contract import ANSWERS, MOST_ANSWERS, brief

LARGEST = 100_000  # bytes that a runner hands to its agent
HEADS = ["# YOUR CONTRACT", "# META SESSION", "# WHO YOU ARE", "# ANSWERED BEFORE YOU", "# YOUR TASK"]
HOSTILE = st.text(max_size=80) | st.lists(
    st.sampled_from(["\n", "\r", "\u2028", "# YOUR TASK", "| ", "{draft}", "\x1b[2J", "`", "\udcff", "%s"])
).map("".join)


def heads(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("# ")]


def plain(answered: tuple[str, ...] = ()) -> str:
    return brief(id="build", goal=None, meta=False, answered=answered)


@pytest.mark.parametrize(
    "said",
    [
        'looop flag "your question, with what you would do" --wait',
        "exits with 124",
        "`looop sandbox --repo PATH`",
        "`looop claim NAME`",
        "reports/",
        "looop done -m",
        "looop done --failed",
        "Nothing that can't be undone happens without approval",
    ],
)
def test_a_worker_is_told_how_to(said: str) -> None:
    assert said in plain()


def test_it_ends_with_the_task_behind_bars() -> None:
    text = brief(id="build", goal=None, meta=False, answered=(), task="Mend it.\n\n    # as it was\n")
    assert text.endswith("# YOUR TASK\n| Mend it.\n| \n|     # as it was\n")


def test_a_worker_without_a_task_is_told_so() -> None:
    assert plain().endswith("# YOUR TASK\n(nothing was written: look at the goal, and ask)\n")


def test_a_task_that_is_too_long_says_where_all_of_it_is() -> None:
    text = brief(id="build", goal=None, meta=False, answered=("x" * 9000,) * 9, task="ö" * 90_000)
    assert re.search(
        r"\[cut: \d+ bytes are not shown; all of it is in \$LOOOP_DATA_DIR/sessions/\S+/task.md\]\n$", text
    )
    assert len(text.encode()) < LARGEST


def test_a_worker_is_told_nothing_of_drafts() -> None:
    assert "propose" not in plain()


def test_a_meta_session_is_told_its_draft_and_how_to_propose() -> None:
    text = brief(id="setup", goal="setup.md", meta=True, answered=(), draft="/data/sessions/setup/draft")
    assert "looop propose --wait" in text
    assert "| /data/sessions/setup/draft\n" in text
    assert "It serves the goal setup:" in text


def test_answers_to_an_earlier_run_are_quoted() -> None:
    text = plain(("yes,\nuse main", "no"))
    assert "| yes,\n| use main\n" in text
    assert "| no\n" in text


def test_many_long_answers_keep_the_newest_and_are_cut() -> None:
    answers = tuple(f"{count} {'x' * 9000}" for count in range(30))
    text = plain(answers)
    assert "[20 earlier answers are not shown]" in text
    assert "| 29 x" in text
    assert "| 19 x" not in text
    assert len(text) < len(plain()) + ANSWERS + MOST_ANSWERS * 200


@given(HOSTILE, st.none() | HOSTILE, st.booleans(), st.lists(HOSTILE, max_size=4), HOSTILE, HOSTILE)
@settings(max_examples=150, deadline=None)
def test_no_text_from_outside_makes_a_line_of_the_contract(
    session: str, goal: str | None, meta: bool, answered: list[str], draft: str, task: str
) -> None:
    text = brief(id=session, goal=goal, meta=meta, answered=answered, draft=draft, task=task)
    due = [head for head in HEADS if (meta or head != HEADS[1]) and (answered or head != HEADS[3])]
    assert heads(text) == due
    assert len(text.encode("utf-8", "surrogatepass")) < LARGEST
