"""The engine: who lives in it, and in which order its parts end. Indentation is shutdown order.

In: a profile, how to run a verb, how to make a pulse, the line to keeper. Out: verbs answered and a pulse
that lives, until nobody wants them. Neighbours: `entry` is the process around this, `keeper` the process
above it, `control` hears verbs, `ward` minds the pulse.
"""

import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

import trio

from looop.child.environ import build
from looop.core.act import Act
from looop.core.phase import Phase
from looop.core.problem import Exit, Problem
from looop.core.quote import visible
from looop.engine import failure, holder
from looop.engine.ask import HERE, RENEW, START, STOP, STOP_ALL
from looop.engine.call import Call, Kind
from looop.engine.control import Control
from looop.engine.doors import Doors
from looop.engine.fleet import LiveFleet
from looop.engine.lateness import Probe
from looop.engine.leash import Leash
from looop.engine.live import Lateness, Live, RunVerb
from looop.engine.outcome import note
from looop.engine.questions import Questions
from looop.engine.residents import Residents
from looop.engine.sessions import Sessions
from looop.engine.timing import Timing
from looop.engine.ward import PulseLike, Ward
from looop.loop.beat import Order
from looop.loop.fleet import Fleet
from looop.store import files
from looop.store.files import Held, Lock, lock
from looop.store.paths import Profile

DRAIN = 1.0  # seconds that running verbs have for their end once the pulse has ended
LOCK_PAUSE = 0.2  # seconds between two tries at the profile's lock
LOCK_PATIENCE = 3.0  # seconds after which `up` is told who has it
BEHIND = 1000  # lines that a slow follower of a tick may be behind; the log has them all


