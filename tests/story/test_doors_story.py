"""Who has no terminal judges nothing, and each session has its own door, whichever engine is behind it."""

import json
import os
import shlex
import signal
import sys
from pathlib import Path

import pytest

from looop.child import tree
from looop.store.paths import door
from support import tested
from support.person import Person, person
from support.sitting import apart
from support.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.timeout(300)]

ASK = """
import os, sys
from looop.engine import client
os._exit(client.relay(sys.argv[1], sys.argv[2:], os.environ, "/"))
"""


SIT = """
import os, pty, sys
pid, master = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
try:
    while os.read(master, 4096):
        pass
except OSError:
    pass
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""


def without_a_terminal(looop: Person) -> Person:
    """Call as cron or a unit does."""
    return Person(looop.profile, looop.env, apart(*looop.program))


def test_a_script_starts_and_talks_but_answers_nothing(looop: Person) -> None:
    script = without_a_terminal(looop)
    script("start-session", "tea", "--command", "cat")
    script("send", "tea", "hello")
    script("flag", "tea", "Green?")
    number = str(looop.session("tea")["flag"]["number"])
    for verb in (("answer", number, "yes"), ("unflag", number), ("send", "tea", "yes"), ("unpause",)):
        assert script.call(*verb).returncode == 5, verb
    assert looop.session("tea")["flag"]["number"] == int(number)
    looop("answer", number, "yes")
    script("down", "--all")
    assert script.call("answer", number, "no").returncode == 5  # on the files alone, too


def test_a_session_has_a_door_until_its_end_whichever_engine_serves_it(looop: Person, tmp_path: Path) -> None:
    looop("start-session", "tea", "--command", "cat")
    looop("start-session", "milk", "--command", "cat")
    place = door(looop.profile, looop.session("tea")["generation"])
    inode, engine = place.stat().st_ino, looop.engine.pid
    assert "tea" in claimed(looop, place, "a-cup")
    os.kill(engine, signal.SIGKILL)
    until(lambda: looop.lives() and tree.proc(engine) is None and (place / "sock").exists(), "another engine")
    until(lambda: "tea" in claimed(looop, place, "a-spoon"), "it to answer at the same door")
    assert place.stat().st_ino == inode
    assert cross(looop, place, tmp_path) == "5"
    looop("kill", "tea")
    left = {"person", "tick", looop.session("milk")["generation"]}
    until(lambda: {one.name for one in looop.profile.doors.iterdir()} == left, "the doors of the ended to go")


@pytest.mark.needs("bwrap")
def test_a_confined_worker_sees_its_own_door_alone_and_is_a_worker_whatever_it_does(tmp_path: Path) -> None:
    with person(tmp_path, LOOOP_CONFINE="require") as looop:
        looop("start-session", "other", "--command", "cat")
        looop("flag", "other", "May I?")
        number = looop.session("other")["flag"]["number"]
        call = shlex.join(looop.program)
        sitting = shlex.join([os.path.realpath(sys.executable), "-c", SIT])
        work = f"""
            echo doors $(ls {looop.profile.doors} | wc -l)
            for verb in "answer {number} yes" "unflag {number}" "send other x" "down --all" \
                "init --runner rehearsal --yes" "start-session more --command true" "thaw other"; do
                {call} $verb </dev/null >/dev/null; echo code $?
                {sitting} {call} $verb >/dev/null; echo code $?
            done
            {call} claim a-cup; cat
        """
        looop("start-session", "tea", "--command", work)
        until(lambda: "a-cup is yours" in looop("log", "tea"), "the worker's last word")
        said = looop("log", "tea")
        assert "doors 2" in said
        assert [line for line in said.splitlines() if line.startswith("code")] == ["code 5"] * 14
        assert looop.session("other")["flag"]["number"] == number
        assert "tea" in looop("claims")


@pytest.mark.needs("bwrap")
@pytest.mark.parametrize("served", [False, True])
def test_a_confined_tick_makes_its_move_at_its_own_door(tmp_path: Path, served: bool) -> None:
    with person(tmp_path, LOOOP_CONFINE="require") as looop:
        call = shlex.join(looop.program)
        doors = looop.profile.doors
        tick = f"{call} start-session fresh --command cat; ls {doors}; {call} answer 1 yes; echo code $?"
        config = {"runner": "mine", "runners": {"mine": {"tick": tick}}}
        looop.profile.config.write_text(json.dumps(config))
        if served:
            looop("start-session", "other", "--command", "cat")
        looop("tick", "--force")
        looop("send", "fresh", "it lives")
        said = next(looop.profile.runs.glob("*/output.log")).read_text()
        assert said.split()[-4:] == ["person", "tick", "code", "5"]


def claimed(looop: Person, place: Path, name: str) -> str:
    """Claim a name at a session's door, as a program in it would: without saying which session."""
    python = sys.executable
    asked = Person(looop.profile, {**looop.env, "PYTHONPATH": str(tested.ROOT)}, (python, "-c", ASK))
    asked.call(str(place / "sock"), "claim", name)
    return looop("claims")


def cross(looop: Person, place: Path, folder: Path) -> str:
    """Have a worker of another session call at this door; its exit code."""
    note = folder / "code"
    call = shlex.join([sys.executable, "-c", ASK, str(place / "sock"), "claim", "a-plate"])
    work = f"PYTHONPATH={tested.ROOT} {call}; echo $? >{note}.new; mv {note}.new {note}; cat"
    looop("start-session", "thief", "--command", work)
    until(note.exists, "the call at another's door")
    looop("kill", "thief")
    return note.read_text().strip()
