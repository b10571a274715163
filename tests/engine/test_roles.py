"""What each role of the program imports, and what a verb does with and without an engine."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from looop import __version__
from looop.core import wire
from looop.core.wire import Frame
from support.scripted import Scripted, scripted

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]
HEAVY = {"trio", "cyclopts", "msgspec", "rich", "asyncio", "dataclasses", "pathlib", "socket", "subprocess"}
# Runs the program as `python -m looop` would, then names what it had imported.
_SPY = """
import json, os, sys
sys.argv = ["looop", *sys.argv[1:]]
from looop.__main__ import main
code = main()
os.write(3, json.dumps([code, sorted(name for name in sys.modules)]).encode())
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    found = tmp_path / "data"
    found.mkdir(mode=0o700)
    return found


@pytest.fixture
def engine(data: Path) -> Iterator[Scripted]:
    with scripted(data / ".sock") as it:
        yield it


def spied(data: Path, *argv: str) -> "subprocess.Popen[bytes]":
    report = os.open(data / "report", os.O_RDWR | os.O_CREAT, 0o600)
    env = {"LOOOP_DATA_DIR": str(data), "LOOOP_CONFIG": str(data / "c"), "PYTHONPATH": str(ROOT)}
    try:
        return subprocess.Popen(
            ["/bin/sh", "-c", f'exec "$@" 3<>{data}/report', "sh", sys.executable, "-c", _SPY, *argv],
            env={**os.environ, **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    finally:
        os.close(report)


def report(data: Path) -> tuple[int, set[str]]:
    code, modules = json.loads((data / "report").read_text())
    return code, set(modules)


def test_a_relayed_verb_imports_no_library_and_nothing_slow(data: Path, engine: Scripted) -> None:
    with spied(data, "journal", "--json") as process, engine.accept() as line:
        run = line.run()
        line.say(Frame(wire.OUT, b"from the engine\n"))
        line.end(3)
        assert process.communicate(timeout=60)[0] == b"from the engine\n"
    code, modules = report(data)
    assert (code, run.argv) == (3, ("journal", "--json"))
    assert HEAVY & modules == set()


def test_a_verb_that_the_engine_leaves_to_us_runs_here(data: Path, engine: Scripted) -> None:
    with spied(data, "journal", "--nonsense") as process, engine.accept() as line:
        line.run()
        line.say(Frame(wire.LOCAL))
        _, err = process.communicate(timeout=60)
    assert report(data)[0] == 2
    assert b"--nonsense" in err


def test_a_local_verb_never_asks_the_engine(data: Path, engine: Scripted) -> None:
    with spied(data, "help") as process:
        out, _ = process.communicate(timeout=60)
    assert report(data)[0] == 0
    assert b"looop" in out
    assert not engine.asked()


def test_without_an_engine_a_verb_runs_here(tmp_path: Path) -> None:
    with spied(tmp_path, "journal") as process:
        process.communicate(timeout=60)
    assert report(tmp_path)[0] == 0


@pytest.mark.parametrize("word", ["version", "--version", "-V"])
def test_the_version_is_told_without_importing_anything(data: Path, word: str) -> None:
    with spied(data, word) as process:
        out, _ = process.communicate(timeout=60)
    code, modules = report(data)
    assert (code, out) == (0, f"looop {__version__}\n".encode())
    assert HEAVY & modules == set()
    assert "looop.cli" not in modules


def test_a_removed_working_folder_is_no_trouble(data: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    env = {"LOOOP_DATA_DIR": str(data), "LOOOP_CONFIG": str(data / "c"), "PYTHONPATH": str(ROOT)}
    command = f"cd {gone} && rmdir {gone} && exec {sys.executable} -P -m looop journal"
    ran = subprocess.run(
        ["/bin/sh", "-c", command], env={**os.environ, **env}, capture_output=True, check=False
    )
    assert b"Traceback" not in ran.stderr


def test_keeper_imports_the_standard_library_alone() -> None:
    code = "import sys, looop.engine.keeper; print(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert {"trio", "cyclopts", "msgspec", "rich", "asyncio"} & set(ran.stdout.split()) == set()
