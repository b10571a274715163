"""Ask an engine one thing from inside Trio: a verb without a terminal, its output collected.

In: the socket's path and an argument list. Out: an `Answer`, or None when no engine listens. For `up` and
`down`, which talk to the engine itself; people's verbs go through `engine.client`.
"""

import math
import socket
from dataclasses import dataclass, replace
from pathlib import Path

import trio

from looop.core import wire
from looop.core.problem import Exit
from looop.engine.address import dial

START, STOP, STOP_ALL, HERE, RENEW = "__start", "__stop", "__stop-all", "__here", "__renew"
"""What `up`, `down` and a verb that needs an engine ask for; people can't, see `engine.daemon`.

`HERE` is answered with the id of the session that asks, if it is one. They are the same in every protocol,
so that an engine of any version can be ended or renewed.
"""

DEAF = 5.0  # seconds after which an engine that took nothing is busy or hung


@dataclass(frozen=True, slots=True)
class Answer:
    """What the engine said. `code` is None when it was lost, is `deaf`, or left the verb to us.

    Of what `up` and `down` ask it leaves nothing to us: only a `tick` by hand does. `protocol` is the one
    that it was asked in.
    """

    code: int | None
    out: str = ""
    err: str = ""
    deaf: bool = False
    left_to_us: bool = False
    protocol: int = wire.PROTOCOL


class _OtherProtocolError(Exception):
    """The engine speaks the protocol `number`."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


async def ask(path: Path, *argv: str, deaf_after: float = DEAF) -> Answer | None:
    """Run a verb in the engine at `path`; None when none listens.

    Waits without limit for the verb's end, once the engine took it. On cancel the engine cancels it too.
    An engine that speaks another protocol, older or newer, is asked in that.
    """
    try:
        return await _ask(path, argv, wire.PROTOCOL, deaf_after)
    except _OtherProtocolError as other:
        theirs = other.number
    try:
        return await _ask(path, argv, theirs, deaf_after)
    except _OtherProtocolError:  # it was renewed in between: the next question finds it
        return Answer(None)


async def _ask(path: Path, argv: tuple[str, ...], protocol: int, deaf_after: float) -> Answer | None:
    line = dial(str(path), 0)
    if line is None:
        return None
    run = wire.Frame(wire.RUN, wire.pack_run(wire.Run(argv, "/", {}, wire.Terminal()), protocol))
    with trio.socket.from_stdlib_socket(socket.socket(fileno=line.detach())) as talk:
        try:
            with trio.move_on_after(deaf_after) as patience:
                await _send_all(talk, wire.encode(run))
                return replace(await _listen(talk, patience), protocol=protocol)
            return Answer(None, deaf=True)
        except (OSError, wire.ProtocolError):
            return Answer(None)


async def _send_all(talk: trio.socket.SocketType, data: bytes) -> None:
    while data:
        data = data[await talk.send(data) :]


async def _listen(talk: trio.socket.SocketType, patience: trio.CancelScope) -> Answer:
    decoder, heard = wire.Decoder(), {wire.OUT: b"", wire.ERR: b""}
    while data := await talk.recv(wire.CHUNK):
        for frame in decoder.feed(data):
            if frame.kind in heard:
                heard[frame.kind] += frame.data
            elif frame.kind == wire.TAKEN:
                patience.deadline = math.inf
            elif frame.kind == wire.EXIT:
                code = frame.data[0] if frame.data else Exit.NO
                return Answer(code, _text(heard[wire.OUT]), _text(heard[wire.ERR]))
            elif frame.kind == wire.LOCAL:
                return Answer(None, left_to_us=True)
            elif frame.kind == wire.BADVERSION:
                raise _OtherProtocolError(wire.protocol_of(frame.data))
    return Answer(None)


def _text(data: bytes) -> str:
    return data.decode(errors="replace")
