"""Which moves wait for a person, as values."""

import pytest

from looop.core import prompt
from looop.core.act import Write
from looop.core.document import Document
from looop.core.moves import Kind, Landing, Leaf
from looop.core.waits import why_waits
from looop.core.world import Reading, World

RULES = b"# PLAYBOOK\n\n- Never push.\n"
PLAYBOOK = Landing(Kind.PLAYBOOK_CHANGED, "playbook", (Write("PLAYBOOK.md", RULES + b"- Be kind.\n"),))
SENSOR = Landing(Kind.SENSOR_CHANGED, "sensor:x", (Write("sensors/x.sh", b"#!/bin/sh\n"),))
SENSOR_GONE = Landing(Kind.SENSOR_REMOVED, "sensor:x", (Write("sensors/x.sh", None),))
GOAL = Landing(Kind.GOAL_CHANGED, "goal:a.md", (Write("goals/a.md", b"x"),))
NOTHING = Landing(Kind.NOTHING, None)


def world(*readings: Reading) -> World:
    return World(Document("PLAYBOOK.md", "", "x"), readings=readings)


def why(landing: Landing, *readings: Reading) -> str | None:
    return why_waits(landing, {"PLAYBOOK.md": Leaf(RULES)}, world(*readings))


@pytest.mark.parametrize(
    "reading",
    [
        Reading("x", 1, untrusted=True),
        Reading("x", None, "text", untrusted=True),
        Reading("x", None, "what it said on stderr", "ended with exit code 1", untrusted=True),
        Reading("x", 0, untrusted=True),
    ],
)
def test_all_that_a_stranger_said_makes_rules_and_sensors_wait(reading: Reading) -> None:
    assert [bool(why(it, reading)) for it in (PLAYBOOK, SENSOR, SENSOR_GONE, GOAL, NOTHING)] == [
        True,
        True,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    "reading",
    [
        Reading("x", 1, "text"),
        Reading("x", untrusted=True),
        Reading("x", None, None, "printed nothing", untrusted=True),
    ],
)
def test_ones_own_words_and_silence_make_nothing_wait(reading: Reading) -> None:
    assert [why(it, reading) for it in (PLAYBOOK, SENSOR, GOAL)] == [None, None, None]


def test_many_strangers_are_counted() -> None:
    said = why(SENSOR, *(Reading(f"s{n}", 1, untrusted=True) for n in range(5)))
    assert said == "strangers' text was in its prompt (untrusted: s0, s1, s2 and 2 more)"


def test_a_guardrail_that_goes_is_named() -> None:
    gone = Landing(Kind.PLAYBOOK_CHANGED, "playbook", (Write("PLAYBOOK.md", b"# PLAYBOOK\n"),))
    assert why(gone) == "it takes out or rewords a guardrail: “Never push.”"


def test_a_guardrail_can_not_be_pushed_out_of_the_prompt() -> None:
    longer = Write("PLAYBOOK.md", b"tea\n" * (prompt.PLAYBOOK.each // 4) + RULES)
    said = why(Landing(Kind.PLAYBOOK_CHANGED, "playbook", (longer,)))
    assert said == "the PLAYBOOK would be longer than a prompt shows, so that its end no longer counts"
