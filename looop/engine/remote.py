"""A verb's call that came over the socket: its caller's streams, as frames.

In: a connection whose RUN was read. Out: the `Call` that the verb uses. Writing waits while the caller does
not read, so a verb's output is never held here; `engine.control` owns the connection's life.
"""

import select
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import trio

from looop.core import wire
from looop.core.problem import Exit, Problem
from looop.engine.call import Caller, Tty

if TYPE_CHECKING:
    from looop.engine.call import RawCall

SIGNALS = {b"INT": 2, b"TERM": 15, b"HUP": 1}
_GONE = select.POLLHUP | getattr(select, "POLLRDHUP", 0)  # only Linux tells of one that only stopped to write
_LOOK = 0.5  # seconds between two looks whether a caller of whom nothing is read is still there
TYPED_AHEAD = 1 << 18  # bytes of keys that may wait for the program; then the caller's terminal holds them


class RemoteCall:
    """One relayed verb: a `Call`. `scope` holds the verb; a signal or a hang-up cancels it."""

    def __init__(self, talk: trio.socket.SocketType, run: wire.Run, caller: Caller) -> None:
        self.scope = trio.CancelScope()
        self.signalled = 0
        self.dismissed = False
        self._talk = talk
        self._run = run
        self._caller = caller
        self._tty = _tty(run.tty)
        self._turn = trio.Lock()
        self._unsent = memoryview(b"")
        self._stdin = bytearray()
        self._stdin_limit = 0
        self._stdin_news = trio.Event()
        self._stdin_ended = False
        self._syncs = 0
        self._synced = 0
        self._hung_up = False
        self._sync_news = trio.Event()
        self._raw = False
        self._room = trio.Event()
        self._resized = trio.Event()

    @property
    def env(self) -> Mapping[str, str]:
        """The variables that the caller sent."""
        return self._run.env

    @property
    def cwd(self) -> str:
        """The caller's folder."""
        return self._run.cwd

    @property
    def tty(self) -> Tty:
        """The caller's terminal as it is now."""
        return self._tty

    @property
    def caller(self) -> Caller:
        """Who calls."""
        return self._caller

    async def out(self, text: str | bytes) -> None:
        """Write to the caller's stdout. BrokenPipeError when the caller has gone."""
        await self._write(wire.OUT, text)

    async def err(self, text: str | bytes) -> None:
        """Write to the caller's stderr. BrokenPipeError when the caller has gone."""
        await self._write(wire.ERR, text)

    async def resume(self, argv: Sequence[str]) -> None:
        """Tell the caller how to go on at the next engine."""
        await self.send(wire.Frame(wire.RESUME, wire.pack_fields(argv)))

    async def hand_over(self, text: str | bytes, argv: Sequence[str]) -> None:
        """Write to the caller's stdout and tell it how to go on from then on: it gets both or neither."""
        data = text if isinstance(text, bytes) else _bytes(text)
        last = max(0, len(data) - wire.HANDED)
        if last:
            await self._write(wire.OUT, data[:last])
        await self.send(wire.Frame(wire.HAND, wire.pack_hand(argv, data[last:])))

    async def flushed(self) -> None:
        """Return once all that was sent stands on the caller's streams. BrokenPipeError when it hung up.

        Cancelled, nobody knows; a hang-up cancels the verb as well, and either may come first.
        """
        self._syncs += 1
        mine = self._syncs
        await self.send(wire.Frame(wire.SYNC, str(mine).encode()))
        while self._synced < mine:
            if self._hung_up:
                raise BrokenPipeError("the caller has hung up")
            self._sync_news = trio.Event()
            await self._sync_news.wait()

    async def stdin(self, limit: int) -> bytes:
        """Read the caller's stdin to its end; Problem USAGE when it holds more than `limit` bytes."""
        self._stdin_limit = limit
        if not self._stdin_ended:
            await self.send(wire.Frame(wire.WANT_STDIN))
        while not self._stdin_ended and len(self._stdin) <= limit:
            await self._stdin_news.wait()
            self._stdin_news = trio.Event()
        if len(self._stdin) > limit:
            raise Problem(
                Exit.USAGE, "too-much-stdin", f"stdin holds more than {limit} bytes, which is the most."
            )
        return bytes(self._stdin)

    async def raw(self) -> None:
        """Have the caller's terminal made raw; Problem USAGE when it has none."""
        if not (self._tty.stdin and self._tty.stdout):
            raise Problem(
                Exit.USAGE,
                "no-terminal",
                "stdin and stdout must be a terminal: run it in one, without pipes.",
            )
        self._raw = True
        await self.send(wire.Frame(wire.RAW))

    async def keys(self) -> bytes:
        """Give what was typed since the last call; b"" once nothing will follow."""
        while not (self._stdin or self._stdin_ended):
            self._stdin_news = trio.Event()
            await self._stdin_news.wait()
        typed = bytes(self._stdin)
        self._stdin.clear()
        self._room.set()
        return typed

    async def resized(self) -> Tty:
        """Return when the terminal may have a new size, or must be painted anew."""
        await self._resized.wait()
        self._resized = trio.Event()
        return self._tty

    async def listen(self, decoder: wire.Decoder, frames: Sequence[wire.Frame]) -> None:
        """Heed the caller until cancelled, first what it said already; a hang-up cancels the verb."""
        try:
            while True:
                for frame in frames:
                    self._take(frame)
                while self._raw and len(self._stdin) > TYPED_AHEAD:
                    self._room = trio.Event()
                    with trio.move_on_after(_LOOK):
                        await self._room.wait()
                    if _left(self._talk.fileno()):
                        raise BrokenPipeError
                data = await self._talk.recv(wire.CHUNK)
                if not data:
                    break
                frames = list(decoder.feed(data))
        except (OSError, wire.ProtocolError):
            pass
        self._hung_up = True
        self._sync_news.set()
        self.scope.cancel()

    async def send(self, frame: wire.Frame) -> None:
        """Send one frame; BrokenPipeError if the caller has gone.

        What a cancelled send left over goes first: the caller always reads whole frames.
        """
        async with self._turn:
            await self._flush()
            self._unsent = memoryview(wire.encode(frame))
            await self._flush()

    async def _flush(self) -> None:
        while self._unsent:
            try:
                sent = await self._talk.send(self._unsent)
            except OSError as error:
                raise BrokenPipeError("the caller has hung up") from error
            self._unsent = self._unsent[sent:]

    async def _write(self, kind: int, text: str | bytes) -> None:
        data = memoryview(text if isinstance(text, bytes) else _bytes(text))
        for at in range(0, len(data), wire.CHUNK):
            # Each send is a checkpoint, so a verb that prints for minutes lets the others run.
            await self.send(wire.Frame(kind, bytes(data[at : at + wire.CHUNK])))

    def _take(self, frame: wire.Frame) -> None:
        if frame.kind == wire.STDIN:
            self._hear(frame.data)
        elif frame.kind == wire.WINCH:
            columns, lines = wire.unpack_size(frame.data)
            tty = self._tty
            self._tty = Tty(tty.stdin, tty.stdout, tty.stderr, columns, lines)
            self._resized.set()
        elif frame.kind == wire.SYNCED:
            self._synced = max(self._synced, _number(frame.data))
            self._sync_news.set()
        elif frame.kind == wire.SIGNAL and frame.data in SIGNALS:
            self.signalled = SIGNALS[frame.data]
            self.scope.cancel()

    def _hear(self, data: bytes) -> None:
        """Keep what the verb asked for, and one byte more to know that there was more."""
        self._stdin += data if self._raw else data[: max(0, self._stdin_limit + 1 - len(self._stdin))]
        self._stdin_ended = self._stdin_ended or not data
        self._stdin_news.set()


def _left(fd: int) -> bool:
    """Tell whether the other end was closed, even if there is something of it left to read."""
    poll = select.poll()
    poll.register(fd, _GONE)
    return any(events & (_GONE | select.POLLERR) for _, events in poll.poll(0))


def _tty(found: wire.Terminal) -> Tty:
    return Tty(found.stdin, found.stdout, found.stderr, found.columns, found.lines)


def _number(data: bytes) -> int:
    return int(data) if data.isdigit() and len(data) < 16 else 0  # noqa: PLR2004 - what a counter of ours can be


def _bytes(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half a surrogate pair out of somebody's JSON
        return text.encode("utf-8", "backslashreplace")


if TYPE_CHECKING:
    _: type[RawCall] = RemoteCall
