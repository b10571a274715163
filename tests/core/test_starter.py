"""From answers to policy files: each is what looop itself would accept, whatever was typed."""

import shlex

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from looop.core import starter
from looop.core.goal import front, is_goal
from looop.core.interview import QUESTIONS, Answers, Nonsense, Sort, cleaned
from looop.core.moves import Leaf, Rejection, proposed
from looop.store.sensors import header

OLD = "# PLAYBOOK\n\n## Priorities, highest first\n\n1. old\n\n"
PLAYBOOK = f"{OLD}## Guardrails\n\n- kept\n\n## Goals\n\n- also kept\n"
WORDS = st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), min_size=1, max_size=60)
NASTY = st.sampled_from(
    ["@often@", "@what@", "'", '"', "$(x)", "`x`", "\\", "---", "# x", "a: b", "%s", "日本"]
)
TYPED = st.lists(WORDS | NASTY, min_size=1, max_size=4).map(" ".join)
ANSWERS = st.fixed_dictionaries(
    {},
    optional={
        **{key: st.lists(TYPED, max_size=3).map(tuple) for key in ("folders", "github", "pages", "commands")},
        **{key: st.lists(TYPED, max_size=3).map(tuple) for key in ("aim", "goals", "priorities", "never")},
    },
).map(Answers)


def accepted(answer: str) -> bool:
    try:
        return cleaned(Sort.TEXT, answer) == answer
    except Nonsense:
        return False


@given(ANSWERS)
@settings(max_examples=100, deadline=None)
def test_whatever_was_typed_becomes_files_that_a_landing_accepts(answers: Answers) -> None:
    given = {key: tuple(filter(accepted, found)) for key, found in answers.given.items()}
    made = starter.files(Answers(given), {"PLAYBOOK.md": PLAYBOOK})
    after = {path: Leaf(text.encode()) for path, text in made.items()}
    assert not isinstance(proposed({"PLAYBOOK.md": Leaf(PLAYBOOK.encode())}, after), Rejection)
    assert [
        path for path, text in made.items() if path.endswith(".sh") and header(text.encode()).trouble
    ] == []
    scripts = [text for path, text in made.items() if path.endswith(".sh")]
    for what in [what for key in ("folders", "github", "pages", "commands") for what in given.get(key, ())]:
        assert any(f"={shlex.quote(what)}\n" in text for text in scripts)


def test_equal_names_become_different_files() -> None:
    made = starter.files(Answers({"folders": ("/a/code", "/b/code"), "goals": ("x", "X")}), {})
    assert sorted(made) == [
        "PLAYBOOK.md", "goals/x-2.md", "goals/x.md", "sensors/git-code-2.sh", "sensors/git-code.sh",
    ]  # fmt: skip


def test_a_file_that_is_there_stays_unless_it_says_the_same() -> None:
    answers = Answers({"folders": ("/a/code",)})
    first = starter.files(answers, {})
    assert starter.files(answers, first) == first
    theirs = {"sensors/git-code.sh": "#!/bin/sh\necho theirs\n"}
    assert "sensors/git-code-2.sh" in starter.files(answers, theirs)
    assert "sensors/git-code.sh" not in starter.files(answers, theirs)


def test_the_first_goal_watches_every_sensor() -> None:
    made = starter.files(Answers({"aim": ("calm",), "pages": ("https://a.org/",), "goals": ("b",)}), {})
    assert front(made["goals/calm.md"])["watch"] == "page-a-org"
    assert "watch" not in front(made["goals/b.md"])
    assert is_goal(made["goals/b.md"])


def test_the_playbook_keeps_what_is_not_about_priorities() -> None:
    made = starter.files(Answers({"priorities": ("mail",), "never": ("pay",)}), {"PLAYBOOK.md": PLAYBOOK})
    text = made["PLAYBOOK.md"]
    assert "1. old" not in text
    assert "\n2. mail\n" in text
    assert "## Guardrails\n\n- Never without the person: pay\n- kept\n\n## Goals\n\n- also kept\n" in text


def test_a_playbook_without_the_known_sections_gets_them_at_its_end() -> None:
    text = starter.files(Answers({"never": ("pay",)}), {"PLAYBOOK.md": "mine\n"})["PLAYBOOK.md"]
    assert text.startswith("mine\n\n## Priorities\n\n1. Whatever waits")
    assert text.endswith("## Guardrails\n\n- Never without the person: pay\n")


def test_writing_the_same_playbook_twice_changes_nothing() -> None:
    answers = Answers({"priorities": ("mail",), "never": ("pay",)})
    once = starter.files(answers, {"PLAYBOOK.md": PLAYBOOK})["PLAYBOOK.md"]
    assert starter.files(answers, {"PLAYBOOK.md": once})["PLAYBOOK.md"] == once


def test_a_cadence_is_asked_for_only_where_there_is_something_to_look_at() -> None:
    asked = [ask.key for ask in QUESTIONS if Answers({"pages": ("https://a.org",)}).asks(ask)]
    assert [key for key in asked if key.endswith("_often")] == ["pages_often"]


@pytest.mark.parametrize(
    ("sort", "typed", "kept"),
    [
        (Sort.DURATION, "1H", "1h"),
        (Sort.GITHUB, "https://github.com/python-trio/trio.git", "python-trio/trio"),
        (Sort.URL, "https://example.org/a?b=c#d", "https://example.org/a?b=c#d"),
    ],
)
def test_an_answer_is_kept_in_one_form(sort: Sort, typed: str, kept: str) -> None:
    assert cleaned(sort, typed) == kept


@pytest.mark.parametrize(
    ("sort", "typed"),
    [
        (Sort.DURATION, "0"),
        (Sort.DURATION, "-5m"),
        (Sort.GITHUB, "a/.."),
        (Sort.GITHUB, "-a/b"),
        (Sort.GITHUB, "a/b c"),
        (Sort.URL, "file:///etc/passwd"),
        (Sort.URL, "https://a b"),
        (Sort.URL, "-o /tmp/x"),
        (Sort.TEXT, "a\tb"),
        (Sort.TEXT, "\x1b[2J"),
    ],
)
def test_nonsense_is_named(sort: Sort, typed: str) -> None:
    with pytest.raises(Nonsense):
        cleaned(sort, typed)


def test_any_number_of_equal_names_become_as_many_files() -> None:
    made = starter.files(Answers({"goals": ("Learn!", "learn", "learn?")}), {})
    assert [path for path in made if path.startswith("goals/")] == [
        "goals/learn.md",
        "goals/learn-2.md",
        "goals/learn-3.md",
    ]
