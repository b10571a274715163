"""A screen as the bytes that draw it on somebody's terminal: all of it, or what differs from the last time.

In: a `Screen` at one moment, as a `Picture`. Out: bytes for an xterm of that size, whatever it showed before.
Pure; `session.attach` shows them to terminals. What is drawn is state, so nothing in it can ask or beep.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from looop.session.pens import PALETTE, PLAIN
from looop.session.screen import Cell, Cursor, Hand, Modes, Screen

Rows = tuple[tuple[Cell, ...], ...]

# A sequence that was cut in the middle ends here, and all that moves or changes what is drawn is off.
_PLAIN_HAND = b"\x1b[0m\x1b(B\x0f\x1b[?6l\x1b[?69l\x1b[4l\x1b[20l\x1b[?7h\x1b[r"
_BEGIN = b"\x18\x1b\\\x1b[?2026h\x1b[?25l" + _PLAIN_HAND
_END = b"\x1b[?2026l"
_CLEAR = b"\x1b[H\x1b[2J"
_MICE = (9, 1000, 1002, 1003)
_FLAGS = (
    ("bold", "1"),
    ("faint", "2"),
    ("italic", "3"),
    ("underline", "4"),
    ("blink", "5"),
    ("reverse", "7"),
    ("strike", "9"),
)
_STEP = 4096
"""Cells in one piece of a drawing, about a millisecond of work."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What a screen shows at one moment. Never changes, so it may be drawn in pieces."""

    rows: Rows
    cursor: Cursor
    modes: Modes
    title: str
    hand: Hand

    @property
    def size(self) -> tuple[int, int]:
        """Columns and lines."""
        return (len(self.rows[0]) if self.rows else 0, len(self.rows))


def take(screen: Screen) -> Picture:
    """Take a picture."""
    rows = tuple(map(tuple, screen.cells()))
    return Picture(rows, screen.cursor, screen.modes, screen.title, screen.hand)


def whole(picture: Picture, *, scroll: bool = False) -> Iterator[bytes]:
    """Draw all of it, on a terminal of its size or larger, in pieces of about 4,096 cells.

    With `scroll` what the terminal showed on its main screen moves into its scrollback first.
    """
    _, lines = picture.size
    yield _BEGIN + b"\x1b[?1049l"
    if picture.modes.alternate:
        yield b"\x1b[?1049h"
    yield _PLAIN_HAND  # leaving the alternate screen brings back the hand that drew before it
    if scroll and not picture.modes.alternate:
        yield f"\x1b[{lines};1H".encode() + b"\n" * lines
    yield _CLEAR
    yield from _rows(picture.rows)
    yield _title(picture.title) + _hand(picture) + modes(picture.modes) + _END


def change(before: Picture | None, after: Picture) -> bytes:
    """Draw what differs from `before`, of the same size, or all of it; modes are not set. b"" for nothing."""
    if before is None or before.size != after.size:
        return b"".join((_BEGIN, _CLEAR, *_rows(after.rows), _title(after.title), _cursor(after), _END))
    if before == after:
        return b""
    rows = [
        _row(row, number, clear=True)
        for number, (row, was) in enumerate(zip(after.rows, before.rows, strict=True))
        if row != was
    ]
    title = _title(after.title) if after.title != before.title else b""
    return b"".join((b"\x1b[?2026h\x1b[?25l", *rows, title, _cursor(after), _END))


def clip(picture: Picture, columns: int, lines: int) -> Picture:
    """Give the part that fits a terminal, the cursor inside; blank where the terminal is larger."""
    wide, high = picture.size
    left = max(0, min(picture.cursor.column, wide - 1) - columns + 1)
    top = max(0, min(picture.cursor.line, high - 1) - lines + 1)
    shown = [_clipped(row, left, columns) for row in picture.rows[top : top + lines]]
    shown += [(PLAIN,) * columns] * (lines - len(shown))
    cursor = picture.cursor
    inside = Cursor(max(0, cursor.column - left), max(0, cursor.line - top), cursor.hidden)
    return replace(picture, rows=tuple(shown), cursor=inside, hand=Hand())


def modes(wanted: Modes) -> bytes:
    """Switch everything that a program can ask of a keyboard and a mouse, on or off."""
    numbers = [
        (1, wanted.application_cursor),
        (7, wanted.wrap),
        (1004, wanted.focus),
        (2004, wanted.bracketed_paste),
        *((mouse, False) for mouse in _MICE),
        (1006, wanted.sgr_mouse),
    ]
    switched = [f"\x1b[?{number}{'h' if on else 'l'}" for number, on in numbers]
    if wanted.mouse in _MICE:
        switched.append(f"\x1b[?{wanted.mouse}h")
    switched.append("\x1b=" if wanted.application_keypad else "\x1b>")
    switched.append(f"\x1b[={wanted.kitty};1u")
    return "".join(switched).encode()


