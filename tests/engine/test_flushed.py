"""What a verb may know of its caller: that all it wrote was written out, and that a text was handed over."""

import os
import signal
import subprocess
from pathlib import Path

import pytest
import trio

from looop.core import wire
from looop.core.wire import Frame
from looop.engine.call import Call
from looop.store.paths import Profile
from support.scripted import client, output, scripted
from support.served import Bare, control, ended

pytestmark = pytest.mark.process


def test_a_handed_text_and_its_arguments_travel_as_one() -> None:
    packed = wire.pack_hand(("flag", "--taken", "7"), b"yes\0\xff")
    assert wire.unpack_hand(packed) == (("flag", "--taken", "7"), b"yes\0\xff")


@pytest.mark.parametrize("payload", [b"\0\0\0\x05ab\0", b"\0\0\0\x02ab"])
def test_a_hand_without_whole_arguments_is_no_protocol(payload: bytes) -> None:
    with pytest.raises(wire.ProtocolError):
        wire.unpack_hand(payload)


async def test_flushed_returns_once_the_caller_has_written_everything(
    profile: Profile, each_client: str
) -> None:
    seen = []

    async def verb(call: Call) -> int:
        await call.out("x" * 300_000)
        await call.flushed()
        seen.append("flushed")
        return 0

    async with control(profile, verb):
        with client(profile.sock, "flag", stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            fd = process.stdout.fileno()
            first = await trio.to_thread.run_sync(os.read, fd, 1000)
            assert seen == []  # a pipe holds 64 KiB, so most is still to be written
            rest = await trio.to_thread.run_sync(process.stdout.read)
            await trio.to_thread.run_sync(process.wait)
    assert len(first) + len(rest) == 300_000
    assert seen == ["flushed"]


async def test_a_caller_that_hangs_up_before_it_wrote_has_flushed_nothing(profile: Profile) -> None:
    ends: list[object] = []

    async def verb(call: Call) -> int:
        try:
            await call.hand_over("the answer\n", ("taken",))
            await call.flushed()
        except (BrokenPipeError, trio.Cancelled) as error:
            ends.append(type(error))
            raise
        ends.append(int)
        return 0

    async with control(profile, verb) as served:
        async with Bare(profile.sock) as bare:
            await bare.say(bare.run)
            heard: list[Frame] = []
            while not any(frame.kind == wire.SYNC for frame in heard):
                heard += bare.decoder.feed(await bare.stream.receive_some())
        with trio.fail_after(60):
            await served.drained()
    assert [frame.kind for frame in heard] == [wire.TAKEN, wire.HAND, wire.SYNC]
    assert len(ends) == 1
    assert ends[0] is not int


async def test_a_caller_killed_before_it_wrote_has_flushed_nothing(
    profile: Profile, each_client: str
) -> None:
    flushed, handed = [], trio.Event()

    async def verb(call: Call) -> int:
        await call.out("x" * 120_000)  # more than a pipe holds, and no more than is on its way to it
        handed.set()
        await call.flushed()
        flushed.append(1)
        return 0

    async with control(profile, verb) as served:
        with client(profile.sock, "flag", stdout=subprocess.PIPE) as process:
            await handed.wait()
            process.send_signal(signal.SIGKILL)
            await ended(process)
        with trio.fail_after(60):
            await served.drained()
    assert flushed == []


async def test_an_answer_from_the_past_confirms_nothing(profile: Profile) -> None:
    flushed = []

    async def verb(call: Call) -> int:
        await call.flushed()
        await call.flushed()
        flushed.append(1)
        return 0

    async with control(profile, verb), Bare(profile.sock) as bare:
        await bare.say(bare.run, Frame(wire.SYNCED, b"1"), Frame(wire.SYNCED, b"x"), Frame(wire.SYNCED, b""))
        await trio.testing.wait_all_tasks_blocked(0.05)
        assert flushed == []
        await bare.say(Frame(wire.SYNCED, b"2"))
        assert (await bare.hear())[-1] == Frame(wire.EXIT, b"\0")
    assert flushed == [1]


def test_who_was_handed_a_text_goes_on_with_its_arguments_at_the_next_engine(
    tmp_path: Path, each_client: str
) -> None:
    path = tmp_path / ".sock"
    with scripted(path) as engine, client(path, "flag", "--wait") as process:
        with engine.accept() as line:
            line.run()
            line.say(Frame(wire.RESUME, wire.pack_fields(("flag", "--number", "7"))))
            line.say(Frame(wire.HAND, wire.pack_hand(("flag", "--taken", "7"), b"yes\n")))
            line.say(Frame(wire.SYNC, b"1"))
            assert line.hear() == Frame(wire.SYNCED, b"1")
        with engine.accept() as line:
            assert line.run().argv == ("flag", "--taken", "7")
            line.end(0)
        assert output(process) == (0, b"yes\n", b"")


def test_who_was_handed_a_text_looks_longer_for_an_engine_to_own_up_to(
    tmp_path: Path, each_client: str
) -> None:
    path = tmp_path / ".sock"
    with scripted(path) as engine, client(path, "flag", settings="RECONNECT=0,OWNING_UP=60") as process:
        with engine.accept() as line:
            line.run()
            line.say(Frame(wire.HAND, wire.pack_hand(("flag", "--taken", "7"), b"yes\n")))
        with engine.accept() as line:
            assert line.run().argv == ("flag", "--taken", "7")
            line.end(0)
        assert output(process) == (0, b"yes\n", b"")


def test_who_is_told_to_go_on_as_usual_owns_up_to_nothing_any_more(tmp_path: Path, each_client: str) -> None:
    path = tmp_path / ".sock"
    with scripted(path) as engine, client(path, "log", settings="RECONNECT=0,OWNING_UP=3600") as process:
        with engine.accept() as line:
            line.run()
            again = ("log", "--since", "4")
            line.say(Frame(wire.HAND, wire.pack_hand(again, b"text")))
            line.say(Frame(wire.RESUME, wire.pack_fields(again)))
        engine.close()
        path.unlink()
        code, text, _ = output(process)
    assert (code, text) == (4, b"text")


def test_half_a_hand_is_none(tmp_path: Path, each_client: str) -> None:
    path = tmp_path / ".sock"
    whole = wire.encode(Frame(wire.HAND, wire.pack_hand(("flag", "--taken", "7"), b"yes\n")))
    with scripted(path) as engine, client(path, "flag", "--wait") as process:
        with engine.accept() as line:
            line.run()
            line.say(Frame(wire.RESUME, wire.pack_fields(("flag", "--number", "7"))))
            line._line.sendall(whole[:-1])
        with engine.accept() as line:
            assert line.run().argv == ("flag", "--number", "7")
            line.end(0)
        assert output(process) == (0, b"", b"")


def test_a_stream_that_can_not_be_written_confirms_nothing(tmp_path: Path, each_client: str) -> None:
    path = tmp_path / ".sock"
    with (
        scripted(path) as engine,
        Path("/dev/full").open("wb") as full,
        client(path, "flag", "--wait", stdout=full) as process,
    ):
        with engine.accept() as line:
            line.run()
            line.say(Frame(wire.HAND, wire.pack_hand(("x",), b"yes\n")), Frame(wire.SYNC, b"1"))
            assert line.hear() is None
        assert output(process)[0] == 1
