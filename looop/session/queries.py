"""What a terminal answers when a program asks: the same words from the scanner and from the screen.

In: a parsed query. Out: the bytes that the program would get as input, `ASK_CURSOR` where only a screen that
has been fed up to the query knows, None where nothing was asked. We say what xterm would, with fewer talents.
"""

from collections.abc import Sequence

from looop.session.screen import Cursor
from looop.session.switches import INSERT, KNOWN, NEW_LINE, Switches

ASK_CURSOR = b""
"""Stands for the answer to CSI 6n: `cursor_reply` makes it."""

# A VT220 (62) with ANSI colours (22): "Device Attributes" in
# https://invisible-island.net/xterm/ctlseqs/ctlseqs.html
_CONSTANT = {
    ("c", 0): b"\x1b[?62;22c",
    (">c", 0): b"\x1b[>1;10;0c",
    (">q", 0): b"\x1bP>|looop\x1b\\",
    ("n", 5): b"\x1b[0n",
    ("n", 6): ASK_CURSOR,
}
# A light grey on black: what asks only wants to know whether the background is dark.
_COLOURS = {"10": b"rgb:e5e5/e5e5/e5e5", "11": b"rgb:0000/0000/0000", "12": b"rgb:e5e5/e5e5/e5e5"}


def csi(key: str, numbers: Sequence[int], switches: Switches) -> bytes | None:
    """Answer a control sequence, by its prefix, intermediates and final as one word (`?$p`)."""
    first = numbers[0] if numbers else 0
    if key == "?u":
        return b"\x1b[?%du" % switches.keyboard
    if key == "$p":
        return b"\x1b[%d;%d$y" % (first, _setting(first in switches.ansi, first in (INSERT, NEW_LINE)))
    if key == "?$p":
        return b"\x1b[?%d;%d$y" % (first, _setting(switches.is_on(first), first in KNOWN))
    return _CONSTANT.get((key, first))


def _setting(on: bool, known: bool) -> int:
    return (1 if on else 2) if known else 0


def osc(body: str, *, bell: bool) -> bytes | None:
    """Answer an operating system command; `bell`: it ended with BEL, and so will the answer."""
    number, _, rest = body.partition(";")
    if rest != "?" or number not in _COLOURS:
        return None
    return b"\x1b]%s;%s%s" % (number.encode(), _COLOURS[number], b"\x07" if bell else b"\x1b\\")


def cursor_reply(cursor: Cursor, origin: int = 0) -> bytes:
    """Answer CSI 6n; lines are counted from `origin` while origin mode is on."""
    return b"\x1b[%d;%dR" % (cursor.line - origin + 1, cursor.column + 1)
