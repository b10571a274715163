"""Programs that try to outlive their run, each test under a subreaper of its own (`drive.py`): none does."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.process

DRIVE = Path(__file__).with_name("drive.py")
ENDS_BY_ITSELF = [
    "exits",
    "daemon-holds-stdout",
    "daemon-is-silent",
    "daemon-cleared-environment",
    "daemon-in-group",
    "chain-of-forks",
    "first-thread-ends",
]
GOES_ON = [
    "linger",
    "ignores-term",
    "stopped",
    "exec",
    "forks-for-ever",
    "daemon-then-hang",
    "cleared-daemon-then-hang",
    "flood-and-hold",
]
NOTHING_LEFT = {"survivors": 0, "children": 0, "descriptors": 0, "threads": 1}


def drive(*runs: dict[str, Any]) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Give how the runs ended, in that order, and what is left."""
    plan = json.dumps({"runs": runs})
    repository = DRIVE.parents[2]
    done = subprocess.run(
        [sys.executable, str(DRIVE), plan], capture_output=True, check=False, timeout=100, cwd=repository
    )
    assert done.returncode == 0, done.stderr.decode()
    told = json.loads(done.stdout)
    return told.pop("ended"), told


@pytest.mark.parametrize("kind", ENDS_BY_ITSELF)
def test_nothing_outlives_a_program_that_ends(kind: str) -> None:
    (ended,), left = drive({"kind": kind})
    assert (ended["code"], ended["timed_out"], left) == (0, False, NOTHING_LEFT)


@pytest.mark.parametrize("kind", GOES_ON)
def test_nothing_outlives_the_deadline(kind: str) -> None:
    (ended,), left = drive({"kind": kind, "deadline": 0.6})
    assert ended["timed_out"] or ended["oversized"]
    assert left == NOTHING_LEFT


@pytest.mark.parametrize("kind", GOES_ON)
def test_nothing_outlives_a_cancel(kind: str) -> None:
    (ended,), left = drive({"kind": kind, "cancel": 0.6, "listen": True, "max_out": 0})
    assert ended["cancelled"]
    assert left == NOTHING_LEFT


def test_what_was_left_running_is_counted() -> None:
    (ended,), _ = drive({"kind": "daemon-is-silent"})
    assert ended["strays"] == 1


def test_a_daemon_that_holds_the_output_does_not_hold_us() -> None:
    (ended,), left = drive({"kind": "daemon-holds-stdout", "deadline": 60})
    assert (ended["timed_out"], ended["out"], left) == (False, len("started a daemon\n"), NOTHING_LEFT)


def test_a_hundred_megabytes_end_the_program_that_says_them() -> None:
    (ended,), left = drive({"kind": "flood", "max_out": 8192})
    assert (ended["oversized"], ended["out"], left) == (True, 8192, NOTHING_LEFT)


def test_sixteen_hostile_programs_at_once_leave_nothing() -> None:
    kinds = [*ENDS_BY_ITSELF, *GOES_ON, "flood"]
    ended, left = drive(*({"kind": kind, "deadline": 2} for kind in kinds))
    assert (len(ended), left) == (16, NOTHING_LEFT)


def test_a_run_that_ends_takes_no_other_runs_daemon_along() -> None:
    # The second one's daemon must live as long as its own run, however many others end meanwhile.
    others = [{"kind": "daemon-is-silent"} for _ in range(5)]
    (*first, last), left = drive(*others, {"kind": "daemon-then-gate", "gate": True})
    assert [one["strays"] for one in first] == [1] * 5
    assert (last["code"], last["strays"], left) == (0, 1, NOTHING_LEFT)


def test_a_daemon_with_an_empty_environment_goes_with_its_own_run() -> None:
    (first, last), left = drive({"kind": "daemon-cleared-environment"}, {"kind": "gate", "gate": True})
    assert (first["strays"], last["strays"], left) == (1, 0, NOTHING_LEFT)


def test_a_daemon_without_any_mark_waits_for_the_last_run_that_may_be_its_own() -> None:
    (first, last), left = drive({"kind": "daemon-shed-all"}, {"kind": "gate", "gate": True})
    assert (first["strays"], last["strays"], left) == (0, 1, NOTHING_LEFT)
