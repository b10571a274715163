"""What a beat writes down about itself: its state, its runs, its spend; and what a crash left to finish.

In: a site and what happened. Out: files in DATA, through `store`. Called through `files.aside`: it waits
for disks. Neighbours: `beat` says when, `land` writes what is policy.
"""

from collections.abc import Mapping
from contextlib import suppress

import msgspec

from looop.core import limits, line
from looop.core.diff import Baseline, Change
from looop.core.due import Why
from looop.core.moves import Kind, Landing
from looop.core.parsed import parsed
from looop.core.phase import Phase
from looop.core.prompt import JOURNAL, PromptView, Told, render
from looop.core.runners import Choice
from looop.core.state import Done, LoopState
from looop.core.streams import Cost
from looop.core.world import World
from looop.loop import land, past, playbook, undo
from looop.loop.fleet import Answer
from looop.loop.landing import Record
from looop.loop.site import Site
from looop.loop.tick import Outcome, Ticked
from looop.store import events, files, flags, held, ledger, memory, runs, temps
from looop.store.config import Config
from looop.store.faults import CorruptLedger
from looop.store.ledger import RUNNING, Entry
from looop.store.paths import Profile
from looop.store.runs import MoveRecord, Run

_LARGEST_STATE = 16 << 20
_NEWEST = 20


def load(profile: Profile) -> LoopState:
    """Read what earlier beats remembered; nothing, when it is gone or damaged: it is disposable."""
    try:
        return parsed(files.read_regular(profile.state, limit=_LARGEST_STATE), LoopState)
    except (OSError, ValueError):
        return LoopState()


def save(profile: Profile, state: LoopState) -> None:
    """Remember the state for the next beat; a disk that is full forgets it."""
    with suppress(OSError):
        files.scratch(profile.state, msgspec.json.encode(state))


def show(profile: Profile, phase: Phase) -> None:
    """Show the phase to whoever reads `sessions/pulse/status.json`."""
    files.scratch(profile.pulse / "status.json", msgspec.json.encode(phase))


def baseline(profile: Profile) -> Baseline | None:
    """Read the world of the last good tick; None when there was none, or its file is damaged."""
    try:
        return parsed(files.read_regular(profile.baseline, limit=_LARGEST_STATE), Baseline)
    except FileNotFoundError:
        return None
    except ValueError:
        events.emit(profile, "baseline-damaged")
        return None


def begin(
    site: Site, run_id: str, why: Why, choice: Choice, changes: tuple[Change, ...], world: World
) -> Run:
    """Open a run's folder, say in it that a tick is running, and enter its cost as unknown yet."""
    run = runs.start(site.profile, run_id)
    files.scratch(run.world, msgspec.json.format(msgspec.json.encode(site.mask.value(world.items()))))
    record = MoveRecord(
        run=run.id,
        began=site.clock.now(),
        why=str(why),
        changes=site.mask.value(changes),
        runner=choice.name,
        outcome=RUNNING,
    )
    runs.write_record(run, record)
    ledger.record(site.profile, Entry(record.began, run.id, choice.name, outcome=RUNNING))
    events.emit(site.profile, "tick-began", run=run.id, why=str(why), runner=choice.name)
    return run


def prompt(
    site: Site,
    state: LoopState,
    world: World,
    changes: tuple[Change, ...],
    why: Why,
    answers: tuple[Answer, ...],
    run_id: str,
) -> str:
    """Write what the agent is told."""
    calm = [line for item, line in limits.held(state) if not state.throttles[item].told]
    waiting = [
        f"{it} by {it.run} waits for a person: don't make it again" for it in held.listed(site.profile)
    ]
    view = PromptView(
        world=world,
        changes=changes,
        why=str(why),
        journal=memory.journal_lines(site.profile, JOURNAL.count),
        last_failure=state.failure.reason or None,
        notices=(*state.notices, *calm, *waiting),
        answered=tuple(Told(answer.session, answer.question, answer.text) for answer in answers),
        local_time=f"{site.clock.local():%Y-%m-%d %H:%M %z}",
        run=run_id,
    )
    return render(site.mask.value(view))


