"""Callers whose streams are closed or whose readers leave, and a `down` that meets a tick by hand."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
import trio

from looop.core.problem import Problem
from looop.engine import holder, shutdown, startup
from looop.store.paths import Profile
from looop.store.profile import prepare
from support.launching import WITH_PYTHON, Launchers
from support.tested import ENVIRONMENT, LOOOP, build
from support.waiting import until

pytestmark = pytest.mark.process

PATIENCE = 60.0


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    found = Profile(data=tmp_path / "d", config=tmp_path / "c.json")
    agent = '{"runner": "x", "runners": {"x": {"tick": "echo >../started; sleep 1000"}}}'
    found.config.write_text(agent)
    found.config.chmod(0o600)
    prepare(found, {})
    return found


@pytest.fixture(params=["python", "launcher"])
def program(request: pytest.FixtureRequest, launchers: Launchers) -> Sequence[str]:
    return LOOOP if request.param == "python" else (str(launchers()),)


def environ(profile: Profile) -> dict[str, str]:
    own = {"LOOOP_DATA_DIR": str(profile.data), "LOOOP_CONFIG": str(profile.config)}
    return {**os.environ, **WITH_PYTHON, **ENVIRONMENT, **own}


def shell(program: Sequence[str], profile: Profile, script: str) -> subprocess.CompletedProcess[str]:
    command = ["/bin/sh", "-c", script, "sh", *program]
    return subprocess.run(
        command, env=environ(profile), capture_output=True, text=True, timeout=PATIENCE, check=False
    )


@pytest.mark.parametrize("verb", ["version", "status", "help"])
def test_a_closed_stdout_is_no_fault(program: Sequence[str], profile: Profile, verb: str) -> None:
    said = shell(program, profile, f'"$@" {verb} >&-')
    assert (said.returncode, said.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
def test_a_version_that_finds_no_room_says_so_in_one_sentence(
    program: Sequence[str], profile: Profile
) -> None:
    said = shell(program, profile, '"$@" version >/dev/full')
    assert (said.returncode, said.stderr.count("\n")) == (1, 1)


def leaves_after_one_line(program: Sequence[str], profile: Profile, argv: Sequence[str]) -> int:
    """Follow something that says no more, read its first line, go away; its exit code."""
    with subprocess.Popen(
        [*program, *argv], env=environ(profile), stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
    ) as caller:
        assert caller.stdout is not None
        assert caller.stdout.readline()
        caller.stdout.close()
        return caller.wait(PATIENCE)


@pytest.mark.parametrize("argv", [("log", "-f"), ("watch",)])
def test_a_reader_that_leaves_ends_a_follower_that_has_nothing_more_to_say(
    program: Sequence[str], profile: Profile, argv: Sequence[str]
) -> None:
    profile.pulse_log.write_text("one line\n")
    assert leaves_after_one_line(program, profile, argv) == 0


async def test_a_reader_that_leaves_ends_a_relayed_follower_too(
    program: Sequence[str], profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(startup, "build", build)
    await startup.up(profile, env=environ(profile), command=LOOOP)
    try:
        with trio.fail_after(PATIENCE):
            argv = ("log", "-f")
            assert await trio.to_thread.run_sync(leaves_after_one_line, program, profile, argv) == 0
    finally:
        with trio.CancelScope(shield=True):
            await shutdown.down(profile, now=True)


async def test_down_ends_an_engine_that_waits_for_a_tick_by_hand_and_leaves_the_tick(
    profile: Profile,
) -> None:
    with subprocess.Popen([*LOOOP, "tick"], env=environ(profile), stderr=subprocess.DEVNULL) as tick:
        try:
            started = profile.data / "started"
            await trio.to_thread.run_sync(until, started.exists, "the agent of a tick by hand")
            with pytest.raises(Problem, match="Another looop is at work"):
                await startup.up(profile, env=environ(profile), command=LOOOP)
            assert (await shutdown.down(profile, patience=PATIENCE / 2)).ran
            assert holder.living(profile.keeper_lock) is None
            assert tick.poll() is None
        finally:
            with trio.CancelScope(shield=True):
                await shutdown.down(profile, now=True)
