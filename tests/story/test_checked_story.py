"""A goal's check with the real program: it outlives nothing, runs once, and keeps its engine till its end."""

from pathlib import Path

import pytest

from looop.child import tree
from support.person import Person
from support.surviving import killed, next_engine
from support.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.timeout(120)]


def goal(looop: Person, name: str, check: str) -> None:
    looop("goal", "new", name, "all is well")
    path = looop.profile.goals / f"{name}.md"
    path.write_text(path.read_text().replace("\n---", f"\nverify: {check}\n---", 1))


def test_a_check_that_dies_with_its_engine_is_not_known_and_not_run_again(
    looop: Person, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    goal(looop, "a", f"echo $$ >> {ran}; sleep 1000")
    looop("start-session", "other", "--command", "cat")  # for whom keeper starts the next engine
    looop("start-session", "a", "--command", "true")
    until(lambda: ran.exists() and ran.read_text().endswith("\n"), "the check to run")
    pid = int(ran.read_text())
    engine = looop.engine
    killed(engine)
    next_engine(looop, engine)
    until(lambda: looop.session("a")["verdict"] == "not known", "the verdict")
    until(lambda: tree.proc(pid) is None, "the check to be gone")
    assert ran.read_text() == f"{pid}\n"
    assert "looop ended while it was being run" in looop("explain", "a")


def test_an_engine_that_nobody_wants_stays_until_a_check_has_its_verdict(
    looop: Person, tmp_path: Path
) -> None:
    go, began = tmp_path / "go", tmp_path / "began"
    goal(looop, "a", f"touch {began}; until test -e {go}; do sleep 0.05; done; exit 3")
    looop("start-session", "a", "--command", "true")
    until(began.exists, "the check to run")
    assert "1 session" in looop("down")
    assert looop.session("a")["verdict"] == "being checked"
    go.touch()
    until(lambda: looop.session("a")["verdict"] == "failed(3)", "the verdict")
