"""What a session has printed: the half of `log` that is not about the pulse.

In: raw output from the engine or from the files, by offset. Out: plain text, or the bytes as they were, and
an honest line where the beginning was cut. `core.plain` takes the sequences out, `follow` is the verb.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

import msgspec

from looop.cli.console import abandoned
from looop.cli.fleet import exactly, sessions_of
from looop.cli.show import clean, encode
from looop.core.plain import Plain
from looop.core.problem import Exit
from looop.core.sessions import Piece
from looop.engine.call import Call
from looop.engine.live import Live
from looop.engine.sessions import Sessions
from looop.store.paths import Profile

_LOOK = 1.0
"""Seconds between two looks whether the caller of a local verb still reads."""

_MOST = 10_000
"""Lines that are kept back when only the last ones are wanted and it is not known how many will match."""

_LINES = '"lines":[]'
_WIDEST = 1 << 20
"""Bytes of a line that is shown before its end has come."""


class SessionLogView(msgspec.Struct, frozen=True):
    """What `log ID --json` prints. `next_offset`, in raw bytes, is what `--since` takes to go on behind them.

    `cut`: the output before this offset was asked for and is gone; None: all is there that was asked for.
    """

    id: str
    lines: tuple[str, ...]
    next_offset: int
    cut: int | None = None
    v: int = 1


@dataclass(frozen=True, slots=True)
class Wish:
    """What of a session's output is wanted, and how. `tail` in lines, 0: all; `since` in bytes."""

    name: str
    follow: bool = False
    tail: int = 40
    grep: str | None = None
    since: int | None = None
    raw: bool = False
    json: bool = False

    def again(self, name: str, offset: int) -> tuple[str, ...]:
        """Give the verb that goes on from an offset, in the generation of this name."""
        flags = [f"--grep={self.grep}"] * bool(self.grep) + ["--raw"] * self.raw + ["--json"] * self.json
        return ("log", name, "-f", "--since", str(offset), *flags)


async def show(wish: Wish, call: Call, profile: Profile, live: Live | None) -> int:
    """Show it; with `follow` until the session has ended or the caller leaves."""
    sessions = sessions_of(profile, live)
    view = sessions.get(wish.name)
    name, wish = exactly(view), replace(wish, name=view.id)
    matches = matcher(wish.grep)
    lately = wish.since is None and wish.tail > 0
    begin = wish.since if wish.since is not None else 0
    if lately and (matches is None or wish.follow):
        begin = sessions.tail(name, wish.tail)
    outlet = _Outlet(call, wish, name)
    raw = wish.raw and matches is None and not wish.json
    reader = _Raw(outlet) if raw else _Text(wish, outlet, matches)
    await reader.begin(begin)
    if lately and matches is not None and not wish.follow:
        reader.keep = deque(maxlen=min(wish.tail, _MOST))
    offset = begin
    while True:
        if wish.follow:
            await call.resume(wish.again(name, reader.offset))
        piece = await sessions.read(name, offset)
        if not piece.data and (piece.ended or not wish.follow):
            break
        if piece.data:
            await reader.take(piece)
            await outlet.hand_over(reader.offset)
            offset = piece.offset + len(piece.data)
        else:
            await _grown(sessions, name, offset, live)
    await reader.end()
    await outlet.hand_over(reader.offset)
    return int(Exit.DONE)


class _Outlet:
    """Where readers write: straight to the caller, or what follows in pieces with where to go on after each.

    A caller whose engine dies must neither miss a line nor see it twice.
    """

    def __init__(self, call: Call, wish: Wish, name: str) -> None:
        self._call, self._wish, self._name = call, wish, name
        self._held: list[bytes] = []

    async def out(self, text: str | bytes) -> None:
        if self._wish.follow:
            self._held.append(text if isinstance(text, bytes) else text.encode("utf-8", "replace"))
        else:
            await self._call.out(text)

    async def err(self, text: str) -> None:
        await self._call.err(text)

    async def hand_over(self, offset: int) -> None:
        if self._held:
            text, self._held = b"".join(self._held), []
            await self._call.hand_over(text, self._wish.again(self._name, offset))


class _Raw:
    """Bytes as they were."""

    def __init__(self, to: _Outlet) -> None:
        self._to = to
        self.offset = 0
        self.keep: deque[str] | None = None

    async def begin(self, offset: int) -> None:
        self.offset = offset

    async def take(self, piece: Piece) -> None:
        if piece.offset > self.offset:
            await self._to.err(f"looop: {_cut(self.offset, piece.offset)}\n")
        await self._to.out(piece.data)
        self.offset = piece.offset + len(piece.data)

    async def end(self) -> None:
        """Nothing was held back."""


