"""The caller's end of the socket: send a verb, relay bytes and signals both ways, give its exit code.

In: argv and the process's own streams. Out: an exit code, or None for "run it yourself". A blocking loop
on `select`, because importing anything more would cost more time than most verbs take. `engine.control`
is the other end, `core.wire` the language between them.
"""

from __future__ import annotations

import fcntl
import os
import select
import stat
import time

from looop.core import wire
from looop.engine.address import dial
from looop.engine.line import Line
from looop.engine.signals import HUP, INT, TERM, WINCH, Signals

TYPE_CHECKING = False  # see core.wire
if TYPE_CHECKING:
    import _socket
    from collections.abc import Iterator, Mapping, Sequence

UNREACHABLE = 4  # core.problem.Exit, whose import would double the time of a relayed verb
PATIENCE = 5.0  # seconds until the engine must have taken a verb
RECONNECT = 10.0  # seconds to find the engine that replaces a lost one
OWNING_UP = 120.0  # the same for a call that has something and must say so, or it would be given it again
GRACE = 2.0  # seconds that a signalled verb has for its end
SIGNALLED = 128  # plus the signal's number, as shells have it
PAUSE = 0.1  # seconds between two looks for the next engine
PIECE = 4096  # bytes that a pipe takes without blocking once it is ready
# What a person is told; the launcher's own words are made of these.
LOST = "the engine ended in the middle of `{verb}`: see `looop status`, then try again."
UNWRITABLE = "stdout can't be written: {reason}."
OTHER_PROTOCOL = (
    "this looop speaks protocol {ours:d}, the running engine protocol {theirs:d}: "
    "`looop up` replaces that engine with this looop's, and sessions go on."
)

STDIN, STDOUT, STDERR = 0, 1, 2
SYNCING = -1  # in the place of a stream: what came before it has been written
FORWARDED = {INT: b"INT", TERM: b"TERM", HUP: b"HUP"}


def relay(
    path: str, argv: Sequence[str], env: Mapping[str, str], cwd: str, make: type[Relay] | None = None
) -> int | None:
    """Run a verb in the engine that listens at `path`; its exit code, or None when it must run here.

    None means that nothing has started: no engine, one that took nothing for 5 s, or a verb that it leaves
    to its caller. 4 when the engine was lost in the middle, after looking for its successor for 10 s if the
    verb can go on there, and when it speaks no protocol of ours. 0 when stdout's reader left early: it has
    seen what it wanted. Main thread only, since the signals arrive there. `make` is a kind of relay.
    """
    try:
        first = _first(argv, env, cwd, wire.PROTOCOL)
    except wire.ProtocolError:  # arguments too long for a frame
        return None
    line = dial(path, PATIENCE)
    if line is None:
        return None
    relay = (make or Relay)(path, argv, env, cwd)
    try:
        return relay.follow(Line(line, first))
    except BrokenPipeError:
        return 0
    finally:
        relay.close()


