"""What `down` leaves and what it ends while sessions live, with the real program."""

import json
import os
import signal
from pathlib import Path

import pytest

from looop.child import tree
from looop.engine.timing import Timing
from support.person import Person
from support.surviving import gone, leader, leaderless, next_engine, started_with
from support.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.timeout(300)]

QUICK = Timing(pat=0.2, grace=1.0)
ECHO = "while read line; do echo got:$line; done"
TICK = "echo $$ >>{pids}; (trap '' TERM HUP; setsid sh -c 'echo $$ >>{pids}; exec sleep 1000' &); sleep 1000"


@pytest.fixture
def living(looop: Person) -> Person:
    leaderless(looop)
    started_with(looop, QUICK)
    looop("start-session", "a", "--command", ECHO)
    return looop


def answers(looop: Person, word: str) -> None:
    looop("send", "a", word)
    assert looop("expect", "a", f"got:{word}") == f"got:{word}\n"


def pulse(looop: Person) -> str:
    return str(looop.json("status")["phase"]["doing"])


def test_down_ends_the_pulse_and_leaves_sessions_until_the_last_has_ended(living: Person) -> None:
    both = (living.keeper, living.engine)
    assert "1 session goes on" in living("down")
    answers(living, "one")
    living("start-session", "b", "--command", "echo ready; read x")
    living("expect", "b", "ready")
    living("kill", "b")
    answers(living, "two")
    assert (living.keeper.pid, living.engine.pid) == tuple(one.pid for one in both)
    living("key", "a", "C-d")
    assert living.call("wait", "a").returncode == 0
    gone(both)
    assert living.state("a") == "ended"


def test_up_after_down_finds_the_same_sessions(living: Person) -> None:
    keeper, session = living.keeper.pid, leader(living, "a").pid
    living("down")
    assert pulse(living) == "stopped"
    living("up")
    assert pulse(living) != "stopped"
    answers(living, "again")
    assert (living.keeper.pid, leader(living, "a").pid) == (keeper, session)


def test_down_replaces_a_hung_engine_and_sessions_go_on(living: Person) -> None:
    keeper, engine, session = living.keeper.pid, living.engine, leader(living, "a").pid
    os.kill(engine.pid, signal.SIGSTOP)
    assert "1 session goes on" in living("down")
    assert not tree.alive(engine.pid, engine.start)
    next_engine(living, engine)
    answers(living, "one")
    assert (living.keeper.pid, leader(living, "a").pid) == (keeper, session)
    assert pulse(living) == "stopped"
    living("kill", "a")
    until(lambda: not living.lives(), "the end of keeper and engine")


def test_a_killed_engine_that_only_sessions_need_comes_back_without_a_pulse(living: Person) -> None:
    living("down")
    engine = living.engine
    os.kill(engine.pid, signal.SIGKILL)
    next_engine(living, engine)
    answers(living, "one")
    assert pulse(living) == "stopped"


def test_down_now_kills_the_pulse_with_its_agent_and_sessions_go_on(living: Person, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    found = agents(living, pids)
    keeper, engine = living.keeper.pid, living.engine
    assert "1 session goes on" in living("down", "--now")
    assert [each for each in found if tree.alive(*each)] == []
    next_engine(living, engine)
    answers(living, "one")
    assert (living.keeper.pid, pulse(living)) == (keeper, "stopped")


def test_down_now_kills_a_hung_engine_and_sessions_go_on(living: Person) -> None:
    engine = living.engine
    os.kill(engine.pid, signal.SIGSTOP)
    assert "1 session goes on" in living("down", "--now")
    next_engine(living, engine)
    answers(living, "one")


def test_down_now_all_leaves_nothing(living: Person, tmp_path: Path) -> None:
    found = agents(living, tmp_path / "pids")
    living(
        "start-session",
        "deaf",
        "--command",
        "trap '' TERM HUP; (setsid sleep 1000 &); while :; do sleep 1; done",
    )
    heads = (living.keeper, living.engine)
    everybody = [*heads, *(entry for head in heads for entry in tree.descendants(head.pid))]
    assert "has ended" in living("down", "--now", "--all")
    assert [one for one in everybody if tree.alive(one.pid, one.start)] == []
    assert [each for each in found if tree.alive(*each)] == []
    living("up")
    assert {living.state(name) for name in ("a", "deaf")} == {"lost"}


def test_down_all_ends_sessions_politely_and_their_codes_are_kept(living: Person) -> None:
    living(
        "start-session",
        "b",
        "--command",
        """sh -c "trap 'exit 3' TERM; echo ready; while :; do sleep 0.05; done" """,
    )
    living("expect", "b", "ready")
    assert living("down", "--all").startswith("The pulse has ended.")
    assert not living.lives()
    assert living.call("wait", "b").returncode == 3


def agents(looop: Person, pids: Path) -> list[tuple[int, int]]:
    """Have the pulse run an agent that does not end; its processes."""
    settings = json.loads(looop.profile.config.read_text())
    settings |= {"runner": "slow", "runners": {"slow": {"tick": TICK.format(pids=pids)}}}
    looop.profile.config.write_text(json.dumps(settings))
    goal = looop.profile.data / "goals" / "news.md"
    goal.write_text("---\ngoal: News.\n---\n")
    until(lambda: pids.exists() and len(pids.read_text().split()) == 2, "the agent")
    return [(int(pid), tree.start_time(int(pid)) or 0) for pid in pids.read_text().split()]
