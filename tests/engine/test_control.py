"""The engine's socket: who may connect, what is refused, and how it survives being removed."""

import os
import socket
import stat
import sys
import tempfile
from pathlib import Path

import pytest
import trio

from looop.core import wire
from looop.core.phase import Doing
from looop.core.wire import Frame
from looop.engine.ask import ask
from looop.engine.call import Call, Kind
from looop.engine.fake import FakeLive
from looop.store.paths import PERSONS, Profile, door
from support.scripted import client
from support.served import Bare, asked, control, ended, fails


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
    code += "line.connect(sys.argv[1])\ntry:\n    line.sendall(bytes.fromhex(sys.argv[2]))\n"
    code += "    print(line.recv(9))\nexcept ConnectionError:\n    print(b'')"
    with tempfile.TemporaryDirectory() as folder:  # pytest's own lets nobody else in
        profile = Profile(data=Path(folder), config=Path(folder, "c"))
        async with control(profile, fails(AssertionError())):
            profile.sock.chmod(0o777)
            for folder_of in (profile.data, profile.doors, door(profile, PERSONS)):
                folder_of.chmod(0o777)
            words = wire.encode(Bare(profile.sock).run).hex()
            command = [sys.executable, "-c", code, str(profile.sock), words]
            ran = await trio.run_process(command, capture_stdout=True, capture_stderr=True, check=False)
    assert (ran.stdout, ran.stderr) == (b"b''\n", b"")


async def test_a_person_is_told_from_what_looop_started(profile: Profile, each_client: str) -> None:
    async def verb(call: Call) -> int:
        await call.out(call.caller.kind.name)
        return 0

    live = FakeLive()
    async with control(profile, verb, live):
        with client(profile.sock, "status") as process:  # our own child, as a sensor would be
            assert (await ended(process))[1] == b"CHILD"
        live.doing = Doing.DECIDING
        with client(profile.sock, "status") as process:
            assert (await ended(process))[1] == b"TICK"
    assert Kind.PERSON.name == "PERSON"


async def test_a_session_that_calls_before_its_start_has_come_to_its_end_is_known(
    profile: Profile, each_client: str
) -> None:
    class Starting(FakeLive):
        known = False

        def leaders(self) -> dict[int, str]:
            return {process.pid: "tea"} if self.known else {}

        async def settled(self) -> None:
            asked.set()
            await started.wait()
            self.known = True

    async def verb(call: Call) -> int:
        await call.out(call.caller.session or "nobody")
        return 0

    asked, started, live = trio.Event(), trio.Event(), Starting()
    async with control(profile, verb, live):
        with client(profile.sock, "status") as process:
            with trio.fail_after(60):
                await asked.wait()
            started.set()
            assert (await ended(process))[1] == b"tea"


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


async def test_a_path_longer_than_a_socket_address_is_served(tmp_path: Path, each_client: str) -> None:
    deep = Profile(data=tmp_path / ("d" * 90) / ("e" * 90), config=tmp_path / "c")
    deep.pulse.mkdir(parents=True)

    async def verb(call: Call) -> int:
        return 6

    async with control(deep, verb):
        assert (await asked(deep)).code == 6
        with client(deep.sock, "status") as process:
            assert (await ended(process))[0] == 6


async def test_nobody_to_ask_is_none(profile: Profile) -> None:
    assert await ask(profile.sock, "verb") is None
