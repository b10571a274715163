"""Keeper and engine as real processes: they come up, come back, and go, whatever happens to them."""

import fcntl
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio

from looop.child import tree
from looop.core.problem import Exit, Problem
from looop.engine import shutdown
from looop.engine.timing import Timing
from looop.store import files
from looop.store.paths import Profile
from support.household import COMMAND, Household, household, until
from support.scripted import client

pytestmark = pytest.mark.process

# An agent whose child ignores TERM, and whose grandchild has fled into a session of its own.
AGENT = """
trap '' TERM
echo $$ >>{pids}
(trap '' TERM HUP; echo $(exec sh -c 'echo $PPID') >>{pids}; sleep 1000) &
setsid sh -c 'echo $$ >>{pids}; exec sleep 1000' &
wait
"""
HASTY = Timing(pat=0.2, hang_after=3.0, second_look=0.5, grace=5.0)


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Household]:
    async with household(tmp_path) as it:
        yield it


async def agents(home: Household, folder: Path) -> list[tuple[int, int]]:
    """Start the pulse with an agent; wait for its three processes."""
    pids = folder / "pids"
    await home.up(FAKE_AGENT=AGENT.format(pids=pids))
    await until(lambda: pids.exists() and len(pids.read_text().split()) == 3, "the agent's processes")
    home.meet()
    found = [(int(pid), tree.start_time(int(pid)) or 0) for pid in pids.read_text().split()]
    assert all(tree.alive(*each) for each in found)
    return found


def kill(pid: int, number: int = signal.SIGKILL) -> None:
    os.kill(pid, number)


# --- up


async def test_up_returns_when_the_pulse_answers(home: Household) -> None:
    assert not (await home.up()).already
    assert await home.ask("phase") == "sleeping"


async def test_a_second_up_finds_the_pulse_alive(home: Household) -> None:
    await home.up()
    engine = home.engine
    assert (await home.up()).already
    assert home.engine == engine


async def test_ten_ups_at_once_make_one_keeper_and_one_engine(home: Household) -> None:
    async with trio.open_nursery() as nursery:
        for _ in range(10):
            nursery.start_soon(home.up)
    assert len([process for process in home.meet() if process == home.keeper]) == 1
    below = [process for process in tree.descendants(home.keeper.pid) if not process.dead]
    assert below == [home.engine] or [each.pid for each in below] == [home.engine.pid]
    assert (home.profile.pulse / "keeper.log").read_text().count("engine started") == 1


async def test_up_leaves_word_of_the_wish_and_its_path(home: Household) -> None:
    home.env["PATH"] = "/somewhere:" + home.env["PATH"]
    await home.up()
    assert json.loads(home.profile.up.read_text())["path"] == home.env["PATH"]
    assert stat.S_IMODE(home.profile.up.stat().st_mode) == 0o600


async def test_up_tells_why_the_engine_does_not_start(home: Household) -> None:
    with pytest.raises(Problem) as found:
        await home.up(FAKE_FAILURE="CONFIG holds no JSON: correct line 3.")
    assert (found.value.exit_code, found.value.text) == (Exit.NO, "CONFIG holds no JSON: correct line 3.")


async def test_up_tells_why_the_pulse_does_not_live(home: Household, tmp_path: Path) -> None:
    (tmp_path / "bad").touch()
    with pytest.raises(Problem) as found:
        await home.up(FAKE_TROUBLE="CONFIG is broken.", FAKE_TROUBLE_WHILE=tmp_path / "bad")
    assert found.value.exit_code == Exit.NO
    assert "CONFIG is broken" in found.value.text


async def test_a_pulse_that_could_not_live_is_tried_again_by_the_next_up(
    home: Household, tmp_path: Path
) -> None:
    (tmp_path / "bad").touch()
    with pytest.raises(Problem):
        await home.up(FAKE_TROUBLE="CONFIG is broken.", FAKE_TROUBLE_WHILE=tmp_path / "bad")
    (tmp_path / "bad").unlink()
    engine = home.engine
    await home.up()
    assert await home.ask("phase") == "sleeping"
    assert home.engine.pid == engine.pid


async def test_up_gives_up_on_an_engine_that_dies_without_a_word(home: Household) -> None:
    with pytest.raises(Problem) as found:
        await home.up(FAKE_DEATH=1, patience=1)
    assert found.value.kind == "not-seen"


