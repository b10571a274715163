"""One program run to its end: what is heard of it, what ends it, and what it is given."""

import os
import resource
import signal
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import trio

from looop.child import spawn, tree

pytestmark = pytest.mark.process


async def sh(script: str, **terms: object) -> spawn.Ended:
    settings: dict[str, object] = {"cwd": Path("/"), "env": dict(os.environ), "deadline": 30, "max_out": 0}
    return await spawn.run(["/bin/sh", "-c", script], **(settings | terms))  # type: ignore[arg-type]


def names(what: str) -> list[str]:
    return sorted(path.name for path in Path("/proc/self", what).iterdir())


async def test_both_outputs_and_the_exit_code_are_told() -> None:
    ended = await sh("echo out; echo err >&2; exit 3")
    assert (ended.code, ended.signal, ended.out, ended.err) == (3, None, b"out\n", b"err\n")


async def test_a_program_that_exits_at_once_is_told_too() -> None:
    assert await sh("") == spawn.Ended(
        code=0, signal=None, timed_out=False, oversized=False, out=b"", err=b"", strays=0
    )


async def test_a_signal_is_no_exit_code() -> None:
    ended = await sh("kill -KILL $$")
    assert (ended.code, ended.signal) == (None, signal.SIGKILL)


async def test_stdin_is_given_whole_and_then_closed() -> None:
    prompt = b"0123456789" * 100_000
    ended = await sh("cat", stdin=prompt)
    assert ended.out == prompt


async def test_without_stdin_it_reads_nothing() -> None:
    assert (await sh("readlink /proc/self/fd/0; cat")).out == b"/dev/null\n"


async def test_a_program_that_does_not_read_its_stdin_ends_all_the_same() -> None:
    assert (await sh("exec 0<&-; echo done", stdin=b"x" * 1_000_000)).out == b"done\n"


async def test_output_over_the_limit_ends_the_program_and_keeps_the_beginning() -> None:
    ended = await sh("echo begin; yes", max_out=100)
    assert ended.oversized
    assert not ended.timed_out
    assert ended.out.startswith(b"begin\ny\n")
    assert len(ended.out) == 100


async def test_output_of_exactly_the_limit_is_not_over_it() -> None:
    ended = await sh("printf 12345678", max_out=8)
    assert (ended.code, ended.oversized, ended.out) == (0, False, b"12345678")


async def test_only_the_end_of_stderr_is_kept() -> None:
    ended = await sh("yes | head -n 100000 >&2; echo last >&2", max_err=10)
    assert ended.err == b"\ny\ny\nlast\n"


async def test_a_hundred_megabytes_pass_through_on_out_and_only_the_end_is_kept() -> None:
    heard = 0

    async def on_out(data: bytes) -> None:
        nonlocal heard
        heard += len(data)
        await trio.lowlevel.checkpoint()

    ended = await sh("head -c 100000000 /dev/zero; echo end", on_out=on_out)
    assert heard == 100_000_004
    assert len(ended.out) == 65536
    assert ended.out.endswith(b"\0end\n")


async def test_on_out_gets_everything_in_order_even_when_it_is_slower_than_the_program() -> None:
    heard = b""

    async def on_out(data: bytes) -> None:
        nonlocal heard
        await trio.sleep(0.02)
        heard += data

    await sh("seq 1 40000", on_out=on_out)
    assert heard == "".join(f"{n}\n" for n in range(1, 40001)).encode()


async def test_an_error_of_on_out_ends_the_program_and_is_raised_as_it_is() -> None:
    async def on_out(data: bytes) -> None:
        await trio.lowlevel.checkpoint()
        raise LookupError(data)

    with pytest.raises(LookupError, match="begin"):
        await sh("echo begin; exec sleep 60", on_out=on_out)


async def test_an_error_of_on_started_ends_the_program_and_is_raised_as_it_is() -> None:
    pids: list[int] = []

    def on_started(pid: int) -> None:
        pids.append(pid)
        raise LookupError

    with pytest.raises(LookupError):
        await sh("sleep 60", on_started=on_started)
    assert tree.proc(pids[0]) is None


