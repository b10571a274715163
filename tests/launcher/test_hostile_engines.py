"""An engine that sends anything at all: both clients end, alike, and the C one within its own memory."""

import fcntl
import random
import termios
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from looop.core import wire
from looop.core.wire import Frame
from support.launching import RUN_IT_HERE, Launchers
from support.scripted import Line, client, launched, output, scripted
from support.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.slow, pytest.mark.timeout(300)]

BRIEF = "PATIENCE=1,RECONNECT=0.2,OWNING_UP=0.2,GRACE=0.1"
ENDS = {0, 1, 4, RUN_IT_HERE}

kinds = st.sampled_from(sorted(wire.NAMES))
payloads = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([b"", b"1", b"0", b"journal\0", b"\0\0\0\x02a\0text", b"\0\0\0\x09a\0", b"x" * 70_000]),
)
frames = st.builds(lambda kind, data: wire.encode(Frame(kind, data)), kinds, payloads)
pieces = st.one_of(
    frames,
    frames.map(lambda whole: whole[:-1]),
    st.binary(max_size=20),
    st.builds(lambda kind, size: bytes((kind,)) + size.to_bytes(4, "big"), kinds, st.integers(0, 2**32 - 1)),
)
speeches = st.tuples(st.booleans(), st.lists(pieces, max_size=6))


def end(folder: Path, speech: tuple[bool, Sequence[bytes]]) -> tuple[int, bytes, bytes]:
    """Have a client hear a speech and then nothing more; how it ended."""
    taken, words = speech
    with (
        scripted(folder / ".sock") as engine,
        client(folder / ".sock", "journal", settings=BRIEF, env={"ASAN_OPTIONS": "exitcode=99"}) as process,
    ):
        with engine.accept() as line:
            line.hear()
            utter(line, (wire.encode(Frame(wire.TAKEN)) if taken else b"") + b"".join(words))
        engine.close()
        return output(process)


def utter(line: Line, words: bytes) -> None:
    try:
        line._line.sendall(words)
    except OSError:  # it has hung up
        return


@pytest.fixture(scope="session")
def watched(launchers: Launchers) -> Launchers:
    """Launchers that end with 99 and a report when they touch memory that is not theirs."""
    return launchers.with_flags(
        "-fsanitize=address,undefined", "-fno-sanitize-recover=all", compiler=("gcc",)
    )


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(speech=speeches)
def test_no_engine_brings_the_launcher_down(
    watched: Launchers, tmp_path: Path, speech: tuple[bool, Sequence[bytes]]
) -> None:
    with launched(watched):
        code, _, err = end(tmp_path, speech)
    assert b"Sanitizer" not in err
    assert b"runtime error" not in err
    assert code in ENDS or bytes((wire.EXIT,)) in b"".join(speech[1])


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(speech=speeches)
def test_both_clients_end_alike(
    launchers: Launchers, tmp_path: Path, speech: tuple[bool, Sequence[bytes]]
) -> None:
    python = end(tmp_path, speech)
    with launched(launchers):
        assert end(tmp_path, speech) == python


def test_an_engine_that_never_reads_costs_no_memory_without_end(launchers: Launchers, tmp_path: Path) -> None:
    words = wire.encode(Frame(wire.SYNC, b"x" * wire.LARGEST)) * 6
    with launched(launchers):
        assert end(tmp_path, (True, [words]))[0] == 4


def unread(line: Line) -> int:
    """How much of what was said the client has not read."""
    return int.from_bytes(fcntl.ioctl(line._line, termios.TIOCOUTQ, bytes(4)), "little")


def test_frames_in_any_pieces_are_whole_frames(launchers: Launchers, tmp_path: Path) -> None:
    chance = random.Random(7)
    texts = [chance.randbytes(chance.choice([0, 1, 5, 4096, wire.CHUNK])) for _ in range(60)]
    whole = b"".join(wire.encode(Frame(wire.OUT, text)) for text in texts) + wire.encode(
        Frame(wire.EXIT, b"\x03")
    )
    with (
        launched(launchers),
        scripted(tmp_path / ".sock") as engine,
        (tmp_path / "out").open("wb") as out,
        client(tmp_path / ".sock", "log", stdout=out) as process,
        engine.accept() as line,
    ):
        line.run()
        at = 0
        while at < len(whole):
            size = chance.choice([1, 2, 4, 5, 6, 1000, 70_000])
            line._line.sendall(whole[at : at + size])
            at += size
            if size < wire.HEADER:
                until(lambda: not unread(line), "a client that has read less than a header")
        assert process.wait(60) == 3
    assert (tmp_path / "out").read_bytes() == b"".join(texts)
