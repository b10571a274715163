"""One beat that asked the AI, told as a story: `runs` and `why`.

In: the runs' records. Out: what woke it, what it did and said and cost; or what keeps the loop asleep.
"""

import time
from collections.abc import Iterator

import msgspec

from looop.cli import status, times
from looop.cli.disk import disk
from looop.cli.fleet import ending, sessions_of
from looop.cli.inject import ACall, ALive, AProfile, Json, Tail
from looop.cli.mistakes import missing
from looop.cli.show import emit, line, money, span, table, until, when
from looop.cli.tab import RunId, Story
from looop.core.ids import goal_name, is_run_id
from looop.core.phase import Phase
from looop.core.problem import Exit, Problem
from looop.core.sessions import SessionView
from looop.engine import holder
from looop.engine.call import Call
from looop.engine.live import Live
from looop.store import runs as archive
from looop.store.paths import Profile
from looop.store.pause import Pause
from looop.store.runs import MoveRecord, Run

_LISTED = 1000
_SESSIONS = "sessions/"
_ACTS = 20
_CHANGES = 20
_SAME_BEAT = 0.5
"""Seconds between the end of a tick's record and the sleep that follows it, at most."""

_UNCHANGED = "nothing differs from the world that the last good tick had seen"
_JUST_ASKED = "the last beat asked the AI; the next one looks at what came of it"


class RunsView(msgspec.Struct, frozen=True):
    """What `runs --json` prints: the records, oldest first; `folder` holds a folder of each name."""

    folder: str
    runs: tuple[MoveRecord, ...]
    v: int = 1


class RunView(msgspec.Struct, frozen=True):
    """What `runs RUN --json` prints: the record, and the names in its folder."""

    folder: str
    files: tuple[str, ...]
    run: MoveRecord
    v: int = 1


class WhyView(msgspec.Struct, frozen=True):
    """What `why --json` prints. `now` and `pause` are there when nothing was named: what keeps it asleep."""

    run: MoveRecord | None
    folder: str | None
    now: Phase | None = None
    pause: Pause | None = None
    session: SessionView | None = None
    v: int = 1


async def runs(
    run: RunId | None = None,
    /,
    *,
    call: ACall,
    profile: AProfile,
    live: ALive,
    tail: Tail = 20,
    json: Json = False,
) -> int:
    """List the times the AI was asked, or show one with its files."""
    if run is not None:
        view = await disk(live, _one, profile, run)
        alive = await _alive(profile, live)
        text = f"{table(_told(view.run, alive=alive))}\n\n{view.folder}/\n" + "".join(
            f"  {line(name)}\n" for name in view.files
        )
        await emit(call, view, text, json=json)
        return int(Exit.DONE)
    kept = await disk(live, _records, profile, tail or _LISTED)
    rows = [
        [
            when(record.began),
            record.run,
            record.outcome,
            line(record.subject or "-", 40),
            line(record.line, 100),
        ]
        for record in kept
    ]
    text = table(rows) or "No runs yet: no tick has asked the AI."
    await emit(call, RunsView(str(profile.runs), kept), text, json=json)
    return int(Exit.DONE)


async def why(
    about: Story | None = None, /, *, call: ACall, profile: AProfile, live: ALive, json: Json = False
) -> int:
    """Tell why, of a RUN, HH:MM today, goals/x.md or sessions/x, else of now.

    It is one story: what woke the tick, what it saw, did, said and cost; or what keeps the loop asleep.
    """
    if about is not None and about.startswith(_SESSIONS):
        return await _of_session(about.removeprefix(_SESSIONS).rstrip("/"), call, profile, live, json=json)
    if about is not None:
        record = await disk(live, _about, profile, about)
        view = WhyView(record, str(profile.runs / record.run))
        alive = await _alive(profile, live)
        await emit(call, view, table(_told(record, alive=alive)), json=json)
        return int(Exit.DONE)
    newest = await disk(live, _records, profile, 1)
    now = await status.observe(profile, live, call.env)
    view = WhyView(
        newest[-1] if newest else None,
        str(profile.runs / newest[-1].run) if newest else None,
        now.phase,
        now.pause,
    )
    alive = await _alive(profile, live)
    last = table(_told(newest[-1], alive=alive)) if newest else "No tick has asked the AI yet."
    await emit(
        call, view, f"{table(_asleep(now, newest[-1] if newest else None, time.time()))}\n\n{last}", json=json
    )
    return int(Exit.DONE)


async def _of_session(name: str, call: Call, profile: Profile, live: Live | None, *, json: bool) -> int:
    """Tell what a session does, and of the last tick that had to do with it."""
    session = sessions_of(profile, live).get(name)
    kept = await disk(live, _records, profile, _LISTED)
    record = _of_item(kept[::-1], f"session:{session.id}")
    folder = str(profile.runs / record.run) if record else None
    alive = await _alive(profile, live)
    told = [*_session(session, time.time()), *(_told(record, alive=alive) if record else ())]
    await emit(call, WhyView(record, folder, session=session), table(told), json=json)
    return int(Exit.DONE)