async def test_the_deadline_ends_it() -> None:
    ended = await sh("echo begun; sleep 60", deadline=0.5)
    assert ended.timed_out
    assert (ended.code, ended.signal, ended.out) == (None, signal.SIGTERM, b"begun\n")


async def test_at_the_deadline_it_may_still_say_good_bye() -> None:
    script = "trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.05; done"
    ended = await sh(script, deadline=0.5, grace=20.0)
    assert (ended.timed_out, ended.code, ended.out) == (True, 7, b"ready\nbye\n")


async def test_a_stopped_one_may_say_good_bye_too() -> None:
    ended = await sh("trap 'exit 7' TERM; kill -STOP $$; sleep 60", deadline=0.5, grace=20.0)
    assert (ended.timed_out, ended.code) == (True, 7)


async def test_one_that_ignores_the_good_bye_is_killed_after_the_grace() -> None:
    ended = await sh("trap '' TERM; while :; do sleep 1; done", deadline=0.2, grace=0.2)
    assert (ended.timed_out, ended.signal) == (True, signal.SIGKILL)


async def test_no_deadline_is_none() -> None:
    assert (await sh("sleep 0.3; echo there", deadline=0)).out == b"there\n"


async def test_what_is_written_after_its_deadline_passed_while_on_out_was_slow_is_not_lost() -> None:
    heard = b""

    async def on_out(data: bytes) -> None:
        nonlocal heard
        await trio.sleep(1)
        heard += data

    ended = await sh("echo one; sleep 60", deadline=0.3, on_out=on_out)
    assert ended.timed_out
    assert heard == b"one\n"


async def test_cancel_leaves_nothing_running() -> None:
    pids: list[int] = []

    def on_started(pid: int) -> None:
        pids.append(pid)
        scope.cancel()

    with trio.move_on_after(30) as scope:
        await sh("trap '' TERM; sleep 60 & wait", grace=0.1, on_started=on_started)
    assert scope.cancelled_caught
    assert not [entry for entry in tree.table().values() if pids[0] in (entry.pid, entry.session)]


async def test_what_holds_the_output_after_its_end_is_killed() -> None:
    ended = await sh("sleep 60 & echo $!")
    left = tree.proc(int(ended.out))
    assert ended.code == 0
    assert left is None or left.dead


async def test_a_line_from_the_background_still_counts_while_the_output_is_open() -> None:
    assert (await sh("(sleep 0.1; echo late) & echo early")).out == b"early\nlate\n"


@pytest.mark.parametrize(
    ("argv", "error"),
    [
        (["/nowhere/at/all"], FileNotFoundError),
        (["/etc"], PermissionError),
    ],
)
async def test_what_cannot_be_started_is_an_os_error(argv: list[str], error: type[OSError]) -> None:
    before = names("fd")
    with pytest.raises(error):
        await spawn.run(argv, cwd=Path("/"), env={}, deadline=1, max_out=0, stdin=b"x")
    assert names("fd") == before


@pytest.mark.parametrize("given", [{"argv": ["sh", "\0"]}, {"env": {"A": "\0"}}])
async def test_a_nul_in_what_it_is_given_is_an_os_error(given: dict[str, Any]) -> None:
    terms: dict[str, Any] = {
        "argv": ["true"],
        "env": {},
        "cwd": Path("/"),
        "deadline": 1,
        "max_out": 0,
    } | given
    with pytest.raises(OSError, match="null byte"):
        await spawn.run(**terms)


async def test_out_of_descriptors_is_an_os_error_and_costs_none() -> None:
    before, limits = names("fd"), resource.getrlimit(resource.RLIMIT_NOFILE)
    free = [number for number in range(1000) if str(number) not in before]
    for room in range(8):  # a selector, three pipes, and the one that would tell of a failed start
        resource.setrlimit(resource.RLIMIT_NOFILE, (free[room], limits[1]))
        try:
            with pytest.raises(OSError, match="Too many open files"):
                await sh("true", stdin=b"x")
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert names("fd") == before


