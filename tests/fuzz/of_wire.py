"""Frames and their payloads: however they are cut they are the same, and what is read is what was packed."""

from collections.abc import Iterable

from fuzz.material import Material, pieces
from looop.core import wire
from looop.core.wire import Decoder, Frame, ProtocolError


def frames(data: bytes) -> None:
    """The decoder: frames or ProtocolError, the same in any pieces; what it gives is what came."""
    given = Material(data)
    how, raw = given.number(256), given.rest()
    whole, sound = decoded([raw])
    assert decoded(pieces(raw, how)) == (whole, sound)
    assert raw.startswith(b"".join(map(wire.encode, whole)))
    for frame in whole:
        payload(frame.data)
    payload(raw)


def decoded(parts: Iterable[bytes]) -> tuple[list[Frame], bool]:
    """Give the frames, and whether no error came."""
    decoder, found = Decoder(), list[Frame]()
    try:
        for part in parts:
            found.extend(decoder.feed(part))
            assert len(decoder._held) <= wire.HEADER + wire.LARGEST
    except ProtocolError:
        return found, False
    return found, True


def payload(data: bytes) -> None:
    """Every reader of a payload: a value that packs to one that reads the same, or ProtocolError."""
    for reader in (run, fields, hand, size, protocol):
        try:
            reader(data)
        except ProtocolError:
            continue


def run(data: bytes) -> None:
    read = wire.unpack_run(data)
    packed = wire.pack_run(read, wire.protocol_of(data))
    again = wire.unpack_run(packed)
    assert (again.argv, again.cwd, again.env) == (read.argv, read.cwd, read.env)
    assert wire.protocol_of(packed) == wire.protocol_of(data)
    assert wire.relayed(read.env).items() <= read.env.items()
    shape = [getattr(read.tty, name) for name in wire.Terminal.__slots__]
    assert [getattr(again.tty, name) for name in wire.Terminal.__slots__] == shape


def fields(data: bytes) -> None:
    assert wire.pack_fields(wire.unpack_fields(data)) == data


def hand(data: bytes) -> None:
    argv, text = wire.unpack_hand(data)
    assert wire.pack_hand(argv, text) == data


def size(data: bytes) -> None:
    columns, lines = wire.unpack_size(data)
    assert wire.unpack_size(wire.pack_size(columns, lines)) == (columns, lines)


def protocol(data: bytes) -> None:
    assert wire.protocol_of(data) >= 0
