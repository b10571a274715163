"""A guarded command out of a cell: the worker has no token, the command that was approved has."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.person import Person, person
from support.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.needs("bwrap"), pytest.mark.timeout(300)]


@pytest.fixture
def looop(tmp_path: Path) -> Iterator[Person]:
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    ship = bin_ / "ship"
    ship.write_text(f'#!/bin/sh\necho "token $GH_TOKEN" >> {tmp_path}/runs\necho "token $GH_TOKEN"\n')
    ship.chmod(0o755)
    path = f"{bin_}{os.pathsep}{os.environ['PATH']}"
    with person(tmp_path, LOOOP_CONFINE="require", GH_TOKEN="s3cret", PATH=path) as them:
        yield them


def test_what_was_approved_runs_outside_with_what_the_session_has_not(looop: Person, tmp_path: Path) -> None:
    hidden = Path(tempfile.mkdtemp())  # another folder than the one of this name in the cell
    script = f"""
        echo "inside $GH_TOKEN."
        cd reports && "$LOOOP_BIN" guard ask -- ship it; echo "code $?"
        mkdir {hidden} && cd {hidden} && "$LOOOP_BIN" guard ask -- ship it; echo "code $?"
        sleep 1000
    """
    try:
        looop("start-session", "w", "--command", script)
        until(lambda: looop.session("w")["flag"], "the flag")
        looop("approve", "w")
        looop.shows("w", "code 0")
        looop.shows("w", "code 5")
    finally:
        hidden.rmdir()
    said = looop("log", "w")
    assert "inside ." in said
    assert "token s3cret" in said  # what a command prints, its session reads
    assert "is not the same outside of the session as in it" in said
    assert (tmp_path / "runs").read_text() == "token s3cret\n"
