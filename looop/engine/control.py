"""Verbs arrive here: the engine's end of the socket.

In: connections at the profile's doors, one verb each. Out: the verb's bytes and its exit code. Neighbours:
`engine.doors` are the sockets, `engine.remote` is a verb's view of its caller, `engine.outcome` its end,
`core.wire` the language. The function that runs a verb is handed in: the command line is a room above.
"""

import os

import trio

from looop.core import wire
from looop.core.phase import Doing
from looop.engine import caller
from looop.engine.address import peer
from looop.engine.call import Caller, Kind
from looop.engine.doors import Door, Doors
from looop.engine.live import Live, RunVerb
from looop.engine.outcome import note, outcome
from looop.engine.remote import RemoteCall
from looop.store.paths import PERSONS, TICKS, Profile

FIRST_WORDS = 10.0  # seconds that a new connection has to say what it wants
LAST_WORDS = 5.0  # seconds that a caller has to read the end of its verb
STARTING = 5.0  # seconds that a call from nobody we know waits for sessions that are being started


class Control:
    """Who answers at the doors of one profile, while `serve` runs.

    `keeper` is the pid below which all is ours too. Without `doors` there are those that are no session's.
    """

    def __init__(
        self,
        profile: Profile,
        run_verb: RunVerb,
        live: Live,
        keeper: int | None = None,
        doors: Doors | None = None,
    ) -> None:
        self._doors = doors or Doors(profile)
        self._log = profile.pulse_log
        self._run_verb = run_verb
        self._live = live
        self._ours = {os.getpid()} if keeper is None else {os.getpid(), keeper}
        self._calls = 0
        self._running: set[RemoteCall] = set()
        self._quiet = trio.Event()

    async def serve(self, *, task_status: "trio.TaskStatus[Control]" = trio.TASK_STATUS_IGNORED) -> None:
        """Answer calls until cancelled; `started(self)` once bound. OSError if it can't be bound.

        Only the holder of the profile's `.lock` may call this: it takes the place of any socket it finds.
        A cancel hangs up on every verb that runs; wait for `drained` to let them end.
        """
        async with trio.open_nursery() as calls, trio.open_nursery() as doors:
            await doors.start(self._doors.serve, self._answer, calls)
            task_status.started(self)

    def mend(self) -> None:
        """Look whether the paths still lead to our sockets; what somebody removed is bound again."""
        self._doors.mend()

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

    async def _answer(self, door: Door, stream: trio.SocketStream) -> None:
        """Serve one connection. Nothing that goes wrong here may reach the others."""
        self._calls += 1
        try:
            pid, user = peer(stream.socket)
            if user == os.geteuid():
                await self._converse(stream.socket, await self._judge(door, stream.socket, pid))
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

    async def _judge(self, door: Door, talk: trio.socket.SocketType, pid: int) -> Caller:
        """Tell who calls. Whoever has gone by the time of the look may be anybody, and may do the least."""
        with caller.pinned(talk, pid) as there:
            found = await self._look(pid)
            found = found if there() else Caller(Kind.CHILD, pid)
        if door.whose == PERSONS:
            return found
        if door.whose == TICKS:
            return caller.narrowed(found, Kind.TICK if self._deciding else Kind.CHILD, None)
        return caller.narrowed(found, Kind.CHILD, door.session)

    async def _look(self, pid: int) -> Caller:
        found = self._classify(pid)
        if found.kind is Kind.CHILD and found.session is None:
            # A session's first process may call before its start has come to its end here.
            with trio.move_on_after(STARTING):
                await self._live.settled()
            found = self._classify(pid)
        return found

    def _classify(self, pid: int) -> Caller:
        return caller.classify(
            pid,
            ours=self._ours,
            tick={os.getpid()} if self._deciding else (),
            leaders=self._live.leaders(),
        )

    @property
    def _deciding(self) -> bool:
        return self._live.phase().doing is Doing.DECIDING


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
