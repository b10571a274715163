"""A real keeper and engine: they come back, whatever happens to them, and know who calls."""

import fcntl
import signal
from pathlib import Path

import pytest
import trio

from looop.child import tree
from looop.engine.timing import Timing
from support.household import COMMAND, Household, agents, household, kill, until
from support.scripted import client

pytestmark = pytest.mark.process


HASTY = Timing(pat=0.2, hang_after=3.0, second_look=0.5, grace=5.0)


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
        kill(engine.pid, signal.SIGSTOP)
        await until(lambda: log.read_text().count("silent") == 2, "a new suspicion")
        kill(engine.pid, signal.SIGCONT)
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
    assert said.read_text() == "TICKlooop: What looop started can't start or stop the pulse.\n0 5\n"


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
