"""Verbs arrive here: the engine's end of the socket.

In: connections at DATA/.sock, one verb each. Out: the verb's bytes and its exit code. Neighbours:
`engine.remote` is a verb's view of its caller, `engine.outcome` its end, `core.wire` the language. The
function that runs a verb is handed in, because the command line is a room above this one.
"""

import os
import socket
import stat
from pathlib import Path
from typing import NoReturn

import trio

from looop.core import wire
from looop.core.phase import Doing
from looop.engine import caller
from looop.engine.address import at_short_path, peer
from looop.engine.call import Caller, Kind
from looop.engine.live import Live, RunVerb
from looop.engine.outcome import note, outcome
from looop.engine.remote import RemoteCall
from looop.store.paths import Profile

BACKLOG = 128
FIRST_WORDS = 10.0  # seconds that a new connection has to say what it wants
LAST_WORDS = 5.0  # seconds that a caller has to read the end of its verb
STARTING = 5.0  # seconds that a call from nobody we know waits for sessions that are being started
AGAIN = 1.0  # seconds between two tries to bind a socket that somebody removed


class Control:
    """The socket of one profile, while `serve` runs. `keeper` is the pid below which all is ours too."""

    def __init__(self, profile: Profile, run_verb: RunVerb, live: Live, keeper: int | None = None) -> None:
        self._path = profile.sock
        self._log = profile.pulse_log
        self._run_verb = run_verb
        self._live = live
        self._ours = {os.getpid()} if keeper is None else {os.getpid(), keeper}
        self._bound: tuple[int, int] | None = None
        self._accepting = trio.CancelScope()
        self._calls = 0
        self._running: set[RemoteCall] = set()
        self._quiet = trio.Event()

    async def serve(self, *, task_status: "trio.TaskStatus[Control]" = trio.TASK_STATUS_IGNORED) -> NoReturn:
        """Answer calls until cancelled; `started(self)` once bound. OSError if it can't be bound.

        Only the holder of the profile's `.lock` may call this: it takes the place of any socket it finds.
        A cancel hangs up on every verb that runs; wait for `drained` to let them end.
        """
        line = self._bind()
        task_status.started(self)
        try:
            async with trio.open_nursery() as calls:
                while True:
                    listener = trio.SocketListener(trio.socket.from_stdlib_socket(line))
                    with trio.CancelScope() as self._accepting:
                        await trio.serve_listeners(self._answer, [listener], handler_nursery=calls)
                    line = await self._bind_again()
        finally:
            if _identity(self._path) == self._bound:
                self._path.unlink(missing_ok=True)

    def mend(self) -> None:
        """Look whether the path still leads to our socket; if somebody removed it, bind it again."""
        if self._bound is not None and _identity(self._path) != self._bound:
            self._accepting.cancel()

    @property
    def idle(self) -> bool:
        """Whether no verb runs."""
        return not self._calls

    async def drained(self) -> None:
        """Return once no verb runs."""
        while self._calls:
            self._quiet = trio.Event()
            await self._quiet.wait()

    def dismiss(self) -> None:
        """End the verbs that still run, and tell their callers that no engine follows."""
        for call in self._running:
            call.dismissed = True
            call.scope.cancel()

    def _bind(self) -> socket.socket:
        line = _listening(self._path)
        self._bound = _identity(self._path)
        return line

    async def _bind_again(self) -> socket.socket:
        while True:
            try:
                return self._bind()
            except OSError:  # a full disk has no room for a socket, a removed folder none for anything
                await trio.sleep(AGAIN)

    async def _answer(self, stream: trio.SocketStream) -> None:
        """Serve one connection. Nothing that goes wrong here may reach the others."""
        self._calls += 1
        try:
            pid, user = peer(stream.socket)
            if user == os.geteuid():
                await self._converse(stream.socket, await self._judge(pid))
        except (OSError, wire.ProtocolError):
            pass  # the caller has gone, or is no client of ours
        except Exception as error:  # noqa: BLE001 - the edge of a connection
            await note(error, "a connection", self._log)
        finally:
            self._calls -= 1
            if not self._calls:
                self._quiet.set()

    async def _converse(self, talk: trio.socket.SocketType, who: Caller) -> None:
        decoder, first, rest = wire.Decoder(), None, list[wire.Frame]()
        with trio.move_on_after(FIRST_WORDS):
            first, rest = await _first_words(talk, decoder)
        if first is None:
            return
        if not wire.OLDEST <= wire.protocol_of(first.data) <= wire.PROTOCOL:
            await talk.send(wire.encode(wire.Frame(wire.BADVERSION, str(wire.PROTOCOL).encode())))
            return
        run = wire.unpack_run(first.data)
        call = RemoteCall(talk, run, who)
        await call.send(wire.Frame(wire.TAKEN))
        self._running.add(call)
        try:
            async with trio.open_nursery() as both:
                both.start_soon(call.listen, decoder, rest)
                last = await outcome(self._run_verb, run.argv, call, self._live, self._log)
                both.cancel_scope.cancel()
        finally:
            self._running.discard(call)
        with trio.move_on_after(LAST_WORDS):
            await call.send(last)

    async def _judge(self, pid: int) -> Caller:
        found = self._classify(pid)
        if found.kind is Kind.CHILD and found.session is None:
            # A session's first process may call before its start has come to its end here.
            with trio.move_on_after(STARTING):
                await self._live.settled()
            found = self._classify(pid)
        return found

    def _classify(self, pid: int) -> Caller:
        deciding = self._live.phase().doing is Doing.DECIDING
        return caller.classify(
            pid,
            ours=self._ours,
            tick={os.getpid()} if deciding else (),
            leaders=self._live.leaders(),
        )


async def _first_words(
    talk: trio.socket.SocketType, decoder: wire.Decoder
) -> tuple[wire.Frame | None, list[wire.Frame]]:
    """Read the frame that says what the caller wants, and what came along with it."""
    frames: list[wire.Frame] = []
    while not frames and (data := await talk.recv(wire.CHUNK)):
        frames = list(decoder.feed(data))
    if not frames or frames[0].kind != wire.RUN:
        return None, []
    return frames[0], frames[1:]


def _listening(path: Path) -> socket.socket:
    """Bind a socket that only its owner may use, in one step in place of what was there."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        at_short_path(str(fresh), line.bind)
        fresh.chmod(0o600)
        line.listen(BACKLOG)
        fresh.replace(path)
    except BaseException:
        line.close()
        raise
    return line


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.lstat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISSOCK(found.st_mode) else None
