"""Client and engine of different protocols: the numbers decide, and `up` gets through to any engine."""

import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from looop.core import wire
from looop.core.wire import Frame
from looop.engine.ask import ask
from looop.engine.call import Call
from looop.store.paths import Profile
from support.household import Household
from support.launching import RUN_IT_HERE
from support.scripted import Scripted, client, output
from support.served import Bare, control

pytestmark = pytest.mark.process

ANOTHER = """
import sys
from looop.core import wire
wire.PROTOCOL = wire.OLDEST = {number}
from support import program
sys.exit(program.main(sys.argv[1:]))
"""


def refused(engine: Scripted, theirs: bytes) -> int:
    """Refuse the next verb for its protocol, naming ours; the protocol that the client spoke."""
    with engine.accept() as line:
        frame = line.hear()
        assert frame is not None
        line.say(Frame(wire.BADVERSION, theirs))
        return wire.protocol_of(frame.data)


def accepted(engine: Scripted, code: int) -> int:
    """Take the next verb and end it; the protocol that the client spoke."""
    with engine.accept() as line:
        frame = line.hear()
        assert frame is not None
        line.say(Frame(wire.TAKEN))
        line.end(code)
        return wire.protocol_of(frame.data)


def test_a_newer_client_speaks_the_older_protocol_of_the_engine(engine: Scripted, sock: Path) -> None:
    with client(sock, "journal", settings="PROTOCOL=3,OLDEST=2") as process:
        assert refused(engine, b"2") == 3
        assert accepted(engine, 6) == 2
        assert output(process) == (6, b"", b"")


@pytest.mark.parametrize("theirs", [b"1", b"4", b"0"])
def test_an_engine_whose_protocol_nobody_speaks_is_told_with_how_to_renew_it(
    engine: Scripted, sock: Path, theirs: bytes
) -> None:
    with client(sock, "journal", settings="PROTOCOL=3,OLDEST=2") as process:
        refused(engine, theirs)
        code, out, err = output(process)
    assert (code, out) == (4, b"")
    assert err == (
        b"looop: this looop speaks protocol 3, the running engine protocol %b: `looop up` replaces that "
        b"engine with this looop's, and sessions go on.\n" % theirs
    )
    assert not engine.asked()


def test_an_engine_that_refuses_what_it_asked_for_is_asked_no_more(engine: Scripted, sock: Path) -> None:
    with client(sock, "journal", settings="PROTOCOL=3,OLDEST=1") as process:
        assert [refused(engine, b"2"), refused(engine, b"2")] == [3, 2]
        assert output(process)[0] == 4
    assert not engine.asked()


@pytest.mark.parametrize("theirs", [b"", b"x", b"-1", b"99999999999"])
def test_a_refusal_that_names_no_protocol_is_no_engine(engine: Scripted, sock: Path, theirs: bytes) -> None:
    with client(sock, "journal") as process:
        refused(engine, theirs)
        assert output(process) == (RUN_IT_HERE, b"", b"")


def test_a_verb_that_was_taken_is_not_begun_again_in_another_protocol(engine: Scripted, sock: Path) -> None:
    with client(sock, "journal", settings="PROTOCOL=3") as process:
        with engine.accept() as line:
            line.run()
            line.say(Frame(wire.BADVERSION, b"2"))
            assert line.hear() is None
        assert output(process)[0] == 4
    assert not engine.asked()


def test_a_waiting_verb_goes_on_at_an_engine_of_an_older_protocol(engine: Scripted, sock: Path) -> None:
    with client(sock, "wait", "tea", settings="PROTOCOL=2") as process:
        with engine.accept() as line:
            frame = line.hear()
            assert frame is not None
            assert wire.protocol_of(frame.data) == 2
            line.say(Frame(wire.TAKEN), Frame(wire.RESUME, wire.pack_fields(("wait", "tea", "--again"))))
        assert refused(engine, b"1") == 2
        with engine.accept() as line:
            assert line.run().argv == ("wait", "tea", "--again")
            line.end(7)
        assert output(process) == (7, b"", b"")


@pytest.mark.parametrize(("spoken", "heard"), [(1, False), (2, True), (3, True), (4, False)])
async def test_an_engine_takes_every_protocol_from_its_oldest_to_its_newest(
    profile: Profile, monkeypatch: pytest.MonkeyPatch, spoken: int, heard: bool
) -> None:
    async def verb(call: Call) -> int:
        return 6

    monkeypatch.setattr(wire, "PROTOCOL", 3)
    monkeypatch.setattr(wire, "OLDEST", 2)
    async with control(profile, verb), Bare(profile.sock) as bare:
        run = wire.Run(("verb",), "/", {}, wire.Terminal())
        await bare.say(Frame(wire.RUN, wire.pack_run(run, spoken)))
        said = await bare.hear()
    assert said == (
        [Frame(wire.TAKEN), Frame(wire.EXIT, b"\x06")] if heard else [Frame(wire.BADVERSION, b"3")]
    )


@pytest.mark.parametrize("theirs", [0, 9])
async def test_up_and_down_get_through_to_an_engine_of_any_protocol(
    profile: Profile, monkeypatch: pytest.MonkeyPatch, theirs: int
) -> None:
    async def verb(call: Call) -> int:
        await call.out("here")
        return 6

    another = SimpleNamespace(**(vars(wire) | {"PROTOCOL": theirs, "OLDEST": theirs}))
    monkeypatch.setattr("looop.engine.control.wire", another)  # of this process only the engine's end
    async with control(profile, verb):
        answer = await ask(profile.sock, "__here")
    assert answer is not None
    assert (answer.code, answer.out, answer.protocol) == (6, "here", theirs)


@pytest.fixture
def another(
    home: Household, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[int], Awaitable[object]]:
    """Start the engine of a program that knows one protocol alone."""

    async def up(number: int) -> None:
        program = tmp_path / "another.py"
        program.write_text(ANOTHER.format(number=number))
        with monkeypatch.context() as while_it_starts:
            while_it_starts.setattr(wire, "PROTOCOL", number)
            await home.up(command=(sys.executable, "-P", str(program)))

    return up


@pytest.mark.parametrize("theirs", [0, 7])
async def test_up_replaces_an_engine_of_another_protocol_in_place(
    home: Household, another: Callable[[int], Awaitable[object]], theirs: int
) -> None:
    await another(theirs)
    keeper, engine = home.keeper, home.engine
    assert (await home.answer("pid")).protocol == theirs
    seen = await home.up()
    assert seen.renewed
    assert home.keeper == keeper
    assert home.engine != engine
    assert (await home.answer("pid")).protocol == wire.PROTOCOL


async def test_down_ends_an_engine_of_another_protocol(
    home: Household, another: Callable[[int], Awaitable[object]]
) -> None:
    await another(7)
    assert (await home.down()).ran
    assert home.at_home() == []