async def test_up_is_told_of_a_tick_by_hand_that_has_the_profile(home: Household) -> None:
    with files.lock(home.profile.lock) as held:
        held.write_holder(1, "2", "3")
        with pytest.raises(Problem) as found:
            await home.up()
    assert "pid 1" in found.value.text
    await home.up()
    assert await home.ask("phase") == "sleeping"


async def test_a_shell_that_reads_what_up_prints_is_not_kept_waiting(home: Household) -> None:
    code = (
        "import os, sys, trio\n"
        "from pathlib import Path\n"
        "from functools import partial\n"
        "from looop.engine.startup import up\n"
        "from looop.store.paths import Profile\n"
        "profile = Profile(Path(sys.argv[1]), Path('/c'))\n"
        "trio.run(partial(up, profile, env=os.environ, command=sys.argv[2:]))\n"
        "print('seen')\n"
    )
    argv = [sys.executable, "-c", code, str(home.profile.data), *COMMAND]
    with trio.fail_after(60):
        ran = await trio.run_process(argv, env=home.env, capture_stdout=True, capture_stderr=True)
    assert (ran.stdout, ran.stderr) == (b"seen\n", b"")
    assert await home.ask("phase") == "sleeping"


async def test_keeper_holds_nothing_that_its_caller_had_open(home: Household, tmp_path: Path) -> None:
    read, write = os.pipe()
    os.set_inheritable(write, True)  # noqa: FBT003 - the standard library's own signature
    await home.up()
    os.close(write)
    with trio.fail_after(60):
        await trio.lowlevel.wait_readable(read)  # its end: nobody else has the other side
    assert os.read(read, 1) == b""
    os.close(read)
    for process in (home.keeper, home.engine):
        opened = Path(f"/proc/{process.pid}/fd")
        links = [str((opened / number).readlink()) for number in ("0", "1", "2")]
        assert links == ["/dev/null", *[str(home.profile.pulse / "keeper.log")] * 2]


async def test_keeper_has_a_session_of_its_own_and_no_folder_of_anyones(home: Household) -> None:
    await home.up()
    assert home.keeper.session == home.keeper.pid
    for process in (home.keeper, home.engine):
        assert Path(f"/proc/{process.pid}/cwd").readlink() == Path("/")


# --- down


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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_a_signal_to_keeper_ends_engine_and_keeper_gently(home: Household, number: int) -> None:
    await home.up(FAKE_LANDING=0.3)
    kill(home.keeper.pid, number)
    await until(lambda: not home.at_home(), "the end of both")
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


# --- down --now


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


# --- crashes


async def test_a_killed_engine_is_back_and_its_agent_is_gone(home: Household, tmp_path: Path) -> None:
    found = await agents(home, tmp_path)
    before = home.engine
    kill(before.pid)
    await home.next_engine(before)
    assert [each for each in found if tree.alive(*each)] == []
    assert await home.ask("pid") == str(home.engine.pid)


async def test_a_verb_that_can_go_on_finds_the_next_engine(home: Household) -> None:
    await home.up()
    with client(home.profile.sock, "follow") as process:
        assert process.stdout is not None
        first = await trio.to_thread.run_sync(process.stdout.readline)
        assert int(first) == home.engine.pid
        kill(home.engine.pid)
        second = await trio.to_thread.run_sync(process.stdout.readline)
        assert int(second) == home.engine.pid
        assert second != first


async def test_an_engine_outlives_no_keeper(home: Household, tmp_path: Path) -> None:
    found = await agents(home, tmp_path)
    kill(home.keeper.pid)
    await until(lambda: not home.at_home(), "the engine's own end")
    assert [each for each in found if tree.alive(*each)] == []
    assert home.profile.up.exists()
    await home.up()


async def test_a_hung_engine_leaves_its_stacks_and_is_replaced(tmp_path: Path) -> None:
    async with household(tmp_path, HASTY) as home:
        await home.up()
        before = home.engine
        with client(home.profile.sock, "hang") as process:
            assert process.stdout is not None
            await trio.to_thread.run_sync(process.stdout.read, 1)
            await home.next_engine(before)
        assert "in run_verb" in (home.profile.pulse / "stacks.log").read_text()
        assert await home.ask("phase") in {"starting", "sleeping"}


