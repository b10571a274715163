"""A person takes back what a tick did, while the pulse runs and sees it as an edit of theirs."""

import json

import pytest

from support.person import Person
from support.profiles import GOAL
from support.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.timeout(300)]


def agree(looop: Person, tick: str) -> None:
    """Make this shell command the agent."""
    config = {"runner": "mine", "runners": {"mine": {"tick": tick}}}
    looop.profile.config.write_text(json.dumps(config))


def test_an_undo_under_a_running_pulse_is_a_persons_edit(looop: Person) -> None:
    note = (
        "test -e ../once || { : > ../once; echo '- noted' >> goals/a.md; echo '- noted on a' >> journal.md; }"
    )
    agree(looop, note)
    goal = looop.profile.goals / "a.md"
    goal.write_text(GOAL)
    looop("up")
    until(lambda: "noted on a" in looop("journal"), "the tick to land")
    assert goal.read_text() == f"{GOAL}- noted\n"
    assert "Undid tick-" in looop("undo")
    assert goal.read_text() == GOAL

    until(lambda: "edited: goal:a.md" in looop("log", "pulse"), "the pulse to see the undo as an edit")
    assert [line for line in looop("journal").splitlines() if "undid tick-" in line] != []
    whose = [edit["by"] for edit in looop.json("history", "a")["edits"]]
    assert whose == ["first seen", "tick", "undo"]


def test_an_agent_can_take_nothing_back(looop: Person) -> None:
    agree(looop, "looop undo --yes 2> said; cp said ../said; echo '- tried' >> journal.md")
    assert "nothing" in looop("tick")
    assert "was called by" in (looop.profile.data / "said").read_text()
