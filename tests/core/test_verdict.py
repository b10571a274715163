"""When a check is due, and what its end means."""

import pytest

from looop.core.goal import check as check_of
from looop.core.known import checked
from looop.core.sessions import Known, Meta, State
from looop.core.verdict import Check, Verdict, due, judged


def meta(verify: str = "make test") -> Meta:
    return Meta("a", "01A", "true", "/", 0.0, verify=verify)


@pytest.mark.parametrize(
    ("known", "is_due"),
    [
        (Known(State.ENDED, code=0), True),
        (Known(State.ENDED, code=0, outcome="done"), True),
        (Known(State.ENDED, code=0, verdict="being checked"), True),
        (Known(State.ENDED, code=0, verdict="awaits approval"), True),
        (Known(State.ENDED, code=0, outcome="failed"), False),
        (Known(State.ENDED, code=1), False),
        (Known(State.KILLED, code=0), False),
        (Known(State.LOST), False),
        (Known(State.IDLE), False),
        (Known(State.ENDED, code=0, verdict="verified"), False),
        (Known(State.ENDED, code=0, verdict="failed(1)"), False),
        (Known(State.ENDED, code=0, verdict="not known"), False),
    ],
)
def test_a_check_is_due_after_a_good_end_until_its_verdict_is_final(known: Known, is_due: bool) -> None:
    assert due(meta(), known) is is_due
    assert not due(meta(""), known)


@pytest.mark.parametrize(
    ("code", "signal", "late", "words"),
    [
        (0, None, False, "verified"),
        (2, None, False, "failed(2)"),
        (None, 9, False, "failed(137)"),
        (None, None, False, "not known"),
        (None, 15, True, "timed out"),
        (0, None, True, "timed out"),
    ],
)
def test_a_verdict_is_what_the_check_came_to(
    code: int | None,
    signal: int | None,
    late: bool,
    words: str,
) -> None:
    found = judged(Check("x", 1.0), code, signal, 2.0, late=late, said="no")
    assert (found.words, found.ended, found.said) == (words, 2.0, "no")
    assert found.verdict.final


def test_only_a_final_verdict_is_news_and_once() -> None:
    known = checked(Known(news=1), str(Verdict.RUNNING), final=False)
    assert (known.verdict, known.news) == ("being checked", 1)
    known = checked(known, "verified", final=True)
    assert (known.verdict, known.news, known.news_name) == ("verified", 2, "verified")
    assert checked(known, "verified", final=True) == known


def test_a_goal_names_its_check_in_its_head() -> None:
    assert check_of("---\ngoal: x\nverify: make test: all\n---\nverify: no\n") == "make test: all"
    assert check_of("---\ngoal: x\n---\nverify: no\n") == ""
