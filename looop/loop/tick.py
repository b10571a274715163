"""Steps 4 and 5 of a beat: the agent's one turn, judged, landed or rejected, with exactly one journal line.

In: a site, a run and what the agent is to be told. Out: `Ticked`. Every way out writes its line, a cancel
too. Neighbours: `decide` runs the agent, `core.moves` judges, `land` performs.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum

import trio

from looop.core import line as journal_line
from looop.core.diff import Baseline
from looop.core.moves import Kind, Landing, judge, timer
from looop.core.problem import Problem
from looop.core.runners import Choice
from looop.core.streams import Cost, Fault, Result
from looop.core.waits import why_waits
from looop.core.world import World
from looop.loop import awaiting, land, move, origin
from looop.loop.decide import Decided, decide
from looop.loop.move import Copy, Found
from looop.loop.site import Site
from looop.loop.transaction import Transaction
from looop.store import copies, files, held, memory
from looop.store.runs import Run

PARKS = frozenset({Fault.LOGIN, Fault.USAGE_LIMIT})
CLEANUP = 15.0
"""Seconds that the line of an interrupted tick may take to reach the disk."""

STOPPED = "looop was stopped while the agent worked"


class Outcome(Enum):
    """How a tick ended."""

    LANDED = "landed"
    NOTHING = "nothing"
    WAITS = "waits for a person"
    REJECTED = "rejected"
    FAILED = "failed"
    PARKED = "parked"
    INTERRUPTED = "interrupted"

    def __str__(self) -> str:
        return self.value

    @property
    def well(self) -> bool:
        """Whether the tick ended well and its world becomes the baseline."""
        return self in {Outcome.LANDED, Outcome.NOTHING, Outcome.WAITS}


@dataclass(frozen=True, slots=True)
class Ticked:
    """One tick, ended. `notices` are for the next one; `until` is when a parked agent can work again.

    `login`: it waits for a person to log in.
    """

    outcome: Outcome
    line: str
    reason: str = ""
    landing: Landing = field(default_factory=lambda: Landing(Kind.NOTHING, None))
    timer: int | None = None
    until: float | None = None
    login: bool = False
    notices: tuple[str, ...] = ()
    cost: Cost = field(default_factory=lambda: Cost(None, None, None))
    acts: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    said: str = ""


@dataclass(frozen=True, slots=True)
class _Sensed:
    """What a tick that ends well has taken in: the world, and the answers by number."""

    world: World
    told: tuple[int, ...]


async def tick(
    site: Site,
    run: Run,
    prompt: str,
    world: World,
    choice: Choice,
    transaction: Transaction,
    landing_begins: Callable[[], None],
    told: tuple[int, ...] = (),
) -> Ticked:
    """Let the agent make its one move. A cancel ends the agent and leaves one line; nothing else changed.

    `told` are the numbers of the answers that the prompt has; a tick that ends well has delivered them.
    """
    copy = await files.aside(move.fill, site.profile)
    try:
        decided = await decide(site, run, prompt, choice)
    except OSError as error:
        why = f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)
        failure = _failure(Outcome.FAILED, f"the agent could not be started: {why}")
        return await _close(site, run, copy, failure)
    except Problem as refused:
        failure = _failure(Outcome.FAILED, f"the agent was not started: {refused.text}")
        return await _close(site, run, copy, failure)
    except BaseException:  # a cancel above all: whatever ends the agent, the tick leaves its line
        with trio.move_on_after(CLEANUP, shield=True):
            await _close(site, run, copy, _failure(Outcome.INTERRUPTED, STOPPED))
        raise
    landing_begins()
    with trio.CancelScope(shield=True):
        ticked = await _conclude(site, run, copy, decided, _Sensed(world, told), transaction)
    return ticked  # noqa: RET504 - to mypy a cancel scope may swallow what a return inside it raises


async def _conclude(
    site: Site, run: Run, copy: Copy, decided: Decided, sensed: "_Sensed", transaction: Transaction
) -> Ticked:
    """Judge and land. Shielded by the caller: from here on it is milliseconds of files and one verb."""
    decided, copy = site.mask.value(decided), replace(copy, journal=site.mask.text(copy.journal))
    failed = _failed(site, decided)
    try:
        found = await files.aside(_collected, site)
        judged = await files.aside(_judged, site, copy, found, transaction, decided.result)
    except (OSError, memory.Unreadable) as error:  # an agent can do anything to the folder it is in
        unread = _failure(Outcome.FAILED, f"what the agent left can't be read back: {error}", decided.result)
        return await _close(site, run, copy, failed or unread)
    ticked = failed or judged
    if ticked.outcome.well:
        return await _close(site, run, copy, ticked, sensed)
    await files.aside(land.keep_rejected, run, copy.leaves, found.leaves)
    return await _close(site, run, copy, ticked)


def _collected(site: Site) -> Found:
    """Read back what the agent left, without secrets in what is no policy."""
    found = move.collect(site.profile)
    journal = site.mask.text(found.journal)
    if journal != found.journal:
        move.rewrite_journal(site.profile, journal)
    return replace(found, journal=journal, ignored=site.mask.value(found.ignored))


def _judged(site: Site, copy: Copy, found: Found, transaction: Transaction, result: Result) -> Ticked:
    judged = judge(copy.leaves, found.leaves, transaction.act, memory.archived(site.profile))
    if isinstance(judged, Landing):
        return _well(copy, found, judged, result)
    return _failure(Outcome.REJECTED, judged.reason, result)


async def _close(site: Site, run: Run, copy: Copy, ticked: Ticked, sensed: "_Sensed | None" = None) -> Ticked:
    """Land what is to land, the journal line in any case, and tell what people changed meanwhile.

    What was `sensed` is there when the tick ended well; its world becomes the baseline.
    """
    try:
        lock = await land.policy_lock(site)
    except Problem as held:  # the line alone lands, which needs no lock
        ticked = _lost(ticked, held.text) if sensed else ticked
        await land.land(site, run, ticked.landing, _stamped(site, ticked), None)
        return ticked
    with lock:
        outside, reason = await files.aside(_changed_in_place, site, run, copy, ticked.landing)
        if reason:
            ticked, sensed = _lost(ticked, reason), None
        elif sensed and (why := why_waits(ticked.landing, copy.leaves, sensed.world)):
            ticked, sensed = await files.aside(_waiting, site, run, ticked, sensed, why)
        baseline = Baseline.of(sensed.world, site.clock.now(), site.mask) if sensed else None
        told = sensed.told if sensed else ()
        line = _stamped(site, ticked)
        landing = Landing(Kind.NOTHING, None) if ticked.outcome is Outcome.WAITS else ticked.landing
        failed = await land.land(site, run, landing, line, baseline, ticked.timer, told)
    notices = (*ticked.notices, *failed, *(_edited(path) for path in outside))
    return replace(ticked, notices=notices)


def _stamped(site: Site, ticked: Ticked) -> str:
    return journal_line.stamped(ticked.line, site.clock.local())


def _lost(ticked: Ticked, reason: str) -> Ticked:
    """Make of a tick that ended well one of which nothing may land."""
    lost = _failure(Outcome.REJECTED, reason)
    return replace(ticked, outcome=lost.outcome, reason=lost.reason, line=lost.line, landing=lost.landing)


def _waiting(
    site: Site, run: Run, ticked: Ticked, sensed: "_Sensed", why: str
) -> "tuple[Ticked, _Sensed | None]":
    """Keep the move until a person has decided, and raise the flag that asks: both before the line is."""
    if len(held.listed(site.profile)) >= held.MOST:
        return _lost(ticked, f"{held.MOST} moves wait for a person already, and this one would: {why}"), None
    move = held.hold(site.profile, run.id, ticked.landing, why, site.clock.now())
    flag = awaiting.raised(site.profile, awaiting.of_move(site.profile, move))
    line = f"{move} waits for a person (⚑ {flag.number}), since {why}: {ticked.line}"
    return replace(ticked, outcome=Outcome.WAITS, line=line, reason=why), sensed


def _changed_in_place(site: Site, run: Run, copy: Copy, landing: Landing) -> tuple[list[str], str]:
    """List the policy files that somebody changed while the tick ran, and say why it can't land, if so."""
    try:
        now = memory.policy_digests(site.profile)
    except memory.Unreadable as error:
        return [], f"{error}, so nothing may land"
    paths = sorted(path for path in {*now, *copy.policy} if now.get(path) != copy.policy.get(path))
    land.keep_replaced(run, copy.leaves, paths)
    # Of what is no policy (an archived goal, a sensor switched off) there was no copy to compare with.
    targets = [
        write.path for write in landing.writes if write.data is not None or memory.is_policy(write.path)
    ]
    conflicts = sorted(p for p in targets if copies.in_place(site.profile, p) != copy.policy.get(p))
    if not conflicts:
        return paths, _too_much(site, landing)
    return paths, f"{', '.join(conflicts)} was changed in place while the tick ran; that edit stays"


