"""The guard around a test session: it sees what outlives the session, and lets nothing be skipped in CI."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.source import ROOT

pytestmark = pytest.mark.process

GOOD = "def test_good(): pass\n"
ORPHAN = """
import subprocess
def test_that_leaves_a_daemon():
    subprocess.run(["sh", "-c", "setsid sleep 300 >/dev/null 2>&1 & exit 0"], check=True)
"""
REAPED = """
import os, subprocess, time
def test_whose_orphan_ends_by_itself():
    script = "sh -c 'sleep 0.1' >/dev/null 2>&1 & echo $!"
    pid = subprocess.run(["sh", "-c", script], check=True, capture_output=True, text=True).stdout.strip()
    while os.path.exists(f"/proc/{pid}"):
        time.sleep(0.01)
"""
SKIPS = """
import pytest
def test_skipped(): pytest.skip("no time")
@pytest.mark.xfail
def test_known_to_fail(): raise AssertionError
"""
LACKING = """
import pytest
@pytest.mark.needs("sh", "no-such-program")
def test_with_a_program_that_nobody_has(): raise AssertionError
"""
SKIPPED_MODULE = "import pytest\npytest.skip('elsewhere', allow_module_level=True)\n"


def session(folder: Path, text: str, *flags: str) -> tuple[int, str]:
    """Run pytest on one file, under a copy of our conftest."""
    shutil.copy(ROOT / "tests/conftest.py", folder / "conftest.py")
    (folder / "pytest.ini").write_text(f"[pytest]\npythonpath = {ROOT / 'tests'}\n")
    (folder / "test_it.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "--patience=0.3", "-p", "no:cacheprovider", *flags]
    env = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    done = subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=60
    )
    return done.returncode, done.stdout + done.stderr


def test_a_session_that_leaves_nothing_passes(tmp_path: Path) -> None:
    code, said = session(tmp_path, GOOD, "--no-skips")
    assert (code, "LEFT BEHIND" in said) == (0, False), said


def test_a_daemon_that_forked_itself_away_fails_the_session_and_is_ended(tmp_path: Path) -> None:
    code, said = session(tmp_path, ORPHAN)
    assert (code, "sleep 300" in said) == (1, True), said


def test_an_orphan_that_ends_in_time_is_reaped_and_is_no_leak(tmp_path: Path) -> None:
    assert session(tmp_path, REAPED)[0] == 0


def test_without_no_skips_a_skip_passes(tmp_path: Path) -> None:
    assert session(tmp_path, SKIPS)[0] == 0


def test_what_needs_a_program_that_is_not_there_is_skipped_and_says_so(tmp_path: Path) -> None:
    code, said = session(tmp_path, LACKING, "-rs")
    assert code == 0, said
    assert "not installed: no-such-program" in said


@pytest.mark.parametrize(
    "text", [SKIPS, SKIPPED_MODULE, LACKING], ids=["tests", "module", "for want of a program"]
)
def test_with_no_skips_a_skip_is_a_failure(tmp_path: Path, text: str) -> None:
    code, said = session(tmp_path, text, "--no-skips")
    assert code in {1, 2}, said
    assert "which --no-skips forbids" in said
    assert "passed" not in said
