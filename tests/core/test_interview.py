"""The interview asks what is open, in order, and keeps only answers that a file may hold."""

import pytest

from looop.core.interview import LONGEST, QUESTIONS, Answers, Nonsense, Sort, cleaned


def test_a_question_that_depends_on_another_is_asked_only_after_an_answer_to_that() -> None:
    answers, asked = Answers(), list[str]()
    while (place := answers.next()) < len(QUESTIONS):
        asked.append(QUESTIONS[place].key)
        answers = answers.plus(QUESTIONS[place].key, ("x",) if QUESTIONS[place].key == "github" else ())
    assert "github_often" in asked
    assert "folders_often" not in asked
    assert answers.to("github") == ("x",)
    assert answers.to("never heard of") == ()
    assert asked == [ask.key for ask in QUESTIONS if ask.key in asked]


def test_an_answer_that_is_too_long_is_told_with_the_limit() -> None:
    assert cleaned(Sort.TEXT, "x" * LONGEST) == "x" * LONGEST
    with pytest.raises(Nonsense, match=rf"{LONGEST + 1} characters; write at most {LONGEST}"):
        cleaned(Sort.TEXT, "x" * (LONGEST + 1))


def test_an_answer_of_signs_alone_says_nothing_unless_it_names_a_folder() -> None:
    with pytest.raises(Nonsense, match="That says nothing"):
        cleaned(Sort.TEXT, "...!")
    assert cleaned(Sort.TEXT, "日本") == "日本"
