"""The engine's end of the socket, in this process; its callers are real processes or bare sockets."""

import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

import pytest
import trio

from looop.core import wire
from looop.core.phase import Doing
from looop.core.problem import Exit, Problem
from looop.core.wire import Frame
from looop.engine.ask import Answer, ask
from looop.engine.call import Call, Kind, RunLocally
from looop.engine.control import Control
from looop.engine.fake import FakeLive
from looop.engine.live import Live
from looop.store.paths import Profile
from support.scripted import RUN_IT_HERE, client

PATIENCE = 60.0
Verb = Callable[[Call], Awaitable[int]]


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    found = Profile(data=tmp_path / "data", config=tmp_path / "looop.json")
    found.pulse.mkdir(parents=True)
    return found


@asynccontextmanager
async def control(profile: Profile, verb: Verb, live: FakeLive | None = None) -> AsyncIterator[Control]:
    async def run_verb(argv: Sequence[str], call: Call, live: Live | None) -> int:
        return await verb(call)

    async with trio.open_nursery() as nursery:
        it: Control = await nursery.start(Control(profile, run_verb, live or FakeLive()).serve)
        yield it
        nursery.cancel_scope.cancel()


async def asked(profile: Profile) -> Answer:
    with trio.fail_after(PATIENCE):
        answer = await ask(profile.sock, "verb")
    assert answer is not None
    return answer


async def ended(process: "subprocess.Popen[bytes]") -> tuple[int, bytes, bytes]:
    out, err = await trio.to_thread.run_sync(process.communicate)
    return process.returncode, out, err


def fails(error: BaseException) -> Verb:
    async def verb(call: Call) -> int:
        raise error

    return verb


class Bare:
    """A connection that sends what no client would."""

    def __init__(self, path: Path, argv: Sequence[str] = ("verb",)) -> None:
        self.run = Frame(wire.RUN, wire.pack_run(wire.Run(argv, "/", {}, wire.Terminal())))
        self.path = path
        self.decoder = wire.Decoder()

    async def __aenter__(self) -> Self:
        self.stream = await trio.open_unix_socket(self.path)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stream.aclose()

    async def say(self, *frames: Frame) -> None:
        await self.stream.send_all(b"".join(map(wire.encode, frames)))

    async def hear(self) -> list[Frame]:
        """Give all frames until the engine hangs up."""
        frames = []
        with trio.fail_after(PATIENCE):
            while data := await self.stream.receive_some():
                frames += list(self.decoder.feed(data))
        return frames


async def test_a_verb_gets_its_callers_folder_environment_and_streams(
    profile: Profile, tmp_path: Path
) -> None:
    async def verb(call: Call) -> int:
        await call.out(f"{call.cwd} {call.env['TZ']} {call.tty.stdout}\n")
        await call.err(b"\xff\n")
        return 7

    async with control(profile, verb):
        with client(profile.sock, "verb", env={"TZ": "UTC"}) as process:
            assert await ended(process) == (7, f"{Path.cwd()} UTC False\n".encode(), b"\xff\n")


async def test_many_verbs_run_at_once_and_keep_their_own_streams(profile: Profile) -> None:
    together, arrived = trio.Event(), []

    async def verb(call: Call) -> int:
        arrived.append(call)
        if len(arrived) == 20:
            together.set()
        await together.wait()
        await call.out(str(call.env["LOOOP_N"]))
        return int(call.env["LOOOP_N"])

    seen: dict[int, list[Frame]] = {}

    async def caller(number: int) -> None:
        async with Bare(profile.sock) as bare:
            run = wire.Run(("verb",), "/", {"LOOOP_N": str(number)}, wire.Terminal())
            await bare.say(Frame(wire.RUN, wire.pack_run(run)))
            seen[number] = await bare.hear()

    async with control(profile, verb), trio.open_nursery() as nursery:
        for number in range(20):
            nursery.start_soon(caller, number)
    assert seen == {
        n: [Frame(wire.TAKEN), Frame(wire.OUT, str(n).encode()), Frame(wire.EXIT, bytes((n,)))]
        for n in range(20)
    }


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (Problem(Exit.MISSING, "no-goal", "There is no goal x."), 3, "looop: There is no goal x.\n"),
        (SystemExit(9), 9, ""),
        (SystemExit(), 0, ""),
        (SystemExit("usage"), 1, ""),
        (BrokenPipeError(), 0, ""),
        (ExceptionGroup("", [Problem(Exit.REFUSED, "no", "Not now.")]), 5, "looop: Not now.\n"),
    ],
    ids=repr,
)
async def test_what_a_verb_raises_becomes_an_exit_code(
    profile: Profile, error: BaseException, code: int, sentence: str
) -> None:
    async with control(profile, fails(error)):
        answer = await asked(profile)
    assert (answer.code, answer.err, answer.out) == (code, sentence, "")
    assert not profile.pulse_log.exists()


