"""What terminals survive, and what survives them: kills of engine, keeper and programs, floods, renewals."""

import os
import re
import resource
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio

from looop.child import tree
from looop.core.problem import Problem
from looop.engine.timing import Timing
from looop.session.terminals import Then
from support.keeping import KEEPER, STUB, Keeping, keeping, until

pytestmark = pytest.mark.process

HOSTILE = Path(__file__).parents[1] / "child" / "hostile.py"
# Lines with their number, so that a lost, doubled or moved byte shows.
FLOOD = "awk 'BEGIN { for (i = 0; i < %d; i++) printf \"%%09d\\n\", i; exit 5 }'"


@pytest.fixture
async def keeper(tmp_path: Path) -> AsyncIterator[Keeping]:
    async with keeping(tmp_path) as it:
        yield it


def counted(log: bytes, start: int = 0) -> bool:
    """Whether these are the flood's lines, whole and in order."""
    lines = log.split(b"\r\n")
    return lines.pop() == b"" and lines == [b"%09d" % number for number in range(start, start + len(lines))]


def marked(mark: str) -> list[int]:
    """Name the live processes that carry a mark in their arguments."""
    found = []
    for entry in tree.table().values():
        try:
            words = Path(f"/proc/{entry.pid}/cmdline").read_bytes()
        except OSError:
            continue
        if mark.encode() in words and not entry.dead:
            found.append(entry.pid)
    return found


async def test_floods_lose_nothing_when_the_engine_is_killed_again_and_again(keeper: Keeping) -> None:
    keys = [f"s{number}" for number in range(6)]
    for key in keys:
        await keeper.spawn(key, FLOOD % 200_000)
    for _ in range(3):
        await keeper.crash()
        assert {one.key for one in await keeper.leash.alive()} <= set(keys)
    for key in keys:
        end = await keeper.end_of(key)
        assert os.waitstatus_to_exitcode(end.status) == 5
        assert (end.at, counted(keeper.log(key))) == (200_000 * 11, True)


async def test_an_exit_while_there_is_no_engine_is_kept(keeper: Keeping) -> None:
    await keeper.spawn("a", "sleep 0.2; echo late; exit 9")
    keeper.hang_up()
    os.kill(keeper.engine, signal.SIGKILL)
    end = await keeper.end_of("a")
    assert (os.waitstatus_to_exitcode(end.status), keeper.log("a")) == (9, b"late\r\n")
    await keeper.connect()
    assert await keeper.leash.alive() == ()


async def test_a_new_engine_is_told_of_every_terminal_afresh(keeper: Keeping) -> None:
    await keeper.spawn("a", "echo x; sleep 1000")
    await keeper.says("a", b"x")
    await keeper.crash()
    heard: list[str] = []
    keeper.leash.listen("a", lambda: heard.append("a"))
    await until(lambda: heard, "a hint")


async def test_a_hint_comes_once_until_the_log_is_read(keeper: Keeping) -> None:
    heard: list[bytes] = []
    await keeper.spawn("a", "while read x; do echo $x; done")
    keeper.leash.listen("a", lambda: heard.append(keeper.log("a")))
    for number in range(5):
        await keeper.leash.write("a", b"line %d\n" % number)
        await keeper.says("a", b"line %d\r\nline %d" % (number, number))
    await keeper.leash.alive()
    assert len(heard) == 1
    keeper.leash.seen("a")
    await keeper.leash.alive()
    await keeper.leash.alive()
    assert len(heard) == 2  # there was more since the first one
    keeper.leash.seen("a")
    await keeper.leash.alive()
    await keeper.leash.alive()
    assert len(heard) == 2


async def test_an_engine_that_reads_nothing_holds_no_terminal_back(keeper: Keeping) -> None:
    await keeper.spawn("a", FLOOD % 100_000)
    os.kill(keeper.engine, signal.SIGSTOP)
    keeper.serving.cancel()
    end = await keeper.end_of("a")
    assert end.at == 1_100_000


