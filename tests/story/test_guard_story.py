"""The guard for real: what a session and a tick run meets the shims, and a person is let through."""

import json
import os
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.person import Person, person
from support.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.timeout(300)]

SCRIPT = """\
cd "$WORK"
note() { echo "$? $*" >>notes; }
git status >>notes; note status
git push -f origin x 2>>said; note plain
env -i PATH="$PATH" git push -f origin x 2>>said; note empty
LOOOP_GUARD='{"off": ["*"]}' LOOOP_DATA_DIR=/nowhere git push -f origin x 2>>said; note lies
( setsid sh -c 'git push -f origin x 2>>said; echo "$? forked" >>notes' & )
while ! grep -q forked notes; do sleep 0.05; done
git push origin feature >>notes; note feature
echo over >>notes
"""
EXPECTED = [
    "real status",
    "0 status",
    "5 plain",
    "5 empty",
    "5 lies",
    "5 forked",
    "real push",
    "0 feature",
    "over",
]


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    folder = tmp_path / "programs"
    folder.mkdir()
    (folder / "git").write_text(
        f'#!/bin/sh\necho "real $1"\necho "$@" >>{shlex.quote(str(tmp_path / "ran"))}\n'
    )
    (folder / "git").chmod(0o755)
    return folder


@pytest.fixture
def looop(tmp_path: Path, programs: Path) -> Iterator[Person]:
    with person(tmp_path, PATH=f"{programs}:{os.environ['PATH']}", WORK=str(tmp_path)) as them:
        yield them


def _met(tmp_path: Path, looop: Person | None = None) -> list[str]:
    """Give what the script noted, once it is over; whatever the session asks is denied meanwhile."""
    notes = tmp_path / "notes"

    def over() -> bool:
        if looop is not None and (flag := looop.session("tea")["flag"]):
            looop.call("deny", str(flag["number"]), "not today")
        return notes.exists() and "over" in notes.read_text().split()

    until(over, "the script's end", 120)
    return notes.read_text().splitlines()


def _ran(tmp_path: Path) -> list[str]:
    """Give what git was run with, apart from what looop itself asks it of a held command."""
    lines = (tmp_path / "ran").read_text().splitlines()
    return [line for line in lines if not line.startswith("--no-pager")]


def test_a_session_meets_the_guard_however_it_calls_and_a_person_is_let_through(
    looop: Person, tmp_path: Path
) -> None:
    (tmp_path / "work.sh").write_text(f"{SCRIPT}cat\n")
    looop("start-session", "tea", "--command", f"sh {tmp_path}/work.sh")
    assert _met(tmp_path, looop) == EXPECTED
    assert _ran(tmp_path) == ["status", "push origin feature"]
    said = (tmp_path / "said").read_text()
    assert said.count("not today") == 4
    until(lambda: looop.session("tea")["guard"] in {"on", "bypassed"}, "what the login shell finds")
    assert "guard" in looop("explain", "tea")
    assert "guard" in looop("status")
    shim = looop.profile.shims / "git"
    done = Person(looop.profile, looop.env, (str(shim),)).call("push", "-f")  # by a person
    assert (done.returncode, done.stdout) == (0, "real push\n")


def test_a_tick_meets_the_guard_and_is_told_to_start_a_session(looop: Person, tmp_path: Path) -> None:
    (tmp_path / "agent.sh").write_text(SCRIPT)
    config = {"runner": "mine", "runners": {"mine": {"tick": f"sh {tmp_path}/agent.sh"}}}
    looop.profile.config.write_text(json.dumps(config))
    looop("tick", "--force")
    assert _met(tmp_path) == EXPECTED
    assert "start a session for it" in (tmp_path / "said").read_text()


def test_an_edit_of_config_counts_for_the_next_session(looop: Person, tmp_path: Path) -> None:
    config = json.loads(looop.profile.config.read_text())
    looop.profile.config.write_text(json.dumps({**config, "guard": {"off": ["git-push-force"]}}))
    run = "git push -f && git push origin main; echo $? >>$WORK/notes; echo over >>$WORK/notes; cat"
    looop("start-session", "tea", "--command", run)
    assert _met(tmp_path, looop) == ["5", "over"]
    assert _ran(tmp_path) == ["push -f"]
