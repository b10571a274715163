"""The caller's own terminal, made raw and given back as it was found.

In: stdin and stdout, which are one terminal. Out: keys as they are typed, and afterwards a terminal on which
no trace is left of what a program asked of it. For `engine.attaching`.
"""

from __future__ import annotations

import contextlib
import os
import termios
import tty

TYPE_CHECKING = False  # see core.wire
if TYPE_CHECKING:
    from typing import Any

STDIN, STDOUT = 0, 1

BEFORE = b"\x1b[22;0t\x1b7"
"""Keep the title and the place of the cursor."""

_MODES = (
    b"\x1b[?2026l"  # a drawing that was to appear at once, and was never finished
    b"\x1b[?9l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1005l\x1b[?1006l\x1b[?1015l\x1b[?1016l"  # mouse
    b"\x1b[?1004l\x1b[?2004l\x1b[?2031l\x1b[?2048l"  # focus, bracketed paste, news of colours and of size
    b"\x1b[?1l\x1b>\x1b[=0;1u\x1b[>4;0m"  # cursor keys, keypad, kitty's flags, modifyOtherKeys
    b"\x1b[?5l\x1b[4l\x1b[20l\x1b[?7h\x1b[?25h\x1b[0 q"
    b"\x1b(B\x0f\x1b[0m"
)
_MARGINS = b"\x1b[?6l\x1b[?69l\x1b[r"  # which move the cursor
_TITLE = b"\x1b[23;0t"
_TO_THE_END = b"\x1b[999;1H\r\n"
ENTERED, LEFT = b"\x1b[?1049h", b"\x1b[?1049l"


class RawTerminal:
    """One terminal. `raw` tells whether it is ours at the moment."""

    def __init__(self) -> None:
        self.raw = False
        self._before: list[Any] | None = None
        self._alternate = False
        self._tail = b""

    def enter(self) -> None:
        """Make it raw; once more, where a shell has changed it. OSError or termios.error when it has gone."""
        before = None if self.raw else termios.tcgetattr(STDIN)
        tty.setraw(STDIN, termios.TCSANOW)  # now: what was typed ahead is the program's
        if before is not None:
            self.raw, self._before = True, before
            _write(BEFORE)

    def shown(self, data: bytes) -> None:
        """Note what is written to it: whether it shows the alternate screen when we leave."""
        seen = self._tail + data
        entered, left = seen.rfind(ENTERED), seen.rfind(LEFT)
        if entered != left:
            self._alternate = entered > left
        self._tail = seen[1 - len(ENTERED) :]

    def leave(self) -> None:
        """Give it back: its settings, its screen, and every mode off. Nothing when it is not raw."""
        if not self.raw or self._before is None:
            return
        self.raw = False
        # A string that was cut in the middle would swallow what follows.
        _write(b"\x18\x1b\\" + _MODES + _MARGINS)
        # kitty's flags are each screen's own, and leaving one brings the other's saved pen.
        _write((LEFT if self._alternate else b"\x1b[?1047l" + _TO_THE_END) + _MODES + _TITLE)
        self._alternate, self._tail = False, b""
        with contextlib.suppress(OSError, termios.error):
            # Not drained: a terminal that stands still must not keep us. What it answered is nobody's now.
            termios.tcflush(STDIN, termios.TCIFLUSH)
            termios.tcsetattr(STDIN, termios.TCSANOW, self._before)


def _write(data: bytes) -> None:
    with contextlib.suppress(OSError):
        while data:
            data = data[os.write(STDOUT, data) :]