async def test_a_stopped_engine_is_replaced(tmp_path: Path) -> None:
    async with household(tmp_path, HASTY) as home:
        await home.up()
        before = home.engine
        kill(before.pid, signal.SIGSTOP)
        await home.next_engine(before)
        assert not tree.alive(before.pid, before.start)


async def test_an_engine_that_wakes_up_in_time_is_acquitted(tmp_path: Path) -> None:
    timing = Timing(pat=0.2, hang_after=3.0, second_look=3600)
    async with household(tmp_path, timing) as home:
        await home.up()
        engine = home.engine
        kill(engine.pid, signal.SIGSTOP)
        log = home.profile.pulse / "keeper.log"
        await until(lambda: "silent" in log.read_text(), "the suspicion")
        kill(engine.pid, signal.SIGCONT)
        assert await home.ask("pid") == str(engine.pid)
        assert "killing" not in log.read_text()


async def test_too_many_restarts_lead_to_safe_mode_and_one_notification(tmp_path: Path) -> None:
    async with household(tmp_path, Timing(pat=0.2, restarts=2)) as home:
        await home.up()
        for _ in range(3):
            before = home.engine
            kill(before.pid)
            await home.next_engine(before)
        told = home.profile.data / "notified"
        await until(told.exists, "the notification")
        assert await home.ask("phase") == "safe mode"
        assert len(told.read_text().splitlines()) == 1
        assert not (await home.up()).already
        assert await home.ask("phase") == "sleeping"


def test_it_takes_five_restarts_in_ten_minutes_and_a_minute_of_silence() -> None:
    timing = Timing()
    assert (timing.restarts, timing.window, timing.hang_after, timing.pat) == (5, 600, 60, 5)
    assert Timing.parse(timing.argument()) == timing


async def test_restarts_long_ago_do_not_count(tmp_path: Path) -> None:
    async with household(tmp_path, Timing(pat=0.2, restarts=1, window=0.0)) as home:
        await home.up()
        for _ in range(3):
            before = home.engine
            kill(before.pid)
            await home.next_engine(before)
        await until(home.profile.sock.exists, "the socket")
        await home.up()
        assert "safe mode" not in (home.profile.pulse / "keeper.log").read_text()


# --- who may ask what


async def test_what_the_agent_calls_is_known_as_the_ticks(home: Household, tmp_path: Path) -> None:
    script = tmp_path / "ask.py"
    script.write_text(
        "import os, sys\nfrom looop.engine.client import relay\n"
        f"code = [relay({str(home.profile.sock)!r}, [verb], os.environ, '/') for verb in ('who', '__stop')]\n"
        "print(*code, flush=True)\n"
    )
    said = tmp_path / "said"
    await home.up(FAKE_AGENT=f"{COMMAND[0]} {script} >{said} 2>&1; sleep 1000")
    await until(lambda: said.exists() and said.read_text().count("\n") == 2, "the agent's answers")
    assert said.read_text() == "TICKlooop: Only a person starts and stops the pulse.\n0 5\n"


async def test_a_person_is_known_as_one(home: Household) -> None:
    await home.up()
    assert await home.ask("who") == "PERSON"


async def test_a_tick_by_hand_is_done_by_the_pulse(home: Household) -> None:
    await home.up()
    answer = await home.answer("tick")
    assert (answer.code, answer.out) == (0, "a beat that did nothing\n")
    assert answer.err == "sensing\nnothing to do\n"


async def test_a_hundred_megabytes_pass_without_being_held(home: Household) -> None:
    await home.up()

    def resident() -> int:
        return int(Path(f"/proc/{home.engine.pid}/statm").read_text().split()[1]) * 4096

    with client(home.profile.sock, "flood", "100") as process:
        before = resident()
        assert process.stdout is not None
        read = most = 0
        while data := await trio.to_thread.run_sync(process.stdout.read, 1 << 20):
            read, most = read + len(data), max(most, resident())
    assert read == 100_000_000
    assert most - before < 20_000_000


async def test_the_lock_is_not_inherited_by_the_engine(home: Household) -> None:
    await home.up()
    kill(home.keeper.pid, signal.SIGSTOP)
    opened = {fd.readlink() for fd in Path(f"/proc/{home.engine.pid}/fd").iterdir()}
    kill(home.keeper.pid, signal.SIGCONT)
    assert home.profile.keeper_lock not in opened
    with home.profile.keeper_lock.open() as lock, pytest.raises(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
