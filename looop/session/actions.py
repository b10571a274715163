"""What each control, sequence and command does: tables from their names to operations of the grid.

In: the parser's calls. Out: a changed grid, and replies. What is in no table does nothing. Counts may be
huge: the grid clamps them.
"""

from collections.abc import Callable, Mapping, Sequence

from looop.session import queries
from looop.session.grid import Grid
from looop.session.pens import ink, sgr
from looop.session.screen import Cursor
from looop.session.sequences import apply, clean, parameters
from looop.session.switches import ALTERNATE, ORIGIN, SAVE_AND_CLEAR, SAVE_CURSOR

_MOST_REPLIES = 64 << 10  # bytes that nobody has asked for; more than a program ever waits for
_COLUMNS = 3
_CLEAR_ON_LEAVING = 1047
_SETS = "()*+"
Numbers = Sequence[int]


class Actions:
    """The parser's handler for one grid."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self.replies = bytearray()
        self.draw = grid.draw

    def control(self, control: str) -> None:
        """Do a control."""
        if does := _CONTROLS.get(control):
            does(self.grid)

    def escape(self, key: str) -> None:
        """Do an escape sequence."""
        if does := _ESCAPES.get(key):
            does(self.grid)
        elif key[0] in _SETS:
            self.grid.graphic[_SETS.index(key[0])] = key[1:] == "0"

    def command(self, body: str, *, bell: bool) -> None:
        """Do an operating system command: titles and questions for colours; all else is swallowed."""
        number, _, rest = body.partition(";")
        if number in ("0", "2"):
            self.grid.title = clean(rest)
        else:
            self._answer(queries.osc(body, bell=bell))

    def sequence(self, key: str, text: str) -> None:
        """Do a control sequence."""
        grid = self.grid
        if key == "m":
            grid.ink = ink(sgr(grid.ink.pen, text))
        elif does := _SEQUENCES.get(key):
            does(grid, parameters(text))
        else:
            self._switch(key, parameters(text))

    def _switch(self, key: str, numbers: Numbers) -> None:
        switches = self.grid.switches
        if key in ("?h", "?l"):
            for number in numbers:
                _switch_one(self.grid, number, on=key == "?h")
        elif key == "?r":
            for number in numbers:
                if number in switches.saved:
                    _switch_one(self.grid, number, on=switches.saved[number])
        else:
            apply(switches, key, numbers)
            self._answer(queries.csi(key, numbers, switches))

    def _answer(self, reply: bytes | None) -> None:
        if reply == queries.ASK_CURSOR:
            cursor = Cursor(self.grid.at, self.grid.cursor.y)
            origin = self.grid.region[0] if self.grid.switches.is_on(ORIGIN) else 0
            reply = queries.cursor_reply(cursor, origin)
        if reply and len(self.replies) < _MOST_REPLIES:
            self.replies += reply


def _switch_one(grid: Grid, number: int, *, on: bool) -> None:
    """Switch a private mode, with what its switching does to the screen."""
    if number in ALTERNATE:
        _show(grid, number, alternate=on)
    elif number == SAVE_CURSOR:
        (grid.save_cursor if on else grid.restore_cursor)()
    grid.switches.private([number], on=on)
    if number == _COLUMNS:
        grid.margins = None
        grid.erase_in_display(2)
    if number in (_COLUMNS, ORIGIN):
        grid.cursor_position()


def _show(grid: Grid, number: int, *, alternate: bool) -> None:
    """Show the main or the alternate screen; the three numbers differ in what they save and clear."""
    if grid.switches.alternate == alternate:
        return
    if alternate:
        if number == SAVE_AND_CLEAR:
            grid.save_cursor()
        grid.swap()
        if number == SAVE_AND_CLEAR:
            grid.erase_in_display(2)
    else:
        if number == _CLEAR_ON_LEAVING:
            grid.erase_in_display(2)
        grid.swap()
        if number == SAVE_AND_CLEAR:
            grid.restore_cursor()


def _next_line(grid: Grid) -> None:
    grid.cursor.x = 0
    grid.index()


def _new_line(grid: Grid) -> None:
    grid.cursor.x = 0
    grid.linefeed()


def _set_stop(grid: Grid) -> None:
    grid.tabstops.add(grid.at)


def _clear_stop(grid: Grid, numbers: Numbers) -> None:
    if numbers[0] == 0:
        grid.tabstops.discard(grid.at)
    elif numbers[0] == 3:  # noqa: PLR2004 - TBC's "all of them"
        grid.tabstops.clear()


def _keypad(*, on: bool) -> Callable[[Grid], None]:
    def switch(grid: Grid) -> None:
        grid.switches.keypad = on

    return switch


def _shift(charset: int) -> Callable[[Grid], None]:
    def shift(grid: Grid) -> None:
        grid.charset = charset

    return shift


def _counted(does: Callable[[Grid, int], None]) -> Callable[[Grid, Numbers], None]:
    """Give an operation its one count, at least 1."""

    def call(grid: Grid, numbers: Numbers) -> None:
        does(grid, numbers[0] or 1)

    return call


def _scroll_down(grid: Grid, numbers: Numbers) -> None:
    if len(numbers) == 1:  # with five it would be xterm's mouse highlighting
        grid.scroll(-(numbers[0] or 1))


def _pair(numbers: Numbers) -> tuple[int, int]:
    return numbers[0], numbers[1] if len(numbers) > 1 else 0


_CONTROLS: Mapping[str, Callable[[Grid], None]] = {
    "\r\n": _new_line,
    "\n": Grid.linefeed,
    "\x0b": Grid.linefeed,
    "\x0c": Grid.linefeed,
    "\r": Grid.carriage_return,
    "\b": Grid.backspace,
    "\t": lambda grid: grid.tabulate(1),
    "\x0e": _shift(1),
    "\x0f": _shift(0),
}
_ESCAPES: Mapping[str, Callable[[Grid], None]] = {
    "7": Grid.save_cursor,
    "8": Grid.restore_cursor,
    "c": Grid.reset,
    "D": Grid.index,
    "E": _next_line,
    "M": Grid.reverse_index,
    "H": _set_stop,
    "=": _keypad(on=True),
    ">": _keypad(on=False),
    "n": _shift(2),
    "o": _shift(3),
    "#8": Grid.alignment_display,
}
_SEQUENCES: Mapping[str, Callable[[Grid, Numbers], None]] = {
    "@": _counted(Grid.insert_characters),
    "A": _counted(Grid.cursor_up),
    "B": _counted(Grid.cursor_down),
    "C": _counted(Grid.cursor_forward),
    "D": _counted(Grid.cursor_back),
    "E": _counted(Grid.cursor_down1),
    "F": _counted(Grid.cursor_up1),
    "G": _counted(Grid.cursor_to_column),
    "H": lambda grid, numbers: grid.cursor_position(*_pair(numbers)),
    "I": _counted(Grid.tabulate),
    "J": lambda grid, numbers: grid.erase_in_display(numbers[0]),
    "K": lambda grid, numbers: grid.erase_in_line(numbers[0]),
    "L": _counted(Grid.insert_lines),
    "M": _counted(Grid.delete_lines),
    "P": _counted(Grid.delete_characters),
    "S": _counted(Grid.scroll),
    "T": _scroll_down,
    "X": _counted(Grid.erase_characters),
    "Z": _counted(lambda grid, count: grid.tabulate(-count)),
    "^": _scroll_down,
    "`": _counted(Grid.cursor_to_column),
    "a": _counted(Grid.cursor_forward),
    "b": _counted(Grid.repeat),
    "d": _counted(Grid.cursor_to_line),
    "e": _counted(Grid.cursor_down),
    "f": lambda grid, numbers: grid.cursor_position(*_pair(numbers)),
    "g": _clear_stop,
    "j": _counted(Grid.cursor_back),
    "k": _counted(Grid.cursor_up),
    "r": lambda grid, numbers: grid.set_margins(*_pair(numbers)),
    "s": lambda grid, _: grid.save_cursor(),
    "u": lambda grid, _: grid.restore_cursor(),
    "!p": lambda grid, _: grid.soften(),
    # No `?J` and `?K`: who erases selectively has protected something, of which we know nothing; as in tmux.
}
