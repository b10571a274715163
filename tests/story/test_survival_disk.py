"""A disk that takes nothing while sessions flood, with the real program: all wait, nothing is lost, all ends.

The disk is made up: keeper, or the engine, may let no file grow beyond a size, which fails like a full one.
"""

import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from looop.child.proc import Proc
from support.person import Person
from support.surviving import Floods, gone, leader, leaderless
from support.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.timeout(300)]


@contextmanager
def full(process: Proc, size: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size."""
    before = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, before)


@contextmanager
def stuck(looop: Person, name: str) -> Iterator[None]:
    """Fill keeper's disk, and wait until this flood waits for it."""
    log = looop.profile.sessions / name / "output.log"
    size = log.stat().st_size + 50_000
    with full(looop.keeper, size):
        until(lambda: log.stat().st_size == size, "the flood to wait")
        yield


def test_floods_wait_for_a_full_disk_and_lose_nothing(looop: Person, tmp_path: Path) -> None:
    floods = Floods(looop, tmp_path, 2)
    with stuck(looop, floods.names[0]):
        assert looop.session(floods.names[0])["state"] == "working"
        assert looop("shot", floods.names[0]) != ""
    for name in floods.names:
        floods.grow(name)
    floods.stop()


def test_a_session_that_waits_for_the_disk_is_killed_all_the_same(looop: Person, tmp_path: Path) -> None:
    looop("start-session", "other", "--command", "read x")
    floods = Floods(looop, tmp_path, 1)
    top = leader(looop, floods.names[0])
    with stuck(looop, floods.names[0]):
        looop("kill", floods.names[0])
        gone([top])
        assert looop.state(floods.names[0]) == "killed"
    assert '"unwritten":' in (looop.profile.sessions / floods.names[0] / "pty.jsonl").read_text()
    looop("send", "other", "x")
    assert looop.call("wait", "other").returncode == 0


def test_down_all_ends_a_session_that_waits_for_the_disk(looop: Person, tmp_path: Path) -> None:
    leaderless(looop)
    looop("up")
    floods = Floods(looop, tmp_path, 1)
    everybody = [leader(looop, floods.names[0]), looop.engine, looop.keeper]
    with stuck(looop, floods.names[0]):
        assert looop("down", "--all") == "The pulse has ended.\n"
        gone(everybody)
    assert looop.state(floods.names[0]) == "killed"


def test_an_answer_that_finds_no_room_is_refused_and_can_be_given_again(looop: Person) -> None:
    asking = 'echo got:"$("$LOOOP_BIN" flag "which?" --wait)"; read x'
    looop("start-session", "a", "--command", asking)
    until(lambda: "which?" in looop("ls"), "the flag")
    with full(looop.engine, 0):
        refused = looop.call("answer", "a", "this")
        assert refused.returncode == 1
        assert refused.stderr.startswith("looop: ")
        assert "which?" in looop("ls")
    looop("answer", "a", "that")
    assert looop("expect", "a", "got:.*", "--timeout", "60") == "got:that\n"