class Parts(NamedTuple):
    """What `__main__` builds an engine from: the rooms above and below this one."""

    run_verb: RunVerb
    make_pulse: Callable[[Fleet], PulseLike]
    notify: Callable[[str], Awaitable[None]]
    make_residents: Callable[[Leash, Callable[[], None], Doors], Residents]


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
        doors = Doors(profile)
        self._residents = parts.make_residents(leash, self.poke, doors)
        self._fleet = LiveFleet(profile, self._residents, self)
        self._ward = Ward(
            lambda: parts.make_pulse(self._fleet), self._note, safe=safe, wanted=files.present(profile.up)
        )
        self._control = Control(profile, self._run_verb, self, leash.keeper, doors)
        self._held: Lock | None = None
        self._leave = trio.Event()
        self._unwanted = 0

    @property
    def sessions(self) -> Sessions:
        """The sessions."""
        return self._residents.sessions

    @property
    def questions(self) -> Questions:
        """Their flags, answers and claims."""
        return self._residents.questions

    def leaders(self) -> Mapping[int, str]:
        """Map the first process of each live session to its id."""
        return self._residents.leaders()

    async def settled(self) -> None:
        """Return once no session is being started."""
        await self._residents.settled()

    async def run(self, argv: Sequence[str], call: Call) -> int:
        """Run a verb for the loop itself."""
        return await self._parts.run_verb(argv, call, self)

    async def serve(self) -> None:
        """Live until a signal, keeper's end, or until nobody wants a pulse and no session lives.

        Then everything ends in order; sessions go on below keeper.

        OSError if the socket can't be bound. A cancel is as abrupt as a crash.
        """
        trio.lowlevel.add_instrument(self._probe)
        async with trio.open_nursery() as outer:
            await outer.start(self._leash.serve)
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
        self._residents.look()

    async def tick(self, call: Call, *, force: bool) -> int:
        """Ask the pulse for one beat now; its lines go to stderr, what came of it to stdout."""
        send, receive = trio.open_memory_channel[str](BEHIND)

        def heard(line: str) -> None:
            with suppress(trio.WouldBlock):
                send.send_nowait(line)

        problem = report = None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_tell, receive, call)
            with send:
                try:
                    report = await self._ward.once(Order(by_hand=True, force=force), heard)
                except Problem as error:  # as itself, not wrapped by the nursery
                    problem = error
        if problem is not None:
            raise problem
        if report is None:
            raise Problem(Exit.NO, "pulse-ended", "The pulse ended before the beat did; see `looop status`.")
        await call.out(f"{visible(report.sentence())}\n")
        return report.exit_code

    def record(self, act: Act) -> None:
        """Record a verb of the running tick."""
        self._ward.pulse().record(act)

    async def start_pulse(self) -> None:
        """Return when the pulse lives; Problem NO with its own reason when it can't."""
        await self._ward.start()

    async def stop(self, *, sessions: bool = False) -> int:
        """Return when the pulse has ended, a landing in progress first, and with `sessions` those too.

        How many sessions live on: with none, the engine leaves then.
        """
        await self._ward.stop()
        if sessions:
            await self._residents.end_all(now=False)
        if not self._residents.living:
            self._leave.set()
        return self._residents.living

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
        async with trio.open_nursery() as residents:
            await residents.start(self._residents.serve)
            async with trio.open_nursery() as doors:
                await doors.start(self._control.serve)
                failure.forget(self._profile)
                async with trio.open_nursery() as pulse:
                    pulse.start_soon(self._ward.serve)
                    if self._tell:
                        pulse.start_soon(self._tell_of_safe_mode)
                    await self._leave.wait()
                    await self._ward.stop()
                    pulse.cancel_scope.cancel()
                with trio.move_on_after(DRAIN):
                    await self._control.drained()
                if not (self._wanted() or self._residents.living):  # else the next engine goes on with them
                    self._control.dismiss()
                    with trio.move_on_after(DRAIN):
                        await self._control.drained()
                doors.cancel_scope.cancel()
            residents.cancel_scope.cancel()

    async def _heart(self) -> None:
        """Pat keeper, mend the socket, look whether anyone wants us: the one timer of an idle engine."""
        while True:
            self._leash.pat()
            if self._ours():
                self._control.mend()
            else:
                self._leave.set()
            await self._rest_or_leave()
            await trio.sleep(self._timing.pat)

    async def _rest_or_leave(self) -> None:
        """Without `.up` end the pulse; leave once nothing lived and no verb ran at two looks in a row."""
        if self._wanted():
            self._unwanted = 0
            return
        if self._held is not None:
            await self._ward.stop()
        idle = self._control.idle and not (self._residents.living or self._residents.busy)
        self._unwanted = self._unwanted + 1 if idle else 0
        if self._unwanted > 1:
            self._leave.set()

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
        if argv and argv[0] in {START, STOP, STOP_ALL, HERE, RENEW}:
            return await self._answer(argv[0], argv[1:], call)
        return await self._parts.run_verb(argv, call, live)

    async def _answer(self, asked: str, command: Sequence[str], call: Call) -> int:
        """Do what `up`, `down` and a verb that needs an engine ask for."""
        if asked == HERE:
            await call.out(call.caller.session or "")
            return Exit.DONE
        if call.caller.kind not in {Kind.PERSON, Kind.STRANGER}:
            raise Problem(Exit.REFUSED, "not-yours", "What looop started can't start or stop the pulse.")
        if asked == START:
            return await self._answer_up(call)
        if asked == RENEW:
            where = (str(self._profile.data), str(self._profile.config), self._timing.argument())
            await self._leash.renew([*command, "__keeper"], [*command, "__engine", *where])
            return Exit.DONE
        await call.out(str(await self.stop(sessions=asked == STOP_ALL)))
        return Exit.DONE

    async def _answer_up(self, call: Call) -> int:
        """Tell `up` that the pulse lives, and whether it did before; or in a sentence why it can't."""
        while self._leave.is_set():  # it is to ask the next engine, as soon as this one has hung up
            await trio.sleep_forever()
        try:
            how = "started" if await self._ward.start() else "already"
            await call.out(f"{how} {build()}")
        except Problem as problem:
            await call.out(problem.text)
            return problem.exit_code
        return Exit.DONE

    async def _note(self, error: BaseException) -> None:
        await note(error, "the pulse", self._profile.pulse_log)

    def _wanted(self) -> bool:
        """Whether `.up` is there, in a profile that is still ours. Only that it is absent counts."""
        try:
            self._profile.up.lstat()
        except FileNotFoundError:
            return False
        except OSError:
            return True
        return self._ours()

    def _ours(self) -> bool:
        """Whether the profile is the one that we hold: the same lock, not one made anew."""
        try:
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
