"""The verb `explain`: why a session counts as being in its state. And `hook`, which agents call themselves.

In: a session's id; or an event's name, with its JSON on stdin, from a program inside a session. Out: the
evidence in words or JSON; or nothing at all. Neighbours: `core.hooks` reads events, `core.states` judges.
"""

import time
from collections.abc import Iterator

from looop.cli.fleet import sessions_of
from looop.cli.inject import ACall, ALive, AProfile, Json
from looop.cli.show import emit, line, many, span, table, until
from looop.cli.tab import SessionId
from looop.core.hooks import Hook, report
from looop.core.problem import Exit, Problem
from looop.core.sessions import Explained

_LARGEST = 1 << 20
"""Bytes of a hook's JSON that are read: a prompt or an answer may be in it."""

_PRINTED = 400
"""Characters of what a check printed; `--json` has more."""


async def explain(
    name: SessionId, /, *, call: ACall, profile: AProfile, live: ALive, json: Json = False
) -> int:
    """Say what shows that a session works, waits or asks."""
    view = await sessions_of(profile, live).explain(name)
    await emit(call, view, table(_rows(view, time.time())), json=json)
    return int(Exit.DONE)


async def hook(event: str, /, *, call: ACall, live: ALive) -> int:
    """Take an agent's report of itself. Says nothing and never fails: a hook must not disturb its agent."""
    name = call.caller.session
    if live is None or name is None:
        return int(Exit.DONE)
    try:
        found = report(event, await call.stdin(_LARGEST))
        if found is not None:
            live.sessions.hook(name, Hook(found[0], time.time(), found[1]))
    except Problem:
        # Too long, or over by now: what is not known of an agent is seen on its screen.
        return int(Exit.DONE)
    return int(Exit.DONE)


def _rows(view: Explained, now: float) -> Iterator[tuple[str, str]]:
    yield "state", f"{line(view.id)} is {view.state}, since {span(now - view.since)}"
    yield "because", line(view.said)
    yield "says", _SOURCES.get(view.source, line(view.source))
    if view.until is not None:
        yield "holds", until(view.until, now)
    yield "changes it", view.otherwise
    yield "agent", line(view.agent) or "none that is known: a plain command"
    for what, at in (("output", view.output), ("typed", view.typed)):
        if at is not None or not view.state.over:
            yield what, _ago(at, now)
    if view.hook is not None:
        yield "reported", f"{line(view.hook)}, {_ago(view.hooked, now)}"
    if view.title:
        yield "title", line(view.title, 100)
    if view.screen is not None:
        yield "screen", view.screen
    yield "news", f"{view.news}, the last one {view.news_name}" if view.news else "none yet"
    if view.guard:
        yield "guard", f"{view.guard}: {line(view.guard_said)}" if view.guard_said else view.guard
    yield from _checked(view)
    if view.pids:
        yield (
            "processes",
            f"{many(len(view.pids), 'process', 'processes')}: {' '.join(map(str, view.pids[:20]))}",
        )


def _checked(view: Explained) -> Iterator[tuple[str, str]]:
    """Tell what came of the check of its work, and the end of what that printed."""
    if view.check or view.state.over:
        yield "verdict", f"{line(view.verdict)}{f': {line(view.check, 100)}' if view.check else ''}"
    if view.checked:
        yield "printed", line(view.checked[-_PRINTED:])


def _ago(at: float | None, now: float) -> str:
    return "never, as far as is known" if at is None else f"{span(now - at)} ago"


_SOURCES = {
    "freeze": "a person, who froze it",
    "flag": "the worker, who asked",
    "hook": "the agent's own report",
    "title": "the terminal's title",
    "screen": "its screen, which stands still",
    "output": "its output",
    "input": "what was typed to it",
    "quiet": "its silence",
    "exit": "its exit code",
    "terminal": "the terminal, which is gone",
}
