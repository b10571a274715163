"""What the verbs for sessions share: whom they ask, what a tick may do, and how a change is told.

In: the running engine or none, a call. Out: a `Sessions`, a verb recorded for its tick, one view.
"""

from collections.abc import Iterable

import msgspec

from looop.cli.show import DoneView, emit, line, span
from looop.core.act import Act
from looop.core.problem import Exit, Problem
from looop.core.sessions import SessionView
from looop.engine.call import Call, Kind
from looop.engine.live import Live
from looop.engine.sessions import Sessions
from looop.store import sessions
from looop.store.paths import Profile


class FleetView(msgspec.Struct, frozen=True):
    """What a verb that changes sessions prints with `--json`: a sentence, and the sessions as they are then.

    `recorded`: it happens when its tick lands. `failed` are the sessions, of several, that it failed on.
    """

    said: str
    sessions: tuple[SessionView, ...] = ()
    recorded: bool = False
    failed: tuple[str, ...] = ()
    v: int = 1


def sessions_of(profile: Profile, live: Live | None) -> Sessions:
    """Give the engine's sessions, or those that the files tell of."""
    if live is not None:
        return live.sessions
    from looop.engine.offline import Offline  # noqa: PLC0415 - inside an engine nobody needs it

    return Offline(profile)


def in_tick(call: Call) -> bool:
    """Tell whether a verb is to be recorded instead of done."""
    return call.caller.kind is Kind.TICK


async def record(argv: tuple[str, ...], subject: str, call: Call, live: Live | None, *, json: bool) -> int:
    """Record a verb, which was checked completely, for the landing of the running tick."""
    if live is None:
        raise Problem(
            Exit.UNREACHABLE, "no-tick", "The tick that this belongs to has ended: nothing was changed."
        )
    live.record(Act(argv, subject))
    view = DoneView("recorded: happens when this tick lands", recorded=True)
    await emit(call, view, view.said, json=json)
    return int(Exit.DONE)


def subject(name: str) -> str:
    """Give what a move that steers a session is about."""
    return f"session:{name}"


def exactly(view: SessionView) -> str:
    """Give the name of this very generation: its offsets and exit code are no later one's."""
    return sessions.exact(view.id, view.generation)


def check_unflagged(view: SessionView, call: Call) -> None:
    """Refuse all but a person to talk over a question, as that would answer it; Problem REFUSED `flagged`."""
    if view.flag is not None and call.caller.kind is not Kind.PERSON:
        raise Problem(
            Exit.REFUSED,
            "flagged",
            f"{view.id} has asked a person (⚑ {view.flag.number}) and waits for that: "
            "a person answers it with `looop answer`.",
        )


def check_still(view: SessionView, sessions: Sessions, call: Call) -> None:
    """Refuse to begin anew, for a tick, what somebody has begun anew since; Problem NO `over`."""
    if call.caller.kind is Kind.LOOP and sessions.get(view.id).generation != view.generation:
        raise Problem(Exit.NO, "over", f"{view.id} was begun anew by somebody since: it is left alone.")


def check_lives(view: SessionView) -> None:
    """Problem NO `over` for a session that no longer runs."""
    if view.over:
        raise Problem(
            Exit.NO, "over", f"{view.id} is over ({ending(view)}): `looop restart {view.id}` runs it again."
        )


def ending(view: SessionView) -> str:
    """Say how a session ended, or what it does."""
    if not view.over:
        return str(view.state)
    how = f"{view.state}({view.code})" if view.code is not None else str(view.state)
    if view.outside:
        how += ", killed from outside"
    how = f"{how}, {line(view.outcome)}" if view.outcome else how
    return f"{how}, {line(view.verdict)}" if view.checked else how


def told(view: SessionView, now: float) -> str:
    """Say in one line what a session does and since when."""
    return f"{line(view.id)}  {ending(view)}  {span(now - view.since)}"


async def tell_change(call: Call, said: str, views: Iterable[SessionView], *, json: bool) -> int:
    """Tell what was done to which sessions."""
    await emit(call, FleetView(said, tuple(views)), said, json=json)
    return int(Exit.DONE)