def note(text: str, columns: int, lines: int) -> bytes:
    """Write a line of ours over the last one, until the next drawing."""
    shown = f" {text} "[:columns]
    return f"\x1b[?2026h\x1b7\x1b[{lines};1H\x1b[0;7m{shown}\x1b[0m\x1b8\x1b[?2026l".encode()


def _rows(rows: Rows) -> Iterator[bytes]:
    held: list[bytes] = []
    cells = 0
    for number, row in enumerate(rows):
        held.append(_row(row, number))
        cells += len(row)
        if cells >= _STEP:
            yield b"".join(held)
            held, cells = [], 0
    yield b"".join(held)


def _row(row: Sequence[Cell], number: int, *, clear: bool = False) -> bytes:
    """Draw one row; with `clear` over what it showed before."""
    end = len(row)
    while end and row[end - 1] == PLAIN:
        end -= 1
    if not (end or clear):
        return b""
    parts = [f"\x1b[{number + 1};1H\x1b[0m", *_cells(row, 0, end)]
    if clear and end < len(row):
        parts.append("\x1b[0m\x1b[K")
    return "".join(parts).encode("utf-8", "replace")


def _cells(row: Sequence[Cell], begin: int, end: int) -> Iterator[str]:
    """Draw cells from where the cursor stands. After one of a doubtful width the column is said anew."""
    look, doubt = PLAIN[1:], False
    for column in range(begin, end):
        cell = row[column]
        if not cell.text and doubt:
            continue
        if doubt:
            yield f"\x1b[{column + 1}G"
        if cell[1:] != look:
            look = cell[1:]
            yield _look(cell[1:])
        yield cell.text or " "
        doubt = len(cell.text) > 1 or (column + 1 < len(row) and not row[column + 1].text)


def _cursor(picture: Picture, top: int = 0) -> bytes:
    """Place the cursor, its line counted from `top`. Where it waits to wrap, only a letter can bring it."""
    columns, _ = picture.size
    cursor, column, letter = picture.cursor, picture.cursor.column, ""
    if picture.hand.wrapping:
        row = picture.rows[cursor.line]
        column = columns - 1 - (columns > 1 and not row[-1].text)
        letter = "".join(_cells(row, column, columns))
    shown = "" if cursor.hidden else "\x1b[?25h"
    placed = f"\x1b[0m\x1b[{cursor.line + 1 - top};{column + 1}H{letter}\x1b[0m{shown}"
    return placed.encode("utf-8", "replace")


def _hand(picture: Picture) -> bytes:
    """Have the terminal go on as the program's own would."""
    hand, top = picture.hand, 0
    begin = b""
    if hand.region is not None:
        begin = f"\x1b[{hand.region[0] + 1};{hand.region[1] + 1}r".encode()
    if hand.origin:
        begin += b"\x1b[?6h"
        top = hand.region[0] if hand.region else 0
    insert = b"\x1b[4h" if hand.insert else b""
    return begin + _cursor(picture, top) + insert + _look(hand.pen[1:]).encode()


def _title(title: str) -> bytes:
    return f"\x1b]2;{title}\x07".encode("utf-8", "replace") if title else b""


def _clipped(row: Sequence[Cell], left: int, columns: int) -> tuple[Cell, ...]:
    """Give a part of a row, with no half of a wide character at its edges, and blanks behind it."""
    cells = list(row[left : left + columns])
    if cells and not cells[0].text:
        cells[0] = cells[0]._replace(text=" ")
    if left + columns < len(row) and not row[left + columns].text:
        cells[-1] = cells[-1]._replace(text=" ")
    return (*cells, *(PLAIN for _ in range(columns - len(cells))))


@lru_cache(1024)
def _look(look: tuple[str | bool, ...]) -> str:
    """Give the sequence for a cell's colours and attributes, whatever held before."""
    cell = Cell(" ", *look)  # type: ignore[arg-type] # a cell's own fields, without its text
    codes = ["0", *(code for name, code in _FLAGS if getattr(cell, name))]
    codes += _colour(cell.fg, 30), _colour(cell.bg, 40)
    return f"\x1b[{';'.join(filter(None, codes))}m"


def _colour(name: str, base: int) -> str:
    if name == "default":
        return ""
    if name in PALETTE[:16]:
        index = PALETTE.index(name)
        return str(base + index if index < 8 else base + 60 + index - 8)  # noqa: PLR2004 - aixterm's bright ones
    red, green, blue = bytes.fromhex(name)
    return f"{base + 8};2;{red};{green};{blue}"
