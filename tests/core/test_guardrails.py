"""A guardrail that is taken out is found; one that is added is nobody's loss."""

from pathlib import Path

import pytest

from looop.core.guardrails import removed

STARTER = (Path(__file__).parents[2] / "seeds" / "PLAYBOOK.md").read_text()

PLAYBOOK = """\
# PLAYBOOK

## Priorities

1. Mail first.
- Never answer a stranger.

## Guardrails

- No merge, no payment,
  no deletion of data.
- Ask rather than guess.

Money stays where it is.

## Notes

- Tea at five.
"""

NO_MERGE = "No merge, no payment, no deletion of data."


@pytest.mark.parametrize(
    ("old", "new", "gone"),
    [
        ("- Ask rather than guess.\n", "", ("Ask rather than guess.",)),
        ("  no deletion of data.\n", "", (NO_MERGE,)),
        ("no payment", "payment if small", (NO_MERGE,)),
        ("- No merge, no payment,\n  no deletion of data.", f"* {NO_MERGE}", ()),
        ("Money stays where it is.\n", "", ("Money stays where it is.",)),
        ("- Never answer a stranger.\n", "", ("Never answer a stranger.",)),
        ("Never answer", "**Never** answer", ("Never answer a stranger.",)),
        ("1. Mail first.\n", "", ()),
        ("- Tea at five.\n", "", ()),
        ("- Ask rather", "- Do not smoke.\n- Ask rather", ()),
        ("## Guardrails", "## Old ideas", (NO_MERGE, "Ask rather than guess.", "Money stays where it is.")),
        ("## Guardrails", "## Guardrails that no longer hold", (NO_MERGE, "Ask rather than guess.", "Money")),
        ("- No merge", "<!--\n- No merge", (NO_MERGE, "Ask rather than guess.", "Money")),
        ("- Ask rather", "```\n- Ask rather", ("Ask rather than guess.", "Money stays where it is.")),
        ("- Ask rather", "- What was said once:\n  - Ask rather", ("Ask rather than guess.",)),
        ("- Ask rather than guess.", "- ~~Ask rather than guess.~~", ("Ask rather than guess.",)),
        ("\n", "\r\n", ()),
    ],
)
def test_what_is_missed_is_a_guardrail_that_does_not_stand_as_it_did(
    old: str, new: str, gone: tuple[str, ...]
) -> None:
    assert old in PLAYBOOK
    found = removed(PLAYBOOK, PLAYBOOK.replace(old, new))
    assert len(found) == len(gone)
    assert all(text.startswith(begin) for text, begin in zip(found, gone, strict=True))


@pytest.mark.parametrize("word", ["Never", "Don't", "Don’t", "Do not", "Always ask before you"])
def test_a_line_that_begins_as_a_prohibition_counts_anywhere(word: str) -> None:
    assert removed(f"# Mine\n\n{word} push to main\n", "# Mine\n") == (f"{word} push to main",)


@pytest.mark.parametrize("name", ["House rules", "RULES", "Never", "Off limits", "What is forbidden"])
def test_headings_that_make_guardrails_of_what_is_below(name: str) -> None:
    assert removed(f"## {name}\n- tea\n### more\n- milk\n## Else\n- talk\n", "") == ("tea", "milk")
    assert removed(f"{name}\n-----\n- tea\n\nElse\n====\n- talk\n", "") == ("tea",)


def test_the_starters_guardrails_are_found_and_its_goals_are_none() -> None:
    found = removed(STARTER, "")
    assert sum(text.startswith("Nothing irreversible by itself") for text in found) == 1
    assert not any("watch: NAME" in text or text.startswith("Nothing. A quiet") for text in found)
    assert removed(STARTER, STARTER + "- one more line\n") == ()


def test_a_long_hostile_text_takes_no_time() -> None:
    assert removed("- Never\n" * 20_000 + "<!--" * 20_000 + "#" * 100_000, "") != ()