async def test_a_fault_of_our_own_is_one_sentence_and_a_traceback_in_the_log(profile: Profile) -> None:
    async with control(profile, fails(ZeroDivisionError("oops"))):
        answer = await asked(profile)
    assert answer.code == 1
    assert answer.err.count("\n") == 1
    assert "ZeroDivisionError" in answer.err
    log = profile.pulse_log.read_text()
    assert "Traceback" in log
    assert "ZeroDivisionError: oops" in log


async def test_a_fault_leaves_the_engine_answering(profile: Profile) -> None:
    raised = iter([KeyError("x")])

    async def verb(call: Call) -> int:
        if error := next(raised, None):
            raise error
        return 0

    async with control(profile, verb):
        assert (await asked(profile)).code == 1
        assert (await asked(profile)).code == 0


async def test_a_verb_for_its_callers_own_process_is_left_to_it(profile: Profile) -> None:
    async with control(profile, fails(RunLocally())):
        with client(profile.sock, "help") as process:
            assert (await ended(process))[0] == RUN_IT_HERE


async def test_another_protocol_is_told_which_one_is_spoken(profile: Profile) -> None:
    async with control(profile, fails(AssertionError())), Bare(profile.sock) as bare:
        await bare.say(Frame(wire.RUN, b"99\0whatever"))
        assert await bare.hear() == [Frame(wire.BADVERSION, b"1")]


@pytest.mark.parametrize("words", [b"GET / HTTP/1.1\r\n\r\n", b"", wire.encode(Frame(wire.STDIN, b"x"))])
async def test_a_connection_that_asks_for_nothing_is_closed(profile: Profile, words: bytes) -> None:
    async with control(profile, fails(AssertionError())), Bare(profile.sock) as bare:
        await bare.stream.send_all(words)
        await bare.stream.send_eof()
        assert await bare.hear() == []


async def test_a_silent_connection_is_closed_after_a_while(
    profile: Profile, autojump_clock: trio.testing.MockClock
) -> None:
    async with control(profile, fails(AssertionError())), Bare(profile.sock) as bare:
        assert await bare.hear() == []


async def test_an_interrupt_cancels_the_verb(profile: Profile) -> None:
    going = trio.Event()

    async def verb(call: Call) -> int:
        going.set()
        await trio.sleep_forever()

    async with control(profile, verb), Bare(profile.sock) as bare:
        await bare.say(bare.run)
        await going.wait()
        await bare.say(Frame(wire.SIGNAL, b"INT"))
        assert await bare.hear() == [Frame(wire.TAKEN), Frame(wire.EXIT, bytes((130,)))]


async def test_an_interrupt_that_came_too_late_changes_no_exit_code(profile: Profile) -> None:
    going = trio.Event()

    async def verb(call: Call) -> int:
        with trio.CancelScope(shield=True):
            going.set()
            while not getattr(call, "signalled"):  # noqa: B009 - the call's own view is not in its Protocol
                await trio.lowlevel.checkpoint()
        return 0

    async with control(profile, verb), Bare(profile.sock) as bare:
        await bare.say(bare.run)
        await going.wait()
        await bare.say(Frame(wire.SIGNAL, b"TERM"))
        assert (await bare.hear())[-1] == Frame(wire.EXIT, bytes((0,)))


async def test_a_caller_that_hangs_up_cancels_its_verb(profile: Profile) -> None:
    going, cancelled = trio.Event(), trio.Event()

    async def verb(call: Call) -> int:
        going.set()
        try:
            await trio.sleep_forever()
        finally:
            cancelled.set()

    async with control(profile, verb):
        async with Bare(profile.sock) as bare:
            await bare.say(bare.run)
            await going.wait()
        with trio.fail_after(PATIENCE):
            await cancelled.wait()


