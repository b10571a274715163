"""Who calls is told by the processes above the caller, never by what the caller says of itself."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from looop.child import tree
from looop.engine.call import Kind
from looop.engine.caller import ancestors, classify
from support.waiting import until

pytestmark = pytest.mark.process

FLED = "setsid sh -c '(env -i sleep 1000 & echo $! >{pid}; wait)' & wait"


def test_a_process_with_nothing_of_ours_above_it_is_a_person() -> None:
    assert classify(os.getpid(), ours={2**22 + 1}).kind is Kind.PERSON


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
