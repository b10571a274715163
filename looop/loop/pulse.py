"""The pulse: beat, sleep, beat; woken early by what a person does, never spinning, one beat at a time.

In: hints (a file changed, a poke) and requests (a `tick` by hand). Out: beats. A hint carries nothing: the
pulse compares the policy files with what looop last read or wrote, and goes on sleeping if they are equal.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import trio

from looop.child import spawn, wake
from looop.core.act import Act
from looop.core.due import BEAT_GAP
from looop.core.phase import Doing, Phase
from looop.core.problem import Problem
from looop.loop import book
from looop.loop.beat import Beats, Order, Outcome, Report
from looop.loop.clock import Clock
from looop.loop.fleet import Fleet
from looop.loop.site import Run, WriteShims
from looop.loop.voice import Voice
from looop.store import memory
from looop.store.paths import Profile


@dataclass
class _Request:
    """One `tick` by hand, waiting for its beat."""

    order: Order
    done: trio.Event = field(default_factory=trio.Event)
    report: Report | None = None
    problem: Problem | None = None


class Pulse:
    """One profile's loop. `serve` runs it; everything else may be called from other tasks meanwhile."""

    def __init__(
        self,
        profile: Profile,
        *,
        env: Mapping[str, str],
        fleet: Fleet,
        clock: Clock,
        run: Run = spawn.run,
        shims: WriteShims = lambda _config, _celled: None,
    ) -> None:
        self.voice = Voice(profile, clock)
        self._profile = profile
        self._beats = Beats(
            profile,
            env=env,
            say=self.voice.say,
            fleet=fleet,
            clock=clock,
            changed=self._show,
            run=run,
            shims=shims,
        )
        self._hints = wake.Hints()
        self._requests: list[_Request] = []
        self._poked = False
        self._last_beat = -BEAT_GAP

    async def serve(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Beat until cancelled; started once edits are watched.

        A cancel ends sensors and agent with their trees; a landing in progress is finished first.
        """
        try:
            async with trio.open_nursery() as nursery:
                await nursery.start(self._watch)
                task_status.started()
                report = await self._beat()
                while True:
                    await self._sleep(report)
                    report = await self._beat()
        finally:
            self._beats.show(Doing.STOPPED)
            for request in self._requests:
                request.done.set()

    def phase(self) -> Phase:
        """Tell what the pulse is doing now."""
        return self._beats.phase

    def poke(self) -> None:
        """Hint that something other than a policy file changed: the next beat comes now."""
        self._poked = True
        self._hints.notify()

    def record(self, act: Act) -> None:
        """Record the running tick's verb; Problem REFUSED when there is none, or for a second verb."""
        self._beats.record(act)

    async def tick_now(self, order: Order, heard: Callable[[str], None]) -> Report | None:
        """Ask for one beat now and hear its lines; None if the pulse ended meanwhile.

        Problem when CONFIG can't be used. A cancel stops the hearing; the beat is done all the same.
        """
        request = _Request(order)
        self._requests.append(request)
        self._hints.notify()
        with self.voice.followed() as lines:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_hear, lines, heard)
                await request.done.wait()
                nursery.cancel_scope.cancel()
            with suppress(trio.WouldBlock, trio.EndOfChannel):
                while True:
                    heard(lines.receive_nowait())
        if request.problem is not None:
            raise request.problem
        return request.report

    async def _beat(self) -> Report:
        """Do the beat that is due, for whoever asked; a Problem (CONFIG, say) idles it."""
        asked, self._requests = self._requests, []
        self._poked = False
        self._last_beat = trio.current_time()
        order = Order(by_hand=bool(asked), force=any(request.order.force for request in asked))
        try:
            report = await self._beats.beat(order)
        except Problem as problem:
            report = self._beats.idle(problem.text)
            for request in asked:
                request.problem = problem
        except OSError as error:
            report = self._beats.failed(error)
        finally:
            for request in asked:
                request.done.set()
        for request in asked:
            request.report = report
        self.voice.rotate()
        return report

    async def _sleep(self, report: Report) -> None:
        """Sleep until the next beat is due, somebody asks for one, or the policy files differ."""
        deadline = trio.current_time() + max(report.rest, BEAT_GAP)
        with trio.move_on_at(deadline):
            if report.outcome is Outcome.IDLE:  # an edit that could not be taken in must not spin the beat
                await self._hints.wait()
            while not (self._requests or self._poked or await self._beats.edited()):
                await self._hints.wait()
        if not self._requests:
            await trio.sleep_until(self._last_beat + BEAT_GAP)

    async def _watch(self, *, task_status: trio.TaskStatus[None]) -> None:
        folders = [self._profile.data, self._profile.goals, self._profile.sensors]
        await wake.serve(folders, self._hints.notify, wanted=self._counts, task_status=task_status)

    def _counts(self, folder: Path, name: str) -> bool:
        """Tell whether a changed name may be a person's edit; looop's own scratch files wake nobody."""
        with suppress(ValueError):
            return memory.is_policy((folder / name).relative_to(self._profile.data).as_posix())
        return False

    def _show(self, phase: Phase) -> None:
        with suppress(OSError):
            book.show(self._profile, phase)


async def _hear(lines: trio.MemoryReceiveChannel[str], heard: Callable[[str], None]) -> None:
    async for line in lines:
        heard(line)
