"""Everything at a glance: `status`.

In: the running engine, or what it last wrote and who holds its lock; the files. Out: one view, which the
bare `looop` reads too. A part that can't be read is said in its place and hides no other.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from looop.child.walls import Walls
from looop.cli.disk import disk
from looop.cli.fleet import ending, sessions_of
from looop.cli.inject import ACall, ALive, AProfile, Json
from looop.cli.mistakes import TROUBLE, problem_of
from looop.cli.sensors import SensorLine, listed
from looop.cli.show import emit, line, many, span, spend, table, until, when
from looop.core.due import PARKED
from looop.core.guarded import hot
from looop.core.limits import LONGEST_PARK, pending
from looop.core.parsed import parsed
from looop.core.phase import Doing, Hold, Phase
from looop.core.problem import Exit, Problem
from looop.core.rules import Rules
from looop.core.sessions import Question, SessionView
from looop.core.state import Park
from looop.core.verdict import Verdict
from looop.engine import holder
from looop.engine.live import Lateness, Live
from looop.store import claims, config, files, flags, ledger, memory, money, pause, questions
from looop.store.faults import CorruptLedger, Unreadable
from looop.store.flags import Flag
from looop.store.paths import Profile
from looop.store.pause import Pause

_PHASE = 1 << 20
_STATE = 16 << 20
_FAILING = 10

T = TypeVar("T")
U = TypeVar("U")


class _Parked(msgspec.Struct, frozen=True):
    """Of what the loop remembers, what is asked here."""

    park: Park | None = None


class AskedLine(msgspec.Struct, frozen=True):
    """A session's open flag; `proposal`: it wants approval instead of an answer.

    `kind` is `question`, `proposal` or `command`: the latter's text has all that a person has to look at.
    """

    number: int
    session: str
    text: str
    raised: float
    proposal: bool = False
    kind: str = "question"


class OwedLine(msgspec.Struct, frozen=True):
    """An answer that its session was not told yet."""

    number: int
    session: str
    text: str
    at: float


class StatusView(msgspec.Struct, frozen=True):
    """What `status --json` prints. `wanted`: a person wants the pulse; `engine`: its pid, if one lives.

    `confined` says by what, or that it is NOT. `guard` is `on`, or `off` by CONFIG; each session says whether
    it is bypassed there. `parked` says what waits for money, for an agent's limit to end or for a login.
    `troubles` are the parts that could not be read. Times are epoch seconds.
    """

    data: str
    confined: str
    wanted: bool
    engine: int | None
    answers: bool
    phase: Phase
    lateness: Lateness | None
    pause: Pause | None
    agreed: bool
    goals: int
    sensors: int
    failing: tuple[str, ...]
    flags: tuple[Flag, ...]
    claims: tuple[str, ...]
    asks_hour: int
    asks_today: int
    usd_today: float | None
    unknown_today: int
    last_line: str | None
    asked: tuple[AskedLine, ...] = ()
    owed: tuple[OwedLine, ...] = ()
    sessions: tuple[SessionView, ...] = ()
    parked: tuple[Hold, ...] = ()
    troubles: tuple[str, ...] = ()
    guard: str = "on"
    v: int = 1


async def status(*, call: ACall, profile: AProfile, live: ALive, json: Json = False) -> int:
    """Show the pulse, what it waits for, and what waits for you."""
    view = await observe(profile, live, call.env)
    await emit(call, view, table(_rows(view, time.time())), json=json)
    return int(Exit.DONE)


async def glance(profile: Profile, live: Live | None, env: Mapping[str, str]) -> str:
    """Give what `status` shows to people."""
    return table(_rows(await observe(profile, live, env), time.time()))


async def observe(profile: Profile, live: Live | None, env: Mapping[str, str]) -> StatusView:
    """Look at everything that `status` shows. Raises nothing for what is only broken or missing."""
    troubles: list[str] = []
    seen = await disk(live, _look, profile, env, troubles)
    try:
        seen = replace(seen, sessions=sessions_of(profile, live).all())
    except TROUBLE as error:
        troubles.append(problem_of(error).text)
    if live is not None:
        seen = replace(seen, answers=True, phase=live.phase(), lateness=live.lateness())
    return replace(seen, troubles=tuple(troubles))


def _look(profile: Profile, env: Mapping[str, str], troubles: list[str]) -> StatusView:
    def part(look: Callable[[], T], otherwise: U) -> T | U:
        try:
            return look()
        except (OSError, Problem, Unreadable, CorruptLedger) as error:
            if (said := problem_of(error).text) not in troubles:  # two parts may need the same file
                troubles.append(said)
            return otherwise

    now = time.time()
    engine = holder.living(profile.lock)
    spent = part(lambda: ledger.spent(profile, now), None)
    sensors = part(lambda: listed(profile, env), ())
    settings = part(lambda: config.load(profile, env), None)
    return StatusView(
        data=str(profile.data),
        confined=str(Walls(profile, settings, env).level()) if settings else "unknown",
        wanted=files.present(profile.up),
        engine=engine.pid if engine else None,
        answers=False,
        phase=_written(profile, alive=engine is not None),
        lateness=None,
        pause=pause.in_force(profile, now),
        agreed=settings is not None and config.consented(settings),
        goals=len(part(lambda: memory.read_goals(profile), ())),
        sensors=sum(sensor.on for sensor in sensors),
        failing=tuple(sensor.name for sensor in sensors if _fails(sensor)),
        flags=part(lambda: _own(profile), ()),
        asked=part(lambda: _asked(profile), ()),
        owed=part(lambda: _owed(profile), ()),
        parked=part(lambda: parked(profile, env, now), ()),
        claims=tuple(claim.name for claim in part(lambda: claims.read(profile), ())),
        asks_hour=spent.decides_hour if spent else 0,
        asks_today=spent.decides_today if spent else 0,
        usd_today=spent.usd_today if spent else None,
        unknown_today=spent.unknown_today if spent else 0,
        guard="on" if settings is None or hot(Rules.of(settings.guard)) else "off",
        last_line=next(iter(part(lambda: memory.journal_lines(profile, 1), ())), None),
    )


def _fails(sensor: SensorLine) -> bool:
    return sensor.on and not sensor.awaits and bool(sensor.trouble or sensor.error)


def _own(profile: Profile) -> tuple[Flag, ...]:
    """Give the loop's own flags, without the diffs, which `trust` shows."""
    return tuple(replace(flag, diff="") for flag in flags.open_flags(profile))


