"""Verbs that wait for a session: `expect`, `wait`, `wait-idle`.

In: what to wait for, and for how long. Out: what came, and an exit code that a script can branch on. Each
tells its call how to go on at another engine: from the same offset and to the same moment as before.
"""

import time
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeAlias, TypeVar

import msgspec
from cyclopts import Parameter

from looop.cli import times
from looop.cli.fleet import ending, exactly, sessions_of
from looop.cli.inject import FLAG, ACall, ALive, AProfile, Json, Since
from looop.cli.show import clean, emit, line, span
from looop.cli.tab import SessionId
from looop.core.problem import Exit, Problem
from looop.core.sessions import SessionView

_OWN = 125
"""The exit code of `wait` when it has none of the session's to give."""

T = TypeVar("T")

Timeout: TypeAlias = Annotated[
    str, Parameter(name="--timeout", help="How long at most: 90, 500ms, 20m; 0: for ever.")
]
Deadline: TypeAlias = Annotated[
    float | None, Parameter(show=False, help="Until when at most, in epoch seconds.")
]


class ExpectView(msgspec.Struct, frozen=True):
    """What `expect --json` prints: the match, its groups, and the offset behind it for the next `--since`."""

    id: str
    text: str
    groups: tuple[str | None, ...]
    offset: int
    v: int = 1


class WaitView(msgspec.Struct, frozen=True):
    """What `wait --json` prints: how a session ended, and what `looop done` said."""

    id: str
    code: int
    state: str
    outcome: str | None
    note: str
    v: int = 1


class IdleView(msgspec.Struct, frozen=True):
    """What `wait-idle --json` prints: `why` is `settled` or `ended`; the state, and its evidence."""

    id: str
    why: str
    state: str
    evidence: str
    v: int = 1


async def expect(  # noqa: PLR0913 - a verb's flags
    name: SessionId,
    pattern: Annotated[str, Parameter(allow_leading_hyphen=True)],
    /,
    *,
    call: ACall,
    profile: AProfile,
    live: ALive,
    limit: Timeout = "0",
    from_now: Annotated[bool, FLAG, Parameter(help="Only what comes from now on.")] = False,
    since: Since = None,
    screen: Annotated[bool, FLAG, Parameter(help="Look at the present screen instead of the log.")] = False,
    deadline: Deadline = None,
    json: Json = False,
) -> int:
    """Wait until a regular expression (RE2's) appears in a session's plain text.

    Prints the match. It begins at the last `send` or `key`, else at the beginning. Exit code 124 when the
    time is up, 1 when the session ended first.
    """
    if from_now + screen + (since is not None) > 1:
        raise Problem(Exit.USAGE, "bad-value", "Give one of --from-now, --since and --screen.")
    until = _until(limit, deadline)
    sessions = sessions_of(profile, live)
    view = sessions.get(name)
    name = exactly(view)
    begin = since if since is not None else view.offset if from_now else view.sent or 0
    where = ("--screen",) if screen else ("--since", str(begin))
    again = ("expect", *where, *_deadline(until), *["--json"] * json, "--", name, pattern)
    await call.resume(again)
    found = await _within(
        until,
        lambda: sessions.expect(name, pattern, since=None if screen else begin, screen=screen),
        f"{line(pattern, 60)} did not appear in {view.id}",
    )
    if found.ended:
        how = ending(sessions.get(name))
        raise Problem(Exit.NO, "ended", f"{view.id} is over ({how}), and {line(pattern, 60)} did not appear.")
    await emit(
        call, ExpectView(view.id, found.text, found.groups, found.offset), clean(found.text), json=json
    )
    return int(Exit.DONE)


async def wait(
    name: SessionId,
    /,
    *,
    call: ACall,
    profile: AProfile,
    live: ALive,
    limit: Timeout = "0",
    deadline: Deadline = None,
    json: Json = False,
) -> int:
    """Wait until a session has ended; its exit code is the session's.

    Failures of its own are 124, when the time is up, and 125.
    """
    try:
        until = _until(limit, deadline)
        sessions = sessions_of(profile, live)
        view = sessions.get(name)
        name = exactly(view)
        await call.resume(("wait", name, *_deadline(until), *["--json"] * json))
        view = await _within(until, lambda: sessions.ended(name), f"{view.id} still runs")
        code = _code(view)
    except Problem as problem:
        from looop.cli.app import tell  # noqa: PLC0415 - app imports its verbs lazily, and so this module

        await tell(call, problem, json=json)
        return int(Exit.TIMEOUT) if problem.exit_code is Exit.TIMEOUT else _OWN
    shown = WaitView(view.id, code, str(view.state), view.outcome, view.note)
    said = f"{view.id}: {ending(view)}{f': {line(view.note)}' if view.note else ''}"
    await emit(call, shown, said, json=json)
    return min(max(code, 0), 255)


async def wait_idle(
    name: SessionId,
    /,
    *,
    call: ACall,
    profile: AProfile,
    live: ALive,
    settle: Annotated[str, Parameter(help="How long no output must come: 500ms, 2s.")] = "500ms",
    limit: Timeout = "30s",
    deadline: Deadline = None,
    json: Json = False,
) -> int:
    """Wait until a session's output settles, or it ends; says which, and what the session does."""
    until = _until(limit, deadline)
    quiet = times.span(settle)
    sessions = sessions_of(profile, live)
    view = sessions.get(name)
    name = exactly(view)
    again = ("wait-idle", name, "--settle", settle, *_deadline(until), *["--json"] * json)
    await call.resume(again)
    settled = await _within(
        until, lambda: sessions.idle(name, quiet), f"the output of {view.id} did not settle"
    )
    state, evidence = settled.evidence.state, settled.evidence.said
    shown = IdleView(view.id, settled.why, str(state), evidence)
    await emit(call, shown, f"{settled.why}: {view.id} is {state} ({line(evidence)})", json=json)
    return int(Exit.DONE)


def _code(view: SessionView) -> int:
    if view.code is None:
        how = ending(view)
        raise Problem(Exit.NO, "no-code", f"{view.id} is over ({how}), and nobody knows its exit code.")
    return view.code


def _until(limit: str, deadline: float | None) -> float | None:
    """Give the moment at which the time is up, None for never."""
    seconds = times.span(limit)
    if deadline is not None:
        return deadline
    return time.time() + seconds if seconds else None


def _deadline(until: float | None) -> tuple[str, ...]:
    """Spell out until when another engine is to go on waiting."""
    return ("--timeout", "0") if until is None else ("--deadline", repr(until))


async def _within(until: float | None, wait: Callable[[], Awaitable[T]], what: str) -> T:
    """Wait for it until then; Problem TIMEOUT `timeout`, saying what did not come."""
    import trio  # noqa: PLC0415 - as in cli.follow

    began = time.time()
    with trio.move_on_after(float("inf") if until is None else max(0.0, until - began)):
        return await wait()
    raise Problem(Exit.TIMEOUT, "timeout", f"The time was up after {_took(time.time() - began)}: {what}.")


def _took(seconds: float) -> str:
    return span(seconds) if seconds >= 1 else f"{max(0.0, seconds) * 1000:.0f}ms"
