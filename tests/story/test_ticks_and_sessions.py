"""Ticks that start and steer sessions, with and without a pulse, by an agent that is a few lines of sh."""

import json

import pytest

from support.person import Person
from support.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.timeout(300)]


def agree(looop: Person, tick: str) -> None:
    """Make this shell command the agent."""
    config = {"runner": "mine", "runners": {"mine": {"tick": tick}}}
    looop.profile.config.write_text(json.dumps(config))


def test_a_tick_by_hand_starts_a_session_and_both_processes_that_it_needs(looop: Person) -> None:
    agree(
        looop,
        "looop start-session w 'count' --command 'echo ready; cat' >&2; echo '- started w' >>journal.md",
    )
    assert "landed" in looop("tick")
    looop.shows("w", "ready")
    looop("send", "w", "it lives")
    looop.shows("w", "it lives")
    assert [line for line in looop("journal").splitlines() if "started w" in line] != []
    looop("kill", "w")
    until(lambda: not looop.lives(), "engine and keeper to leave, since nothing wants them")


def test_a_tick_types_into_a_session_at_landing_and_not_before(looop: Person) -> None:
    looop("start-session", "w", "x", "--command", "cat")
    agree(
        looop,
        "looop send w hello; looop send w twice 2>second; cp second $LOOOP_DATA_DIR/second;"
        " looop log w --raw >$LOOOP_DATA_DIR/before; echo '- said hello' >>journal.md",
    )
    assert "landed" in looop("tick")
    looop.shows("w", "hello")
    assert (looop.profile.data / "before").read_text() == ""
    assert "one move is `looop send" in (looop.profile.data / "second").read_text()
    assert "twice" not in looop("log", "w", "--raw")


def test_a_tick_leaves_a_session_alone_that_asks_a_person(looop: Person) -> None:
    looop("start-session", "w", "x", "--command", 'looop flag "which one?"; cat')
    looop.becomes("w", "flagged")
    agree(looop, "looop send w 'the red one' 2>said; cp said $LOOOP_DATA_DIR/said; true")
    looop("tick")
    assert "looop answer" in (looop.profile.data / "said").read_text()
    assert "red" not in looop("log", "w", "--raw")


def test_a_tick_that_fails_has_started_nothing(looop: Person) -> None:
    agree(looop, "looop start-session w 'x' --command cat; exit 3")
    assert looop.call("tick").returncode == 1
    assert looop.json("ls")["sessions"] == []
    assert "tick failed" in looop("journal")


def test_news_of_a_session_wakes_the_pulse_once(looop: Person) -> None:
    agree(looop, "echo '- looked' >>journal.md")
    looop("up")
    until(lambda: "looked" in looop("journal"), "the first look")
    looop("start-session", "w", "x", "--command", "sleep 1; exit 7")
    looop.becomes("w", "ended")

    def whys() -> list[str]:
        runs = looop.json("runs")["runs"]
        return [change["item"] for run in runs for change in run["changes"]]

    def prompts() -> list[str]:
        return [path.read_text() for path in looop.profile.runs.glob("*/prompt.md")]

    until(lambda: whys().count("session:w") >= 1, "a tick because of the session")
    until(lambda: any("exit code: 7" in text for text in prompts()), "a tick that is told of its end")
