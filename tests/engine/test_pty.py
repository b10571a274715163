"""Terminals that a real keeper holds: what a program finds there, what becomes of input, output and size."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio

from looop.child import tree
from looop.core.problem import Exit, Problem
from looop.session.terminals import Then
from support.keeping import ENV, Keeping, keeping, until

pytestmark = pytest.mark.process

LIBCS_OWN = 1 << 31 | 1 << 32
"""Signals 32 and 33, which no program may set: they stay as whoever began it all had them."""


@pytest.fixture
async def keeper(tmp_path: Path) -> AsyncIterator[Keeping]:
    async with keeping(tmp_path) as it:
        yield it


async def test_output_and_exit_code_are_kept(keeper: Keeping) -> None:
    await keeper.spawn("a", "printf 'one\\ntwo\\n'; exit 7")
    end = await keeper.end_of("a")
    assert keeper.log("a") == b"one\r\ntwo\r\n"
    assert (os.waitstatus_to_exitcode(end.status), end.at, end.killed) == (7, 10, False)
    assert await keeper.leash.alive() == ()


async def test_the_record_names_the_leader_for_ever(keeper: Keeping) -> None:
    alive = await keeper.spawn("a", "sleep 1000")
    found = keeper.records("a")
    assert (found.pid, found.start, found.boot) == (alive.pid, alive.start, tree.boot_id())
    assert found.sizes == ((0, 80, 24),)
    assert await keeper.leash.alive() == (alive,)


async def test_a_program_has_a_controlling_terminal_of_the_right_size(keeper: Keeping) -> None:
    await keeper.spawn("a", "stty size </dev/tty; tty -s && echo yes; ps -o tpgid= -p $$ >/dev/null")
    await keeper.end_of("a")
    assert keeper.log("a") == b"24 80\r\nyes\r\n"


async def test_a_program_inherits_no_descriptor(keeper: Keeping) -> None:
    for key in ("other", "a"):
        await keeper.spawn(key, "ls -l /proc/self/fd; sleep 1000")
    await keeper.says("a", b" 2 -> /dev/pts/")
    await until(lambda: keeper.log("a").count(b"->") == 4, "all descriptors")
    assert keeper.log("a").count(b"/dev/pts/") == 3  # the fourth is the folder that `ls` reads


async def test_an_engine_inherits_no_terminal(keeper: Keeping) -> None:
    await keeper.spawn("a", "sleep 1000")
    await keeper.crash()
    found = {str(fd.readlink()) for fd in Path(f"/proc/{keeper.engine}/fd").iterdir()}
    assert [name for name in found if "ptmx" in name or "pty" in name or "sessions" in name] == []


async def test_a_program_has_no_signal_ignored_or_blocked(keeper: Keeping) -> None:
    await keeper.spawn("a", "grep -E 'Sig(Blk|Ign)' /proc/self/status")
    await keeper.end_of("a")
    _, blocked, _, ignored = keeper.log("a").split()
    assert (int(blocked, 16) & ~LIBCS_OWN, int(ignored, 16) & ~LIBCS_OWN) == (0, 0)


async def test_a_program_has_exactly_the_environment_it_was_given(keeper: Keeping) -> None:
    env = {"PATH": ENV["PATH"], "ODD": "a b\udcff=\n"}
    await keeper.leash.spawn(keeper.order("a", "exec env -0", env=env))
    await keeper.end_of("a")
    given = {line.partition(b"=")[0] for line in keeper.log("a").rstrip(b"\0").split(b"\0")}
    assert given - {b"PWD", b"OLDPWD", b"SHLVL", b"_"} == {b"PATH", b"ODD"}
    assert b"ODD=a b\xff=\r\n" in keeper.log("a")


async def test_a_program_dies_before_keeper_when_memory_runs_out(keeper: Keeping) -> None:
    await keeper.spawn("a", "cat /proc/self/oom_score_adj")
    await keeper.end_of("a")
    own = int(Path(f"/proc/{keeper.process.pid}/oom_score_adj").read_text())
    assert int(keeper.log("a")) > own


async def test_control_c_ends_what_the_shell_runs_and_its_code_says_so(keeper: Keeping) -> None:
    await keeper.spawn("a", 'sh -c "echo ready; exec sleep 1000"; echo code $?; exit 9')
    await keeper.says("a", b"ready")
    await keeper.leash.write("a", b"\x03")
    end = await keeper.end_of("a")
    assert keeper.log("a").endswith(b"code 130\r\n")
    assert os.waitstatus_to_exitcode(end.status) == 9


@pytest.mark.parametrize("cwd", ["/nonexistent", "/etc/passwd"])
async def test_a_folder_that_is_none_is_a_reason_not_to_start(keeper: Keeping, cwd: str) -> None:
    with pytest.raises(Problem) as caught:
        await keeper.leash.spawn(keeper.order("a", "true", cwd=cwd))
    assert (caught.value.exit_code, caught.value.kind) == (Exit.NO, "not-started")
    assert cwd in caught.value.text
    await keeper.spawn("a", "true")
    await keeper.end_of("a")


@pytest.mark.parametrize(
    ("command", "env"), [("true", {"A": "\0"}), ("x" * 200_000, {}), ("true", {"A": "x" * 200_000})]
)
async def test_what_cannot_be_executed_is_a_reason_not_to_start(
    keeper: Keeping, command: str, env: dict[str, str]
) -> None:
    before = keeper.descriptors()
    with pytest.raises(Problem, match="could not be started"):
        await keeper.leash.spawn(keeper.order("a", command, env=env))
    assert keeper.descriptors() == before


async def test_a_log_that_cannot_be_made_is_a_reason_not_to_start(keeper: Keeping) -> None:
    order = keeper.order("a", "true")
    keeper.folder("a").rmdir()
    with pytest.raises(Problem, match="could not be started"):
        await keeper.leash.spawn(order)


async def test_a_key_that_runs_is_refused(keeper: Keeping) -> None:
    await keeper.spawn("a", "sleep 1000")
    with pytest.raises(Problem) as caught:
        await keeper.spawn("a", "true")
    assert (caught.value.exit_code, caught.value.kind) == (Exit.REFUSED, "exists")


async def test_input_arrives_and_its_offset_is_that_before_its_echo(keeper: Keeping) -> None:
    await keeper.spawn("a", "echo ready; read x; echo got $x")
    await keeper.says("a", b"ready\r\n")
    assert await keeper.leash.write("a", b"hello\n") == len(b"ready\r\n")
    await keeper.end_of("a")
    assert keeper.log("a") == b"ready\r\nhello\r\ngot hello\r\n"


async def test_all_bytes_can_be_typed(keeper: Keeping) -> None:
    data = bytes(range(256)) * 2000
    await keeper.spawn("a", f"stty raw -echo; echo ready; head -c {len(data)} | sha256sum")
    await keeper.says("a", b"ready")
    await keeper.leash.write("a", data)
    await keeper.end_of("a")
    import hashlib

    assert hashlib.sha256(data).hexdigest().encode() in keeper.log("a")


async def test_input_to_an_ended_terminal_is_refused(keeper: Keeping) -> None:
    await keeper.spawn("a", "true")
    await keeper.end_of("a")
    with pytest.raises(Problem) as caught:
        await keeper.leash.write("a", b"x")
    assert (caught.value.exit_code, caught.value.kind) == (Exit.MISSING, "no-terminal")


async def test_input_that_nobody_read_is_refused_at_the_end(keeper: Keeping) -> None:
    await keeper.spawn("a", "stty raw -echo; echo ready; exec sleep 1000")
    await keeper.says("a", b"ready")
    problems: list[str] = []

    async def write(data: bytes) -> None:
        try:
            await keeper.leash.write("a", data)
        except Problem as problem:
            problems.append(problem.kind)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(write, b"x" * 1_000_000)
        await until(lambda: keeper.leash._waiting, "the request")
        nursery.start_soon(write, b"y" * 1_000_000)
        await until(lambda: problems == ["input-full"], "the refusal of too much")
        await keeper.leash.end("a", 0)
    assert problems == ["input-full", "no-terminal"]


READER = 'stty -echo; echo ready; while read -r x; do echo "got $x"; done'


async def test_what_follows_is_typed_once_when_it_is_asked_for_and_what_others_type_behind_it(
    keeper: Keeping,
) -> None:
    await keeper.spawn("a", READER)
    await keeper.says("a", b"ready")
    await keeper.leash.write("a", b"one", then=Then(b"\r", "e", 1000))
    keeper.leash._tell({"do": "write", "key": "a", "data": "two\r"})
    await keeper.leash.resize("a", 90, 30)  # answered after that: so it was queued
    await keeper.leash.write("a", b"\r", once="e")
    await keeper.says("a", b"got two")
    assert keeper.log("a").endswith(b"got one\r\ngot two\r\n")
    assert keeper.records("a").done == {}


async def test_what_follows_is_typed_by_keeper_when_nobody_is_left_to_ask(keeper: Keeping) -> None:
    await keeper.spawn("a", READER)
    await keeper.says("a", b"ready")
    await keeper.leash.write("a", b"one", then=Then(b"\r", "e", 0.5))
    await keeper.crash()
    await keeper.leash.write("a", b"two\r")
    await keeper.says("a", b"got two")
    assert keeper.log("a").endswith(b"got one\r\ngot two\r\n")
    await keeper.leash.write("a", b"\r", once="e")  # one who was only late
    await keeper.leash.write("a", b"three\r")
    await keeper.says("a", b"got three")
    assert keeper.log("a").endswith(b"got two\r\ngot three\r\n")


async def test_input_with_a_name_is_typed_once(keeper: Keeping) -> None:
    await keeper.spawn("a", "stty -echo; echo ready; read x; echo got $x; read y; echo then $y")
    await keeper.says("a", b"ready")
    first = await keeper.leash.write("a", b"one\n", once="answer-1")
    await keeper.says("a", b"got one")
    await keeper.crash()
    assert await keeper.leash.write("a", b"one\n", once="answer-1") == first
    assert keeper.records("a").done == {"answer-1": first}
    await keeper.leash.write("a", b"two\n", once="answer-2")
    await keeper.end_of("a")
    assert keeper.log("a").endswith(b"got one\r\nthen two\r\n")


async def test_a_size_is_set_recorded_and_told_to_the_program(keeper: Keeping) -> None:
    await keeper.spawn("a", "trap 'stty size' WINCH; echo ready; while :; do sleep 0.05; done")
    await keeper.says("a", b"ready\r\n")
    assert await keeper.leash.resize("a", 100, 30) == 7
    await keeper.says("a", b"30 100")
    assert keeper.records("a").sizes == ((0, 80, 24), (7, 100, 30))


@pytest.mark.parametrize("size", [(0, 1), (1, 0), (1001, 1), (70_000, 1), (-1, 1)])
async def test_a_size_that_is_none_is_refused(keeper: Keeping, size: tuple[int, int]) -> None:
    await keeper.spawn("a", "sleep 1000")
    with pytest.raises(Problem) as caught:
        await keeper.leash.resize("a", *size)
    assert (caught.value.exit_code, caught.value.kind) == (Exit.USAGE, "bad-size")


async def test_the_same_size_is_told_only_to_have_all_drawn_again(keeper: Keeping) -> None:
    await keeper.spawn("a", "trap 'stty size' WINCH; echo ready; while :; do sleep 0.01; done")
    await keeper.says("a", b"ready\r\n")
    assert await keeper.leash.resize("a", 80, 24) == 7
    assert keeper.records("a").sizes == ((0, 80, 24),)
    await keeper.leash.resize("a", 80, 24, redraw=True)
    await keeper.says("a", b"24 80")
    assert [size[1:] for size in keeper.records("a").sizes] == [(80, 24), (80, 23), (80, 24)]


async def test_output_after_all_closed_the_terminal_is_not_missed(keeper: Keeping) -> None:
    await keeper.spawn("a", "exec </dev/null >/dev/null 2>&1; sleep 0.3; echo back >/dev/tty; sleep 0.1")
    await keeper.end_of("a")
    assert keeper.log("a") == b"back\r\n"