async def test_a_kill_from_outside_is_told_from_ours(keeper: Keeping) -> None:
    theirs, ours = await keeper.spawn("a", "exec sleep 1000"), await keeper.spawn("b", "exec sleep 1000")
    os.kill(theirs.pid, signal.SIGKILL)
    await keeper.leash.end(ours.key, 0)
    outside, inside = await keeper.end_of("a"), await keeper.end_of("b")
    assert (outside.status, outside.killed) == (signal.SIGKILL, False)
    assert (inside.status, inside.killed) == (signal.SIGKILL, True)


async def test_a_polite_end_is_heard_by_the_program_and_its_code_kept(keeper: Keeping) -> None:
    script = "trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.05; done"
    await keeper.spawn("a", f'sh -c "{script}"')
    await keeper.says("a", b"ready")
    await keeper.leash.end("a", 60)
    end = await keeper.end_of("a")
    assert keeper.log("a").endswith(b"bye\r\n")
    assert (os.waitstatus_to_exitcode(end.status), end.killed) == (3, True)


async def test_a_program_in_the_shells_place_is_asked_too(keeper: Keeping) -> None:
    await keeper.spawn(
        "a",
        'exec python3 -S -c "import signal,sys;signal.signal(15,lambda *_:sys.exit(4));'
        'print(1,flush=True);signal.pause()"',
    )
    await keeper.says("a", b"1")
    await keeper.leash.end("a", 60)
    assert os.waitstatus_to_exitcode((await keeper.end_of("a")).status) == 4


async def test_a_second_end_shortens_the_grace(keeper: Keeping) -> None:
    await keeper.spawn("a", 'trap "" TERM; echo ready; sleep 1000')
    await keeper.says("a", b"ready")
    await keeper.leash.end("a", 3600)
    assert [one.ending for one in await keeper.leash.alive()] == [True]
    await keeper.leash.end("a", 0)
    await keeper.end_of("a")


@pytest.mark.parametrize(
    "kind",
    [
        "daemon-holds-stdout",
        "daemon-is-silent",
        "daemon-in-group",
        "daemon-cleared-environment",
        "forks-for-ever",
        "chain-of-forks",
        "stopped",
        "ignores-term",
        "first-thread-ends",
        "exec",
        "daemon-then-hang",
        "cleared-daemon-then-hang",
        "flood-and-hold",
    ],
)
@pytest.mark.parametrize("grace", [0, 0.3])
async def test_nothing_of_a_killed_tree_survives(keeper: Keeping, kind: str, grace: float) -> None:
    mark = f"mark-{os.getpid()}-{os.urandom(4).hex()}"
    other = await keeper.spawn("other", "exec sleep 1000")
    await keeper.spawn("a", f"{sys.executable} -S {HOSTILE} {kind} {mark}; sleep 1000")
    await until(lambda: len(marked(mark)) > 1 or kind == "flood-and-hold", "the hostile program")
    await keeper.leash.end("a", grace)
    end = await keeper.end_of("a")
    assert marked(mark) == []
    assert end.killed
    assert await keeper.leash.alive() == (other,)


@pytest.mark.parametrize("kind", ["daemon-holds-stdout", "daemon-cleared-environment", "chain-of-forks"])
async def test_what_a_session_leaves_at_its_own_end_is_killed(keeper: Keeping, kind: str) -> None:
    mark = f"mark-{os.getpid()}-{os.urandom(4).hex()}"
    await keeper.spawn("a", f"{sys.executable} -S {HOSTILE} {kind} {mark}; exit 6")
    end = await keeper.end_of("a")
    assert marked(mark) == []
    assert (os.waitstatus_to_exitcode(end.status), end.killed) == (6, False)


async def test_a_killed_engines_leftovers_are_swept_and_terminals_spared(keeper: Keeping) -> None:
    one = await keeper.spawn("a", "setsid sleep 1000 & sleep 1000")
    await keeper.crash()
    assert await keeper.leash.alive() == (one,)
    assert len(tree.descendants(one.pid)) == 2


async def test_keepers_own_death_is_hup_for_its_sessions(keeper: Keeping) -> None:
    one = await keeper.spawn("a", "exec sleep 1000")
    keeper.process.kill()
    await until(lambda: not tree.alive(one.pid, one.start), "the program's end")
    assert keeper.records("a").end is None
    with pytest.raises(Problem, match="has gone"):
        await keeper.leash.alive()


