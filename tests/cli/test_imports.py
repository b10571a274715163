"""A verb imports what it needs: nobody waits for help's painter or for the engine to read three files."""

import json
import os
import subprocess
import sys

import pytest

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


def test_version_imports_no_other_verb_and_no_store_but_the_paths(profile: Profile) -> None:
    _, modules = imported(profile, "version")
    others = {"looop.cli.loop", "looop.cli.status", "looop.cli.goals", "looop.cli.story", "looop.cli.follow"}
    assert modules & others == set()


def test_following_a_log_imports_trio_and_no_engine(profile: Profile) -> None:
    _, modules = imported(profile, "log")
    assert {name for name in modules if name.startswith((*NEVER, *ENGINE[1:]))} == set()
    assert "trio" in modules
