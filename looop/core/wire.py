"""The one protocol between a client (Python or C) and the engine: frames in, frames out, no I/O.

A connection carries one verb: RUN, then bytes and signals both ways, then EXIT. In: bytes as they arrive.
Out: frames. `engine.client` and `engine.control` are its two ends. It imports nothing that costs time,
because a relayed verb is mostly the time its imports take.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # mypy knows the name; importing `typing` would double the time of a relayed verb
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

PROTOCOL = 1
OLDEST = 1  # the oldest protocol that this program still speaks, as client and as engine
HEADER = 5  # bytes: one for the kind, four for the payload's length, big-endian
LARGEST = 1 << 20  # bytes of payload in one frame
CHUNK = 1 << 16  # bytes that OUT, ERR and STDIN carry at most, so that no side stalls on one frame

# From the client.
RUN, STDIN, SIGNAL, WINCH = 1, 2, 3, 4
SYNCED = 8  # all that came before this SYNC, whose payload it repeats, stands on the client's streams
# From the engine. TAKEN comes first: a connection that broke before it has started nothing.
TAKEN, OUT, ERR, WANT_STDIN, RESUME, EXIT, LOCAL, BADVERSION = 16, 17, 18, 19, 20, 21, 22, 23
RAW = 24  # from now on the client's terminal is raw: keys travel as STDIN as they come, and ERR waits
SYNC = 25  # say SYNCED once everything before this has been written
HAND = 26  # OUT and RESUME in one, whole or not at all: whoever has the text goes on with those arguments
HANDED = 1 << 19  # bytes of text that HAND carries at most; there is room for the arguments, then

NAMES = {
    RUN: "RUN",
    STDIN: "STDIN",
    SIGNAL: "SIGNAL",
    WINCH: "WINCH",
    SYNCED: "SYNCED",
    SYNC: "SYNC",
    HAND: "HAND",
    TAKEN: "TAKEN",
    OUT: "OUT",
    ERR: "ERR",
    WANT_STDIN: "WANT_STDIN",
    RESUME: "RESUME",
    EXIT: "EXIT",
    LOCAL: "LOCAL",
    BADVERSION: "BADVERSION",
    RAW: "RAW",
}

ENVIRONMENT = (
    "TERM",
    "LANG",
    "TZ",
    "NO_COLOR",
    "COLUMNS",
    "LINES",
    "EDITOR",
    "VISUAL",
    "PATH",
    "HOME",
    "SSH_AUTH_SOCK",
    "DISPLAY",
    "WAYLAND_DISPLAY",
)
"""The variables that travel with a verb, apart from those that begin with one of `PREFIXES`."""

PREFIXES = ("LC_", "LOOOP_")


class ProtocolError(Exception):
    """The other side does not speak this protocol; close the connection."""


class Frame:
    """One message: its kind, and bytes whose meaning the kind decides."""

    __slots__ = ("data", "kind")

    def __init__(self, kind: int, data: bytes = b"") -> None:
        self.kind = kind
        self.data = data

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Frame) and (self.kind, self.data) == (other.kind, other.data)

    __hash__ = None  # type: ignore[assignment]  # nobody keeps frames in sets

    def __repr__(self) -> str:
        return f"<{NAMES.get(self.kind, self.kind)} {self.data[:40]!r}{'…' if len(self.data) > 40 else ''}>"  # noqa: PLR2004


class Terminal:
    """Which of the client's three streams are terminals, and the size in cells."""

    __slots__ = ("columns", "lines", "stderr", "stdin", "stdout")

    def __init__(
        self,
        stdin: bool = False,
        stdout: bool = False,
        stderr: bool = False,
        columns: int = 80,
        lines: int = 24,
    ) -> None:
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
        self.columns = columns
        self.lines = lines


class Run:
    """A verb to run: what RUN carries."""

    __slots__ = ("argv", "cwd", "env", "tty")

    def __init__(self, argv: Sequence[str], cwd: str, env: Mapping[str, str], tty: Terminal) -> None:
        self.argv = tuple(argv)
        self.cwd = cwd
        self.env = dict(env)
        self.tty = tty


class Decoder:
    """Frames out of a stream of bytes that comes in any pieces; holds at most one unfinished frame."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Give the frames that these bytes complete, all of which must be taken.

        ProtocolError in place of an unknown kind or a huge frame; what came before it is given first.
        """
        held = self._held
        held += data
        while len(held) >= HEADER:
            kind, size = held[0], int.from_bytes(held[1:HEADER], "big")
            if kind not in NAMES or size > LARGEST:
                raise ProtocolError(f"a frame of kind {kind} with {size} bytes")
            if len(held) < HEADER + size:
                return
            frame = Frame(kind, bytes(held[HEADER : HEADER + size]))
            del held[: HEADER + size]
            yield frame