def end(site: Site, run: Run, choice: Choice, ticked: Ticked) -> None:
    """Close the run: its record, its cost, its event; and drop the runs that are too old or too many."""
    record = msgspec.structs.replace(
        _record(site, run),
        outcome=str(ticked.outcome),
        subject=ticked.landing.subject,
        move=ticked.landing.did,
        reason=ticked.reason,
        line=ticked.line,
        cost=priced(ticked.cost, choice.name, site.config),
        acts=ticked.acts,
        ignored=ticked.ignored,
    )
    _close(site, run, record)
    with suppress(OSError):  # an old run that can't be removed is no trouble of this tick
        runs.prune(site.profile, site.clock.now())


def priced(cost: Cost, runner: str, config: Config) -> Cost:
    """Give a cost in dollars where the agent told tokens only and CONFIG has the runner's prices."""
    price = config.prices.get(runner)
    if cost.usd is not None or price is None or cost.input_tokens is None or cost.output_tokens is None:
        return cost
    usd = (cost.input_tokens * price.input + cost.output_tokens * price.output) / 1e6
    return Cost(usd, cost.input_tokens, cost.output_tokens)


def after(
    state: LoopState, ticked: Ticked, changes: tuple[Change, ...], now: float, seal: str = ""
) -> LoopState:
    """Make the state that follows a tick. What the agent was told counts as told once it took its turn.

    `seal` is what an expired login waits for to change.
    """
    if ticked.outcome.well or ticked.outcome is Outcome.REJECTED:
        state = limits.told(state)
    if ticked.outcome.well:
        move = _done(ticked.landing, now)
        woke = [change.item for change in changes if change.item not in state.edits]
        state = limits.landed(state, woke, move, ticked.timer, now)
    elif ticked.outcome is Outcome.PARKED:
        state = limits.parked(state, ticked.reason, ticked.until, now, seal if ticked.login else "")
    else:
        state = limits.failed(state, ticked.reason, now)
    if ticked.outcome is Outcome.LANDED:
        state = limits.wrote(state, _policy(ticked.landing.left()))
    return limits.noticed(state, ticked.notices)


async def recover(site: Site, state: LoopState) -> LoopState:
    """Finish what a crash cut off: landings are completed, ticks without one get their line.

    Problem when `.policy.lock` is held too long: nothing was done.
    """
    await files.aside(temps.remove, site.profile, site.clock.now())
    state = await files.aside(_with_flags, site.profile, state)
    await undo.recover(site)
    await past.begin(site)
    await files.aside(_pay, site)
    cut_off = await files.aside(_cut_off, site.profile)
    if not cut_off:
        return state
    with await land.policy_lock(site):
        for run in cut_off:
            state = await _recovered(site, state, run)
            await files.aside(save, site.profile, state)  # first, or the landing passes for a person's edit
            await files.aside(close, site, run)
    for run in cut_off:
        await playbook.tell(site, run)
    return state


async def _recovered(site: Site, state: LoopState, run: Run) -> LoopState:
    reason = "looop was killed while the agent worked, or its disk failed; nothing landed"
    try:
        record = await files.aside(land.load, run)
    except ValueError:
        record, reason = None, f"{run.landing} can't be read: look at what the tick has changed"
    if record is not None:
        notices = () if record.landed else await land.finish(site, run, record)
        state = msgspec.structs.replace(state, due_at=record.due_at() or state.due_at)
        return limits.noticed(limits.wrote(state, _policy(record.left())), notices)
    await files.aside(held.drop, site.profile, run.id)
    text = line.stamped(f"tick failed: {reason}", site.clock.local())
    notices = await land.land(site, run, Landing(Kind.NOTHING, None), text, None)
    return limits.noticed(limits.failed(state, reason, site.clock.now()), notices)


