"""The grid: what every drawing, moving and erasing operation does to rows of cells.

In: operations. Out: `buffer`, one list of cells a row. pyte's Screen does the moves of the cursor; its cells
are replaced by ours, because it raises on bad counts, knows no second screen and draws letter by letter.
"""

from dataclasses import dataclass, field
from itertools import groupby

import pyte
import pyte.charsets
from pyte.screens import Margins

from looop.session import rows
from looop.session.pens import PLAIN, Ink, ink
from looop.session.rows import Row
from looop.session.screen import Cell
from looop.session.switches import CURSOR, INSERT, NEW_LINE, ORIGIN, WRAP, Switches

LARGEST = 1000
"""Columns or lines of the largest screen."""
_LINES = {code: pyte.charsets.VT100_MAP[code] for code in range(0x60, 0x7F)} | {0x5F: " ", 0x68: "\u2424"}


@dataclass(frozen=True, slots=True)
class Saved:
    """What DECSC saves, apart from the two modes that `switches` keeps."""

    x: int = 0
    y: int = 0
    pen: Cell = PLAIN
    charset: int = 0
    graphic: tuple[bool, ...] = (False, False, False, False)


@dataclass(slots=True)
class Side:
    """The screen that does not show: its rows, none before it was ever used, and its saved cursor."""

    buffer: list[Row] = field(default_factory=list)
    saved: Saved = Saved()


