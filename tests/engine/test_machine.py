"""Where a machine lacks what programs are started with, that is said before anything has begun."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from looop.core.problem import Exit, Problem
from looop.engine import foreground, guarded, machine, startup
from looop.store.paths import Profile
from support.profiles import made_in


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    return made_in(tmp_path)


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    missing = tmp_path / "proc"
    monkeypatch.setattr(machine, "_NEEDED", ("/", str(missing)))
    return missing


def test_this_machine_has_all() -> None:
    assert machine.lacks() is None
    machine.check()


@pytest.mark.parametrize("start", [startup.up, startup.engine])
async def test_nothing_is_started_where_something_is_missing(
    profile: Profile, bare: Path, start: Callable[..., object]
) -> None:
    with pytest.raises(Problem, match=f"There is no {bare} here") as caught:
        await start(profile, env={})  # type: ignore[misc]
    assert (caught.value.exit_code, caught.value.kind) == (Exit.NO, "bare-machine")
    assert not profile.up.exists()
    assert not profile.keeper_lock.exists()


async def test_no_tick_by_hand_begins_there(profile: Profile, bare: Path) -> None:
    from looop.cli.console import FakeCall

    async def verb(*_: object) -> int:
        raise AssertionError

    with pytest.raises(Problem, match="There is no"):
        await foreground.tick(profile, FakeCall(env={"HOME": "/nowhere"}), verb, dry_run=False, force=True)
    assert not profile.lock.exists()


def test_a_tick_is_not_guarded_there(bare: Path) -> None:
    assert guarded.run(os.getpid) == os.getpid()
