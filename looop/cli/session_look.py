"""Verbs that look at sessions: `ls` and `shot`.

In: the engine's sessions, or what their files say. Out: a list, flagged ones first; a screen as text, in
colour, as cells or as a picture. Neighbours: `drawing` draws, `watching` does the same again and again.
"""

import time
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter

from looop.cli import drawing
from looop.cli.fleet import ending, sessions_of
from looop.cli.inject import FLAG, ACall, ALive, AProfile, Json
from looop.cli.show import emit, line, many, news, span, table
from looop.cli.tab import SessionId
from looop.core import shot as shots
from looop.core.problem import Exit, Problem
from looop.core.quote import visible
from looop.core.sessions import SessionView, State

_WIDEST = 60


class LsView(msgspec.Struct, frozen=True):
    """What `ls --json` prints: flagged sessions, then live ones, then ended ones. Times are epoch seconds."""

    sessions: tuple[SessionView, ...]
    v: int = 1


class ShotView(msgspec.Struct, frozen=True):
    """What `shot --json` prints. `cells` holds runs of equal style, row by row, as text and what isn't plain.

    `cursor` is column and line from 0, None while hidden. `stale`: it may not be what its program meant.
    """

    id: str
    columns: int
    lines: int
    rows: tuple[str, ...]
    cells: tuple[tuple[tuple[str, dict[str, Any]], ...], ...]
    cursor: tuple[int, int] | None
    title: str
    alternate: bool
    stale: bool
    offset: int
    v: int = 1


async def ls(
    *,
    call: ACall,
    profile: AProfile,
    live: ALive,
    watch: Annotated[bool, FLAG, Parameter(help="Again whenever something changes, until Ctrl-C.")] = False,
    json: Json = False,
) -> int:
    """List the sessions: what each one does, and since when."""
    sessions = sessions_of(profile, live)
    if watch:
        from looop.cli import watching  # noqa: PLC0415 - it imports this module

        await call.resume(("ls", "--watch", *["--json"] * json))
        return await watching.list_again(sessions, call, json=json)
    views = sessions.all()
    await emit(call, LsView(views), listed(views), json=json)
    return int(Exit.DONE)


async def shot(
    name: SessionId,
    /,
    *,
    call: ACall,
    profile: AProfile,
    live: ALive,
    ansi: Annotated[bool, FLAG, Parameter(help="With its colours, for a terminal.")] = False,
    svg: Annotated[bool, FLAG, Parameter(help="As a picture.")] = False,
    trim: Annotated[bool, FLAG, Parameter(help="Without the empty lines at the end.")] = False,
    json: Json = False,
) -> int:
    """Show a session's screen as it is now, at its own size; after its end, as it was left."""
    if ansi + svg + json > 1:
        raise Problem(Exit.USAGE, "bad-value", "Give one of --ansi, --svg and --json.")
    found = await sessions_of(profile, live).shot(name, styled=ansi or svg or json)
    found = drawing.trimmed(found) if trim else found
    rows = tuple(visible(row) for row in found.text)
    view = ShotView(
        name,
        found.columns,
        found.lines,
        rows,
        tuple(tuple((text, dict(style)) for text, style in row) for row in found.cells),
        found.cursor,
        found.title,
        found.alternate,
        found.stale,
        found.offset,
    )
    text = shots.svg(found) if svg else shots.ansi(found) if ansi else "\n".join(rows) + "\n"
    if found.stale and not json:
        await news(
            call, "looop: stale: the screen could not be rebuilt for certain; `looop log --raw` has it all.\n"
        )
    await emit(call, view, text, json=json, painted=ansi)
    return int(Exit.DONE)


def listed(views: tuple[SessionView, ...]) -> str:
    """Give the list for people."""
    now = time.time()
    rows = [
        [
            f"⚑ {view.flag.number}" if view.flag else "",
            view.id,
            ending(view),
            span(now - view.since),
            line(view.flag.text if view.flag else _said(view), _WIDEST),
        ]
        for view in views
    ]
    return table(rows) or "No sessions: `looop start-session` starts one."


def _said(view: SessionView) -> str:
    about = f"goals/{view.goal}" if view.goal else ""
    waits = f"{many(view.undelivered, 'answer')} not heard yet" if view.undelivered else ""
    guard = f"guard {view.guard}" if view.guard == "bypassed" and not view.over else ""
    # With any other verdict `ending` has it.
    verdict = view.verdict if view.state is State.ENDED and view.code == 0 and not view.checked else ""
    return " · ".join(filter(None, [waits, guard, view.note or view.evidence, verdict, about]))
