"""Which command lines the launcher relays, leaves to Python or answers itself: as the Python program does."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from launcher import table
from looop import __version__
from looop.cli import places
from support.launching import RUN_IT_HERE, Launchers
from support.scripted import Scripted

pytestmark = pytest.mark.process

WORDS = (
    *{word for verb in places.VERBS for word in verb.split(" ")},
    *("--json", "--help", "-h", "--", "-", "--version", "-V", "-x", "-f"),
    *("__engine", "__keeper", "nonsense", "Status", "statu", "statuss", "goal new", "x" * 100),
)


class Asking:
    """A launcher that looks for an engine and has no patience with the one it finds."""

    def __init__(self, launcher: Path, engine: Scripted, sock: Path) -> None:
        self._command, self._engine = str(launcher), engine
        self._env = {**os.environ, "LOOOP_DATA_DIR": str(sock.parent)}

    def relays(self, argv: Sequence[str]) -> bool:
        ran = subprocess.run([self._command, *argv], env=self._env, check=False, capture_output=True)
        assert (ran.returncode, ran.stdout, ran.stderr) == (RUN_IT_HERE, b"", b"")
        asked = self._engine.asked()
        if asked:
            with self._engine.accept():
                pass
        return asked


@pytest.fixture
def asking(launchers: Launchers, engine: Scripted, sock: Path) -> Asking:
    return Asking(launchers(PATIENCE_MS="0"), engine, sock)


def expected(argv: Sequence[str]) -> bool:
    return places.place(argv) is not places.Place.LOCAL and places.name(argv) not in table.RAW_TERMINAL


@pytest.mark.parametrize("verb", [verb for verb in places.VERBS if verb != "version"])
def test_each_verb_goes_where_the_python_program_has_it(asking: Asking, verb: str) -> None:
    argv = verb.split()
    assert asking.relays(argv) == expected(argv)
    assert not asking.relays([*argv, "--help"])
    assert asking.relays([*argv, "--", "--help"]) == expected([*argv, "--", "--help"])


def test_the_table_holds_the_relayed_verbs_and_no_other() -> None:
    assert set(table.relayed()) == {verb for verb in places.VERBS if expected(verb.split())}
    listed = ", ".join(f'"{verb}"' for verb in table.relayed())
    assert f"#define RELAYED {{ {listed} }}\n" in table.header()


@pytest.mark.parametrize(
    ("argv", "relayed"),
    [
        ([], True),
        (["--json"], True),
        (["--json", "status"], True),
        (["status", "--json"], True),
        (["goal", "new"], True),
        (["goal", "--json", "new"], False),
        (["goal"], False),
        (["attach", "tea"], False),
        (["-h"], False),
        (["log", "--", "-h"], True),
        (["__engine"], False),
        ([""], True),
        (["--version", "--json"], False),
        (["wait", "-V"], True),
    ],
)
def test_what_counts_is_the_first_word_or_two(asking: Asking, argv: list[str], relayed: bool) -> None:
    assert expected(argv) == relayed
    assert asking.relays(argv) == relayed


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(argv=st.lists(st.sampled_from(WORDS), max_size=4))
def test_any_words_go_where_the_python_program_has_them(asking: Asking, argv: list[str]) -> None:
    if argv in (["version"], ["--version"], ["-V"]):
        return
    assert asking.relays(argv) == expected(argv)


@pytest.mark.parametrize("word", ["version", "--version", "-V"])
def test_the_version_is_told_without_any_python(launcher: Path, word: str) -> None:
    ran = subprocess.run([launcher, word], env={}, check=False, capture_output=True)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, f"looop {__version__}\n".encode(), b"")


def test_a_version_that_cannot_be_written_is_left_to_python(launcher: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        assert (
            subprocess.run([launcher, "version"], env={}, check=False, stdout=full).returncode == RUN_IT_HERE
        )


def test_a_program_started_without_even_a_name_is_a_bare_looop(launcher: Path) -> None:
    code = """if 1:
    import ctypes, sys
    nothing = (ctypes.c_char_p * 1)(None)
    ctypes.CDLL(None).execve(sys.argv[1].encode(), nothing, nothing)
    """
    ran = subprocess.run([sys.executable, "-c", code, launcher], check=False, capture_output=True)
    assert (ran.returncode, ran.stderr) == (RUN_IT_HERE, b"")
