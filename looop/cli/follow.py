"""Show a log and follow it while it grows: `log pulse -f`, `watch pulse`, `events -f`, `up --watch`.

In: a file that one writer appends to. Out: its lines on the caller's stdout until the caller leaves.
Neighbour: `growing`, which reads the lines.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from looop.cli import session_log
from looop.cli.console import abandoned
from looop.cli.disk import disk
from looop.cli.growing import Growing, start_of_last
from looop.cli.inject import FLAG, ACall, ALive, AProfile, Follow, Json, Since, Tail
from looop.cli.show import clean, encode
from looop.cli.tab import LogId
from looop.core.problem import Exit
from looop.engine.call import Call
from looop.engine.live import Live
from looop.store import files

_EVERY = 0.2
"""Seconds between two looks at a file that is followed."""

_LIMIT = 8 << 20
_ALL = 1_000_000
_PULSE = "pulse"

Show = Callable[[list[str], int], str]
"""How a batch of lines is shown; the number is the offset behind it."""


class LogView(msgspec.Struct, frozen=True):
    """What `log --json` prints: lines, and the offset in bytes that `--since` takes to go on behind them."""

    id: str
    lines: tuple[str, ...]
    next_offset: int
    v: int = 1


async def log(  # noqa: PLR0913 - a verb's flags
    name: LogId = _PULSE,
    /,
    *,
    call: ACall,
    profile: AProfile,
    live: ALive,
    follow: Follow = False,
    tail: Tail = 40,
    grep: Annotated[
        str | None, Parameter(allow_leading_hyphen=True, help="Only lines that match (RE2's syntax).")
    ] = None,
    since: Since = None,
    raw: Annotated[bool, FLAG, Parameter(help="As it was written, escape sequences and all.")] = False,
    json: Json = False,
) -> int:
    """Show what a session, or the pulse with its agents, has said."""
    if name != _PULSE:
        wish = session_log.Wish(name, follow, tail, grep, since, raw, json)
        return await session_log.show(wish, call, profile, live)
    path = profile.pulse_log
    matches = session_log.matcher(grep)

    def chosen(lines: list[str]) -> list[str]:
        return lines if matches is None else [text for text in lines if matches(clean(text))]

    def show(lines: list[str], offset: int) -> str:
        lines = chosen(lines)
        shown = lines if raw or json else [clean(text) for text in lines]
        return encode(LogView(name, tuple(shown), offset)) if json else "".join(f"{it}\n" for it in shown)

    if follow:
        start = await disk(live, start_of_last, path, tail) if since is None else since
        again = ("log", name, "-f", *[f"--grep={grep}"] * bool(grep), *["--raw"] * raw, *["--json"] * json)
        return await pursue(call, live, path, start, show, again)
    if since is not None:
        return await rest(call, live, path, since, show)
    size = _size(path)
    every = _ALL if matches else tail or _ALL
    lines = chosen(await disk(live, files.tail_lines, path, every, _LIMIT))[-tail:]
    if lines or json:
        await call.out(show(lines, size))
    return int(Exit.DONE)


async def watch(name: str = _PULSE, /, *, call: ACall, profile: AProfile, live: ALive) -> int:
    """Follow the pulse until Ctrl-C, which leaves it running."""
    return await log(name, call=call, profile=profile, live=live, follow=True)


async def pursue(
    call: Call, live: Live | None, path: Path, start: int, show: Show, again: tuple[str, ...]
) -> int:
    """Show a file's lines from an offset on, for ever; the caller's disconnect or Ctrl-C cancels it.

    `again` is the verb that goes on with this elsewhere: told at the start, and with each text.
    """
    growing = Growing(path, start)
    try:
        while True:
            await call.resume((*again, "--since", str(growing.offset)))
            lines: list[str] = []
            while not lines:
                lines = await _news(live, growing)
            text = show(lines, growing.offset)
            await call.hand_over(text, (*again, "--since", str(growing.offset)))
    finally:
        growing.close()


async def rest(call: Call, live: Live | None, path: Path, start: int, show: Show) -> int:
    """Show a file's lines from an offset to its end."""
    growing = Growing(path, start)
    try:
        while lines := await disk(live, lambda: growing.lines(end=True)):
            await call.out(show(lines, growing.offset))
    finally:
        growing.close()
    return int(Exit.DONE)


async def _news(live: Live | None, growing: Growing) -> list[str]:
    """Give the next lines, [] after a moment without any."""
    import trio  # noqa: PLC0415 - a log that is only shown needs no event loop

    if lines := await disk(live, growing.lines) if growing.grown() else []:
        return lines
    if live is None and abandoned():  # in the engine it is the caller's end of the socket that notices
        raise BrokenPipeError
    await trio.sleep(_EVERY)
    return []


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except FileNotFoundError:
        return 0