class _Text:
    """Plain text: as it comes, or by whole lines where they are chosen from or told to machines."""

    def __init__(self, wish: Wish, to: _Outlet, matches: Callable[[str], bool] | None) -> None:
        self._wish = wish
        self._to = to
        self._matches = matches
        self._by_line = wish.json or matches is not None
        self._plain = Plain()
        self._read = 0  # the offset behind what was taken; `offset` is the one behind what was shown
        self._missing: int | None = None
        self._open = False  # the last line that was shown lacks its end
        self._lines: list[str] = []
        self._told = False  # the begin of a value that may be too long to be told in one go
        self.keep: deque[str] | None = None
        self.offset = 0

    async def begin(self, offset: int) -> None:
        self._plain = Plain(offset)
        self.offset = self._read = offset

    async def take(self, piece: Piece) -> None:
        import trio  # noqa: PLC0415 - as in cli.follow

        if piece.offset > self._read:
            await self._tell_cut(piece.offset)
        self._read = piece.offset + len(piece.data)
        self._plain.feed(piece.data)
        await self._show(end=False)
        await trio.lowlevel.checkpoint()  # a long log must not hold the engine's thread

    async def end(self) -> None:
        self._plain.finish()
        await self._show(end=True)
        lines = list(self.keep) if self.keep is not None else self._lines
        if self._wish.since is None and not self._wish.follow:
            lines = lines[-self._wish.tail :]  # 0: all
        if self._told:
            await self._to.out(f"]{self._view()[1]}")
        elif self._wish.json and (lines or not self._wish.follow):
            await self._tell(lines)
        elif self.keep:
            await self._to.out("".join(f"{line}\n" for line in lines))
        elif self._open and not self._by_line:
            await self._to.out("\n")

    async def _tell_cut(self, begin: int) -> None:
        self._missing, self._plain = begin, Plain(begin)
        if not self._wish.json:
            await self._to.out("\n" * self._open + f"[looop: {_cut(self._read, begin)}]\n")
            self._open = False

    async def _show(self, *, end: bool) -> None:
        text = self._plain.text
        whole = len(text)
        if self._by_line and not end and whole < _WIDEST:
            whole = text.rfind(b"\n") + 1
        if not whole:
            return
        shown = bytes(text[:whole]).decode("utf-8", "replace")
        self.offset = self._plain.behind(whole) if self._by_line else self._plain.offset
        self._plain.drop(whole)
        if not self._by_line:
            self._open = not shown.endswith("\n")
            await self._to.out(clean(shown))
            return
        await self._choose([clean(line) for line in shown.removesuffix("\n").split("\n")])

    async def _choose(self, lines: list[str]) -> None:
        chosen = [line for line in lines if self._matches is None or self._matches(line)]
        if self.keep is not None:
            self.keep.extend(chosen)
        elif not self._wish.json:
            await self._to.out("".join(f"{line}\n" for line in chosen))
        elif self._wish.follow:
            await self._tell(chosen)
        elif self._wish.tail and self._wish.since is None:
            self._lines += chosen
        elif chosen:
            await self._tell_on(chosen)

    async def _tell_on(self, lines: list[str]) -> None:
        """Tell lines of one long value as they come: whole, it would fill the memory and hold the engine."""
        text = encode({"": lines}).removeprefix('{"":[').removesuffix("]}\n")
        await self._to.out(f",{text}" if self._told else f"{self._view()[0]}[{text}")
        self._told = True

    def _view(self) -> tuple[str, str]:
        """Give what stands before and behind the lines."""
        whole = encode(SessionLogView(self._wish.name, (), self.offset, self._missing))
        before, _, behind = whole.partition(_LINES)
        return before + _LINES[:-2], behind

    async def _tell(self, lines: list[str]) -> None:
        if lines or not self._wish.follow:
            view = SessionLogView(self._wish.name, tuple(lines), self.offset, self._missing)
            self._missing = None
            await self._to.out(encode(view))


def _cut(wanted: int, begin: int) -> str:
    return f"{begin - wanted} bytes of output before this were cut (session_log_max_bytes)"


def matcher(pattern: str | None) -> Callable[[str], bool] | None:
    """Give a test for lines, None for none; Problem USAGE `bad-pattern`."""
    if pattern is None:
        return None
    from looop.engine import grep  # noqa: PLC0415 - RE2, which only --grep needs

    return grep.matcher(pattern)


async def _grown(sessions: Sessions, name: str, offset: int, live: Live | None) -> None:
    """Wait for more output; locally look now and then whether the caller still reads."""
    import trio  # noqa: PLC0415 - as in cli.follow

    while True:
        with trio.move_on_after(float("inf") if live is not None else _LOOK):
            await sessions.grown(name, offset)
            return
        if abandoned():
            raise BrokenPipeError
