"""Launchers at a real engine: two hundred that wait, and one of each kind of verb."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from looop.store import paths
from support.launching import WITH_PYTHON, Launchers
from support.person import Person, person
from support.waiting import until

pytestmark = pytest.mark.process

MANY = 200
MEGABYTE = 1_000_000


@pytest.fixture
def them(tmp_path: Path, launchers: Launchers) -> Iterator[Person]:
    """Give a person who types the launcher's name, with Python at hand for what is not relayed."""
    with person(tmp_path, program=(str(launchers()),), **WITH_PYTHON) as it:
        yield it


def connected(sock: Path) -> int:
    """How many callers an engine has now; its socket was bound under this name, before it got its own."""
    lines = Path("/proc/net/unix").read_text().splitlines()
    return sum(line.endswith(f" {sock}.new") and line.split()[5] == "03" for line in lines)


def resident(pid: int) -> int:
    """How much memory a process has now, in bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


@pytest.mark.needs("musl-gcc")
def test_two_hundred_waits_are_two_hundred_small_processes(them: Person) -> None:
    them("start-session", "tea", "--command", "read line; exit 7")
    waits = [them.start("wait", "tea") for _ in range(MANY)]
    try:
        until(
            lambda: connected(paths.door(them.profile, paths.PERSONS) / "sock") >= MANY, "two hundred callers"
        )
        assert {Path(f"/proc/{it.pid}/exe").readlink() for it in waits} == {Path(them.program[0])}
        assert max(resident(it.pid) for it in waits) < MEGABYTE
        assert not any(Path(f"/proc/{it.pid}/task/{it.pid}/children").read_text() for it in waits)
        them("send", "tea", "now")
        assert {it.wait(60) for it in waits} == {7}
    finally:
        for it in waits:
            it.kill()
            it.communicate()


def test_every_kind_of_verb_works_through_the_launcher(them: Person) -> None:
    assert them.json("status")["v"] == 1  # on the files
    them("start-session", "tea", "--command", "echo hello; cat")
    them("expect", "tea", "hello")
    assert "hello" in them("shot", "tea")  # relayed
    assert them.call("shot", "tea", "--nonsense").returncode == 2  # left to Python by the engine
    assert them.call("shot", "coffee").returncode == 3
    assert them("goal", "new", "fish", "-", stdin="feed the fish") != ""
    assert "feed the fish" in them("goal", "show", "fish")
    assert them("kill", "tea") != ""
    assert them.call("wait", "tea").returncode == 128 + signal.SIGTERM
