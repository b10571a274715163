"""The engine: who lives in it, and in which order its parts end. Indentation is shutdown order.

In: a profile, how to run a verb, how to make a pulse, the line to keeper. Out: verbs answered and a pulse
that lives, until nobody wants them. Neighbours: `entry` is the process around this, `keeper` the process
above it, `control` hears verbs, `ward` minds the pulse.
"""

import os
import signal
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

import trio

from looop.core.moves import Act
from looop.core.phase import Phase
from looop.core.problem import Exit, Problem
from looop.engine import failure, holder
from looop.engine.ask import START, STOP
from looop.engine.call import Call, Kind
from looop.engine.control import Control
from looop.engine.lateness import Probe
from looop.engine.leash import Leash
from looop.engine.live import Lateness, Live, RunVerb
from looop.engine.outcome import note
from looop.engine.timing import Timing
from looop.engine.ward import PulseLike, Ward
from looop.loop.beat import Order
from looop.store.files import Held, Lock, lock
from looop.store.paths import Profile

DRAIN = 1.0  # seconds that running verbs have for their end once the pulse has ended
LOCK_PAUSE = 0.2  # seconds between two tries at the profile's lock
LOCK_PATIENCE = 3.0  # seconds after which `up` is told who has it
BEHIND = 1000  # lines that a slow follower of a tick may be behind; the log has them all


class Parts(NamedTuple):
    """What `__main__` builds an engine from: the rooms above and below this one."""

    run_verb: RunVerb
    make_pulse: Callable[[], PulseLike]
    notify: Callable[[str], Awaitable[None]]