def encode(frame: Frame) -> bytes:
    """Give a frame's bytes; ProtocolError when it is too large to be sent."""
    if len(frame.data) > LARGEST:
        raise ProtocolError(f"{NAMES[frame.kind]} of {len(frame.data)} bytes")
    return bytes((frame.kind,)) + len(frame.data).to_bytes(4, "big") + frame.data


def relayed(env: Mapping[str, str]) -> dict[str, str]:
    """Pick the variables that travel with a verb."""
    return {name: value for name, value in env.items() if name in ENVIRONMENT or name.startswith(PREFIXES)}


def pack_run(run: Run, protocol: int | None = None) -> bytes:
    """Give RUN's payload: fields ended by NUL, so that a C program writes and reads them with ease.

    `protocol argc arg… cwd nenv NAME=VALUE… tty`, where tty is `stdin stdout stderr columns lines`.
    Bytes that are not UTF-8 pass unharmed (surrogateescape). `protocol` is spoken in place of our newest.
    """
    tty = run.tty
    shape = (int(tty.stdin), int(tty.stdout), int(tty.stderr), tty.columns, tty.lines)
    return pack_fields(
        (
            str(PROTOCOL if protocol is None else protocol),
            str(len(run.argv)),
            *run.argv,
            run.cwd,
            str(len(run.env)),
            *(f"{name}={value}" for name, value in run.env.items()),
            " ".join(map(str, shape)),
        )
    )


def protocol_of(payload: bytes) -> int:
    """Give the protocol that a RUN speaks: the first field, whatever else a later protocol may hold.

    It is all that BADVERSION holds: what the engine would rather hear.
    """
    return _number(payload.partition(b"\0")[0].decode("ascii", "replace"))


def unpack_run(payload: bytes) -> Run:
    """Read RUN's payload; ProtocolError when it is not what `pack_run` writes."""
    fields = iter(unpack_fields(payload)[1:])
    try:
        argv = [next(fields) for _ in range(_number(next(fields)))]
        cwd = next(fields)
        pairs = [next(fields).partition("=") for _ in range(_number(next(fields)))]
        tty = unpack_terminal(next(fields))
    except StopIteration:
        raise ProtocolError("RUN ends too early") from None
    if next(fields, None) is not None:
        raise ProtocolError("RUN is too long")
    return Run(argv, cwd, {name: value for name, _, value in pairs}, tty)


def unpack_terminal(field: str) -> Terminal:
    """Read `stdin stdout stderr columns lines`."""
    numbers = [_number(word) for word in field.split(" ")]
    if len(numbers) != len(Terminal.__slots__):
        raise ProtocolError(f"terminal facts {field!r}")
    stdin, stdout, stderr, columns, lines = numbers
    return Terminal(bool(stdin), bool(stdout), bool(stderr), columns, lines)


def pack_size(columns: int, lines: int) -> bytes:
    """Give WINCH's payload."""
    return f"{columns} {lines}".encode()


def unpack_size(payload: bytes) -> tuple[int, int]:
    """Read WINCH's payload: columns and lines."""
    words = payload.decode("ascii", "replace").split(" ")
    if len(words) != len(("columns", "lines")):
        raise ProtocolError(f"a size {payload[:40]!r}")
    return _number(words[0]), _number(words[1])


def pack_fields(fields: Iterable[str]) -> bytes:
    """Write fields each ended by NUL: RESUME's payload is the arguments in this form."""
    try:
        raw = [os.fsencode(field) for field in fields]
    except UnicodeEncodeError as error:
        raise ProtocolError(f"an argument that is no text: {error}") from None
    if any(b"\0" in field for field in raw):
        raise ProtocolError("an argument with a NUL byte")
    return b"".join(field + b"\0" for field in raw)


def pack_hand(argv: Sequence[str], text: bytes) -> bytes:
    """Give HAND's payload: the number of arguments' bytes, the arguments, the text."""
    fields = pack_fields(argv)
    return len(fields).to_bytes(4, "big") + fields + text


def unpack_hand(payload: bytes) -> tuple[tuple[str, ...], bytes]:
    """Read HAND's payload: the arguments and the text."""
    end = 4 + int.from_bytes(payload[:4], "big")
    if end > len(payload):
        raise ProtocolError("HAND ends too early")
    return unpack_fields(payload[4:end]), payload[end:]


def unpack_fields(payload: bytes) -> tuple[str, ...]:
    """Read fields each ended by NUL."""
    if not payload:
        return ()
    if not payload.endswith(b"\0"):
        raise ProtocolError("a field without its end")
    return tuple(field.decode("utf-8", "surrogateescape") for field in payload[:-1].split(b"\0"))


def _number(word: str) -> int:
    if not (word.isascii() and word.isdigit()) or len(word) > len(str(LARGEST)):
        raise ProtocolError(f"{word[:40]!r} where a number belongs")
    return int(word)
