"""What is left of a session's processes once it has ended, by the real verbs: nothing, however they hide."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from looop.child import tree
from support.hostiles import HANGING, PROGRAM
from support.person import Person
from support.surviving import leader
from support.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.timeout(300)]

LEAVING = ("daemon-holds-stdout", "daemon-is-silent", "daemon-cleared-environment", "daemon-in-group")


def hostile(kinds: Sequence[str], mark: str, then: str) -> str:
    """Give a command that starts them all and then goes on."""
    each = " ".join(f"{sys.executable} -S {PROGRAM} {kind} {mark} &" for kind in kinds)
    return f"env -i setsid sleep 1000 & {each} {then}"


def marked(mark: str) -> list[int]:
    return [entry.pid for entry in tree.table().values() if not entry.dead and mark in _words(entry.pid)]


def _words(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    except OSError:
        return ""


def spread(looop: Person, then: str, kinds: Sequence[str]) -> str:
    """Start a session full of them, and wait until all are there."""
    mark = f"mark-{os.urandom(6).hex()}"
    looop("start-session", "a", "--command", hostile(kinds, mark, then))
    until(lambda: len(marked(mark)) > len(kinds), "the hostile programs")
    return mark


@pytest.mark.parametrize("flags", [(), ("--now",)])
def test_a_killed_session_leaves_nothing(looop: Person, flags: tuple[str, ...]) -> None:
    looop("start-session", "other", "--command", "read x")
    mark = spread(looop, "sleep 1000", (*HANGING, *LEAVING))
    below = tree.descendants(leader(looop, "a").pid)
    looop("kill", "a", *flags)
    assert marked(mark) == []
    assert [one for one in below if tree.alive(one.pid, one.start)] == []
    assert looop.state("a") == "killed"
    assert looop.call("send", "other", "x").returncode == 0
    assert looop.call("wait", "other").returncode == 0


def test_a_frozen_session_is_killed_whole(looop: Person) -> None:
    mark = spread(looop, "sleep 1000", ("daemon-then-hang", "ignores-term"))
    looop("freeze", "a")
    looop("kill", "a")
    assert marked(mark) == []


def test_what_a_session_leaves_when_it_ends_by_itself_is_gone_with_it(looop: Person) -> None:
    mark = spread(looop, "read x; exit 6", LEAVING)
    looop("send", "a", "go")
    assert looop.call("wait", "a").returncode == 6
    assert marked(mark) == []


def test_what_a_killed_leader_leaves_is_gone_with_it(looop: Person) -> None:
    mark = spread(looop, "read x", (*HANGING, *LEAVING))
    os.kill(leader(looop, "a").pid, 9)
    assert looop.call("wait", "a").returncode == 137
    assert marked(mark) == []
