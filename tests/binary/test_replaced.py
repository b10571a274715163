"""The file is replaced, renewed and removed while its loop lives: what runs goes on, what starts is right."""

import os
import time
from pathlib import Path

import pytest

from support.frozen import Own, runs_from
from support.person import Person
from support.surviving import gone, killed, leader, leaderless, next_engine
from support.waiting import until

pytestmark = [pytest.mark.binary, pytest.mark.process, pytest.mark.timeout(300)]

OBEYS = 'while read -r line; do eval "$line"; done'
SETTLED = 60  # seconds, in cache.c


@pytest.fixture
def looop(mine: Own) -> Person:
    """Have a loop with a session that does what it is sent."""
    leaderless(mine.looop)
    mine.looop("up")
    mine.looop("start-session", "s", "--command", OBEYS)
    return mine.looop


def told(looop: Person, name: str, command: str) -> str:
    """Have a session run a command; what it said."""
    said = looop.profile.data.parent / "said"
    looop("send", name, f"{{ {command}; }} >{said}.part 2>&1; mv {said}.part {said}")
    until(said.exists, command)
    text = said.read_text()
    said.unlink()
    return text


def old(folder: Path) -> None:
    """Have a folder look unused for a while."""
    then = time.time() - SETTLED - 5
    os.utime(folder, (then, then))


def test_looop_bin_is_the_outer_file_and_works_when_that_was_replaced(
    looop: Person, mine: Own, newer: Path
) -> None:
    assert told(looop, "s", 'echo "$LOOOP_BIN"; command -v looop') == f"{mine.file}\n{mine.file}\n"
    assert '"id":"s"' in told(looop, "s", '"$LOOOP_BIN" ls --json')
    mine.become(newer)
    assert '"id":"s"' in told(looop, "s", '"$LOOOP_BIN" ls --json')
    assert "looop help" in told(looop, "s", '"$LOOOP_BIN" help')
    looop("start-session", "t", "--command", OBEYS)
    assert told(looop, "t", 'echo "$LOOOP_BIN"') == f"{mine.file}\n"


def test_when_the_file_was_removed_what_starts_gets_the_launcher_inside(looop: Person, mine: Own) -> None:
    folder, kept = mine.folder, mine.file.with_name("kept")
    inner = folder / "bin" / "looop"
    mine.file.rename(kept)
    kept.unlink()
    elsewhere = Person(looop.profile, looop.env, (str(inner),))
    elsewhere("start-session", "t", "--command", OBEYS)
    assert told(elsewhere, "t", 'echo "$LOOOP_BIN"') == f"{inner}\n"
    assert '"id":"t"' in told(elsewhere, "t", '"$LOOOP_BIN" ls --json')
    assert "looop help" in told(elsewhere, "t", '"$LOOOP_BIN" help')
    engine = looop.engine
    killed(engine)
    assert runs_from(next_engine(elsewhere, engine)) == folder
    elsewhere("down", "--all")
    mine.file.symlink_to(inner)


def test_keepers_next_engine_is_of_its_own_build(looop: Person, mine: Own, newer: Path) -> None:
    folder, keeper = mine.folder, looop.keeper
    mine.become(newer)
    assert mine.folder != folder
    engine = looop.engine
    killed(engine)
    assert runs_from(next_engine(looop, engine)) == folder
    assert (runs_from(looop.keeper), looop.keeper.pid) == (folder, keeper.pid)


def test_up_of_another_build_replaces_both_in_place_and_no_session(
    looop: Person, mine: Own, newer: Path
) -> None:
    keeper, engine, session = looop.keeper, looop.engine, leader(looop, "s").pid
    before = mine.folder
    mine.become(newer)
    assert "in its new version" in looop("up")
    gone([engine])
    assert (looop.keeper.pid, looop.keeper.start) == (keeper.pid, keeper.start)
    assert {runs_from(looop.keeper), runs_from(looop.engine)} == {mine.folder} != {before}
    assert leader(looop, "s").pid == session
    assert told(looop, "s", 'echo "$LOOOP_BIN"') == f"{mine.file}\n"
    looop("start-session", "t", "--command", OBEYS)
    assert told(looop, "t", 'echo "$LOOOP_BIN"') == f"{mine.file}\n"
    assert "was up already" in looop("up")


def test_an_old_program_is_removed_once_nobody_uses_it_and_not_before(
    looop: Person, mine: Own, newer: Path
) -> None:
    before = mine.folder
    mine.become(newer)
    looop("doctor")
    old(before)
    looop("doctor")
    assert mine.folders() == {before, mine.folder}  # keeper and engine run from it
    looop("up")
    old(before)
    looop("doctor")
    assert mine.folders() == {mine.folder}
    assert told(looop, "s", '"$LOOOP_BIN" ls --json') != ""
