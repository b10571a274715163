"""A verb imports what it needs: nobody waits for help's painter or for the engine to read three files."""

import json
import os
import subprocess
import sys

import pytest

from looop.cli.verbs import COMMANDS
from looop.store.paths import Profile
from support.source import ROOT

pytestmark = pytest.mark.process

PROBE = (
    "import json, sys; from looop.cli.app import main; code = main(sys.argv[1:]); "
    "sys.stderr.write(json.dumps([code, sorted(sys.modules)]))"
)
NEVER = ("rich", "pygments", "hypothesis", "asyncio", "pytest", "docstring_parser")
ENGINE = (
    "trio",
    "looop.loop",
    "looop.child.spawn",
    "looop.engine.daemon",
    "looop.engine.startup",
    "looop.engine.keeper",
)
PLAIN = {f"looop.core.{noun}" for noun in ("ids", "problem", "quote")}
ELSEWHERE = {
    *("looop.core.moves", "looop.core.world", "looop.core.sessions", "looop.core.states"),
    *("looop.engine.sessions", "looop.engine.questions", "looop.child.environ"),
    *("looop.store.ledger", "shutil", "traceback"),
}


def imported(profile: Profile, *argv: str) -> tuple[int, set[str]]:
    env = {
        "PATH": os.environ["PATH"],
        "LOOOP_DATA_DIR": str(profile.data),
        "LOOOP_CONFIG": str(profile.config),
        "PYTHONPATH": str(ROOT),
    }
    said = subprocess.run(
        [sys.executable, "-c", PROBE, *argv], check=True, capture_output=True, env=env, cwd="/"
    )
    code, modules = json.loads(said.stderr.decode().splitlines()[-1])
    return code, set(modules)


@pytest.mark.parametrize(
    "argv",
    [
        ("status",),
        ("status", "--json"),
        (),
        ("version",),
        ("goals",),
        ("journal",),
        ("sensors",),
        ("pause", "--for", "1h"),
        ("goal", "new", "tea", "text"),
        ("why",),
    ],
)
def test_a_verb_on_files_alone_imports_no_event_loop_and_no_painter(
    profile: Profile, argv: tuple[str, ...]
) -> None:
    code, modules = imported(profile, *argv)
    assert code == 0
    found = {name for name in modules if name.startswith((*NEVER, *ENGINE))}
    assert found == set()


def verbs_of(modules: set[str]) -> set[str]:
    return modules & {where.partition(":")[0] for where in COMMANDS.values()}


def test_version_imports_no_other_verb_and_no_store_but_the_paths(profile: Profile) -> None:
    _, modules = imported(profile, "version", "--json")
    assert verbs_of(modules) == {"looop.cli.version"}
    store = {name for name in modules if name.startswith("looop.store.")}
    assert store == {"looop.store.faults", "looop.store.paths"}
    assert {name for name in modules if name.startswith("looop.core.")} == PLAIN


@pytest.mark.parametrize("argv", [("goals",), ("version", "--json"), ("goal", "new", "tea", "text")])
def test_what_only_other_calls_need_is_left_where_it_is(profile: Profile, argv: tuple[str, ...]) -> None:
    _, modules = imported(profile, *argv)
    assert modules & {*ELSEWHERE, "cyclopts.validators"} == set()


def test_status_imports_no_parser_of_what_agents_write(profile: Profile) -> None:
    _, modules = imported(profile, "status")
    assert {name for name in modules if name.startswith(("looop.core.stream", "looop.core.state_"))} == set()


def test_only_who_changes_something_is_looked_for_among_the_processes(profile: Profile) -> None:
    _, modules = imported(profile, "goals")
    assert modules & {"ctypes", "looop.child.tree"} == set()
    _, modules = imported(profile, "goal", "new", "tea", "text")
    assert {"ctypes", "looop.child.tree"} <= modules


@pytest.mark.parametrize("argv", [("shot", "--help"), ("shot", "a", "-h"), ("start-session", "--help")])
def test_the_help_of_a_verb_imports_no_other_verb_and_no_event_loop(
    profile: Profile, argv: tuple[str, ...]
) -> None:
    code, modules = imported(profile, *argv)
    assert code == 0
    assert verbs_of(modules) == {COMMANDS[argv[0]].partition(":")[0]}
    assert {name for name in modules if name.startswith(ENGINE)} == set()


@pytest.mark.parametrize("argv", [("shot", "--nonsense"), ("shot",), ("goals", "x"), ("log", "--tail", "x")])
def test_a_mistake_is_told_without_a_painter_and_without_an_event_loop(
    profile: Profile, argv: tuple[str, ...]
) -> None:
    code, modules = imported(profile, *argv)
    assert code == 2
    assert {name for name in modules if name.startswith((*NEVER, *ENGINE))} == set()


def test_an_argument_that_looks_like_help_is_no_reason_to_do_without_the_event_loop(profile: Profile) -> None:
    code, modules = imported(profile, "wait", "--", "--help")
    assert code == 125
    assert "trio" in modules


def test_following_a_log_imports_trio_and_no_engine(profile: Profile) -> None:
    _, modules = imported(profile, "log")
    assert {name for name in modules if name.startswith((*NEVER, *ENGINE[1:]))} == set()
    assert "trio" in modules


def test_an_engine_has_all_that_verbs_import_late_before_it_runs_one(profile: Profile) -> None:
    probe = (
        "import json, sys; from pathlib import Path; from looop import __main__; "
        "from looop.store.paths import Profile; "
        "__main__._build(Profile(data=Path(sys.argv[1]), config=Path(sys.argv[2]))); "
        "print(json.dumps(sorted(sys.modules)))"
    )
    said = subprocess.run(
        [sys.executable, "-c", probe, profile.data, profile.config], check=True, capture_output=True, cwd=ROOT
    )
    late = {"hashlib", "cyclopts.validators", "looop.core.streams", "trio"}
    assert late <= set(json.loads(said.stdout))
