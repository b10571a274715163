"""One beat: read, sense, diff, decide whether to ask, one tick, commit. This file is the order of it.

In: an `Order` (by hand? forced?) and the `LoopState` of the last beat. Out: a `Report`. Neighbours: `sense`
observes, `core.diff` and `core.due` decide, `tick` does the one move, `pulse` sleeps between beats.
"""

import dataclasses
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Any

import trio
from msgspec.structs import replace

from looop.child import spawn
from looop.core import due, ids, limits
from looop.core.act import Act
from looop.core.diff import Change, compare, untold
from looop.core.due import Now, Verdict, Why
from looop.core.phase import Doing, Hold, Phase
from looop.core.problem import Exit, Problem
from looop.core.runners import Choice
from looop.core.state import LoopState
from looop.core.world import World
from looop.loop import awaiting, book, past, playbook, reins, sense, site, undo
from looop.loop.clock import Clock
from looop.loop.fleet import Fleet
from looop.loop.reins import Reins
from looop.loop.site import Site, Surroundings
from looop.loop.tick import CLEANUP, STOPPED, Ticked, tick
from looop.loop.transaction import Transaction
from looop.store import files, memory
from looop.store.paths import Profile
from looop.store.runs import Run

UNREADABLE = "unreadable"
"""The cause of the loop's flag while a policy file can't be read."""

IDLE_RETRY = 60.0
"""Seconds until a beat that could not read its files, or its CONFIG, is tried again."""


