"""What is left when keeper itself ends, with the real program: killed, told to leave, or in another boot."""

import json
import os
import signal
from pathlib import Path

import pytest

from looop.child import tree
from looop.child.proc import Proc
from support import tested
from support.hostiles import Hostiles
from support.person import Person
from support.surviving import Floods, gone, killed, leader
from support.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.timeout(300)]

POLITE = "echo ready; exec sleep 1000"
DEAF = "trap '' HUP TERM; (setsid sleep 1000 &); echo ready; while :; do sleep 1; done"


@pytest.fixture
def sessions(looop: Person) -> tuple[Proc, ...]:
    """Start one that ends when its terminal does, one that does not, and an agent's."""
    looop("start-session", "polite", "--command", POLITE)
    looop("start-session", "deaf", "--command", DEAF)
    looop("start-session", "agent", "Ask me something.", "--meta")
    for name in ("polite", "deaf"):
        looop("expect", name, "ready")
    leaders = [leader(looop, name) for name in ("polite", "deaf", "agent")]
    below = [entry for one in leaders for entry in tree.descendants(one.pid)]
    return (*leaders, *below)


def lives(process: Proc) -> bool:
    return tree.alive(process.pid, process.start)


def lost(looop: Person, why: str) -> None:
    """See that all are lost, for this reason, and that only an agent's conversation can be resumed."""
    assert {looop.state(name) for name in ("polite", "deaf", "agent")} == {"lost"}
    assert why in looop("explain", "deaf")
    assert looop("shot", "polite").startswith("ready")
    refused = looop.call("resume", "polite")
    assert (refused.returncode, "looop restart polite" in refused.stderr) == (1, True)
    looop("resume", "agent")
    assert looop.state("agent") not in {"lost", "ended"}


def test_a_killed_keepers_sessions_are_lost_and_nothing_of_them_survives(
    looop: Person, sessions: tuple[Proc, ...]
) -> None:
    keeper, engine = looop.keeper, looop.engine
    killed(keeper)
    gone([engine, *sessions])  # though nobody calls the next one up
    looop("up")
    lost(looop, "keeper of its terminal has gone")


def test_what_is_no_killed_keepers_any_more_by_any_mark_is_gone_with_it(looop: Person) -> None:
    found = Hostiles(looop.profile.data / "gate", ("cleared-daemon-then-hang", "ignores-term"))
    looop("start-session", "a", "--command", found.script("read x"))
    found.begun()
    engine = looop.engine
    killed(looop.keeper)
    gone([engine])
    until(lambda: not found.alive(), "the end of its children")


def test_no_keeper_starts_before_the_end_of_all_that_the_last_one_kept(looop: Person) -> None:
    found = Hostiles(looop.profile.data / "gate", ("cleared-daemon-then-hang",))
    looop("start-session", "a", "--command", found.script("exec sleep 1000"))
    found.begun()
    killed(looop.keeper)
    looop("up")
    assert found.alive() == []
    assert looop.state("a") == "lost"


def test_a_killed_guardian_costs_no_session(looop: Person, sessions: tuple[Proc, ...]) -> None:
    killed(guardian(looop))
    assert looop.state("polite") != "lost"
    looop("up")
    looop("down", "--all")
    gone(sessions)


def guardian(looop: Person) -> Proc:
    """Give keeper's parent."""
    found = tree.proc(looop.keeper.ppid)
    assert found is not None
    assert tested.is_call(found.pid, "__keeper")
    return found


def test_keeper_and_engine_killed_together_leave_the_same(looop: Person, sessions: tuple[Proc, ...]) -> None:
    keeper, engine = looop.keeper, looop.engine
    os.kill(keeper.pid, signal.SIGKILL)
    os.kill(engine.pid, signal.SIGKILL)
    gone([keeper, engine])
    looop("up")
    gone(sessions)
    lost(looop, "keeper of its terminal has gone")


def test_all_that_was_said_before_keeper_was_killed_is_there(looop: Person, tmp_path: Path) -> None:
    floods = Floods(looop, tmp_path, 2)
    keeper = looop.keeper
    killed(keeper)
    until(lambda: not looop.lives(), "the engine's end")
    for name in floods.names:
        lines = looop("log", name, "--raw", "--since", "0").splitlines()[:-1]
        assert len(lines) > 2000
        assert lines == [f"{number:09}" for number in range(len(lines))]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_logout_ends_sessions_politely_and_their_end_is_kept(looop: Person, number: signal.Signals) -> None:
    looop("up")
    script = "trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.05; done"
    looop("start-session", "polite", "--command", f'sh -c "{script}"')
    looop("start-session", "deaf", "--command", DEAF)
    for name in ("polite", "deaf"):
        looop("expect", name, "ready")
    leaders = [leader(looop, name) for name in ("polite", "deaf")]
    os.kill(looop.keeper.pid, number)
    until(lambda: not looop.lives(), "the end of keeper and engine")
    gone(leaders)
    looop("up")
    assert (looop.state("polite"), looop.state("deaf")) == ("killed", "killed")
    assert looop.call("wait", "polite").returncode == 3
    assert "bye" in looop("log", "polite")


def test_after_another_boot_sessions_are_lost_and_strangers_are_left_alone(
    looop: Person, sessions: tuple[Proc, ...]
) -> None:
    deaf = sessions[1]
    keeper, engine = looop.keeper, looop.engine
    killed(guardian(looop))
    killed(keeper)
    gone([engine])
    for file in looop.profile.data.rglob("pty.jsonl"):
        file.write_text(file.read_text().replace(tree.boot_id(), "another-boot"))
    for lock in (looop.profile.keeper_lock, looop.profile.lock):
        lock.write_text(lock.read_text().replace(tree.boot_id(), "another-boot"))
    assert json.loads(looop("status", "--json"))["v"] == 1  # as the files have it
    looop("up")
    lost(looop, "machine was started anew")
    assert lives(deaf)  # that its number is the lost one's is an accident, in another boot
    for process in sessions:
        tree.kill_tree(process.pid)
