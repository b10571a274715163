"""What killed writers left goes, in every folder that looop writes to; what may be at work stays."""

import os
from pathlib import Path

import pytest

from looop.store import temps
from support.profiles import made_in

NOW = 1_000_000.0
RUN = "tick-20251122-100000-abcdef"
TEMP = ".looop-0123456789abcdef.tmp"


def left(folder: Path, age: float = 61.0) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / TEMP
    path.write_text("half of some")
    os.utime(path, (NOW - age, NOW - age))
    return path


@pytest.mark.parametrize(
    "place",
    [
        ".",
        "goals/archive",
        "history/objects",
        f"runs/{RUN}/staged",
        f"runs/{RUN}",
        "sessions/pulse/verdicts/3/replaced/goals",
        "sessions/fix@2",
        "sessions/fix/commands",
        "claims",
        "sandboxes",
        "guard/bin",
        "prompts",
    ],
)
def test_what_a_killed_writer_left_goes(tmp_path: Path, place: str) -> None:
    profile = made_in(tmp_path)
    path = left(profile.data / place)
    temps.remove(profile, NOW)
    assert not path.exists()


def test_what_a_writer_may_be_at_work_on_stays(tmp_path: Path) -> None:
    profile = made_in(tmp_path)
    path = left(profile.runs / RUN, age=59.0)
    temps.remove(profile, NOW)
    assert path.exists()


@pytest.mark.parametrize("place", ["sandboxes/fix/project", "tick", "sessions/fix/draft"])
def test_what_agents_fill_is_not_looked_at(tmp_path: Path, place: str) -> None:
    profile = made_in(tmp_path)
    path = left(profile.data / place)
    temps.remove(profile, NOW)
    assert path.exists()