class Outcome(Enum):
    """How a beat ended."""

    UNCHANGED = "nothing changed"
    HELD = "held back"
    TICKED = "the AI was asked"
    IDLE = "the world could not be read"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked of a beat: a person's `tick` waits for no settling; `force` asks the AI in any case."""

    by_hand: bool = False
    force: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What a beat did, and why the next one is due in `rest` seconds, whatever clock is set meanwhile."""

    outcome: Outcome
    rest: float
    waits_for: str
    changes: tuple[Change, ...] = ()
    holds: tuple[Hold, ...] = ()
    run: str | None = None
    ticked: Ticked | None = None
    trouble: str | None = None

    @property
    def exit_code(self) -> int:
        """Give the exit code of a `tick` by hand: 0 unless the beat could not do what it should."""
        well = self.ticked.outcome.well if self.ticked else self.outcome is Outcome.UNCHANGED
        return Exit.DONE if well else Exit.NO

    def sentence(self) -> str:
        """Say what came of the beat, and what to do if it was held back."""
        if self.ticked:
            return f"{self.run} {self.ticked.outcome}"
        if self.trouble:
            return f"The beat did nothing: {self.trouble}"
        if self.outcome is Outcome.HELD:
            reasons = "; ".join(hold.reason.rstrip(".") for hold in self.holds)
            return f"Held back: {reasons}. `looop status` says until when."
        return "Nothing changed: the AI was not asked."


class Beats:
    """The loop's beats, one at a time, and what it remembers between them."""

    def __init__(
        self,
        profile: Profile,
        *,
        env: Mapping[str, str],
        say: Callable[[str], None],
        fleet: Fleet,
        clock: Clock,
        changed: Callable[[Phase], None] = lambda _phase: None,
        run: site.Run = spawn.run,
        shims: site.WriteShims = lambda _config, _celled: None,
    ) -> None:
        self._around = Surroundings(profile, env, say, clock, fleet, run, shims)
        self._changed = changed
        self._state = book.load(profile)
        self._edited_at: float | None = None
        self._transaction: Transaction | None = None
        self._recovered = False
        self.phase = Phase(pid=os.getpid())

    async def edited(self) -> bool:
        """Tell whether a policy file differs from what looop itself last read or wrote."""
        try:
            return await files.aside(memory.policy_digests, self._around.profile) != self._state.known
        except (OSError, memory.Unreadable):
            return False

    async def beat(self, order: Order) -> Report:
        """Do one beat, after finishing what a crash or a broken disk had interrupted.

        Problem when CONFIG or DATA can't be used: nothing was done. A disk that fails parks it: the next beat
        finishes what this one began; OSError when not even that can be told. Cancelled, it has ended sensors
        and agent, and changed nothing but one journal line.
        """
        at = self._around.site()
        try:
            if not self._recovered:
                await self._remember(await book.recover(at, self._state))
                self._recovered = True
            return await self._beat(at, order)
        except OSError as error:
            self._recovered = False
            return await self._parked(at, reins.disk(at) or reins.broken(error))

    async def _beat(self, at: Site, order: Order) -> Report:
        self.show(Doing.SENSING)
        last = await files.aside(book.baseline, at.profile)
        await at.fleet.tidy(untold(last, at.fleet.sessions()))
        try:
            policy = await files.aside(memory.observe, at.profile)
            waiting = await files.aside(awaiting.awaited, at)
        except memory.Unreadable as error:
            return await self._unreadable(at, str(error))
        await self._see_edits(at, policy.digests)
        await self._remember(await files.aside(reins.unparked, at, self._state))
        sensed = await sense.sense(at, policy, self._state.tried, waiting)
        changes = await files.aside(compare, last, sensed.world)  # a thousand goals take a while
        changed = [change.item for change in changes]
        state = limits.calmed(self._state, changed, sensed.world.items(), at.clock.now())
        await self._remember(replace(state, tried=sensed.tried))
        reins_now = await files.aside(reins.gather, at)
        now = self._now(at, order, reins_now, first_look=last is None)
        caps = reins.caps(at.config, reins_now.money)
        verdict = due.consider(changes, self._state, reins_now.spend, caps, now)
        await self._tell(at, sensed.world, reins_now)
        self._note(reins_now)
        try:
            await awaiting.reconcile(at, policy, waiting)
            if verdict.why is None or verdict.holds or reins_now.choice is None:
                return self._sleeping(at, verdict, sensed.world, changes)
            return await self._ask(at, verdict.why, reins_now.choice, sensed.world, changes)
        except memory.Unreadable as error:
            return await self._unreadable(at, str(error))

    def record(self, act: Act) -> None:
        """Record the running tick's verb; Problem REFUSED when there is no tick, or for a second verb."""
        if self._transaction is None:
            raise Problem(Exit.REFUSED, "no-tick", "The tick that this agent belongs to has ended.")
        self._transaction.record(act)

    def failed(self, error: OSError) -> Report:
        """Make the report of a beat that the disk ended."""
        return self.idle(f"{error.filename or 'the disk'}: {error.strerror or error}")

    def idle(self, trouble: str) -> Report:
        """Make the report of a beat that could do nothing, and show why."""
        self.show(Doing.SLEEPING, trouble=trouble)
        return Report(Outcome.IDLE, IDLE_RETRY, "the trouble to be over", trouble=trouble)

    def show(self, doing: Doing, **facts: Any) -> None:
        """Replace the phase and tell whoever shows it."""
        plain = {"run": None, "wakes_at": None, "waits_for": "", "holds": (), "trouble": None}
        since = self.phase.since if self.phase.doing is doing else self._around.clock.now()
        self.phase = replace(self.phase, **{**plain, **facts, "doing": doing, "since": since})
        self._changed(self.phase)

    async def _ask(
        self, at: Site, why: Why, choice: Choice, world: World, changes: tuple[Change, ...]
    ) -> Report:
        run_id = ids.run_id(at.clock.local())
        answers = at.fleet.answers()
        prompt = await files.aside(book.prompt, at, self._state, world, changes, why, answers, run_id)
        run = await files.aside(book.begin, at, run_id, why, choice, changes, world)
        self.show(Doing.DECIDING, run=run.id)
        at.say(f"tick {run.id}: {why}; asking {choice.name}")
        self._transaction = Transaction(at.fleet, at.mask)
        told = tuple(answer.number for answer in answers)
        try:
            ticked = await tick(at, run, prompt, world, choice, self._transaction, self._landing, told)
        except OSError:  # the run stays open: what finishes it in the next beat writes its line too
            raise
        except BaseException as error:  # a cancel above all
            with trio.move_on_after(CLEANUP, shield=True):
                await files.aside(book.close, at, run)
                if not isinstance(error, memory.Unreadable):
                    await self._remember(limits.interrupted(self._state, STOPPED))
            raise
        finally:
            self._transaction = None
        with trio.CancelScope(shield=True):
            await self._commit(at, run, choice, ticked, changes)
        await playbook.tell(at, run)
        await awaiting.tell(at)
        report = self._sleeping(at, Verdict(None, (), ()), world, changes)
        return dataclasses.replace(report, outcome=Outcome.TICKED, run=run.id, ticked=ticked)

    async def _commit(
        self, at: Site, run: Run, choice: Choice, ticked: Ticked, changes: tuple[Change, ...]
    ) -> None:
        """Write down how the tick ended. Shielded: the move has happened, so its record must too.

        The state first: were it lost to a disk that fails, the landing would pass for a person's edit.
        """
        seal = await files.aside(reins.seal, at)
        await self._remember(book.after(self._state, ticked, changes, at.clock.now(), seal))
        self._edited_at = None
        await files.aside(book.end, at, run, choice, ticked)
        known = self.phase.costs_known and ticked.cost.usd is not None
        self.phase = replace(self.phase, ticks=self.phase.ticks + 1, costs_known=known)
        at.say(f"tick {run.id} {ticked.outcome}: {ticked.line}")

    async def _unreadable(self, at: Site, trouble: str) -> Report:
        """Do nothing: something is there but can't be read, and to guess would be worse."""
        await self._tell_of(at, UNREADABLE, f"the loop idles: {trouble}")
        return self.idle(trouble)

    async def _parked(self, at: Site, disk: Hold) -> Report:
        """Do nothing until the disk does its part: a beat writes even before it decides."""
        await self._tell_of(at, disk.reason.split(":")[0], disk.reason)
        report = self.idle(disk.reason)
        self.show(Doing.SLEEPING, wakes_at=at.clock.now() + report.rest, waits_for="the disk", holds=(disk,))
        return report

    async def _tell_of(self, at: Site, cause: str, text: str) -> None:
        """Tell of one cause; the other flags stay, since nothing is known about them in this beat."""
        told = await reins.tell(at, self._state.flagged, cause, text)
        await self._remember(replace(self._state, flagged=told))

    async def _see_edits(self, at: Site, digests: Mapping[str, str]) -> None:
        await past.seen(at, self._state.known, digests)
        state, edits = limits.observed(self._state, digests)
        if edits:
            self._edited_at = at.clock.now()
            at.say(f"edited: {', '.join(edits)}")
            with suppress(Problem):  # an undo that was cut off may have left this; if busy, it is at work
                await undo.recover(at)
        await self._remember(state)

    async def _tell(self, at: Site, world: World, now: Reins) -> None:
        wanted = reins.causes(self._state, world, now)
        told = await reins.reconcile(at, self._state.flagged, wanted)
        await reins.tell_of_money(at, now.money)
        await self._remember(replace(self._state, flagged=told))

    async def _remember(self, state: LoopState) -> None:
        if state != self._state:
            self._state = state
            await files.aside(book.save, self._around.profile, state)

    def _now(self, at: Site, order: Order, now: Reins, *, first_look: bool) -> Now:
        return Now(
            at.clock.now(),
            first_look=first_look,
            edited_at=self._edited_at,
            edit_settle=at.config.edit_settle,
            by_hand=order.by_hand,
            force=order.force,
            paused=now.paused,
            troubles=now.troubles,
        )

    def _landing(self) -> None:
        self.show(Doing.LANDING, run=self.phase.run)

    def _sleeping(self, at: Site, verdict: Verdict, world: World, changes: tuple[Change, ...]) -> Report:
        active = any(not session.ended for session in world.sessions)
        now = at.clock.now()
        wakes_at, waits_for = due.sleep_until(verdict, self._state, reins.pace(at.config), now, active=active)
        settling = any(hold.reason == due.EDITING for hold in verdict.holds)
        self.show(
            Doing.SETTLING if settling else Doing.SLEEPING,
            wakes_at=wakes_at,
            waits_for=waits_for,
            holds=verdict.holds,
            notices=tuple(line for _, line in limits.held(self._state)),
        )
        outcome = Outcome.HELD if verdict.wants else Outcome.UNCHANGED
        return Report(outcome, wakes_at - now, waits_for, changes, verdict.holds)

    def _note(self, now: Reins) -> None:
        """Show which agent the loop uses, and count the beat."""
        choice = now.choice
        self.phase = replace(
            self.phase,
            beats=self.phase.beats + 1,
            costs_known=now.spend.unknown == 0,
            runner=choice.name if choice else "",
            rehearsing_because=choice.reason if choice and choice.rehearses else None,
        )
