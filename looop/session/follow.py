"""Drive and watch one generation: wait for words or for quiet, type, press keys.

In: a generation's `Output`, or a live one's `Typist` (`session.life` is both), and what a caller wants. Out:
values of `core.sessions`. Nothing here holds anything: each may be cancelled at any time and called again.
"""

import os
from collections.abc import Sequence
from typing import Protocol

import trio

from looop.core import keys
from looop.core.input_text import checked
from looop.core.keys import KeyModes
from looop.core.plain import Plain
from looop.core.sessions import Expected, Known, Meta, State, Typed
from looop.core.states import FIRST_OUTPUT, FIRST_SCREEN
from looop.session import pattern as patterns
from looop.session.pattern import Match, Pattern
from looop.session.screen import Modes
from looop.session.terminals import Then

CHUNK = 16384
TAIL = 65536
"""Bytes of plain text that a match may span."""

CONTEXT = 4096
"""Bytes of output before the beginning that are read too, so that no sequence is met in its middle."""

_ECHO = 0.15
_QUIET = 0.05
_PATIENCE = 1.0
"""Seconds: how long an echo is waited for, what counts as its end, and the most that Enter waits for it."""

_HELD = 2 * _PATIENCE
"""Seconds after which Enter is pressed by keeper, if we could not."""

_DRAWN = 3.0
_STILL = 0.5
"""Seconds: the most that an agent's first screen may take once it has begun, and what counts as its end."""

_ANSWER = 1.0
"""Seconds in which output must follow Enter for it to count as taken."""

_TAKES = 5.0
"""Seconds in which a terminal takes what is typed, or what is left of it stays queued there."""

_ESCAPE = 0.06
"""Seconds after an Esc of its own, within which programs take what follows for a part of a sequence."""


class Output(Protocol):
    """The raw output of one generation. Offsets are bytes of it."""

    @property
    def ended(self) -> bool:
        """Whether nothing will be added any more."""

    def end(self) -> int:
        """Give the offset behind its last byte."""

    async def read(self, offset: int, limit: int = CHUNK) -> tuple[int, bytes]:
        """Read from an offset on, moved up where the head was cut; b"" at the end."""

    async def grown(self, offset: int) -> None:
        """Return when there is a byte at the offset or behind it, or when it has ended."""


class Rows(Protocol):
    """The present screen of one generation."""

    async def rows(self) -> tuple[int, tuple[str, ...]]:
        """Give the offset that it shows, and its rows as text."""


class Typist(Output, Protocol):
    """One live generation that takes input."""

    @property
    def meta(self) -> Meta:
        """What it was started with."""

    @property
    def known(self) -> Known:
        """What it does now."""

    @property
    def modes(self) -> Modes:
        """What its program asked of the terminal."""

    async def type(
        self, data: bytes, once: str = "", *, sent: int | None = None, then: Then | None = None
    ) -> int:
        """Write input in one go; the log's offset right before. Returns when the terminal has taken it.

        `Known.sent` becomes that offset, or `sent` where this write belongs to an earlier one. `once` and
        `then` are as `Terminals.write` says.
        """


async def expect(
    output: Output, pattern: str, since: int, *, screen: Rows | None = None, every: float = 0.1
) -> Expected:
    """Wait for a match in the plain text that begins at the raw offset `since` or behind it.

    What is there already counts at once, what begins before never does: expecting on from a match's offset
    finds nothing twice. With `screen` its rows count instead, whatever was before, looked at once in `every`
    seconds while output comes. Problem USAGE `bad-pattern`. With `ended` there was no match to the end.
    """
    wanted = patterns.compile(pattern)
    if screen is not None:
        return await _on_screen(output, wanted, screen, every)
    text = await _before(output, since)
    offset = since
    while True:
        start = text.place(since)
        found = await wanted.look(bytes(text.text), start)
        # What reaches to the end of a piece counts once no other follows: `$`, or the first half of a number.
        if found and (found.end < len(text.text) or offset >= output.end()):
            return _expected(found, max(since, text.behind(found.end)))
        _forget(text)
        ended = output.ended
        first, data = await output.read(offset, CHUNK)
        if data:
            if first > offset:  # the head was cut: what was before is no longer beside what is read now
                text = Plain(first)
            text.feed(data)
            offset = first + len(data)
            await trio.lowlevel.checkpoint()
        elif ended:
            return Expected(offset=offset, ended=True)
        else:
            await output.grown(offset)


async def begun(output: Output, known: Known, *, agent: bool) -> None:
    """Return when a program that starts has shown something, or would no longer count as starting."""
    if known.state is State.STARTING:
        with trio.move_on_after(FIRST_SCREEN if agent else FIRST_OUTPUT):
            await output.grown(0)


async def settled(output: Output, settle: float) -> str:
    """Return `settled` when nothing was added for `settle` seconds from now on, `ended` when it has ended."""
    while not output.ended:
        end = output.end()
        with trio.move_on_after(settle):
            await output.grown(end)
            continue
        return "settled"
    return "ended"