def _session(view: SessionView, now: float) -> Iterator[list[str]]:
    goal = f" for goals/{view.goal}" if view.goal else ""
    yield ["session", f"{view.id}, started {when(view.created)}{goal}"]
    yield ["is", f"{ending(view)} for {span(now - view.since)}"]
    yield ["because", line(view.evidence)]
    if view.flag:
        yield [f"⚑ {view.flag.number}", line(view.flag.text)]
    if view.note:
        yield ["it said", line(view.note)]


def _asleep(view: status.StatusView, newest: MoveRecord | None, now: float) -> Iterator[list[str]]:
    yield ["now", status.pulse_words(view, now)]
    if view.pause:
        yield ["paused", until(view.pause.until, now)]
    for hold in status.holds(view):
        yield ["held by", f"{line(hold.reason)}, {until(hold.until, now)}"]
    if view.answers and view.phase.wakes_at and not view.phase.holds and not view.pause:
        yield ["asleep", _UNCHANGED if _looked_since(newest, view.phase) else _JUST_ASKED]
    if view.phase.trouble:
        yield ["trouble", line(view.phase.trouble)]


def _looked_since(newest: MoveRecord | None, phase: Phase) -> bool:
    """Tell whether the last beat was a later one than that which asked the AI last."""
    return newest is None or (newest.ended is not None and newest.ended + _SAME_BEAT < phase.since)


def _told(record: MoveRecord, *, alive: bool) -> Iterator[list[str]]:
    yield ["run", f"{record.run}, {when(record.began)}, {_length(record, alive=alive)}"]
    yield ["woken by", line(record.why)]
    for change in record.changes[:_CHANGES]:
        yield ["", line(str(change), 160)]
    if len(record.changes) > _CHANGES:
        yield ["", f"and {len(record.changes) - _CHANGES} more changes"]
    yield ["asked", line(record.runner)]
    for act in record.acts[:_ACTS]:
        yield ["it called", line(act, 160)]
    if len(record.acts) > _ACTS:
        yield ["", f"and {len(record.acts) - _ACTS} more calls: `output.log` of the run has them"]
    yield ["it moved", line(f"{record.move or 'nothing'}{f' ({record.subject})' if record.subject else ''}")]
    if record.outcome == "landed" and not record.move.startswith("called"):
        yield ["undo", f"looop undo {record.run}"]
    yield ["outcome", line(f"{record.outcome}: {record.reason}" if record.reason else record.outcome)]
    for name in record.ignored[:_ACTS]:
        yield ["ignored", line(name, 160)]
    yield ["journal", line(record.line)]
    yield ["cost", money(record.cost.usd)]


async def _alive(profile: Profile, live: Live | None) -> bool:
    """Tell whether anybody is there whose tick may be running."""
    return live is not None or await disk(live, holder.living, profile.lock) is not None


def _length(record: MoveRecord, *, alive: bool) -> str:
    if record.ended is not None:
        return f"took {span(record.ended - record.began)}"
    return "still running" if alive else "cut off; the next beat finishes its record"


def _records(profile: Profile, count: int) -> tuple[MoveRecord, ...]:
    found: list[MoveRecord] = []
    for run in reversed(archive.list_runs(profile)):
        if len(found) == count:
            break
        if record := archive.read_record(run):
            found.append(record)
    return tuple(reversed(found))


def _one(profile: Profile, name: str) -> RunView:
    run = _run(profile, name)
    record = archive.read_record(run)
    if record is None:
        raise Problem(
            Exit.MISSING, "no-record", f"{run.move} is missing or damaged: only its neighbours are left."
        )
    return RunView(str(run.folder), tuple(sorted(path.name for path in run.folder.iterdir())), record)


def _run(profile: Profile, name: str) -> Run:
    run = archive.find(profile, name)
    if run is None:
        there = [run.id for run in archive.list_runs(profile)]
        raise missing("no-run", "run", name, there, "`looop runs` lists those that are kept")
    return run


def _about(profile: Profile, about: str) -> MoveRecord:
    if is_run_id(about):
        return _one(profile, about).run
    kept = reversed(_records(profile, _LISTED))
    if (at := times.hour(about, time.time())) is not None:
        found = next((record for record in kept if record.began < at + 60), None)
    elif about.startswith("goals/") or about.endswith(".md"):
        found = _of_item(tuple(kept), f"goal:{goal_name(about)}")
    else:
        raise Problem(
            Exit.USAGE,
            "bad-value",
            "`looop why` takes a run, a time of today (HH:MM), goals/x.md or sessions/x.",
        )
    if found is None:
        raise Problem(
            Exit.MISSING, "no-run", f"No run that is kept has to do with {line(about, 60)}: see `looop runs`."
        )
    return found


def _of_item(newest_first: tuple[MoveRecord, ...], item: str) -> MoveRecord | None:
    """Find the last run that moved a goal or session, else the last that a change of it woke."""
    moved = (record for record in newest_first if record.subject == item)
    woken = (
        record
        for record in newest_first
        if any(str(change).startswith(f"{item} ") for change in record.changes)
    )
    return next(moved, None) or next(woken, None)
