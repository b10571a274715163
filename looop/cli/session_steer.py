"""Verbs that steer a live session: `send`, `key`, `resize`, `freeze`, `thaw`.

In: words, keys, a size. Out: what became of them; or the verb recorded for the landing of its tick, after
every check that can be made before. Neighbours: `fleet`, and `session_start` for what begins and ends.
"""

import re
from typing import Annotated

import msgspec
from cyclopts import Parameter

from looop.cli.fleet import (
    check_lives,
    check_unflagged,
    exactly,
    in_tick,
    record,
    sessions_of,
    subject,
    tell_change,
)
from looop.cli.inject import FLAG, ACall, ALive, AProfile, Json
from looop.cli.session_start import check_one, each
from looop.cli.show import emit
from looop.cli.tab import LivingId, Tab
from looop.core.input_text import LONGEST, checked
from looop.core.keys import NAMES, KeyModes, encode
from looop.core.problem import Exit, Problem
from looop.core.sessions import State, Typed
from looop.engine.call import Call

_SIZE = re.compile(r"([1-9]\d{0,3})[xX]([1-9]\d{0,3})", re.ASCII)
_LARGEST = 500

_HOW = {
    "submitted": "submitted: its program took it",
    "queued": "queued: it is at work, frozen or reads nothing now, and will see it later",
    "unknown": "unknown: it was typed, and nothing came back yet",
    "typed": "typed, without Enter",
    "pressed": "pressed",
}


class SentView(msgspec.Struct, frozen=True):
    """What `send` and `key` print with `--json`: what became of it, and where `expect --since` begins."""

    id: str
    how: str
    offset: int
    v: int = 1


async def send(
    name: LivingId,
    /,
    *text: Annotated[str, Parameter(allow_leading_hyphen=True, help="The words; - reads them from stdin.")],
    call: ACall,
    profile: AProfile,
    live: ALive,
    no_enter: Annotated[
        bool, FLAG, Parameter(name=("--no-enter", "-n"), help="Type it without Enter behind.")
    ] = False,
    paste: Annotated[
        bool, FLAG, Parameter(help="Paste even one line, in brackets if its program asked for that.")
    ] = False,
    json: Json = False,
) -> int:
    """Type TEXT into a session, then Enter; says whether it was submitted."""
    sessions = sessions_of(profile, live)
    view = sessions.get(name)
    check_lives(view)
    check_unflagged(view, call)
    words = await _words(text, call)
    checked(words)
    if not words and no_enter:
        raise Problem(Exit.USAGE, "missing-argument", "Give the TEXT to type, or - and stdin.")
    if in_tick(call):
        argv = ("send", *["-n"] * no_enter, *["--paste"] * paste, "--", exactly(view), *[words] * bool(words))
        return await record(argv, subject(view.id), call, live, json=json)
    typed = await sessions.type(name, words, enter=not no_enter, paste=paste)
    return await _tell(call, view.id, typed, json=json)


async def key(
    name: LivingId,
    /,
    *keys: Annotated[
        str,
        Tab(words=NAMES),
        Parameter(allow_leading_hyphen=True, help="Enter Esc Tab Up C-c M-x F1 S-Tab …"),
    ],
    call: ACall,
    profile: AProfile,
    live: ALive,
    json: Json = False,
) -> int:
    """Press keys in a session, all of them checked before any is pressed."""
    if not keys:
        raise Problem(
            Exit.USAGE, "missing-argument", "Name the keys: `looop key ID C-c`, `looop key ID Down Enter`."
        )
    encode(keys, KeyModes())
    sessions = sessions_of(profile, live)
    view = sessions.get(name)
    check_lives(view)
    check_unflagged(view, call)
    if in_tick(call):
        return await record(("key", "--", exactly(view), *keys), subject(view.id), call, live, json=json)
    return await _tell(call, view.id, await sessions.press(name, keys), json=json)


async def resize(
    name: LivingId, size: str, /, *, call: ACall, profile: AProfile, live: ALive, json: Json = False
) -> int:
    """Give a session's terminal another SIZE, as 120x40: columns and lines."""
    columns, lines = _size(size)
    sessions = sessions_of(profile, live)
    view = sessions.get(name)
    check_lives(view)
    if in_tick(call):
        return await record(
            ("resize", exactly(view), f"{columns}x{lines}"), subject(view.id), call, live, json=json
        )
    view = await sessions.resize(name, columns, lines)
    return await tell_change(call, f"{view.id} has {columns} columns and {lines} lines.", [view], json=json)


AllLive = Annotated[bool, FLAG, Parameter(name="--all", help="All live sessions.")]


async def freeze(
    name: LivingId | None = None,
    /,
    *,
    call: ACall,
    profile: AProfile,
    live: ALive,
    all_: AllLive = False,
    json: Json = False,
) -> int:
    """Stop a session's whole process tree where it is, until `looop thaw`."""
    sessions = sessions_of(profile, live)
    if check_one(name, call, all_=all_):
        names = [view.id for view in sessions.all() if not view.over and view.state is not State.FROZEN]
        return await each(names, sessions.freeze, "frozen", call, json=json)
    view = await sessions.freeze(name or "")
    return await tell_change(
        call, f"{view.id} is frozen: `looop thaw {view.id}` lets it go on.", [view], json=json
    )


async def thaw(
    name: LivingId | None = None,
    /,
    *,
    call: ACall,
    profile: AProfile,
    live: ALive,
    all_: AllLive = False,
    json: Json = False,
) -> int:
    """Let a frozen session go on."""
    sessions = sessions_of(profile, live)
    if check_one(name, call, all_=all_):
        names = [view.id for view in sessions.all() if view.state is State.FROZEN]
        return await each(names, sessions.thaw, "thawed", call, json=json)
    view = await sessions.thaw(name or "")
    return await tell_change(call, f"{view.id} goes on.", [view], json=json)


async def _words(text: tuple[str, ...], call: Call) -> str:
    if text == ("-",):
        return (await call.stdin(LONGEST)).decode("utf-8", "surrogateescape").removesuffix("\n")
    return " ".join(text)


async def _tell(call: Call, name: str, typed: Typed, *, json: bool) -> int:
    await emit(call, SentView(name, typed.how, typed.offset), _HOW.get(typed.how, typed.how), json=json)
    return int(Exit.DONE)


def _size(text: str) -> tuple[int, int]:
    found = _SIZE.fullmatch(text)
    if found is None or max(int(found[1]), int(found[2])) > _LARGEST:
        raise Problem(
            Exit.USAGE,
            "bad-value",
            f"{text[:40]!a} is no size: write 120x40, columns and lines, each from 1 to {_LARGEST}.",
        )
    return int(found[1]), int(found[2])