async def typed(life: Typist, text: str, *, enter: bool, paste: bool) -> Typed:
    """Type a text, and Enter as a write of its own once the program has had a moment to take the text.

    Several lines, and all with `paste`, go in brackets if the program asked for that, else as a person would
    type them. `how` is `submitted` if output followed Enter, `queued` if an agent was at work, the program is
    frozen or the terminal takes no more just now, `typed` without Enter, else `unknown`. After a cancel, and
    should this whole process die, a text that was typed is entered all the same: keeper has both.
    """
    data = checked(text).replace(b"\n", b"\r")
    if (paste or b"\r" in data) and life.modes.bracketed_paste and data:
        data = b"\x1b[200~" + data + b"\x1b[201~"
    await _awake(life)
    later = _works(life) or life.known.frozen  # its terminal echoes all the same
    end = life.end()
    then = Then(_encode(["Enter"], life), f"enter-{os.urandom(8).hex()}", _HELD) if data and enter else None
    began = await _put(life, data, then=then) if data else end
    if not enter:
        return Typed(end, "queued") if began is None else Typed(began, "typed")
    if data and began is not None:
        await _taken_in(life, began)
    since = end if began is None else began
    if then is None:
        entered = await _put(life, _encode(["Enter"], life), since)
    else:
        entered = await _put(life, then.data, since, then.once)
    if entered is None:
        return Typed(since, "queued")
    with trio.move_on_after(_ANSWER):
        await life.grown(entered)
        return Typed(since, "queued" if later else "unknown" if life.ended else "submitted")
    return Typed(since, "queued" if later else "unknown")


async def pressed(life: Typist, names: Sequence[str]) -> Typed:
    """Press keys, all checked before any byte; Problem USAGE `no-key`.

    `how` is `pressed`, or `queued` if the terminal takes no more just now. An Esc that
    others follow is a write of its own: at once with them it would begin a sequence.
    """
    _encode(names, life)
    began, how = None, "pressed"
    for burst in _bursts(names):
        if began is not None:
            await trio.sleep(_ESCAPE)
        end = life.end()
        offset = await _put(life, _encode(burst, life), began)
        how = "queued" if offset is None else how
        began = began if began is not None else end if offset is None else offset
    return Typed(life.end() if began is None else began, how)


async def _put(
    life: Typist, data: bytes, sent: int | None = None, once: str = "", then: Then | None = None
) -> int | None:
    """Type in one go, or leave it queued, in its order, in front of a program that does not read: None."""
    with trio.move_on_after(_TAKES):
        return await life.type(data, once, sent=sent, then=then)
    return None


async def _before(output: Output, since: int) -> Plain:
    """Give the plain text of what is right before the beginning, from a line's start if there is one."""
    first, data = await output.read(max(0, since - CONTEXT), min(since, CONTEXT) or 1)
    text = Plain(min(first, since))
    text.feed(data[: max(0, since - first)])
    text.drop(text.text.rfind(b"\n") + 1)
    return text


async def _on_screen(output: Output, wanted: Pattern, screen: Rows, every: float) -> Expected:
    while True:
        ended = output.ended
        offset, rows = await screen.rows()
        if found := await wanted.look("\n".join(rows).encode("utf-8", "replace")):
            return _expected(found, offset)
        if ended:
            return Expected(offset=offset, ended=True)
        await output.grown(offset)
        await trio.sleep(every)


def _expected(found: Match, offset: int) -> Expected:
    return Expected(found.text, found.groups, offset)


def _forget(text: Plain) -> None:
    """Keep the tail alone, once there is twice as much, so that each byte is moved once."""
    if len(text.text) >= 2 * TAIL:
        text.drop(len(text.text) - TAIL)


async def _awake(life: Typist) -> None:
    """Wait until an agent that has just started can read.

    Before its first screen it does not: a text and the Enter behind it would reach it together, as one paste.
    """
    if not life.meta.runner or life.known.news or life.known.sent is not None:
        return
    await begun(life, life.known, agent=True)
    with trio.move_on_after(_DRAWN):
        await settled(life, _STILL)


async def _taken_in(life: Typist, began: int) -> None:
    """Wait until what was typed has been echoed, or a moment when it is not."""
    with trio.move_on_after(_PATIENCE):
        with trio.move_on_after(_ECHO):
            await life.grown(began)
        await settled(life, _QUIET)


def _works(life: Typist) -> bool:
    return bool(life.meta.runner) and life.known.state is State.WORKING


def _encode(names: Sequence[str], life: Typist) -> bytes:
    return keys.encode(names, KeyModes(life.modes.application_cursor, life.modes.kitty))


def _bursts(names: Sequence[str]) -> list[list[str]]:
    bursts: list[list[str]] = [[]]
    for name in names:
        bursts[-1].append(name)
        if keys.is_escape(name):
            bursts.append([])
    return [burst for burst in bursts if burst]
