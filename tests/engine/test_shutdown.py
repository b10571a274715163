"""`down` with a real keeper and engine: seen gone, gently or at once."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import trio

from looop.child import tree
from looop.core.problem import Problem
from looop.engine import shutdown
from looop.engine.ask import STOP
from looop.engine.timing import Timing
from looop.store.paths import Profile
from support.household import Household, agents, household, kill, until
from support.scripted import client

pytestmark = pytest.mark.process


async def test_down_returns_when_engine_and_keeper_are_gone(home: Household) -> None:
    await home.up()
    stopped = await home.down()
    assert (stopped.ran, stopped.survivors, home.at_home()) == (True, (), [])
    assert not home.profile.up.exists()
    assert not home.profile.sock.exists()


@pytest.mark.parametrize("now", [False, True])
async def test_down_when_nothing_runs_says_so(home: Household, now: bool) -> None:
    assert await home.down(now=now) == shutdown.Stopped(ran=False)


@pytest.mark.parametrize("now", [False, True])
async def test_down_works_without_a_profile(tmp_path: Path, now: bool) -> None:
    nothing = Profile(data=tmp_path / "nothing", config=tmp_path / "c")
    assert not (await shutdown.down(nothing, now=now)).ran
    assert not nothing.data.exists()


async def test_down_ends_the_agent_and_all_it_started(home: Household, tmp_path: Path) -> None:
    found = await agents(home, tmp_path)
    await home.down()
    assert [each for each in found if tree.alive(*each)] == []


async def test_down_waits_for_a_landing(home: Household) -> None:
    await home.up(FAKE_LANDING=1.5)
    before = trio.current_time()
    await home.down()
    assert trio.current_time() - before >= 1.5
    assert home.at_home() == []


async def test_the_request_to_end_is_answered_when_the_pulse_has_ended(home: Household) -> None:
    await home.up(FAKE_LANDING=1.0)
    before = trio.current_time()
    assert (await home.answer(STOP)).code == 0
    assert trio.current_time() - before >= 1.0


async def test_a_landing_that_takes_too_long_is_told(home: Household) -> None:
    await home.up(FAKE_LANDING=3600)
    with pytest.raises(Problem, match="landing"):
        await home.down(patience=0.5)


async def test_down_ends_a_hung_engine_too(tmp_path: Path) -> None:
    async with household(tmp_path, Timing(pat=0.2, grace=0.5)) as home:
        await home.up()
        kill(home.engine.pid, signal.SIGSTOP)
        await home.down()
        assert home.at_home() == []


async def test_a_removed_wish_is_enough_to_end_it_all(home: Household) -> None:
    await home.up()
    home.meet()
    home.profile.up.unlink()
    await until(lambda: not home.at_home(), "the end of engine and keeper")


async def test_up_right_after_down_runs_again(home: Household) -> None:
    await home.up()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(home.down)
        await until(lambda: not home.profile.up.exists(), "the end of the wish")
        nursery.cancel_scope.cancel()
    await home.up()
    assert await home.ask("phase") == "sleeping"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_to_keeper_ends_engine_and_keeper_gently(home: Household, number: int) -> None:
    await home.up(FAKE_LANDING=0.3)
    kill(home.keeper.pid, number)
    await until(lambda: not home.at_home(), "the end of both")
    log = (home.profile.pulse / "keeper.log").read_text()
    assert "exit code 0" in log
    assert "killing" not in log


async def test_an_interrupt_to_keeper_ends_its_engine_alone(home: Household) -> None:
    await home.up(FAKE_LANDING=0.3)
    engine, keeper = home.engine, home.keeper.pid
    kill(keeper, signal.SIGINT)
    await home.next_engine(engine)
    assert home.keeper.pid == keeper
    log = (home.profile.pulse / "keeper.log").read_text()
    assert "exit code 0" in log
    assert "killing" not in log


async def test_signals_together_cut_no_landing_short(home: Household) -> None:
    await home.up(FAKE_LANDING=0.5)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGTERM):
        kill(home.keeper.pid, number)
    await until(lambda: not home.at_home(), "the end of both")
    assert "exit code 0" in (home.profile.pulse / "keeper.log").read_text()


async def test_a_removed_profile_ends_it_all(home: Household, tmp_path: Path) -> None:
    await home.up()
    home.meet()
    home.profile.data.rename(tmp_path / "elsewhere")
    shutil.rmtree(tmp_path / "elsewhere")
    await until(lambda: not home.at_home(), "the end of engine and keeper")


async def test_who_follows_something_is_told_that_no_engine_follows(home: Household) -> None:
    await home.up()
    with client(home.profile.sock, "follow") as process:
        assert process.stdout is not None
        await trio.to_thread.run_sync(process.stdout.readline)
        await home.down()
        _, err = await trio.to_thread.run_sync(process.communicate)
    assert (process.returncode, err) == (
        4,
        b"looop: the engine has left, and no other follows: somebody ran `looop down`.\n",
    )


async def test_a_profile_made_anew_is_not_served_by_the_old_engine(home: Household, tmp_path: Path) -> None:
    await home.up()
    old = home.meet()
    home.profile.data.rename(tmp_path / "old")
    home.profile.pulse.mkdir(parents=True)
    home.profile.data.chmod(0o700)
    await home.up()
    await until(lambda: not any(tree.alive(each.pid, each.start) for each in old), "the old ones' end")
    assert await home.ask("pid") == str(home.engine.pid)


async def test_down_now_kills_a_stopped_engine_and_its_agent(home: Household, tmp_path: Path) -> None:
    found = await agents(home, tmp_path)
    kill(home.engine.pid, signal.SIGSTOP)
    stopped = await home.down(now=True)
    assert (stopped.ran, stopped.survivors) == (True, ())
    assert [each for each in found if tree.alive(*each)] == []
    assert home.at_home() == []


async def test_down_now_works_when_the_wish_cannot_be_removed(home: Household) -> None:
    await home.up()
    home.profile.up.unlink()
    home.profile.up.mkdir()  # what a read-only disk or another's file would be
    try:
        stopped = await home.down(now=True)
    finally:
        home.profile.up.rmdir()
    assert stopped.trouble is not None
    assert str(home.profile.up) in stopped.trouble
    assert home.at_home() == []


async def test_down_now_ends_an_engine_whose_keeper_was_killed(home: Household) -> None:
    await home.up(FAKE_LANDING=3600)
    kill(home.keeper.pid)
    stopped = await home.down(now=True)
    assert stopped.ran
    assert home.at_home() == []


async def test_down_now_works_on_a_full_disk(home: Household) -> None:
    await home.up()
    home.meet()
    kill(home.engine.pid, signal.SIGSTOP)
    code = (
        "import resource, signal, sys, trio\n"
        "from pathlib import Path\n"
        "from looop.engine.shutdown import down\n"
        "from looop.store.paths import Profile\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"  # no file may grow by a byte
        "stopped = trio.run(lambda: down(Profile(Path(sys.argv[1]), Path('/c')), now=True))\n"
        "sys.exit(0 if stopped.ran and not stopped.survivors and not stopped.trouble else 1)\n"
    )
    await trio.run_process([sys.executable, "-c", code, str(home.profile.data)], env=home.env)
    assert home.at_home() == []


async def test_down_now_never_kills_by_a_number_alone(home: Household) -> None:
    with subprocess.Popen(["sleep", "1000"]) as other:
        try:
            home.profile.keeper_lock.write_text(f"pid {other.pid}, started 1, boot {tree.boot_id()}\n")
            assert not (await home.down(now=True)).ran
            start = tree.start_time(other.pid)
            home.profile.keeper_lock.write_text(f"pid {other.pid}, started {start}, boot {tree.boot_id()}\n")
            assert not (await home.down(now=True)).ran  # it does not hold the lock
            assert other.poll() is None
        finally:
            other.kill()