async def test_a_polite_signal_to_keeper_ends_its_sessions_first(keeper: Keeping) -> None:
    await keeper.spawn("a", "sh -c \"trap 'exit 3' TERM; echo ready; while :; do sleep 0.05; done\"")
    await keeper.says("a", b"ready")
    keeper.process.terminate()
    end = await keeper.end_of("a")
    assert (os.waitstatus_to_exitcode(end.status), end.killed) == (3, True)
    assert await trio.to_thread.run_sync(keeper.process.wait) == 0


async def test_a_keeper_for_one_session_starts_and_leaves_without_the_pulse(tmp_path: Path) -> None:
    async with keeping(tmp_path, "--once", up=False) as keeper:
        await keeper.spawn("a", "read x; echo $x")
        await keeper.crash()
        await keeper.leash.write("a", b"x\n")
        await keeper.end_of("a")
        assert keeper.process.poll() is None
        keeper.hang_up()
        os.kill(keeper.engine, signal.SIGTERM)
        assert await trio.to_thread.run_sync(keeper.process.wait) == 0


async def test_a_renewal_in_the_middle_of_floods_loses_nothing(keeper: Keeping) -> None:
    before = keeper.process.pid
    for key in ("a", "b", "c"):
        await keeper.spawn(key, FLOOD % 300_000)
    for _ in range(3):
        engine = keeper.engine
        await renew(keeper)
        assert keeper.engine != engine
    for key in ("a", "b", "c"):
        end = await keeper.end_of(key)
        assert (os.waitstatus_to_exitcode(end.status), end.at) == (5, 3_300_000)
        assert counted(keeper.log(key))
    assert keeper.process.pid == before
    assert keeper.said().count("renewed, with") == 3


async def renew(keeper: Keeping) -> None:
    await keeper.leash.renew([*KEEPER, "-"], [*STUB, str(keeper.data / "line")])
    await keeper.connect()


async def test_a_renewal_keeps_queues_names_ends_and_descriptors(keeper: Keeping) -> None:
    await keeper.spawn("a", "stty raw -echo; echo ready; read x; sleep 1; head -c 800001 | wc -c")
    await keeper.spawn("b", 'trap "" TERM; sleep 1000')
    await keeper.says("a", b"ready")
    first = await keeper.leash.write("a", b"one\n", once="n")
    keeper.leash._tell({"do": "write", "key": "a", "data": "x" * 800_000})
    await keeper.leash.end("b", 3)
    descriptors = keeper.descriptors()
    await renew(keeper)
    assert keeper.descriptors() == descriptors
    assert await keeper.leash.write("a", b"one\n", once="n") == first
    assert (await keeper.end_of("b")).killed
    await keeper.leash.write("a", b"x")
    await keeper.end_of("a")
    assert keeper.log("a").endswith(b"800001\n")


async def test_a_renewal_keeps_what_waits_to_be_asked_for(keeper: Keeping) -> None:
    await keeper.spawn("a", 'stty -echo; echo ready; while read -r x; do echo "got $x"; done')
    await keeper.says("a", b"ready")
    await keeper.leash.write("a", b"one", then=Then(b"\r", "e", 1000))
    await renew(keeper)
    keeper.leash._tell({"do": "write", "key": "a", "data": "two\r"})
    await keeper.leash.write("a", b"\r", once="e")
    await keeper.says("a", b"got two")
    assert keeper.log("a").endswith(b"got one\r\ngot two\r\n")


async def test_a_renewal_that_fails_changes_nothing(keeper: Keeping) -> None:
    one = await keeper.spawn("a", "sleep 1000")
    await keeper.leash.renew(["/nonexistent/looop"], ["/bin/true"])
    assert await keeper.leash.alive() == (one,)
    assert "could not be renewed" in keeper.said()


async def test_a_hundred_at_once_under_the_usual_limit_of_descriptors(tmp_path: Path) -> None:
    limited = ("/bin/sh", "-c", 'ulimit -Sn 256; exec "$@"', "sh")
    async with keeping(tmp_path, prefix=limited) as keeper:
        for number in range(100):
            await keeper.spawn(f"s{number}", "ulimit -Sn; read x; exit 3")
        assert len(await keeper.leash.alive()) == 100
        assert keeper.descriptors() > 256
        for number in range(100):
            await keeper.leash.write(f"s{number}", b"\n")
        for number in range(100):
            end = await keeper.end_of(f"s{number}")
            assert os.waitstatus_to_exitcode(end.status) == 3
            assert keeper.log(f"s{number}").startswith(b"256\r\n")


