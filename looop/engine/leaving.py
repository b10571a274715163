r"""How a person leaves an attached terminal: Ctrl-\ pressed twice within a second.

In: what was typed, in any pieces. Out: what is to be passed on, or that it is time to leave. Knows the key as
a plain byte, as the kitty keyboard protocol spells it, and as xterm's modifyOtherKeys does. Pure.
"""

from __future__ import annotations

import re

WITHIN = 1.0  # seconds between the two presses
HALF = 0.1  # seconds that the rest of a sequence may take; then it was meant as it stands

_EVENT = re.compile(
    rb"\x1c"
    rb"|\x1b\[92(?::\d*)*;(?P<kitty>\d{1,4})(?::(?P<event>\d))?(?:;[\d:]*)?u"
    rb"|\x1b\[27;(?P<xterm>\d{1,4});92~"
    rb"|\x1b\[574(?:4[1-9]|5[0-4])[\d:;]*u"  # Shift, Ctrl and their like by themselves
)
_CUT = re.compile(rb"\x1b\[(?:92[\d:;]*|27;[\d;]*|574[\d:;]*)\Z")
_CONTROL, _LOCKS = 4, 64 | 128  # bits of a modifier, which is sent plus one; the locks are Caps and Num
_RELEASED = b"3"


class Leaving:
    """What was typed at one terminal. A first press is held back until it is known not to be a pair."""

    def __init__(self) -> None:
        self._held = b""
        self._half = b""
        self._since = 0.0
        self._half_since = 0.0

    @property
    def due(self) -> float | None:
        """When `late` has something to give, on the clock of `feed`; None: only after more is typed."""
        held = [self._since + WITHIN] if self._held else []
        half = [self._half_since + HALF] if self._half else []
        return min(held + half, default=None)

    def feed(self, typed: bytes, now: float) -> bytes | None:
        """Give what is to be passed on; None: leave, and pass nothing on. `now` in seconds of any clock."""
        typed, self._half, at = self._half + typed, b"", 0
        out = self.late(now)
        for event in _EVENT.finditer(typed):
            if event.start() > at:
                out += self._let_go() + typed[at : event.start()]
            at = event.end()
            if not _pressed(event):
                if self._held:
                    self._held += event[0]
                else:
                    out += event[0]
            elif self._held:
                return None
            else:
                self._held, self._since = event[0], now
        rest = typed[at:]
        if cut := _CUT.search(rest):
            rest, self._half, self._half_since = rest[: cut.start()], cut[0], now
        return out + self._let_go() + rest if rest else out

    def late(self, now: float) -> bytes:
        """Give what has been held back long enough."""
        if self._half and now >= self._half_since + HALF:
            half, self._half = self._half, b""
            return self._let_go() + half
        return self._let_go() if self._held and now >= self._since + WITHIN else b""

    def _let_go(self) -> bytes:
        held, self._held = self._held, b""
        return held


def _pressed(event: re.Match[bytes]) -> bool:
    r"""Whether this is Ctrl-\ going down, and no other modifier with it."""
    if event[0] == b"\x1c":
        return True
    modifier = event["kitty"] or event["xterm"]
    return modifier is not None and (int(modifier) - 1) & ~_LOCKS == _CONTROL and event["event"] != _RELEASED