async def test_a_verb_whose_caller_left_before_its_start_does_not_run(profile: Profile) -> None:
    async with control(profile, fails(AssertionError("it ran"))) as it:
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        line.connect(str(profile.sock))
        line.sendall(wire.encode(Bare(profile.sock).run))
        line.close()
        while not it._calls:
            await trio.lowlevel.checkpoint()
        await it.drained()
    assert not profile.pulse_log.exists()


async def test_stdin_is_read_to_its_end(profile: Profile) -> None:
    async def verb(call: Call) -> int:
        await call.out(str(len(await call.stdin(1 << 20))))
        return 0

    async with control(profile, verb):
        with client(profile.sock, "verb", stdin=subprocess.PIPE) as process:
            process_out = trio.to_thread.run_sync(process.communicate, b"x" * 300_000)
            assert (await process_out)[0] == b"300000"


async def test_more_stdin_than_allowed_is_a_usage_error(profile: Profile) -> None:
    async def verb(call: Call) -> int:
        await call.stdin(1000)
        return 0

    async with control(profile, verb):
        with client(profile.sock, "verb", stdin=subprocess.PIPE) as process:
            _, err = await trio.to_thread.run_sync(process.communicate, b"x" * 100_000)
    assert process.returncode == 2
    assert b"more than 1000 bytes" in err


async def test_output_is_held_back_while_nobody_reads(profile: Profile) -> None:
    written = 0

    async def verb(call: Call) -> int:
        nonlocal written
        for _ in range(1000):
            await call.out(b"x" * 100_000)
            written += 100_000
        return 0

    async with control(profile, verb), Bare(profile.sock) as bare:
        await bare.say(bare.run)
        await trio.testing.wait_all_tasks_blocked(0.05)
        assert 0 < written < 2_000_000
        frames = await bare.hear()
    assert sum(len(frame.data) for frame in frames if frame.kind == wire.OUT) == 100_000_000
    assert max(len(frame.data) for frame in frames) <= wire.CHUNK


async def test_an_interrupt_in_the_middle_of_a_frame_leaves_whole_frames(profile: Profile) -> None:
    async def verb(call: Call) -> int:
        while True:
            await call.out(b"x" * 100_000)

    async with control(profile, verb), Bare(profile.sock) as bare:
        await bare.say(bare.run)
        await trio.testing.wait_all_tasks_blocked(0.05)
        await bare.say(Frame(wire.SIGNAL, b"INT"))
        frames = await bare.hear()
    assert frames[-1] == Frame(wire.EXIT, bytes((130,)))
    assert {frame.kind for frame in frames[1:-1]} == {wire.OUT}


async def test_other_verbs_run_while_one_prints_without_end(profile: Profile) -> None:
    async def verb(call: Call) -> int:
        while call.env:
            await call.out(b"x" * 1_000_000)
        return 0

    async def read_on(bare: Bare) -> None:
        while await bare.stream.receive_some():
            pass

    async with control(profile, verb), Bare(profile.sock) as bare, trio.open_nursery() as nursery:
        run = wire.Run(("verb",), "/", {"LOOOP_X": "1"}, wire.Terminal())
        await bare.say(Frame(wire.RUN, wire.pack_run(run)))
        nursery.start_soon(read_on, bare)
        for _ in range(5):
            assert (await asked(profile)).code == 0
        nursery.cancel_scope.cancel()


async def test_a_resize_is_seen_by_the_verb(profile: Profile) -> None:
    async def verb(call: Call) -> int:
        while call.tty.columns == 80:
            await trio.lowlevel.checkpoint()
        await call.out(f"{call.tty.columns}x{call.tty.lines}")
        return 0

    async with control(profile, verb), Bare(profile.sock) as bare:
        await bare.say(bare.run, Frame(wire.WINCH, b"132 50"))
        assert Frame(wire.OUT, b"132x50") in await bare.hear()


async def test_the_socket_is_for_its_owner_alone(profile: Profile) -> None:
    before = os.umask(0)
    try:
        async with control(profile, fails(AssertionError())):
            assert stat.S_IMODE(profile.sock.stat().st_mode) == 0o600
    finally:
        os.umask(before)


