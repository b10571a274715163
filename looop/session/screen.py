"""A terminal's screen: bytes in, cells out. What every emulator behind it must be able to do.

In: a program's output in any pieces. Out: the grid as a person would see it, and the replies that a real
terminal would send. `pyte_screen` implements it; `display` keeps one up to date with a session's log.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

Dump = Mapping[str, Any]
"""A whole screen as plain JSON values, in a format of our own: both grids, cursors, tab stops, modes, pen."""


class Cell(NamedTuple):
    """One cell; the second one of a wide character has empty text.

    Colours are "default", a name of ANSI's sixteen (`red`, `brightred`), or six hex digits.
    """

    text: str = " "
    fg: str = "default"
    bg: str = "default"
    bold: bool = False
    faint: bool = False
    italic: bool = False
    underline: bool = False
    blink: bool = False
    reverse: bool = False
    strike: bool = False


_PLAIN = Cell()


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the cursor is, from 0, and whether it shows."""

    column: int
    line: int
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Modes:
    """What the program asked of its terminal. `mouse` is DEC's mode number, `kitty` the flags; 0: off."""

    alternate: bool = False
    application_cursor: bool = False
    application_keypad: bool = False
    bracketed_paste: bool = False
    focus: bool = False
    mouse: int = 0
    sgr_mouse: bool = False
    kitty: int = 0
    wrap: bool = True


@dataclass(frozen=True, slots=True)
class Hand:
    """How the next letter will be drawn: needed where a real terminal goes on from here.

    `region` is the first and the last line that scroll, None for all. `wrapping`: the last column is written,
    and the next letter goes to the next line.
    """

    pen: Cell = _PLAIN
    region: tuple[int, int] | None = None
    wrapping: bool = False
    origin: bool = False
    insert: bool = False


class Screen(Protocol):
    """One emulator. Nothing raises for any bytes; a state that can't be trusted shows in `stale`."""

    @property
    def size(self) -> tuple[int, int]:
        """Columns and lines."""

    @property
    def cursor(self) -> Cursor:
        """The cursor."""

    @property
    def hand(self) -> Hand:
        """How it will draw."""

    @property
    def modes(self) -> Modes:
        """The modes."""

    @property
    def stale(self) -> bool:
        """Whether what shows may not be what the program meant."""

    @property
    def title(self) -> str:
        """The window's title, cleaned of control characters."""

    def feed(self, data: bytes) -> None:
        """Take output, in any pieces: a sequence or a character may be cut anywhere."""

    def doubt(self) -> None:
        """Take note that output was lost: `stale` until the program clears its screen or all has scrolled."""

    def skip(self, data: bytes) -> None:
        """Follow the modes and the title through output that is not drawn; may be cut anywhere."""

    def wipe(self) -> None:
        """Begin anew behind skipped output: blank, the cursor at home, modes and title kept, all in doubt."""

    def text(self) -> tuple[str, ...]:
        """Give each row without its trailing blanks."""

    def cells(self) -> Sequence[Sequence[Cell]]:
        """Give all rows, each with one cell a column."""

    def resize(self, columns: int, lines: int) -> None:
        """Change the size as xterm does: rows at the bottom or the right go, the cursor stays inside."""

    def dump(self) -> Dump:
        """Give the whole state."""

    def load(self, dump: Dump) -> None:
        """Take a whole state; ValueError when it is none of ours."""

    def replies(self) -> bytes:
        """Give what a terminal would have answered since the last call (DA, DSR, DECRQM …)."""
