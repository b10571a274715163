"""The `Screen` that we use: `parser` takes output apart, `actions` do it, `grid` (on pyte's) holds the cells.

In: a program's output. Out: cells, modes, replies; `dump` writes and reads the whole state.
"""

from collections.abc import Sequence

from looop.session.actions import Actions
from looop.session.dump import freeze, thaw
from looop.session.grid import Grid
from looop.session.parser import Parser
from looop.session.scanner import Scanner
from looop.session.screen import Cell, Cursor, Dump, Hand, Modes
from looop.session.switches import INSERT, ORIGIN


class PyteScreen:
    """One emulator. Not to be shared between threads."""

    def __init__(self, columns: int = 80, lines: int = 24) -> None:
        self._actions = Actions(Grid(columns, lines))
        self._parser = Parser(self._actions)
        self._skimmer = Scanner(self._grid.switches)

    @property
    def size(self) -> tuple[int, int]:
        """Columns and lines."""
        return self._grid.columns, self._grid.lines

    @property
    def cursor(self) -> Cursor:
        """The cursor."""
        return Cursor(self._grid.at, self._grid.cursor.y, self._grid.hidden)

    @property
    def hand(self) -> Hand:
        """How it will draw."""
        grid = self._grid
        return Hand(
            pen=grid.pen,
            region=grid.margins,
            wrapping=grid.cursor.x >= grid.columns,
            origin=grid.switches.is_on(ORIGIN),
            insert=INSERT in grid.switches.ansi,
        )

    @property
    def modes(self) -> Modes:
        """The modes."""
        return self._grid.switches.modes

    @property
    def title(self) -> str:
        """The window's title, cleaned of control characters."""
        return str(self._grid.title)

    @property
    def stale(self) -> bool:
        """Whether what shows may not be what the program meant: output was skipped, and no clear came."""
        return self._grid.switches.alternate in self._grid.unsure

    def doubt(self) -> None:
        """Take note that output was lost: `stale` until the program clears its screen or all has scrolled."""
        self._grid.doubt()

    def skip(self, data: bytes) -> None:
        """Follow the modes and the title through output that is not drawn; may be cut anywhere."""
        if (title := self._skimmer.feed(data).title) is not None:
            self._grid.title = title

    def wipe(self) -> None:
        """Begin anew behind skipped output: blank, the cursor at home, modes and title kept, all in doubt."""
        grid = Grid(*self.size)
        grid.switches, grid.title = self._grid.switches, self._grid.title
        grid.doubt()
        self._actions, self._skimmer = Actions(grid), Scanner(grid.switches)
        self._parser = Parser(self._actions)

    def feed(self, data: bytes) -> None:
        """Take output, in any pieces."""
        self._parser.feed(data)

    def text(self) -> tuple[str, ...]:
        """Give each row without its trailing blanks."""
        return tuple("".join([cell.text for cell in row]).rstrip(" ") for row in self._grid.buffer)

    def cells(self) -> Sequence[Sequence[Cell]]:
        """Give all rows; they change with the next `feed`."""
        return self._grid.buffer

    def resize(self, columns: int, lines: int) -> None:
        """Change the size, from 1x1 to 1000x1000; anything else becomes the nearest of these."""
        self._grid.resize(lines=max(1, lines), columns=max(1, columns))

    def dump(self) -> Dump:
        """Give the whole state; the replies are none of it."""
        return freeze(self._grid, self._parser)

    def load(self, dump: Dump) -> None:
        """Take a whole state; ValueError, and nothing changed, when it is none of ours."""
        fresh = PyteScreen(1, 1)
        thaw(dump, fresh._grid, fresh._parser)
        self._actions, self._parser, self._skimmer = fresh._actions, fresh._parser, fresh._skimmer

    def replies(self) -> bytes:
        """Give what a terminal would have answered since the last call."""
        given = bytes(self._actions.replies)
        self._actions.replies.clear()
        return given

    @property
    def _grid(self) -> Grid:
        return self._actions.grid