def _asked(profile: Profile) -> tuple[AskedLine, ...]:
    found = [(it, question) for it in questions.places(profile) if (question := questions.read(it.folder))]
    lines = (
        AskedLine(q.number, it.session, q.text, q.raised, q.proposal is not None, _kind(q)) for it, q in found
    )
    return tuple(sorted(lines, key=lambda line: line.number))


def _kind(question: Question) -> str:
    if question.command:
        return "command"
    return "question" if question.proposal is None else "proposal"


def _owed(profile: Profile) -> tuple[OwedLine, ...]:
    found = questions.owed(profile)
    return tuple(OwedLine(answer.number, it.session, answer.text, answer.at) for it, answer in found)


def verb_for(asked: AskedLine) -> str:
    """Name the verb that a session's flag waits for."""
    return f"looop approve {asked.number}" if asked.proposal else f"looop answer {asked.number} TEXT"


def verb_for_own(flag: Flag) -> str:
    """Name the verb for one of the loop's own flags: what asks for approval has to be looked at first."""
    return f"looop unflag {flag.number}" if flag.offer is None else "looop trust"


def _written(profile: Profile, *, alive: bool) -> Phase:
    """Read what the pulse last wrote of itself; what it did is over when no engine lives."""
    try:
        phase = parsed(files.read_regular(profile.pulse / "status.json", _PHASE), Phase)
    except (OSError, ValueError):
        return Phase()
    return phase if alive else replace(phase, doing=Doing.STOPPED, wakes_at=None, run=None)


def pulse_words(view: StatusView, now: float) -> str:
    """Say in a few words what the pulse does, and what a person may do about it."""
    phase = view.phase
    if view.answers and phase.doing is Doing.STOPPED and not view.wanted:
        return "not running: `looop up` starts it"
    if view.answers and phase.doing is Doing.SLEEPING and phase.wakes_at:
        return f"sleeping, next beat in {span(phase.wakes_at - now)} ({line(phase.waits_for)})"
    if view.answers:
        return line(f"{phase.doing} {phase.run or ''}")
    if view.engine is not None:
        return f"its engine (pid {view.engine}) does not answer: starting, or `looop down --now`"
    return "not running, though it should: `looop up`" if view.wanted else "not running: `looop up` starts it"


def runner_words(view: StatusView) -> str:
    """Say who is asked, and how to change that as long as nobody has agreed to an agent."""
    because = view.phase.rehearsing_because
    name = line(view.phase.runner) or "chosen at the next beat"
    if because:
        return f"{name}, not an AI: {line(because)}"
    return name if view.agreed or view.troubles else f"{name}; `looop init` lets you agree to an agent"


