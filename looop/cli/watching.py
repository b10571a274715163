"""Look again and again: `watch` and `ls --watch`.

In: a session, all of them, or the pulse. Out: on a terminal a picture that is painted anew when something
changes; else what can be read by lines. Nothing is changed at the terminal, so nothing has to be restored.
"""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

from looop.cli import drawing, follow, session_log
from looop.cli.console import abandoned
from looop.cli.fleet import ending, sessions_of
from looop.cli.inject import ACall, ALive, AProfile
from looop.cli.session_look import LsView, listed
from looop.cli.show import encode, line, span
from looop.cli.status import glance
from looop.cli.tab import LogId
from looop.core.ids import PULSE
from looop.core.problem import Exit
from looop.core.sessions import SessionView, Shot
from looop.core.shot import ansi
from looop.engine.call import Call
from looop.engine.live import Live
from looop.engine.sessions import Sessions
from looop.store.paths import Profile

_CLEAR, _HOME, _TO_END_OF_LINE, _TO_END = "\x1b[2J", "\x1b[H", "\x1b[K", "\x1b[J"
_FRAME = 0.1
"""Seconds that a picture stands at least."""

_STILL = 2.0
"""Seconds after which a dashboard is painted anew though nobody told of a change."""


async def watch(name: LogId | None = None, /, *, call: ACall, profile: AProfile, live: ALive) -> int:
    """Watch a session, read-only; `pulse` is the loop; with no ID everything at a glance. Ctrl-C ends it."""
    if name == PULSE or (name is None and not call.tty.stdout):
        return await follow.watch(call=call, profile=profile, live=live)
    await call.resume(("watch",) if name is None else ("watch", name))
    sessions = sessions_of(profile, live)
    if name is None:
        return await _dashboard(sessions, call, profile, live)
    if not call.tty.stdout:
        wish = session_log.Wish(name, follow=True)
        return await session_log.show(wish, call, profile, live)
    return await _screen(sessions, name, call, live)


async def list_again(sessions: Sessions, call: Call, *, json: bool) -> int:
    """List whenever something changed: a JSON line each time, on a terminal the same place painted anew."""
    before = ""
    async with _closing(sessions.changes()) as changes:
        async for _ in changes:
            views = sessions.all()
            text = encode(LsView(views)) if json else listed(views) + "\n"
            if text != before:
                painted = call.tty.stdout and not json
                await call.out(_picture(text.split("\n"), call, not before) if painted else text)
            elif abandoned():
                raise BrokenPipeError
            before = text
    return int(Exit.DONE)


async def _screen(sessions: Sessions, name: str, call: Call, live: Live | None) -> int:
    """Paint a session's screen until it is over."""
    first = True
    while True:
        view = sessions.get(name)
        shot = await sessions.shot(name)
        await call.out(_picture(_painted(shot, view, call), call, first))
        first = False
        if view.over:
            return int(Exit.DONE)
        await _news(partial(sessions.grown, name, shot.offset), live)


async def _dashboard(sessions: Sessions, call: Call, profile: Profile, live: Live | None) -> int:
    first = True
    while True:
        text = await glance(profile, live, call.env)
        text += "\n\n" + listed(sessions.all())
        rows = [
            "".join(cut for cut, _ in drawing.crop(((row, {}),), call.tty.columns))
            for row in text.split("\n")
        ]
        await call.out(_picture(rows, call, first))
        first = False
        await _news(lambda: _changed(sessions), live)


@asynccontextmanager
async def _closing(changes: AsyncIterator[None]) -> AsyncIterator[AsyncIterator[None]]:
    """End a generator where its user ends: left to the garbage collector it would end anywhere."""
    try:
        yield changes
    finally:
        if isinstance(changes, AsyncGenerator):
            await changes.aclose()


async def _changed(sessions: Sessions) -> None:
    """Wait for a change, or a while."""
    import trio  # noqa: PLC0415 - as in cli.follow

    with trio.move_on_after(_STILL):
        async with _closing(sessions.changes()) as changes:
            await anext(changes)  # at once
            await anext(changes)


async def _news(wait: Callable[[], Awaitable[None]], live: Live | None) -> None:
    """Wait for news, and then for as long as a picture stands; locally as long as its reader is there."""
    import trio  # noqa: PLC0415 - as in cli.follow

    while True:
        with trio.move_on_after(float("inf") if live is not None else _STILL):
            await wait()
            break
        if abandoned():
            raise BrokenPipeError
    await trio.sleep(_FRAME)


def _painted(shot: Shot, view: SessionView, call: Call) -> list[str]:
    """Give as much of a screen as fits, its lower rows rather than its upper ones, and a line about it."""
    fits = drawing.cropped(shot, call.tty.columns, max(1, call.tty.lines - 1))
    since, size = span(time.time() - view.since), f"{shot.columns}x{shot.lines}"
    about = f"{view.id}: {ending(view)} for {since}, {size}; Ctrl-C leaves it as it is"
    return [*ansi(fits).split("\n"), line(about, call.tty.columns)]


def _picture(rows: list[str], call: Call, first: bool) -> str:
    """Give what paints rows from the top: over what was there, without a flicker."""
    shown = [row + _TO_END_OF_LINE for row in rows[: max(1, call.tty.lines)]]
    return (_CLEAR if first else "") + _HOME + "\r\n".join(shown) + _TO_END