class Relay:
    """One verb on its way. While output waits nothing is read from the engine, which holds the verb back."""

    HEARD = (*FORWARDED, WINCH)

    def __init__(self, path: str, argv: Sequence[str], env: Mapping[str, str], cwd: str) -> None:
        self._path, self._env, self._cwd = path, env, cwd
        self._argv = tuple(argv)
        self._resume: tuple[str, ...] | None = None
        self._speaks = wire.PROTOCOL
        self._line: Line
        self._signals = Signals(self.HEARD)
        self._writing: list[tuple[int, memoryview]] = []
        self._wants_stdin = False
        self._left_to_us = False
        self._started = False
        self._reconnect = RECONNECT
        self._signalled = 0
        self._code: int | None = None
        self._until: float | None = None
        self._piece = {fd: _piece(fd) for fd in (STDOUT, STDERR)}
        self._piped = write_only_pipe(STDOUT)

    def close(self) -> None:
        """Hang up, and give the process its signals back."""
        self._line.socket.close()
        self._signals.restore()

    def follow(self, line: Line) -> int | None:
        """Relay to the verb's end, over as many engines as that takes; see `relay`."""
        self._line = line
        self._begin_with_the_newest()
        if not self._started or (self._left_to_us and self._resume is None):
            return self._code
        until = time.monotonic() + self._reconnect
        while self._lost() and time.monotonic() < until:
            if self._redial() and self._ride(until):
                until = time.monotonic() + self._reconnect
            else:
                self._pause()
        return self._given_up() if self._code is None else self._code

    def _begin_with_the_newest(self) -> None:
        """Have the verb taken, in the newest protocol that both sides speak."""
        while True:
            spoken = self._speaks
            self._ride(time.monotonic() + PATIENCE)
            if self._speaks == spoken or not self._redial():
                return

    def _given_up(self) -> int:
        say(LOST.format(verb=" ".join(self._argv[:1])))
        return UNREACHABLE

    def _ride(self, until: float) -> bool:
        """Use one connection until it ends; whether the engine had taken the verb by `until` (monotonic)."""
        self._until = until
        while self._writing or not (self._line.gone or self._over()):
            self._turn()
        if self._signalled and self._code is None:
            self._code = SIGNALLED + self._signalled
        return self._line.taken

    def _lost(self) -> bool:
        return self._code is None and self._resume is not None and not self._left_to_us

    def _over(self) -> bool:
        return self._code is not None or self._left_to_us

    def _turn(self) -> None:
        read, write, _ = select.select(list(self._readers()), list(self._writers()), (), self._left())
        if self._until is not None and time.monotonic() >= self._until:
            self._too_late()
        if self._signals.fd in read:
            self._forward(self._signals.arrived())
        if STDOUT in read:
            raise BrokenPipeError
        if STDIN in read:
            self._read_stdin()
        if self._writing and self._writing[0][0] in write:
            self._write()
        if self._line.socket in write:
            self._line.send()
        if self._line.socket in read:
            self._receive()

    def _left(self) -> float | None:
        """How long a turn may wait, in seconds."""
        return None if self._until is None else max(0.0, self._until - time.monotonic())

    def _readers(self) -> Iterator[int | _socket.socket]:
        yield self._signals.fd
        if self._piped:  # readable: its reader has gone, and may be missed only by a verb that says nothing
            yield STDOUT
        if not self._writing:
            yield self._line.socket
        if self._wants_stdin and len(self._line.sending) < wire.CHUNK:
            yield STDIN

    def _writers(self) -> Iterator[int | _socket.socket]:
        if self._line.sending:
            yield self._line.socket
        if self._writing:
            yield self._writing[0][0]

    def _too_late(self) -> None:
        """End a verb that was not taken in time, or one that a signal should have ended."""
        self._writing.clear()
        if self._signalled:
            self._code = SIGNALLED + self._signalled
        else:
            self._line.gone = True

    def _receive(self) -> None:
        try:
            for frame in self._line.receive():
                if self._over():  # nothing can follow the end
                    return
                self._take(frame)
        except wire.ProtocolError:
            self._line.gone = True

    def _take(self, frame: wire.Frame) -> None:
        kind = frame.kind
        if kind in {wire.OUT, wire.ERR}:
            self._writing.append((STDOUT if kind == wire.OUT else STDERR, memoryview(frame.data)))
        elif kind == wire.TAKEN:
            self._started = self._line.taken = True
            self._until = None
        elif kind == wire.EXIT:
            self._code = frame.data[0] if frame.data else 1
        elif kind == wire.WANT_STDIN:
            self._wants_stdin = True
        elif kind == wire.RESUME:
            self._resume = wire.unpack_fields(frame.data)
            self._reconnect = RECONNECT
        elif kind == wire.HAND:
            self._resume, text = wire.unpack_hand(frame.data)
            self._reconnect = OWNING_UP
            self._writing.append((STDOUT, memoryview(text)))
        elif kind == wire.SYNC:
            self._writing.append((SYNCING, memoryview(frame.data)))
            self._confirm()
        elif kind == wire.LOCAL:
            self._left_to_us = True
        elif kind == wire.BADVERSION:
            self._misunderstood(wire.protocol_of(frame.data))

    def _misunderstood(self, theirs: int) -> None:
        """Hang up to speak as old a protocol as the engine, or tell the person that it can't be."""
        if self._line.taken:
            raise wire.ProtocolError("BADVERSION of a verb that was taken")
        if wire.OLDEST <= theirs < self._speaks:
            self._speaks = theirs
            raise wire.ProtocolError("a protocol that only we speak")
        say(OTHER_PROTOCOL.format(ours=wire.PROTOCOL, theirs=theirs))
        self._code = UNREACHABLE

    def _write(self) -> None:
        fd, data = self._writing[0]
        try:
            data = data[os.write(fd, data[: self._piece[fd]]) :]
        except BlockingIOError:
            return
        except BrokenPipeError:
            if fd == STDOUT:
                raise
            data = data[:0]
        except OSError as error:
            data = self._unwritable(fd, error)
        if data:
            self._writing[0] = (fd, data)
        else:
            del self._writing[0]
            self._confirm()

    def _confirm(self) -> None:
        """Tell the engine that all it sent before its SYNC has been written."""
        while self._writing and self._writing[0][0] == SYNCING:
            self._line.queue(wire.Frame(wire.SYNCED, bytes(self._writing.pop(0)[1])))

    def _unwritable(self, fd: int, error: OSError) -> memoryview:
        """Give up on a stream that takes nothing any more (a full disk, a terminal that went away)."""
        if fd == STDOUT:
            say(UNWRITABLE.format(reason=error.strerror))
            del self._writing[1:]
            self._code = 1
        return memoryview(b"")

    def _read_stdin(self) -> None:
        try:
            data = os.read(STDIN, wire.CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self._line.queue(wire.Frame(wire.STDIN, data))
        self._wants_stdin = bool(data)

    def _forward(self, numbers: bytes) -> None:
        for number in numbers:
            if number == WINCH:
                tty = _terminal()
                self._line.queue(wire.Frame(wire.WINCH, wire.pack_size(tty.columns, tty.lines)))
            elif number in FORWARDED and self._line.taken and not (self._signalled or self._line.gone):
                self._line.queue(wire.Frame(wire.SIGNAL, FORWARDED[number]))
                self._signalled, self._until = number, time.monotonic() + GRACE
            elif number in FORWARDED:  # nobody there to end it, or asked twice
                self._writing.clear()
                self._code = SIGNALLED + number

    def _redial(self) -> bool:
        argv = self._argv if self._resume is None else self._resume
        try:
            first = _first(argv, self._env, self._cwd, self._speaks)
        except wire.ProtocolError:  # arguments of the engine's making, too long for a frame
            return False
        line = dial(self._path, 0)
        if line is None:
            return False
        self._line.socket.close()
        self._line = Line(line, first)
        self._wants_stdin = self._left_to_us = False
        return True

    def _pause(self) -> None:
        """Wait for the next engine, listening to signals."""
        select.select((self._signals.fd,), (), (), PAUSE)
        self._forward(self._signals.arrived())


def _first(argv: Sequence[str], env: Mapping[str, str], cwd: str, protocol: int) -> wire.Frame:
    """Give the frame that begins a verb; ProtocolError when it is too large to be sent."""
    run = wire.Run(argv, cwd, wire.relayed(env), _terminal())
    first = wire.Frame(wire.RUN, wire.pack_run(run, protocol))
    wire.encode(first)
    return first


def _terminal() -> wire.Terminal:
    ttys = [os.isatty(fd) for fd in (STDIN, STDOUT, STDERR)]
    columns, lines = next((_size(fd) for fd in (STDOUT, STDERR, STDIN) if ttys[fd]), (80, 24))
    return wire.Terminal(ttys[STDIN], ttys[STDOUT], ttys[STDERR], columns or 80, lines or 24)


def _size(fd: int) -> tuple[int, int]:
    try:
        return os.get_terminal_size(fd)
    except OSError:  # a terminal that has just gone
        return (80, 24)


def _piece(fd: int) -> int:
    """How much to write at once: all to a file, to anything else only what can't block."""
    try:
        return wire.CHUNK if stat.S_ISREG(os.fstat(fd).st_mode) else PIECE
    except OSError:
        return PIECE


def write_only_pipe(fd: int) -> bool:
    """Tell whether a descriptor is a pipe's writing end: select calls it readable once nobody reads it."""
    try:
        mode = fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE
        return mode == os.O_WRONLY and stat.S_ISFIFO(os.fstat(fd).st_mode)
    except OSError:
        return False


def say(sentence: str) -> None:
    """Tell the person on stderr, if that can still be written."""
    try:
        os.write(STDERR, f"looop: {sentence}\n".encode())
    except OSError:
        return