@pytest.mark.slow
async def test_sessions_one_after_another_leave_nothing_in_keeper(keeper: Keeping) -> None:
    def resident() -> int:
        return int(Path(f"/proc/{keeper.process.pid}/statm").read_text().split()[1]) * resource.getpagesize()

    async def some(first: int, last: int) -> None:
        for number in range(first, last):
            await keeper.spawn(f"s{number}", "echo hello")
            await keeper.end_of(f"s{number}")

        await keeper.leash.alive()  # the turn of the last end is over then

    await some(0, 50)
    descriptors, memory = keeper.descriptors(), resident()
    await some(50, 250)
    assert keeper.descriptors() == descriptors
    assert resident() - memory < 1 << 20


async def test_a_lack_of_descriptors_is_told_and_passes(tmp_path: Path) -> None:
    limited = ("/bin/sh", "-c", 'ulimit -n 24; exec "$@"', "sh")
    async with keeping(tmp_path, prefix=limited) as keeper:
        before = keeper.descriptors()
        await keeper.spawn("first", "read x; exit 3")
        refused: list[str] = []
        for number in range(30):
            try:
                await keeper.spawn(f"s{number}", "read x")
            except Problem as problem:
                refused.append(problem.kind)
        assert len(refused) > 20
        assert set(refused) == {"not-started"}
        for one in await keeper.leash.alive():
            await keeper.leash.write(one.key, b"\n")
            await keeper.end_of(one.key)
        await keeper.leash.alive()
        assert keeper.descriptors() == before


async def test_an_engine_is_told_of_an_end_it_did_not_look_for(keeper: Keeping) -> None:
    heard: list[int] = []
    await keeper.spawn("a", "read x")
    keeper.leash.listen("a", lambda: heard.append(1))
    await keeper.leash.write("a", b"x\n")
    await keeper.end_of("a")
    await keeper.leash.alive()
    assert len(heard) == 2  # output, and the end although nobody had read


async def test_a_request_that_is_none_breaks_nothing(keeper: Keeping) -> None:
    assert keeper.leash._link is not None
    for text in ({"do": "nonsense"}, {"do": "write"}, {"n": "x", "do": "end", "key": 1}, {"do": "spawn"}):
        keeper.leash._link.send(text)
    os.write(keeper.leash._link.fd, b"\xff\n[1]\n{\n\n")
    with pytest.raises(Problem, match="Keeper could not do that"):
        await keeper.leash._ask("write", key="a", data="☃")
    assert await keeper.leash.alive() == ()


async def test_idle_terminals_need_no_timer(keeper: Keeping) -> None:
    for number in range(5):
        await keeper.spawn(f"s{number}", "read x")
    await keeper.leash.alive()

    def woken() -> int:
        status = Path(f"/proc/{keeper.process.pid}/status").read_text()
        return int(re.findall(r"^voluntary_ctxt_switches:\s*(\d+)", status, re.MULTILINE)[0])

    await trio.sleep(0.5)  # till it has gone back to sleep
    before = woken()
    await trio.sleep(1)
    assert woken() == before


async def test_a_keeper_that_holds_something_back_does_not_spin(keeper: Keeping) -> None:
    await keeper.spawn("a", "stty -echo; echo ready; read x; sleep 1000")
    await keeper.says("a", b"ready")
    await keeper.leash.write("a", b"one", then=Then(b"\r", "e", 1000))

    def used() -> int:
        found = Path(f"/proc/{keeper.process.pid}/stat").read_text().rpartition(")")[2].split()
        return int(found[11]) + int(found[12])  # in ticks of 10 ms

    before = used()
    await trio.sleep(1.5)
    assert used() - before < 5


async def test_a_hung_engine_is_replaced_and_its_terminals_stay(tmp_path: Path) -> None:
    async with keeping(tmp_path, timing=Timing(hang_after=0.5, second_look=0.2)) as keeper:
        one = await keeper.spawn("a", "sleep 1000")
        await keeper.connect()
        assert one in await keeper.leash.alive()