class Engine:
    """One engine, for one profile: what verbs may ask of it is `Live`.

    In `safe` mode the pulse waits for an `up`; with `tell` a person is notified of that.
    """

    def __init__(
        self, profile: Profile, parts: Parts, leash: Leash, timing: Timing, *, safe: bool, tell: bool
    ) -> None:
        self._profile = profile
        self._parts = parts
        self._leash = leash
        self._timing = timing
        self._tell = tell
        self._probe = Probe()
        self._ward = Ward(parts.make_pulse, self._note, safe=safe)
        self._control = Control(profile, self._run_verb, self, leash.keeper)
        self._held: Lock | None = None
        self._leave = trio.Event()
        self._pulse_ended = trio.Event()

    async def serve(self) -> None:
        """Live until a signal, `down`, keeper's end, or the absence of `.up`; then end in order.

        OSError if the socket can't be bound. A cancel is as abrupt as a crash.
        """
        trio.lowlevel.add_instrument(self._probe)
        async with trio.open_nursery() as outer:
            outer.start_soon(self._heart)
            outer.start_soon(self._heed_signals)
            outer.start_soon(self._heed_keeper)
            self._held = await self._own()
            if self._held is not None:
                with self._held as held:
                    await self._live(held)
            outer.cancel_scope.cancel()

    def phase(self) -> Phase:
        """Tell what the pulse does, or why there is none."""
        return self._ward.phase()

    def lateness(self) -> Lateness:
        """Tell how long tasks have held the engine's thread."""
        return self._probe.lateness()

    def poke(self) -> None:
        """Hint at a change."""
        self._ward.poke()

    async def tick(self, call: Call, *, force: bool) -> int:
        """Ask the pulse for one beat now; its lines go to stderr, what came of it to stdout."""
        pulse = self._ward.pulse()
        send, receive = trio.open_memory_channel[str](BEHIND)

        def heard(line: str) -> None:
            with suppress(trio.WouldBlock):
                send.send_nowait(line)

        problem = report = None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_tell, receive, call)
            with send:
                try:
                    report = await pulse.tick_now(Order(by_hand=True, force=force), heard)
                except Problem as error:  # as itself, not wrapped by the nursery
                    problem = error
        if problem is not None:
            raise problem
        if report is None:
            raise Problem(Exit.NO, "pulse-ended", "The pulse ended before the beat did; see `looop status`.")
        await call.out(f"{report.sentence()}\n")
        return report.exit_code

    def record(self, act: Act) -> None:
        """Record a verb of the running tick."""
        self._ward.pulse().record(act)

    async def start_pulse(self) -> None:
        """Return when the pulse lives; Problem NO with its own reason when it can't."""
        await self._ward.start()

    async def stop(self) -> None:
        """Return when the pulse has ended, a landing in progress first; the engine leaves then."""
        self._leave.set()
        await self._pulse_ended.wait()

    async def _own(self) -> Lock | None:
        """Take the profile's lock; None when the engine is to leave before it got it."""
        since = trio.current_time()
        while not self._leave.is_set():
            try:
                return lock(self._profile.lock)
            except Held as held:
                if trio.current_time() - since > LOCK_PATIENCE:
                    failure.tell(
                        self._profile,
                        f"Another looop is at work on this profile ({held.holder}); the pulse starts by "
                        "itself as soon as that has ended.",
                    )
                with trio.move_on_after(LOCK_PAUSE):
                    await self._leave.wait()
        return None

    async def _live(self, held: Lock) -> None:
        held.write_holder(holder.myself())
        # Sessions belong here, around the socket: they are the last to end, and verbs need them.
        async with trio.open_nursery() as doors:
            await doors.start(self._control.serve)
            failure.forget(self._profile)
            async with trio.open_nursery() as pulse:
                pulse.start_soon(self._ward.serve)
                if self._tell:
                    pulse.start_soon(self._tell_of_safe_mode)
                await self._leave.wait()
                pulse.cancel_scope.cancel()
            self._pulse_ended.set()
            with trio.move_on_after(DRAIN):
                await self._control.drained()
            if not self._wanted():  # else who follows something waits for the next engine
                self._control.dismiss()
                with trio.move_on_after(DRAIN):
                    await self._control.drained()
            doors.cancel_scope.cancel()

    async def _heart(self) -> None:
        """Pat keeper, mend the socket, look whether anyone wants us: the one timer of an idle engine."""
        while True:
            self._leash.pat()
            if self._wanted():
                self._control.mend()
            else:
                self._leave.set()
            await trio.sleep(self._timing.pat)

    async def _heed_signals(self) -> None:
        with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as arrived:
            async for _ in arrived:
                self._leave.set()

    async def _heed_keeper(self) -> None:
        """Leave when keeper has gone: without it nobody would end what a crash of ours leaves behind."""
        await self._leash.cut()
        self._leave.set()

    async def _tell_of_safe_mode(self) -> None:
        try:
            await self._parts.notify(
                "looop runs in safe mode: its engine ended too often within minutes. Verbs work, the pulse "
                "rests; `looop doctor` looks for the cause, `looop up` starts the pulse again."
            )
        except Exception as error:  # noqa: BLE001 - a notification that fails must not end an engine
            await self._note(error)

    async def _run_verb(self, argv: Sequence[str], call: Call, live: Live | None) -> int:
        if tuple(argv) in {(START,), (STOP,)}:
            if call.caller.kind is not Kind.PERSON:
                raise Problem(Exit.REFUSED, "not-yours", "Only a person starts and stops the pulse.")
            return await (self._answer_up(call) if argv[0] == START else self._answer_down())
        return await self._parts.run_verb(argv, call, live)

    async def _answer_up(self, call: Call) -> int:
        """Tell `up` that the pulse lives, and whether it did before; or in a sentence why it can't."""
        while self._leave.is_set():  # it is to ask the next engine, as soon as this one has hung up
            await trio.sleep_forever()
        try:
            await call.out("started" if await self._ward.start() else "already")
        except Problem as problem:
            await call.out(problem.text)
            return problem.exit_code
        return Exit.DONE

    async def _answer_down(self) -> int:
        await self.stop()
        return Exit.DONE

    async def _note(self, error: BaseException) -> None:
        await note(error, "the pulse", self._profile.pulse_log)

    def _wanted(self) -> bool:
        """Whether `.up` is there, in a profile that is still ours: the same lock, not one made anew.

        Only that it is absent counts, not an error of the disk.
        """
        try:
            self._profile.up.lstat()
            return self._held is None or os.path.samestat(
                os.fstat(self._held.fileno()), self._profile.lock.lstat()
            )
        except FileNotFoundError:
            return False
        except OSError:
            return True


async def _tell(lines: trio.MemoryReceiveChannel[str], call: Call) -> None:
    async for line in lines:
        await call.err(f"{line}\n")
