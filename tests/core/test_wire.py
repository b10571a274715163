"""The protocol's values: what is packed is what is read, in any pieces, whatever the bytes."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from looop.core import wire
from looop.core.wire import Decoder, Frame, ProtocolError, Run, Terminal

frames = st.builds(Frame, st.sampled_from(sorted(wire.NAMES)), st.binary(max_size=200))
text = st.binary(max_size=40).map(lambda raw: raw.replace(b"\0", b"").decode("utf-8", "surrogateescape"))
names = st.text("ABCXYZ_", min_size=1, max_size=8)


def sent(argv: list[str], env: dict[str, str] | None = None) -> Run:
    return wire.unpack_run(wire.pack_run(Run(argv, "/home/x", env or {}, Terminal())))


@given(st.lists(frames, max_size=8), st.lists(st.integers(1, 60), min_size=1))
def test_frames_arrive_whole_in_whatever_pieces_they_come(many: list[Frame], cuts: list[int]) -> None:
    stream = b"".join(map(wire.encode, many))
    decoder, got, at = Decoder(), list[Frame](), 0
    while at < len(stream):
        size = cuts[at % len(cuts)]
        got += decoder.feed(stream[at : at + size])
        at += size
    assert got == many


def test_a_large_frame_is_read_in_small_pieces() -> None:
    stream = wire.encode(Frame(wire.OUT, b"x" * wire.LARGEST))
    decoder = Decoder()
    got = [frame for at in range(0, len(stream), 4096) for frame in decoder.feed(stream[at : at + 4096])]
    assert [len(frame.data) for frame in got] == [wire.LARGEST]


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(b"\xff\0\0\0\0", id="unknown kind"),
        pytest.param(bytes((wire.OUT,)) + (wire.LARGEST + 1).to_bytes(4, "big"), id="too large"),
        pytest.param(b"GET / HTTP/1.1\r\n", id="another protocol"),
    ],
)
def test_what_is_no_frame_is_refused_before_its_payload_is_held(stream: bytes) -> None:
    with pytest.raises(ProtocolError):
        list(Decoder().feed(stream))


def test_what_came_before_an_error_still_counts() -> None:
    taken = Frame(wire.TAKEN)
    frames = Decoder().feed(wire.encode(taken) + b"\xff" * 9)
    assert next(frames) == taken
    with pytest.raises(ProtocolError):
        next(frames)


def test_a_payload_over_the_limit_is_never_sent() -> None:
    with pytest.raises(ProtocolError):
        wire.encode(Frame(wire.RUN, b"x" * (wire.LARGEST + 1)))


@given(st.lists(text, max_size=6), text, st.dictionaries(names, text, max_size=4))
def test_arguments_folder_and_environment_arrive_byte_for_byte(
    argv: list[str], cwd: str, env: dict[str, str]
) -> None:
    tty = Terminal(stdin=True, stdout=False, stderr=True, columns=132, lines=50)
    run = wire.unpack_run(wire.pack_run(Run(argv, cwd, env, tty)))
    assert (run.argv, run.cwd, run.env) == (tuple(argv), cwd, env)
    assert [getattr(run.tty, name) for name in ("stdin", "stdout", "stderr", "columns", "lines")] == [
        True,
        False,
        True,
        132,
        50,
    ]


def test_an_argument_that_is_not_utf8_passes() -> None:
    assert sent(["goal", "caf\udce9"]).argv == ("goal", "caf\udce9")


def test_the_layout_is_fields_ended_by_nul() -> None:
    packed = wire.pack_run(Run(["journal", "--json"], "/tmp", {"TERM": "dumb"}, Terminal(stdout=True)))
    assert packed == b"1\x002\0journal\0--json\0/tmp\x001\0TERM=dumb\x000 1 0 80 24\0"


def test_an_empty_argument_stays_an_argument() -> None:
    assert sent(["a", "", "b"]).argv == ("a", "", "b")


def test_a_nul_inside_an_argument_is_never_sent() -> None:
    with pytest.raises(ProtocolError, match="NUL"):
        wire.pack_run(Run(["a\0b"], "/", {}, Terminal()))


def test_an_argument_that_no_system_could_give_is_never_sent() -> None:
    with pytest.raises(ProtocolError):
        wire.pack_run(Run(["\ud800"], "/", {}, Terminal()))


def test_fields_beyond_the_end_are_refused() -> None:
    with pytest.raises(ProtocolError, match="too long"):
        wire.unpack_run(wire.pack_run(Run(["a"], "/", {}, Terminal())) + b"more\0")


@given(st.binary(max_size=120))
def test_no_bytes_make_the_reader_fail_in_another_way(payload: bytes) -> None:
    for read in (wire.unpack_run, wire.protocol_of, wire.unpack_size, wire.unpack_fields):
        try:
            read(payload)
        except ProtocolError:
            continue


def test_a_count_that_promises_more_than_there_is_is_refused() -> None:
    with pytest.raises(ProtocolError, match="ends too early"):
        wire.unpack_run(b"1\x00999999\0a\0")


def test_a_later_protocol_is_recognised_whatever_follows() -> None:
    assert wire.protocol_of(b"7\0\xff\xfe") == 7


def test_only_listed_variables_travel() -> None:
    env = {"TERM": "dumb", "LC_ALL": "C", "LOOOP_DATA_DIR": "/d", "SECRET": "x", "LCX": "y"}
    assert wire.relayed(env) == {"TERM": "dumb", "LC_ALL": "C", "LOOOP_DATA_DIR": "/d"}


def test_the_size_of_a_terminal_arrives() -> None:
    assert wire.unpack_size(wire.pack_size(132, 50)) == (132, 50)


def test_every_kind_has_a_name_and_fits_one_byte() -> None:
    kinds = [value for name, value in vars(wire).items() if name in wire.NAMES.values()]
    assert sorted(kinds) == sorted(wire.NAMES)
    assert all(0 < kind < 256 for kind in kinds)


def test_importing_the_protocol_imports_nothing_else() -> None:
    code = "import sys, looop.core; had = set(sys.modules); import looop.core.wire; "
    code += "print(*set(sys.modules) - had)"
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert set(ran.stdout.split()) <= {"looop.core.wire", "__future__"}


def test_frames_are_equal_by_what_they_hold_and_show_a_little_of_it() -> None:
    frame = Frame(wire.OUT, b"x" * 41)
    assert frame != b"x" * 41
    assert repr(frame) == f"<{wire.NAMES[wire.OUT]} {b'x' * 40!r}…>"
    assert repr(Frame(99, b"")) == "<99 b''>"


def test_terminal_facts_are_five_numbers() -> None:
    found = wire.unpack_terminal("1 0 1 80 24")
    assert [found.stdin, found.stdout, found.stderr, found.columns, found.lines] == [
        True,
        False,
        True,
        80,
        24,
    ]
    for field in ("1 0 1 80", "1 0 1 80 24 5", "1 0 1 80 x", ""):
        with pytest.raises(ProtocolError):
            wire.unpack_terminal(field)


@given(st.lists(text, min_size=1, max_size=4), st.binary(max_size=60))
def test_a_handed_text_comes_with_its_arguments(argv: list[str], data: bytes) -> None:
    packed = wire.pack_hand(argv, data)
    assert wire.unpack_hand(packed) == (tuple(argv), data)
    end = len(packed) - len(data)
    for cut in (b"", packed[:3], packed[: end - 1]):
        with pytest.raises(ProtocolError):
            wire.unpack_hand(cut)


@pytest.mark.parametrize("payload", [b"", b"80", b"80 24 5", b"80 x", b"-1 24"])
def test_a_size_is_two_numbers(payload: bytes) -> None:
    with pytest.raises(ProtocolError):
        wire.unpack_size(payload)


def test_arguments_for_another_call_arrive_with_their_text() -> None:
    argv = ("send", "", "grün\udcff")
    packed = wire.pack_hand(argv, b"text\0")
    assert wire.unpack_hand(packed) == (argv, b"text\0")
    assert wire.unpack_hand(wire.pack_hand((), b"")) == ((), b"")
    assert wire.unpack_fields(wire.pack_fields(argv)) == argv


@pytest.mark.parametrize("packed", [b"", b"\0\0\0", b"\0\0\0\5ab\0", b"\0\0\0\2ab"])
def test_arguments_that_are_cut_off_are_none(packed: bytes) -> None:
    with pytest.raises(ProtocolError):
        wire.unpack_hand(packed)
