"""A day with the native file, as a person types it: up, a tick, a session, attach, a flag, down."""

import json

import pytest

from support.person import Person
from support.terminal import terminal
from support.tested import LOOOP
from support.waiting import until

pytestmark = [pytest.mark.binary, pytest.mark.process, pytest.mark.timeout(300)]

BASH = "PS1='ready> ' exec bash --norc --noprofile"


def test_a_tick_by_hand_lands_the_rehearsals_move(looop: Person) -> None:
    assert "landed" in looop("tick")
    (line,) = looop("journal").splitlines()
    assert "rehearsal" in line
    assert looop.json("runs")["runs"][0]["changes"]
    assert line.split(" ", 3)[-1] in looop("why")


def test_the_pulse_comes_up_ticks_and_goes_down(looop: Person) -> None:
    looop("up")
    assert looop.json("status")["engine"] == looop.engine.pid
    until(lambda: "rehearsal" in looop("journal"), "a tick's journal line")
    assert looop("down").startswith("The pulse has ended")
    assert looop.json("status")["phase"]["doing"] == "stopped"


def test_a_session_is_started_seen_typed_into_and_attached_to(looop: Person) -> None:
    looop("start-session", "shell", "--command", BASH)
    looop.shows("shell", "ready>")
    looop("send", "shell", "echo the sum is $((20+3))")
    assert looop("expect", "shell", "the sum is 23") == "the sum is 23\n"
    with terminal("attach", "shell", program=LOOOP, size=(70, 20), env=looop.env) as person:
        person.shows("the sum is 23")
        person.type(b"stty size; echo wide: $((100-30))\r")
        person.shows("wide: 70")
        person.type(b"\x1c\x1c")
        assert person.ended() == (0, "looop: left the session, which goes on.\n")
        assert person.settings() == person.before
    looop("send", "shell", "exit 7")
    assert looop.call("wait", "shell").returncode == 7


def test_a_flag_is_answered_once(looop: Person) -> None:
    asks = 'echo got:"$("$LOOOP_BIN" flag "which one?" --wait)"; read x'
    looop("start-session", "asking", "--command", asks)
    looop.becomes("asking", "flagged")
    assert "waited for it" in looop("answer", "asking", "the red one")
    assert looop("expect", "asking", "got:.*", "--since", "0") == "got:the red one\n"


def test_a_worker_is_known_from_its_first_moment(looop: Person) -> None:
    """The launcher is so quick that its call comes before the start of its own session is over."""
    calls = '"$LOOOP_BIN" claim {0}; "$LOOOP_BIN" flag "which one?"; cat'
    names = [f"w{number}" for number in range(6)]
    for name in names:
        looop("start-session", name, "--command", calls.format(name))
    for name in names:
        looop.becomes(name, "flagged")
    assert {claim["name"] for claim in looop.json("claims")["claims"]} == set(names)


def test_a_goal_is_made_edited_and_archived(looop: Person) -> None:
    looop("goal", "new", "tidy", "the desk is tidy")
    edit = {"EDITOR": "sed -i s/tidy/clean/", "VISUAL": ""}
    with terminal("goal", "edit", "tidy", program=LOOOP, env=looop.env | edit) as person:
        assert person.ended()[0] == 0
    assert "the desk is clean" in looop("goal", "show", "tidy")
    looop("goal", "archive", "tidy")
    assert "tidy" not in {goal["name"] for goal in json.loads(looop("goals", "--json"))["goals"]}