def holds(view: StatusView) -> tuple[Hold, ...]:
    """Give what holds the AI back, the pause and parks apart, which are shown by themselves."""
    apart = {view.pause.hold()} if view.pause else set()
    shown = f"{PARKED}: " if view.parked else "\0"
    return tuple(it for it in view.phase.holds if it not in apart and not it.reason.startswith(shown))


def parked(profile: Profile, env: Mapping[str, str], now: float) -> tuple[Hold, ...]:
    """Say what is parked: by the day's money, and the agent by a limit of its own or for want of a login."""
    day = money.look(profile, config.load(profile, env), now)
    spent = (Hold(day.said.partition(":")[0], day.until),) if day.spent else ()
    with suppress(OSError, ValueError):
        state = parsed(files.read_regular(profile.state, _STATE), _Parked)
        if state.park and pending(state.park.until, now, LONGEST_PARK):
            return (*spent, Hold(state.park.reason, state.park.until))
    return spent


def _rows(view: StatusView, now: float) -> Iterator[list[str]]:
    yield ["pulse", pulse_words(view, now)]
    if view.pause:
        yield ["paused", f"since {when(view.pause.since, now)}, {until(view.pause.until, now)}"]
    for park in view.parked:
        yield ["parked", f"{line(park.reason)}, {until(park.until, now)}; `looop unpark` lets it go on"]
    for hold in holds(view):
        yield ["held", f"{line(hold.reason)}, {until(hold.until, now)}"]
    for notice in (*view.phase.notices, *filter(None, [view.phase.trouble])):
        yield ["note", line(notice)]
    yield ["runner", runner_words(view)]
    yield ["walls", line(view.confined)]
    yield ["today", _today(view)]
    yield ["memory", _memory(view)]
    yield from _guard(view)
    yield from _sessions(view, now)
    for name in view.failing[:_FAILING]:
        yield ["fails", f"sensor {line(name)}: `looop sensor run {line(name)}` shows why"]
    for flag in view.flags:
        yield [f"⚑ {flag.number}", f"{line(flag.text)} (`{verb_for_own(flag)}`)"]
    for asked in view.asked:
        yield from _asked_rows(asked)
    for owed in view.owed:
        yield ["answer", f"{owed.number} was not told to {line(owed.session)} yet: {line(owed.text, 60)}"]
    for trouble in view.troubles:
        yield ["trouble", line(trouble)]
    yield ["journal", line(view.last_line or "empty")]
    yield ["data", line(view.data)]


def _asked_rows(asked: AskedLine) -> Iterator[list[str]]:
    """Give a flag in one row; a command in as many as it has lines, for all of it is to be looked at."""
    first, *rest = asked.text.split("\n") if asked.kind == "command" else [asked.text]
    yield [f"⚑ {asked.number}", f"{line(asked.session)}: {line(first)} (`{verb_for(asked)}`)"]
    yield from (["", f"  {line(more)}"] for more in rest)


def _guard(view: StatusView) -> Iterator[list[str]]:
    """Tell whether listed commands are held, and each session in which they may not be."""
    if view.guard == "off":
        yield ["guard", "off: CONFIG's `guard` leaves all rules out"]
        return
    doubtful = [it for it in view.sessions if not it.over and it.guard not in {"", "on"}]
    for it in doubtful:
        yield ["guard", f"{it.guard} in {it.id}: {line(it.guard_said) or 'it was off when that started'}"]
    if not doubtful:
        yield ["guard", "on: a seatbelt, no wall; `looop guard rules` lists its rules"]


def _sessions(view: StatusView, now: float) -> Iterator[list[str]]:
    """Give those that live, each with its evidence; the others are counted."""
    for it in view.sessions:
        if not it.over:
            said = f"{it.id}: {ending(it)} for {span(now - it.since)}; {line(it.evidence)}"
            yield ["session", said]
    for it in view.sessions:
        if it.over and it.checked and it.verdict != str(Verdict.VERIFIED):
            yield ["check", f"{it.id}: {line(it.verdict)} (`looop explain {it.id}`)"]
    if over := sum(it.over for it in view.sessions):
        yield ["ended", f"{many(over, 'session')}: `looop ls` lists them"]


def _today(view: StatusView) -> str:
    if view.usd_today is None:
        return "unknown: the ledger can't be read"
    words = f"{many(view.asks_today, 'ask')}, {spend(view.usd_today, view.asks_today, view.unknown_today)}"
    if view.unknown_today or not view.phase.costs_known:
        words += "; not all agents tell their costs, so money caps can't hold"
    return words


def _memory(view: StatusView) -> str:
    counts = [many(view.goals, "goal"), many(view.sensors, "sensor")]
    return ", ".join([*counts, *([many(len(view.claims), "claim")] if view.claims else [])])