class Grid(pyte.Screen):
    """One terminal's two grids. A cursor at `columns` stands on the last one; the next letter wraps.

    There, as in tmux and unlike in xterm, nothing is behind it, and erasing leaves it there. No operation
    raises, and none takes longer for a huge count than for one of the screen's size. `unsure` holds which
    of the two (True: the alternate one) may not show what the program meant.
    """

    buffer: list[Row]  # type: ignore[assignment] # pyte's dicts of dicts are what we are here to replace

    def __init__(self, columns: int, lines: int) -> None:
        self.columns, self.lines = _bounded(columns), _bounded(lines)
        self.switches = Switches()
        self.reset()

    def reset(self) -> None:
        """Put all back to how a terminal begins (RIS)."""
        self.switches.reset()
        self.cursor = pyte.screens.Cursor(0, 0)
        self.ink: Ink = ink(PLAIN)
        self.buffer = self.blank_rows(self.lines)
        self.saved, self.other = Saved(), Side()
        self.margins: Margins | None = None
        self.charset, self.graphic = 0, [False] * 4
        self.tabstops = set(range(8, self.columns, 8))
        self.last = ""
        self.title = ""
        self.unsure: set[bool] = set()
        self.fresh = 0

    def soften(self) -> None:
        """Put back what a soft reset does (DECSTR); what is on the screen stays."""
        self.switches.soften()
        self.margins, self.saved = None, Saved()
        self.charset, self.graphic = 0, [False] * 4
        self.pen = PLAIN

    @property
    def pen(self) -> Cell:
        """How the next letter looks."""
        return self.ink.pen

    @pen.setter
    def pen(self, pen: Cell) -> None:
        self.ink = ink(pen)

    def blank_rows(self, count: int) -> list[Row]:
        """Make rows as scrolling brings them in."""
        return [[self.ink.blank] * self.columns for _ in range(count)]

    # Text

    def draw(self, text: str) -> None:
        """Draw printable characters, wrapping where the program wants it."""
        if self.graphic[self.charset]:
            text = text.translate(_LINES)
        if text.isascii() or rows.narrow(text):
            self._put(text)
            self.last = text[-1]
            return
        for width, letters in groupby(text, rows.width):
            for piece in ("".join(letters),) if width == 1 else letters:
                self._put_any(piece, width)

    def repeat(self, count: int) -> None:
        """Draw the last letter again, at most a row of it (REP)."""
        if self.last:
            times = min(count, self.columns)
            text, graphic, self.graphic = self.last * times, self.graphic, [False] * 4
            self.draw(text)
            self.graphic = graphic

    def _put_any(self, piece: str, width: int) -> None:
        if width == 0:
            rows.combine(self.buffer[self.cursor.y], self.cursor.x, piece)
            return
        self.last = piece[-1]
        if width == 1:
            self._put(piece)
        else:
            self._put_wide(piece)

    def _put(self, text: str) -> None:
        """Draw characters of one column. Most pieces are short and fit: these go straight into their row."""
        cursor = self.cursor
        x, end = cursor.x, cursor.x + len(text)
        if end >= self.columns or INSERT in self.switches.ansi:
            self._put_wrapping(text)
            return
        row = self.buffer[cursor.y]
        if not (row[x].text and row[end].text):
            rows.mend(row, x)
            rows.mend(row, end)
        row[x:end] = map(self.ink.__getitem__, text)
        cursor.x = end

    def _put_wrapping(self, text: str) -> None:
        cursor, columns, cells, at = self.cursor, self.columns, self.ink, 0
        while at < len(text):
            if cursor.x >= columns:
                if self.switches.is_on(WRAP):
                    self._wrap()
                else:
                    cursor.x, at = columns - 1, len(text) - 1
            x = cursor.x
            piece = text[at : at + columns - x]
            at += len(piece)
            end = x + len(piece)
            row = self.buffer[cursor.y]
            self._make_room(row, x, end)
            row[x:end] = map(cells.__getitem__, piece)
            cursor.x = end

    def _put_wide(self, letter: str) -> None:
        cursor = self.cursor
        if cursor.x + 2 > self.columns:
            if self.columns == 1 or not self.switches.is_on(WRAP):
                return
            self._wrap()
        row, end = self.buffer[cursor.y], cursor.x + 2
        self._make_room(row, cursor.x, end)
        row[cursor.x : end] = [self.ink[letter], self.ink[""]]
        cursor.x = end

    def _make_room(self, row: Row, x: int, end: int) -> None:
        if INSERT in self.switches.ansi:
            rows.insert(row, x, end - x, self.ink.blank)
        else:
            rows.mend(row, x)
            rows.mend(row, end)

    def _wrap(self) -> None:
        self.cursor.x = 0
        self.index()

    # Moving

    @property
    def at(self) -> int:
        """The column that the cursor stands on."""
        x, last = self.cursor.x, self.columns - 1
        return min(last, x)

    @property
    def region(self) -> tuple[int, int]:
        """The first and the last line that scroll."""
        return self.margins or (0, self.lines - 1)

    def ensure_vbounds(self, use_margins: bool | None = None) -> None:
        """Keep the cursor inside; with margins or in origin mode, inside the region."""
        top, bottom = self.region if use_margins or self.switches.is_on(ORIGIN) else (0, self.lines - 1)
        self.cursor.y = min(max(top, self.cursor.y), bottom)

    def cursor_up(self, count: int | None = None) -> None:
        """Move up, not out of the region if the cursor is in it."""
        top = self.region[0] if self.cursor.y >= self.region[0] else 0
        self.cursor.x, self.cursor.y = self.at, max(self.cursor.y - (count or 1), top)

    def cursor_down(self, count: int | None = None) -> None:
        """Move down, not out of the region if the cursor is in it."""
        bottom = self.region[1] if self.cursor.y <= self.region[1] else self.lines - 1
        self.cursor.x, self.cursor.y = self.at, min(self.cursor.y + (count or 1), bottom)

    def cursor_to_line(self, line: int | None = None) -> None:
        """Go to a line, in origin mode counted from the region's first."""
        top, bottom = self.region if ORIGIN in self.switches.on else (0, self.lines - 1)
        self.cursor.x, self.cursor.y = self.at, min(top + (line or 1) - 1, bottom)

    def cursor_position(self, line: int | None = None, column: int | None = None) -> None:
        """Go to a line and a column."""
        self.cursor_to_line(line)
        self.cursor.x = min((column or 1) - 1, self.columns - 1)

    def tabulate(self, count: int) -> None:
        """Go some tab stops on; with a negative count, back."""
        if count < 0:
            before = sorted(stop for stop in {0, *self.tabstops} if stop < self.cursor.x)
            self.cursor.x = before[max(count, -len(before))] if before else 0
        else:
            stops = sorted(stop for stop in self.tabstops if self.at < stop < self.columns)
            self.cursor.x = stops[count - 1] if count <= len(stops) else max(self.columns - 1, self.at)

    def index(self) -> None:
        """Go down a line, scrolling at the region's end."""
        top, bottom = self.region
        if self.cursor.y == bottom:
            del self.buffer[top]
            self.buffer.insert(bottom, [self.ink.blank] * self.columns)
            if self.unsure and self.margins is None:
                self._freshen()
        elif self.cursor.y < self.lines - 1:
            self.cursor.y += 1

    def reverse_index(self) -> None:
        """Go up a line, scrolling at the region's begin."""
        if self.cursor.y == self.region[0]:
            self.scroll(-1)
        elif self.cursor.y > 0:
            self.cursor.y -= 1

    def linefeed(self) -> None:
        """Go down a line, and to its begin if the program wants it so."""
        self.index()
        if NEW_LINE in self.switches.ansi:
            self.cursor.x = 0

    def doubt(self) -> None:
        """Take note that both screens may not show what the program meant, until they are cleared."""
        self.unsure, self.fresh = {False, True}, 0

    def _freshen(self) -> None:
        """Count rows that scrolled in: once they are all, nothing is left of what was in doubt."""
        self.fresh += 1
        if self.fresh >= self.lines:
            self.unsure.discard(self.switches.alternate)
            self.fresh = 0

    def scroll(self, count: int, top: int | None = None) -> None:
        """Scroll the region, or what of it begins at `top`, up; with a negative count down."""
        first, last = self.region
        first = first if top is None else top
        some, self.fresh = min(abs(count), last - first + 1), 0
        kept = self.buffer[first : last + 1]
        fresh = self.blank_rows(some)
        self.buffer[first : last + 1] = kept[some:] + fresh if count > 0 else fresh + kept[: len(kept) - some]

    def set_margins(self, top: int | None = None, bottom: int | None = None) -> None:
        """Set the region's first and last line, from 1; an impossible region changes nothing."""
        first, last = max(0, (top or 1) - 1), min(bottom or self.lines, self.lines) - 1
        whole = (first, last) == (0, self.lines - 1)
        if first < last or whole:
            self.margins = None if whole else Margins(first, last)
            self.cursor_position()

    # Erasing

    def erase_in_line(self, how: int = 0, private: bool = False) -> None:  # noqa: ARG002 - pyte's signature
        """Erase behind, before (1) or around (2) the cursor."""
        ends = {0: (self.cursor.x, self.columns), 1: (0, self.at + 1), 2: (0, self.columns)}
        if how in ends:
            rows.clear(self.buffer[self.cursor.y], *ends[how], self.ink.blank)

    def erase_in_display(self, how: int = 0, *_args: object, **_private: object) -> None:
        """Erase below, above (1) or around (2) the cursor. What scrolled off (3) is not ours to erase."""
        y = self.cursor.y
        ends = {0: (y + 1, self.lines), 1: (0, y), 2: (0, self.lines)}
        if how in ends:
            first, last = ends[how]
            self.buffer[first:last] = self.blank_rows(last - first)
            self.erase_in_line(how)
            if how == 2:  # noqa: PLR2004 - all of it
                self.unsure.discard(self.switches.alternate)

    def erase_characters(self, count: int | None = None) -> None:
        """Erase some characters from the cursor on; nothing moves."""
        end = min(self.cursor.x + (count or 1), self.columns)
        rows.clear(self.buffer[self.cursor.y], self.cursor.x, end, self.ink.blank)

    def insert_characters(self, count: int | None = None) -> None:
        """Push what is behind the cursor to the right."""
        rows.insert(self.buffer[self.cursor.y], self.cursor.x, count or 1, self.ink.blank)

    def delete_characters(self, count: int | None = None) -> None:
        """Pull what is behind the cursor to the left."""
        rows.delete(self.buffer[self.cursor.y], self.cursor.x, count or 1, self.ink.blank)

    def insert_lines(self, count: int | None = None) -> None:
        """Push the lines from the cursor on down; only within the region."""
        if self.region[0] <= self.cursor.y <= self.region[1]:
            self.scroll(-(count or 1), self.cursor.y)
            self.cursor.x = 0

    def delete_lines(self, count: int | None = None) -> None:
        """Pull the lines below the cursor up; only within the region."""
        if self.region[0] <= self.cursor.y <= self.region[1]:
            self.scroll(count or 1, self.cursor.y)
            self.cursor.x = 0

    def alignment_display(self) -> None:
        """Fill the screen with E (DECALN)."""
        self.margins = None
        self.buffer = [[ink(PLAIN)["E"]] * self.columns for _ in range(self.lines)]
        self.cursor.x = self.cursor.y = 0

    # Whole screens

    def save_cursor(self) -> None:
        """Save the cursor with its pen and character sets (DECSC)."""
        self.switches.save_with_cursor()
        self.saved = Saved(self.cursor.x, self.cursor.y, self.pen, self.charset, tuple(self.graphic))

    def restore_cursor(self) -> None:
        """Put the cursor back to where it was saved, or home (DECRC)."""
        saved = self.saved
        self.pen, self.charset, self.graphic = saved.pen, saved.charset, [*saved.graphic]
        self.switches.restore_with_cursor()
        self.cursor.x, self.cursor.y = min(saved.x, self.columns), saved.y
        self.ensure_vbounds()

    def swap(self) -> None:
        """Show the other screen; the cursor, the pen and the region stay."""
        buffer = self.other.buffer or self.blank_rows(self.lines)
        self.other.buffer, self.buffer = self.buffer, buffer
        self.other.saved, self.saved = self.saved, self.other.saved
        self.switches.alternate = not self.switches.alternate
        self.fresh = 0

    def resize(self, lines: int | None = None, columns: int | None = None) -> None:
        """Change the size; rows at the bottom and the right go, the region is the whole screen again."""
        lines, columns = _bounded(lines or self.lines), _bounded(columns or self.columns)
        if (lines, columns) == (self.lines, self.columns):
            return
        for side in (self.buffer, self.other.buffer):
            rows.fit(side, lines if side else 0, columns)
        self.tabstops = {stop for stop in self.tabstops if stop < columns}
        self.tabstops |= set(range(-(-self.columns // 8) * 8, columns, 8))
        self.cursor.x, self.cursor.y = min(self.at, columns - 1), min(self.cursor.y, lines - 1)
        self.margins, self.lines, self.columns = None, lines, columns

    @property
    def hidden(self) -> bool:
        """Whether the cursor does not show."""
        return not self.switches.is_on(CURSOR)


def _bounded(count: int) -> int:
    return max(1, min(count, LARGEST))