def _too_much(site: Site, landing: Landing) -> str:
    try:
        return origin.too_much(site.profile, landing.writes, landing.act)
    except memory.Unreadable as error:
        return f"{error}, so nothing may land"


def _well(copy: Copy, found: Found, landing: Landing, result: Result) -> Ticked:
    seconds, trouble = timer(found.timer)
    nothing = landing.kind is Kind.NOTHING
    line = journal_line.added(copy.journal, found.journal) or _evidence(landing, result)
    return Ticked(
        Outcome.NOTHING if nothing else Outcome.LANDED,
        line,
        landing=landing,
        timer=seconds,
        notices=(trouble,) if trouble else (),
        cost=result.cost,
        acts=result.acts,
        ignored=found.ignored,
        said=result.said,
    )


def _evidence(landing: Landing, result: Result) -> str:
    """Write the line that the agent did not: what landed, and the end of what it said."""
    said = journal_line.flat(result.said)[:200]
    return f"{landing} (looop's own line; the agent wrote none{f' and said: {said}' if said else ''})"


def _failed(site: Site, decided: Decided) -> Ticked | None:
    """Tell how the agent's turn failed; None when it ended well."""
    if decided.timed_out:
        reason = f"the agent was ended after {site.config.tick_timeout:g} s (tick_timeout)"
        return _failure(Outcome.FAILED, reason, decided.result)
    return None if decided.result.fault is None else _fault(decided.result)


def _fault(result: Result) -> Ticked:
    reason = result.reason or str(result.fault)
    if result.fault in PARKS or result.until is not None:
        parked = _failure(Outcome.PARKED, reason, result, result.until)
        return replace(parked, login=result.fault is Fault.LOGIN)
    return _failure(Outcome.FAILED, reason, result)


def _failure(
    outcome: Outcome, reason: str, result: Result | None = None, until: float | None = None
) -> Ticked:
    flat = journal_line.flat(reason)
    ticked = Ticked(outcome, f"tick failed: {flat}", reason=flat, until=until)
    return replace(ticked, cost=result.cost, acts=result.acts, said=result.said) if result else ticked


def _edited(path: str) -> str:
    return f"{path} was changed in place while the last tick ran; it stays, and its previous version is kept"
