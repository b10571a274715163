"""Who calls is told by the processes above the caller, never by what the caller says of itself."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from looop.child import tree
from looop.engine import caller
from looop.engine.call import Kind
from looop.engine.caller import ancestors, classify, pinned
from support.terminal import terminal
from support.waiting import until

pytestmark = pytest.mark.process

FLED = "setsid sh -c '(env -i sleep 1000 & echo $! >{pid}; wait)' & wait"


NOBODY = {2**22 + 1}


@contextmanager
def waiting(*before: str, apart: bool = False) -> Iterator[int]:
    """Have a process that waits; its pid."""
    command = [*before, sys.executable, "-c", "print(flush=True); input()"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, start_new_session=apart) as child:
        assert child.stdout is not None
        child.stdout.readline()
        yield child.pid
        child.kill()


def test_a_process_at_a_terminal_with_nothing_of_ours_above_it_is_a_person() -> None:
    assert classify(os.getpid(), ours=NOBODY).kind is Kind.PERSON


def test_without_a_terminal_it_is_a_stranger() -> None:
    with waiting(apart=True) as pid:
        assert classify(pid, ours=NOBODY).kind is Kind.STRANGER


def test_what_runs_in_another_world_of_pids_shows_no_person(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caller, "_namespace", lambda: "pid:[1]")
    assert classify(os.getpid(), ours=NOBODY).kind is Kind.STRANGER


def test_who_sits_at_a_sessions_terminal_is_in_that_session_whoever_its_parent_is(tmp_path: Path) -> None:
    """It forked itself away and fell to somebody else, as after keeper's death: the terminal still tells."""
    pid, flee = tmp_path / "pid", "(sleep 1000 & echo $! >{pid}) & exec sleep 1000"
    with terminal("-c", flee.format(pid=pid), program=("/bin/sh",)) as it:
        until(lambda: pid.exists() and pid.read_text().strip(), "the process that fled")
        fled, leader = int(pid.read_text()), it.process.pid
        until(lambda: leader not in (ancestors(fled) or (leader,)), "it to fall to another parent")
        found = [classify(fled, ours=NOBODY, leaders=leaders) for leaders in ({leader: "tea"}, {})]
        os.kill(fled, 9)
    assert [(one.kind, one.session) for one in found] == [(Kind.CHILD, "tea"), (Kind.PERSON, None)]


def test_a_caller_that_has_gone_is_not_taken_for_whoever_gets_its_number() -> None:
    here, there = socket.socketpair()
    with here, there, pinned(there, os.getpid()) as lives:
        assert lives()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("")  # a name that the kernel finds
        listening.listen()
        connect = f"import socket; socket.socket(socket.AF_UNIX).connect({listening.getsockname()!r})"
        with subprocess.Popen([sys.executable, "-c", connect]) as child:
            line, _ = listening.accept()
            child.wait()
        with line, pinned(line, os.getpid()) as lives:  # as if we had got the number
            assert not lives()


def test_a_child_of_the_engine_is_ours() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        found = classify(child.pid, ours={os.getpid()})
        child.kill()
    assert (found.kind, found.pid) == (Kind.CHILD, child.pid)


def test_while_the_tick_runs_its_agents_children_are_the_ticks(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    with subprocess.Popen(["sh", "-c", FLED.format(pid=pid)]) as agent:
        until(lambda: pid.exists() and pid.read_text(), "the process that fled")
        fled = int(pid.read_text())
        me = {os.getpid()}
        found = [classify(fled, ours=me, tick=me).kind, classify(fled, ours=me).kind]
        tree.kill_tree(agent.pid)
    assert found == [Kind.TICK, Kind.CHILD]


def test_the_engine_itself_is_not_below_itself() -> None:
    assert classify(os.getpid(), ours={os.getpid()}).kind is Kind.PERSON


@pytest.mark.parametrize("pid", [0, 2**22 + 1])
def test_who_cannot_be_seen_may_do_the_least(pid: int) -> None:
    assert classify(pid, ours={os.getpid()}).kind is Kind.CHILD


def test_a_dead_caller_may_do_the_least() -> None:
    with subprocess.Popen(["true"]) as child:
        child.wait()
    assert classify(child.pid, ours={os.getpid()}).kind is Kind.CHILD


def test_the_line_of_parents_ends_at_init() -> None:
    line = ancestors(os.getpid())
    assert line is not None
    assert line[0] == os.getppid()
    assert line[-1] in {0, 1}
