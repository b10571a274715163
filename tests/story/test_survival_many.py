"""Many sessions, with the real program: one after another they leave nothing, and a hundred live at once."""

import resource
from operator import le
from pathlib import Path

import pytest

from support.person import Person, person
from support.surviving import leaderless
from support.tested import LOOOP
from support.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.timeout(900)]

LIVE = 100
LIMITED = ("/bin/sh", "-c", 'ulimit -n 1024; exec "$@"', "sh", *LOOOP)


def descriptors(looop: Person) -> tuple[int, int]:
    keeper, engine = (len(list(Path(f"/proc/{it.pid}/fd").iterdir())) for it in (looop.keeper, looop.engine))
    return keeper, engine


def test_sessions_one_after_another_leave_no_descriptor(looop: Person) -> None:
    looop("start-session", "first", "--command", "read x")
    for number in range(35):
        if number == 5:
            before = descriptors(looop)
        looop("start-session", f"s{number}", "--command", f"echo hello; exit {number}")
        assert looop.call("wait", f"s{number}").returncode == number
        assert "hello" in looop("shot", f"s{number}")
    # A caller's connection may be there for a moment longer than its caller.
    until(lambda: all(map(le, descriptors(looop), before)), "as few descriptors as before")


def test_a_hundred_live_at_once_under_the_usual_limit_of_descriptors(tmp_path: Path) -> None:
    with person(tmp_path, program=LIMITED, LOOOP_MAX_SESSIONS="0") as looop:
        leaderless(looop)
        looop("up")
        names = [f"s{number}" for number in range(LIVE)]
        for name in names:
            looop("start-session", name, "--command", "read line; echo got:$line; read x; exit 3")
        assert resource.prlimit(looop.engine.pid, resource.RLIMIT_NOFILE)[0] == 1024
        assert len([one for one in looop.json("ls")["sessions"] if one["pid"]]) == LIVE
        for name in names:
            looop("send", name, f"hello-{name}")
        for name in names:
            assert looop("expect", name, "got:hello-\\S+") == f"got:hello-{name}\n"
        for name in names[::5]:
            looop("kill", name)
        assert {looop.state(name) for name in names[::5]} == {"killed"}
        looop("down", "--all")
        assert {one["state"] for one in looop.json("ls")["sessions"]} == {"killed"}