def close(site: Site, run: Run) -> None:
    """Close the record of a run that was cut off, by its landing; one with half a landing stays open."""
    landing = land.load(run)
    if landing is not None and not landing.landed:
        return
    if landing is None:
        held.drop(site.profile, run.id)
    waits = held.read(site.profile, run.id) is not None
    text = line.bare(landing.line) if landing else ""
    outcome = str(Outcome.WAITS if waits else _outcome(landing))
    _close(site, run, msgspec.structs.replace(_record(site, run), outcome=outcome, line=text))


def _outcome(landing: Record | None) -> Outcome:
    if landing is None or landing.baseline is None:
        return Outcome.INTERRUPTED
    return Outcome.LANDED if landing.steps or landing.argv else Outcome.NOTHING


def _record(site: Site, run: Run) -> MoveRecord:
    return runs.read_record(run) or MoveRecord(run=run.id, began=site.clock.now())


def _close(site: Site, run: Run, record: MoveRecord) -> None:
    """Close the record, then enter its cost: `_pay` does that if it is cut off or the disk fails."""
    runs.write_record(run, msgspec.structs.replace(record, ended=site.clock.now()))
    _enter(site, record)
    events.emit(site.profile, "tick-ended", run=run.id, outcome=record.outcome, line=record.line)


def _enter(site: Site, record: MoveRecord) -> None:
    cost = record.cost
    ledger.record(
        site.profile,
        Entry(
            record.began,
            record.run,
            record.runner,
            cost.usd,
            cost.input_tokens,
            cost.output_tokens,
            record.outcome,
            goal=_goal(record.subject),
            noted=site.clock.now(),
        ),
    )


def _pay(site: Site) -> None:
    """Enter the costs of closed runs that have none there: looop was killed just before, or the disk failed.

    Until then such a run counts as one that costs nothing yet.
    """
    found = map(runs.read_record, _suspects(site.profile))
    closed = [record for record in found if record is not None and record.ended is not None]
    if not closed:
        return
    with suppress(CorruptLedger):  # which holds the loop until a person has corrected it
        since = min(record.began for record in closed)
        paid = {it.run for it in ledger.entries(site.profile, since) if it.outcome != RUNNING}
        for record in closed:
            if record.run not in paid:
                _enter(site, record)


def _goal(subject: str | None) -> str:
    """Name the goal that a tick's move was about, as sessions name theirs."""
    kind, _, name = (subject or "").partition(":")
    return name if kind == "goal" else ""


def _with_flags(profile: Profile, state: LoopState) -> LoopState:
    """Remember the flags that are open, lest one outlive both its cause and a state file that was lost."""
    causes = {flag.cause for flag in flags.open_flags(profile) if flag.offer is None}
    return msgspec.structs.replace(state, flagged=tuple(sorted({*state.flagged, *causes})))


def _cut_off(profile: Profile) -> list[Run]:
    """List the newest runs whose record still says that they are running, by name."""
    suspects = _suspects(profile)
    return [run for run in suspects if (record := runs.read_record(run)) and record.outcome == RUNNING]


def _suspects(profile: Profile) -> list[Run]:
    """List the runs that a crash may have left half done: the newest, and those whose end no cost tells."""
    every, named = runs.list_runs(profile), _running(profile)
    return [run for place, run in enumerate(every) if place >= len(every) - _NEWEST or run.id in named]


def _running(profile: Profile) -> frozenset[str]:
    """Name the asks that the ledger's end knows no end of: by name, the newest run need not come last.

    A clock was set back, or the hour at the end of summer came again, and both are in a run's name.
    """
    with suppress(CorruptLedger):
        return ledger.running(profile)
    return frozenset()


def _policy(left: Mapping[str, str | None]) -> dict[str, str | None]:
    """Leave out what is no policy, such as an archived goal: never read again, it would pass for removed."""
    return {path: digest for path, digest in left.items() if memory.is_policy(path)}


def _done(landing: Landing, now: float) -> Done | None:
    if landing.kind is Kind.NOTHING or landing.subject is None:
        return None
    return Done(str(landing.kind), landing.subject, landing.after, now)