async def test_a_script_without_an_interpreter_is_an_os_error(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("echo hello\n")
    script.chmod(0o755)
    with pytest.raises(OSError, match="Exec format error"):
        await spawn.run([str(script)], cwd=tmp_path, env={}, deadline=1, max_out=0)


async def test_a_script_that_somebody_still_has_open_for_writing_is_started_all_the_same(
    tmp_path: Path,
) -> None:
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\necho hello\n")
    script.chmod(0o755)
    async with trio.open_nursery() as nursery:
        writer = script.open("a")

        async def close_soon() -> None:
            await trio.sleep(0.03)
            writer.close()

        nursery.start_soon(close_soon)
        ended = await spawn.run([str(script)], cwd=tmp_path, env={}, deadline=30, max_out=0)
    assert ended.out == b"hello\n"


async def test_signals_are_as_they_were_before_python() -> None:
    probe = ["grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"]  # no shell: it would unblock all itself
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    try:
        ended = await spawn.run(probe, cwd=Path("/"), env=os.environ, deadline=30, max_out=0)
        assert signal.SIGUSR1 in signal.pthread_sigmask(signal.SIG_BLOCK, ())
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    ignored = int(ended.out.split()[3], 16)
    assert ended.out.split()[1] == b"0" * 16
    assert not ignored & (1 << signal.SIGPIPE - 1 | 1 << signal.SIGXFSZ - 1)


async def test_an_ignored_sigchld_costs_no_exit_code() -> None:
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        ended = await sh("grep '^SigIgn' /proc/self/status; exit 5")
    finally:
        signal.signal(signal.SIGCHLD, before)
    assert ended.code == 5
    assert not int(ended.out.split()[1], 16) & 1 << signal.SIGCHLD - 1


async def test_the_umask_is_the_one_that_was_asked_for(tmp_path: Path) -> None:
    await sh("touch made", cwd=tmp_path, umask=0o077)
    assert stat.S_IMODE((tmp_path / "made").stat().st_mode) == 0o600


async def test_no_other_descriptor_is_inherited() -> None:
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)  # noqa: FBT003 - the standard library's signature
    try:
        assert (await sh("ls /proc/self/fd")).out.split() == [b"0", b"1", b"2", b"3"]
    finally:
        os.close(reader)
        os.close(writer)


async def test_it_leads_a_session_and_a_group_of_its_own() -> None:
    ended = await sh("cat /proc/$$/stat; echo $$")
    stat_line, pid = ended.out.splitlines()
    group, session = stat_line.rsplit(b")", 1)[1].split()[2:4]
    assert group == session == pid


async def test_it_gets_the_environment_given_and_the_mark_of_its_run() -> None:
    env: Mapping[str, str] = {"PATH": os.environ["PATH"], "ONE": "1"}
    first, second = [(await sh("env | sort", env=env)).out.split() for _ in range(2)]
    assert b"ONE=1" in first
    assert [word for word in first if word.startswith(b"LOOOP_CHILD=")] != [
        word for word in second if word.startswith(b"LOOOP_CHILD=")
    ]


async def test_many_at_once_do_not_mix_their_outputs() -> None:
    told: dict[int, bytes] = {}

    async def one(number: int) -> None:
        told[number] = (await sh(f"echo {number}; echo {number} >&2")).out

    async with trio.open_nursery() as nursery:
        for number in range(30):
            nursery.start_soon(one, number)
    assert told == {number: f"{number}\n".encode() for number in range(30)}


async def test_no_thread_and_no_descriptor_is_left() -> None:
    before = names("fd"), names("task")
    await sh("echo x; echo y >&2; cat", stdin=b"z")
    assert (names("fd"), names("task")) == before


async def test_where_there_is_no_pidfd_the_end_is_still_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("looop.child.exits._watch", lambda _pid: -1)
    monkeypatch.setattr("looop.child.spawn._REAP", 1e9)
    with trio.fail_after(30):
        assert (await sh("exec >&- 2>&-; sleep 0.2; exit 4", deadline=0)).code == 4
