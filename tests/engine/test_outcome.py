"""However a relayed verb ends, its caller gets an exit code."""

import signal
import socket

import pytest
import trio

from looop.core import wire
from looop.core.problem import Exit, Problem
from looop.core.wire import Frame
from looop.engine.call import Call, RunLocally
from looop.store.paths import Profile
from support.launching import RUN_IT_HERE
from support.scripted import client
from support.served import PATIENCE, Bare, asked, control, ended, fails


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


async def test_a_verb_for_its_callers_own_process_is_left_to_it(profile: Profile, each_client: str) -> None:
    async with control(profile, fails(RunLocally())):
        with client(profile.sock, "journal") as process:
            assert (await ended(process))[0] == RUN_IT_HERE


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
