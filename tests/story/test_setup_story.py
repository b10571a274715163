"""The whole story of a first day, with real processes: seeded, up, interviewed, approved, at work."""

import re

import pytest

from support.person import Person
from support.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.timeout(300)]

PROPOSE = "Propose it?"
QUESTION = re.compile(rf"\d+/\d+ |{re.escape(PROPOSE)}")


def test_a_fresh_profile_interviews_its_person_and_works_on_what_they_approved(looop: Person) -> None:
    looop("up")
    until(lambda: "started the session setup" in looop("journal"), "the tick to start the setup session")
    assert "setup" in looop("ls")

    asked = ""
    while (question := _next(looop, asked)) != PROPOSE:
        looop("send", "setup", "df -P /" if "Which commands" in question else "")
        if "Which commands" in question:
            looop.shows("setup", "looking")
            looop("send", "setup", "")
        asked = question
    looop("send", "setup", "yes")
    until(lambda: "looop approve" in looop(), "the proposal's flag")

    said = looop("approve", "setup")
    assert "goals/archive/setup.md" in said
    looop.becomes("setup", "ended")
    assert "ended(0), done" in looop("wait", "setup")
    assert "setup.md" not in looop("goals")
    assert "landed on a person's approval" in looop("journal")
    until(lambda: "noted on goals/" in looop("journal"), "a tick that works on the new goals")


def _next(looop: Person, asked: str) -> str:
    """Wait for the question after this one; the last one asks for the proposal."""
    found = asked

    def came() -> bool:
        nonlocal found
        lines = [line for line in looop("shot", "setup").splitlines() if QUESTION.match(line)]
        found = lines[-1] if lines else ""
        return found != asked

    until(came, f"a question after {asked!r}")
    return PROPOSE if found.startswith(PROPOSE) else found