async def test_another_user_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    become = "os.setuid(65534)" if os.geteuid() == 0 else ""
    if not become:  # nobody but root can become somebody else, so the engine is told to be somebody else
        monkeypatch.setattr(os, "geteuid", lambda: 65534)
    code = f"import os, socket, sys\nline = socket.socket(socket.AF_UNIX)\n{become}\n"
    code += "line.connect(sys.argv[1])\nprint(line.recv(9))"
    with tempfile.TemporaryDirectory() as folder:  # pytest's own lets nobody else in
        profile = Profile(data=Path(folder), config=Path(folder, "c"))
        async with control(profile, fails(AssertionError())):
            profile.sock.chmod(0o777)
            profile.data.chmod(0o777)
            command = [sys.executable, "-c", code, str(profile.sock)]
            ran = await trio.run_process(command, capture_stdout=True, capture_stderr=True, check=False)
    assert (ran.stdout, ran.stderr) == (b"b''\n", b"")


async def test_a_person_is_told_from_what_looop_started(profile: Profile) -> None:
    async def verb(call: Call) -> int:
        await call.out(call.caller.kind.name)
        return 0

    live = FakeLive()
    async with control(profile, verb, live):
        with client(profile.sock, "verb") as process:  # our own child, as a sensor would be
            assert (await ended(process))[1] == b"CHILD"
        live.doing = Doing.DECIDING
        with client(profile.sock, "verb") as process:
            assert (await ended(process))[1] == b"TICK"
    assert Kind.PERSON.name == "PERSON"


async def test_a_stale_socket_is_replaced(profile: Profile) -> None:
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(profile.sock))
    dead.close()

    async def verb(call: Call) -> int:
        return 6

    async with control(profile, verb):
        assert (await asked(profile)).code == 6


async def test_a_removed_socket_is_bound_again(profile: Profile) -> None:
    async def verb(call: Call) -> int:
        return 6

    async with control(profile, verb) as it:
        profile.sock.unlink()
        it.mend()
        while not profile.sock.exists():
            await trio.lowlevel.checkpoint()
        assert (await asked(profile)).code == 6


async def test_verbs_go_on_while_the_socket_is_bound_again(profile: Profile) -> None:
    go_on = trio.Event()

    async def verb(call: Call) -> int:
        await go_on.wait()
        return 6

    async with control(profile, verb) as it, Bare(profile.sock) as bare:
        await bare.say(bare.run)
        while not it._calls:
            await trio.lowlevel.checkpoint()
        profile.sock.unlink()
        it.mend()
        while not profile.sock.exists():
            await trio.lowlevel.checkpoint()
        go_on.set()
        assert (await bare.hear())[-1] == Frame(wire.EXIT, bytes((6,)))


async def test_the_socket_is_gone_at_the_end_but_never_another_engines(profile: Profile) -> None:
    async with control(profile, fails(AssertionError())):
        pass
    assert not profile.sock.exists()
    async with control(profile, fails(AssertionError())):
        profile.sock.unlink()
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(profile.sock))
    assert profile.sock.exists()


async def test_a_path_longer_than_a_socket_address_is_served(tmp_path: Path) -> None:
    deep = Profile(data=tmp_path / ("d" * 90) / ("e" * 90), config=tmp_path / "c")
    deep.pulse.mkdir(parents=True)

    async def verb(call: Call) -> int:
        return 6

    async with control(deep, verb):
        assert (await asked(deep)).code == 6
        with client(deep.sock, "verb") as process:
            assert (await ended(process))[0] == 6


async def test_nobody_to_ask_is_none(profile: Profile) -> None:
    assert await ask(profile.sock, "verb") is None


async def test_a_client_killed_by_a_signal_cancels_its_verb(profile: Profile) -> None:
    going, cancelled = trio.Event(), trio.Event()

    async def verb(call: Call) -> int:
        going.set()
        try:
            await trio.sleep_forever()
        finally:
            cancelled.set()

    async with control(profile, verb):
        with client(profile.sock, "watch") as process, trio.fail_after(PATIENCE):
            await going.wait()
            process.send_signal(signal.SIGKILL)
            await cancelled.wait()
