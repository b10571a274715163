"""One beat in the caller's own process: `looop tick` while no engine lives.

In: a profile and a call. Out: the exit code. It holds `.lock` as an engine would, and serves `.sock`
meanwhile, so that the verbs which its agent calls find who runs the tick. Neighbour: `daemon`.
"""

import signal
from collections.abc import Mapping

import trio

from looop.child import tree
from looop.core.act import Act
from looop.core.phase import Phase
from looop.core.problem import Exit, Problem
from looop.core.quote import visible
from looop.engine import guarded, guarding, holder, machine, startup
from looop.engine.ask import ask
from looop.engine.call import Call, RunLocally
from looop.engine.control import Control
from looop.engine.fleet import FilesFleet
from looop.engine.live import Lateness, RunVerb
from looop.engine.offline import Offline
from looop.engine.questions import Questions
from looop.engine.sessions import Sessions
from looop.loop import dry
from looop.loop.beat import Beats, Order, Report
from looop.loop.clock import Clock
from looop.loop.site import Surroundings
from looop.loop.voice import Voice
from looop.store import files, memory
from looop.store.paths import Profile
from looop.store.profile import prepare

LOCK_PATIENCE = 10.0
LOCK_PAUSE = 0.05
"""Seconds in all, and between two tries, to get a profile's lock."""


class ForegroundLive:
    """What verbs may ask of a foreground tick: to record the agent's one verb, and to read the files."""

    def __init__(self, profile: Profile, beats: Beats) -> None:
        self._beats = beats
        self.sessions: Sessions = Offline(profile)

    @property
    def questions(self) -> Questions:
        """Leave them to the caller's own process, which has the files."""
        raise RunLocally

    def leaders(self) -> Mapping[int, str]:
        """Name none: where a session lives there is an engine."""
        return {}

    async def settled(self) -> None:
        """Start none."""

    def phase(self) -> Phase:
        """Tell what the tick is doing now."""
        return self._beats.phase

    def lateness(self) -> Lateness:
        """Tell nothing: a process of one beat measures no lateness."""
        return Lateness()

    def poke(self) -> None:
        """Do nothing: there is no next beat here."""

    async def tick(self, call: Call, *, force: bool) -> int:  # noqa: ARG002 - the Protocol's
        """Refuse: one beat at a time."""
        raise _busy()

    def record(self, act: Act) -> None:
        """Record the tick's verb for its landing."""
        self._beats.record(act)

    async def start_pulse(self) -> None:
        """Refuse: the tick ends first."""
        raise _busy()

    async def stop(self, *, sessions: bool = False) -> int:  # noqa: ARG002 - the Protocol's
        """Refuse: whoever started the tick can end it with Ctrl-C."""
        raise _busy()


class Door:
    """The socket of a foreground tick and the profile's lock, until an engine takes both over."""

    def __init__(self, profile: Profile, lock: files.Lock, call: Call) -> None:
        self._profile = profile
        self._lock = lock
        self._call = call
        self._open = trio.CancelScope()
        self._closed = trio.Event()

    async def serve(
        self, control: Control, *, task_status: trio.TaskStatus[Control] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Answer verbs until cancelled, or until `perform` needs an engine in our place."""
        try:
            with self._open:
                await control.serve(task_status=task_status)
        finally:
            self._closed.set()

    async def perform(self, act: Act) -> None:
        """Have an engine run a tick's recorded verb; Problem with what it said when it did not end well.

        The tick goes on without the lock: what is left of its landing is told by digests and sizes.
        """
        self._open.cancel()
        await self._closed.wait()
        self._lock.release()
        await startup.engine(self._profile, env=self._call.env)
        answer = await ask(self._profile.sock, *act.argv)
        if answer is None or answer.code != Exit.DONE:
            said = answer.err.removeprefix("looop: ").strip() if answer is not None else ""
            raise Problem(
                Exit.NO, "verb-failed", said or "the engine was lost meanwhile: look before you repeat it"
            )


async def tick(profile: Profile, call: Call, run_verb: RunVerb, *, dry_run: bool, force: bool) -> int:
    """Do one beat: its lines to stderr, what came of it to stdout; with `dry_run` print the prompt instead.

    Problem NO when an engine or another tick holds the profile. On INT, TERM, HUP, and when its guard is
    gone, it ends the agent, lands nothing, and gives 128 and the signal's number.
    """
    await files.aside(prepare, profile, call.env)
    if dry_run:
        return await _dry(profile, call)
    machine.check()
    with await _lock(profile) as lock:
        tree.become_subreaper()
        lock.write_holder(holder.myself())
        door = Door(profile, lock, call)
        return await _beat(profile, call, run_verb, door, Order(by_hand=True, force=force))


async def _lock(profile: Profile) -> files.Lock:
    """Take the profile's lock, waiting a little for a tick that was killed to end its agent."""
    with trio.move_on_after(LOCK_PATIENCE):
        while True:
            try:
                return files.lock(profile.lock)
            except files.Held:
                await trio.sleep(LOCK_PAUSE)
    raise _busy()


async def _beat(profile: Profile, call: Call, run_verb: RunVerb, door: Door, order: Order) -> int:
    clock = Clock()
    voice = Voice(profile, clock)
    fleet = FilesFleet(profile, call.env, door.perform)
    beats = Beats(
        profile,
        env=call.env,
        say=voice.say,
        fleet=fleet,
        clock=clock,
        shims=guarding.shims_of(profile, call.env),
    )
    stopped: list[int] = []
    reports: list[Report] = []
    with voice.followed() as lines:
        async with trio.open_nursery() as nursery:
            await nursery.start(_heed_signals, nursery.cancel_scope, stopped)
            nursery.start_soon(_heed_guard, nursery.cancel_scope)
            nursery.start_soon(_tell, lines, call)
            await nursery.start(door.serve, Control(profile, run_verb, ForegroundLive(profile, beats)))
            reports.append(await _one(beats, order))
            nursery.cancel_scope.cancel()
    if not reports:
        return guarded.SIGNALLED + (stopped[0] if stopped else signal.SIGKILL)
    await call.out(f"{visible(reports[0].sentence())}\n")
    return reports[0].exit_code


async def _one(beats: Beats, order: Order) -> Report:
    """Do the beat; a disk that fails idles it, as in the pulse: the next beat finishes what it began."""
    try:
        return await beats.beat(order)
    except OSError as error:
        return beats.failed(error)


async def _heed_signals(
    scope: trio.CancelScope,
    stopped: list[int],
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    with trio.open_signal_receiver(*guarded.STOPS) as signals:
        task_status.started()
        async for number in signals:
            stopped.append(number)
            scope.cancel()


async def _heed_guard(scope: trio.CancelScope) -> None:
    await guarded.orphaned()
    scope.cancel()


async def _dry(profile: Profile, call: Call) -> int:
    site = Surroundings(profile, call.env, lambda _line: None, Clock(), FilesFleet(profile, call.env)).site()
    try:
        await call.out(await dry.prompt(site))
    except memory.Unreadable as error:
        raise Problem(Exit.NO, "unreadable", f"{error}. Make it readable and try again.") from error
    return Exit.DONE


async def _tell(lines: trio.MemoryReceiveChannel[str], call: Call) -> None:
    async for line in lines:
        await call.err(f"{line}\n")


def _busy() -> Problem:
    return Problem(
        Exit.NO, "busy", "Another looop is at work on this profile; `looop status` says what it does."
    )
