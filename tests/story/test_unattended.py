"""A loop that nobody looks after: started by a unit with a poor PATH, removed from the machine at last."""

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from looop.child import tree
from support.managed import script
from support.person import Person, person
from support.tested import LOOOP, ROOT
from support.waiting import until

pytestmark = pytest.mark.process
POOR = "/usr/bin:/bin"


def up_at_a_terminal(them: Person, path: str) -> None:
    """Say `up` where stdin is a terminal; the rest is read by a program, so that nothing is asked."""
    master, slave = pty.openpty()
    try:
        ran = subprocess.run(
            [*them.program, "up"],
            env={**them.env, "PATH": path},
            stdin=slave,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    finally:
        os.close(master)
        os.close(slave)
    assert ran.returncode == 0, ran.stderr


def path_of(pid: int) -> str:
    given = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return next(each.decode().removeprefix("PATH=") for each in given if each.startswith(b"PATH="))


def test_a_unit_that_stops_and_starts_it_keeps_the_path_of_the_terminal(
    looop: Person, tmp_path: Path
) -> None:
    script(tmp_path / "tools" / "only-here", "echo '{\"signal\": 1}'")
    rich = f"{tmp_path / 'tools'}:{POOR}"
    up_at_a_terminal(looop, rich)
    looop("down")  # as ExecStop at a shutdown
    assert not looop.profile.up.exists()
    assert looop.call("up", env={"PATH": POOR}).returncode == 0  # as ExecStart at a boot
    assert (path_of(looop.keeper.pid), path_of(looop.engine.pid)) == (rich, rich)
    sensor = looop.profile.sensors / "tool.sh"
    sensor.write_text("#!/bin/sh\nexec only-here\n")
    sensor.chmod(0o700)
    reading = looop.profile.snapshots / "sensor-tool.json"
    until(lambda: reading.exists() and '"signal"' in reading.read_text(), "a reading of the terminal's tool")
    assert "only-here" not in reading.read_text()


# The shared fallback cache of this machine's user is no test's to remove.
CODE = """
import sys
from pathlib import Path
from looop.engine import ending
from looop.store import leftovers
leftovers._SHARED = Path("/nowhere")
ending.GRACE = 6.0  # longer than an engine counts as busy only
from looop.__main__ import main
sys.exit(main())
"""
PRIVATE = (sys.executable, "-P", "-c", CODE)
CHECKOUT = {"PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": ""}


def uninstalled(them: Person, *argv: str) -> subprocess.CompletedProcess[str]:
    return Person(them.profile, them.env | CHECKOUT, PRIVATE).call("uninstall", "--yes", *argv, timeout=180)


def session(them: Person, tmp_path: Path) -> tuple[int, int]:
    """Start a session that takes no hint; its process, and when that began."""
    told = tmp_path / "pid"
    them(
        "start-session",
        "stubborn",
        "x",
        "--command",
        f"trap '' TERM HUP; echo $$ >{told}; sleep 1000; sleep 1000",
    )
    until(lambda: told.exists() and told.read_text().strip(), "the session's process")
    pid = int(told.read_text())
    return pid, tree.start_time(pid) or 0


def test_it_ends_pulse_and_sessions_and_keeps_the_memory(looop: Person, tmp_path: Path) -> None:
    looop("up")
    process = session(looop, tmp_path)
    refused = Person(looop.profile, looop.env, PRIVATE).call("uninstall")
    assert (refused.returncode, "stubborn" in refused.stderr) == (2, True)
    assert tree.alive(*process)
    said = uninstalled(looop)
    assert said.returncode == 0, said.stdout + said.stderr
    assert not looop.lives()
    assert not tree.alive(*process)
    assert looop.profile.playbook.exists()


def test_a_hung_engine_and_a_broken_config_stop_it_from_nothing(looop: Person, tmp_path: Path) -> None:
    looop("up")
    process = session(looop, tmp_path)
    engine = looop.engine
    looop.profile.config.write_text("{")
    os.kill(engine.pid, signal.SIGSTOP)
    said = uninstalled(looop, "--purge")
    assert said.returncode == 0, said.stdout + said.stderr
    assert not tree.alive(*process)
    assert not tree.alive(engine.pid, engine.start)
    assert not looop.profile.data.exists()
    assert looop.profile.config.read_text() == "{"


def test_from_inside_a_session_it_is_refused(looop: Person, tmp_path: Path) -> None:
    looop("up")
    said = tmp_path / "said"
    command = " ".join(LOOOP)
    looop(
        "start-session",
        "evil",
        "x",
        "--command",
        f"{command} uninstall --purge --yes >{said}.part 2>&1; "
        f"echo code $? >>{said}.part; mv {said}.part {said}; sleep 1000",
    )
    until(said.exists, "the session's try")
    assert "code 5" in said.read_text()
    assert "only a person may" in said.read_text()
    assert looop.lives()
    assert looop.profile.playbook.exists()


def test_nothing_is_imported_any_more_once_the_program_itself_is_being_removed(tmp_path: Path) -> None:
    """Frozen, a late import would look for a file that is gone."""
    code = (
        "import sys; from pathlib import Path; from looop.store import leftovers\n"
        "leftovers._SHARED = Path('/nowhere')\n"
        "real, seen = leftovers.unpacked, []\n"
        "def unpacked(env):\n"
        "    seen.append(set(sys.modules)); return real(env)\n"
        "leftovers.unpacked = unpacked\n"
        "from looop.cli import app\n"
        "code = app.main(sys.argv[1:])\n"
        "print(sorted(set(sys.modules) - seen[0]), file=sys.stderr); sys.exit(code)\n"
    )
    with person(tmp_path) as them:
        cache = script(Path(them.env["HOME"]) / ".cache/looop" / ("ab" * 32) / "looop", "x").parent
        for argv in (("uninstall",), ("uninstall", "--json"), ("uninstall", "--purge", "--yes")):
            said = Person(them.profile, them.env | CHECKOUT, (sys.executable, "-P", "-c", code)).call(*argv)
            assert (said.returncode, said.stderr.strip()) == (0, "[]"), said.stderr
            assert not cache.exists()
