"""What survives the end of an engine, with the real program: killed, hung, replaced by another version."""

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from looop.engine.timing import Timing
from support.person import Person, person
from support.surviving import Floods, gone, killed, leader, leaderless, next_engine, started_with
from support.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.timeout(300)]

QUICK = Timing(pat=0.2, hang_after=4.0, second_look=0.5, grace=1.0)
ROOT = Path(__file__).parents[2]


def test_engines_killed_in_the_middle_of_floods_lose_no_line_and_no_code(
    looop: Person, tmp_path: Path
) -> None:
    leaderless(looop)
    looop("up")
    keeper = looop.keeper.pid
    floods = Floods(looop, tmp_path, 4)
    for _ in range(3):
        engine = looop.engine
        killed(engine)
        for name in floods.names:
            floods.grow(name)
        next_engine(looop, engine)
    floods.stop()
    assert looop.keeper.pid == keeper


def connected(verb: "subprocess.Popen[str]") -> bool:
    """Whether a verb has a connection: what it asks for is on its way then."""
    try:
        fds = [fd.readlink() for fd in Path(f"/proc/{verb.pid}/fd").iterdir()]
    except FileNotFoundError:  # it has just closed one
        return False
    return any(str(fd).startswith("socket:") for fd in fds)


def test_verbs_that_wait_go_on_at_the_next_engine(each_looop: Person) -> None:
    looop = each_looop
    looop("start-session", "a", "--command", "echo first; read x; echo second; read x; exit 7")
    expecting, waiting = looop.start("expect", "a", "second", "--since", "0"), looop.start("wait", "a")
    following = looop.start("log", "a", "-f", "--raw", "--since", "0")
    with expecting, waiting, following:
        until(lambda: all(map(connected, (expecting, waiting, following))), "all three to be connected")
        looop("expect", "a", "first")  # a verb later all three have been told how to go on
        for _ in range(2):
            engine = looop.engine
            killed(engine)
            next_engine(looop, engine)
            looop("send", "a", "go on")
        assert waiting.wait(60) == 7
        assert expecting.wait(60) == 0
        assert following.wait(60) == 0
        assert following.stdout is not None
        words = following.stdout.read().split()
    assert [word for word in words if word in {"first", "second"}] == ["first", "second"]


def test_an_end_while_there_was_no_engine_is_known_to_the_next_one(looop: Person, tmp_path: Path) -> None:
    go = tmp_path / "go"
    looop("start-session", "a", "--command", f"until [ -e {go} ]; do sleep 0.05; done; kill -USR1 $$; exit 9")
    looop("start-session", "b", "--command", "read x")
    engine, ended = looop.engine, leader(looop, "a")
    os.kill(engine.pid, signal.SIGSTOP)
    go.touch()
    gone([ended])
    killed(engine)
    next_engine(looop, engine)
    assert looop.call("wait", "a").returncode == 128 + signal.SIGUSR1
    looop("kill", "b")


def test_a_hung_engine_is_replaced_in_the_middle_of_floods(looop: Person, tmp_path: Path) -> None:
    leaderless(looop)
    started_with(looop, QUICK)
    floods = Floods(looop, tmp_path, 2)
    engine = looop.engine
    os.kill(engine.pid, signal.SIGSTOP)
    next_engine(looop, engine)
    floods.stop()
    assert "has been silent" in (looop.profile.pulse / "keeper.log").read_text()


def test_an_agent_that_somebody_killed_reads_killed_from_outside(looop: Person) -> None:
    looop("start-session", "a", "--command", "exec sleep 1000")
    looop("start-session", "b", "--command", "sleep 1000")
    os.kill(leader(looop, "a").pid, signal.SIGKILL)
    looop.becomes("a", "ended")
    looop("kill", "b", "--now")
    assert looop.call("wait", "a").returncode == 137
    assert "killed from outside" in looop("explain", "a")
    assert looop.state("b") == "killed"


def test_another_version_takes_over_in_the_middle_of_floods(tmp_path: Path) -> None:
    old, new = (_installed(tmp_path / version, version) for version in ("1.0.1", "1.0.2"))
    with person(tmp_path, program=old, PYTHONPATH="") as looop:
        leaderless(looop)
        looop("up")
        floods = Floods(looop, tmp_path, 3)
        keeper, engine = looop.keeper, looop.engine
        leaders = [leader(looop, name) for name in floods.names]
        renewed = replace(looop, program=new)
        assert "in its new version" in renewed("up")
        assert renewed("version") == "looop 1.0.2\n"
        assert (looop.keeper.pid, looop.keeper.start) == (keeper.pid, keeper.start)
        gone([engine])
        for process in (looop.keeper, looop.engine):
            assert new[0].encode() in Path(f"/proc/{process.pid}/cmdline").read_bytes()
        assert [(one.pid, one.start) for one in leaders] == [
            (one.pid, one.start) for one in (leader(renewed, name) for name in floods.names)
        ]
        for name in floods.names:
            floods.grow(name)
        floods.stop()
        assert "was up already" in renewed("up")


def _installed(folder: Path, version: str) -> tuple[str, ...]:
    """Install looop as this version, in an environment of its own that shares the other packages."""
    packages = folder / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    shutil.copytree(ROOT / "looop", packages / "looop", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "seeds", packages / "looop" / "seeds")
    (packages / "looop" / "__init__.py").write_text(f'__version__ = "{version}"\n')
    (packages / "shared.pth").write_text("\n".join(path for path in sys.path if "site-packages" in path))
    (folder / "bin").mkdir()
    base = Path(sys.base_prefix) / "bin" / Path(os.path.realpath(sys.executable)).name
    (folder / "pyvenv.cfg").write_text(f"home = {base.parent}\n")
    (folder / "bin" / "python").symlink_to(base)
    return (str(folder / "bin" / "python"), "-P", "-m", "looop")
