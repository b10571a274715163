"""A relayed verb's streams: its callers' own, whole frames, and never more than the caller reads."""

import subprocess
from pathlib import Path

import trio

from looop.core import wire
from looop.core.wire import Frame
from looop.engine.call import Call
from looop.engine.remote import TYPED_AHEAD, RemoteCall
from looop.store.paths import Profile
from support.scripted import client
from support.served import PATIENCE, Bare, asked, control, ended


async def test_a_verb_gets_its_callers_folder_environment_and_streams(
    profile: Profile, each_client: str
) -> None:
    async def verb(call: Call) -> int:
        await call.out(f"{call.cwd} {call.env['TZ']} {call.tty.stdout}\n")
        await call.err(b"\xff\n")
        return 7

    async with control(profile, verb):
        with client(profile.sock, "status", env={"TZ": "UTC"}) as process:
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


async def test_stdin_is_read_to_its_end(profile: Profile, each_client: str) -> None:
    async def verb(call: Call) -> int:
        await call.out(str(len(await call.stdin(1 << 20))))
        return 0

    async with control(profile, verb):
        with client(profile.sock, "status", stdin=subprocess.PIPE) as process:
            process_out = trio.to_thread.run_sync(process.communicate, b"x" * 300_000)
            assert (await process_out)[0] == b"300000"


async def test_more_stdin_than_allowed_is_a_usage_error(profile: Profile, each_client: str) -> None:
    async def verb(call: Call) -> int:
        await call.stdin(1000)
        return 0

    async with control(profile, verb):
        with client(profile.sock, "status", stdin=subprocess.PIPE) as process:
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


async def test_a_caller_that_leaves_with_more_typed_than_is_read_is_missed_all_the_same(
    profile: Profile,
) -> None:
    ended = trio.Event()

    async def verb(call: Call) -> int:
        assert isinstance(call, RemoteCall)
        try:
            await call.raw()
            await trio.sleep_forever()
        finally:
            ended.set()

    async with control(profile, verb):
        async with Bare(profile.sock) as bare:
            screen = wire.Terminal(stdin=True, stdout=True)
            await bare.say(Frame(wire.RUN, wire.pack_run(wire.Run(("verb",), "/", {}, screen))))
            await hears_raw(bare)
            await bare.say(*[Frame(wire.STDIN, b"x" * wire.CHUNK)] * (TYPED_AHEAD // wire.CHUNK + 2))
        with trio.fail_after(PATIENCE):
            await ended.wait()


async def hears_raw(bare: Bare) -> None:
    with trio.fail_after(PATIENCE):
        while wire.RAW not in [frame.kind for frame in bare.decoder.feed(await bare.stream.receive_some())]:
            pass
