"""A screen's whole state as plain JSON values, and back: what a checkpoint holds.

In: a grid and its parser, at any byte. Out: a dict; from it, an equal grid and parser. A dump may have lain
on a disk: every value is checked before anything is taken.
"""

import re
from collections.abc import Collection, Mapping
from itertools import groupby
from typing import Any

import msgspec
from pyte.screens import Margins

from looop.session.grid import LARGEST, Grid, Saved, Side
from looop.session.parser import Parser
from looop.session.pens import PALETTE, ink
from looop.session.rows import Row
from looop.session.screen import Cell
from looop.session.sequences import LONGEST
from looop.session.switches import ORIGIN, WRAP

Style = tuple[str, str, bool, bool, bool, bool, bool, bool, bool]
Run = tuple[
    int | str | list[str], int
]  # that many spaces, single characters, or cells; and the style's index
_COLOUR = re.compile(r"[0-9a-f]{6}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_VERSION = 1


class _Cursor(msgspec.Struct, frozen=True):
    x: int
    y: int
    pen: int
    charset: int
    graphic: list[bool]
    origin: bool = False
    wrap: bool = True


class _State(msgspec.Struct, frozen=True):
    v: int
    size: tuple[int, int]
    styles: list[Style]
    rows: list[list[Run]]
    other: list[list[Run]]
    cursor: _Cursor
    saved: _Cursor
    other_saved: _Cursor
    margins: tuple[int, int] | None
    tabs: list[int]
    last: str
    title: str
    on: list[int]
    ansi: list[int]
    kept: list[tuple[int, bool]]
    alternate: bool
    keypad: bool
    keyboard: tuple[list[int], list[int]]
    unsure: list[bool]
    fresh: int
    rest: str
    skipping: str
    half: str


def freeze(grid: Grid, parser: Parser) -> dict[str, Any]:
    """Give the whole state."""
    styles = _Styles()
    pen = _Cursor(grid.cursor.x, grid.cursor.y, styles.index(grid.pen), grid.charset, [*grid.graphic])
    switches = grid.switches
    state = _State(
        v=_VERSION,
        size=(grid.columns, grid.lines),
        rows=[styles.runs(row) for row in grid.buffer],
        other=[styles.runs(row) for row in grid.other.buffer],
        cursor=pen,
        saved=styles.saved(grid.saved, switches.with_cursor[switches.alternate]),
        other_saved=styles.saved(grid.other.saved, switches.with_cursor[not switches.alternate]),
        styles=styles.all,
        margins=grid.margins,
        tabs=sorted(grid.tabstops),
        last=grid.last,
        title=grid.title,
        on=sorted(switches.on),
        ansi=sorted(switches.ansi),
        kept=sorted(switches.saved.items()),
        alternate=switches.alternate,
        keypad=switches.keypad,
        keyboard=switches.stacks,
        unsure=sorted(grid.unsure),
        fresh=grid.fresh,
        rest=parser.rest,
        skipping=parser.skipping,
        half=parser.half.hex(),
    )
    built: dict[str, Any] = msgspec.to_builtins(state)
    return built


def thaw(dump: Mapping[str, Any], grid: Grid, parser: Parser) -> None:
    """Put a dump's state into a fresh grid and its parser. ValueError when it is none of ours."""
    try:
        state = msgspec.convert(dump, _State)
    except (msgspec.ValidationError, RecursionError) as error:
        raise ValueError(f"no screen's dump: {error}") from None
    _check(state)
    looks = [Cell(" ", *style) for style in state.styles]
    grid.columns, grid.lines = state.size
    grid.buffer = [_row(runs, looks, grid.columns) for runs in state.rows]
    grid.other = Side(
        [_row(runs, looks, grid.columns) for runs in state.other], _saved(state.other_saved, looks)
    )
    grid.saved = _saved(state.saved, looks)
    grid.cursor.x, grid.cursor.y, grid.pen = state.cursor.x, state.cursor.y, looks[state.cursor.pen]
    grid.charset, grid.graphic = state.cursor.charset, [*state.cursor.graphic]
    grid.margins = Margins(*state.margins) if state.margins else None
    grid.tabstops = {*state.tabs}
    grid.last, grid.title = state.last, state.title
    grid.unsure, grid.fresh = {*state.unsure}, state.fresh
    switches = grid.switches
    switches.on, switches.ansi, switches.saved = {*state.on}, {*state.ansi}, dict(state.kept)
    switches.alternate, switches.keypad, switches.stacks = state.alternate, state.keypad, state.keyboard
    switches.with_cursor[state.alternate] = _modes(state.saved)
    switches.with_cursor[not state.alternate] = _modes(state.other_saved)
    parser.rest, parser.skipping, parser.half = state.rest, state.skipping, bytes.fromhex(state.half)


class _Styles:
    """The looks that occur, each written once."""

    def __init__(self) -> None:
        self.all: list[Style] = []
        self._known: dict[Style, int] = {}

    def index(self, cell: Cell) -> int:
        style: Style = cell[1:]
        if style not in self._known:
            self._known[style] = len(self.all)
            self.all.append(style)
        return self._known[style]

    def runs(self, row: Row) -> list[Run]:
        return [(_packed([cell.text for cell in cells]), index) for index, cells in groupby(row, self.index)]

    def saved(self, it: Saved, modes: Collection[int]) -> _Cursor:
        pen, graphic = self.index(it.pen), [*it.graphic]
        return _Cursor(it.x, it.y, pen, it.charset, graphic, ORIGIN in modes, WRAP in modes)


def _packed(texts: list[str]) -> int | str | list[str]:
    joined = "".join(texts)
    if len(joined) != len(texts) or not all(texts):
        return texts
    return joined if joined.strip(" ") else len(texts)


def _row(runs: list[Run], looks: list[Cell], columns: int) -> Row:
    row: Row = []
    for packed, index in runs:
        texts = [" "] * min(packed, columns + 1) if isinstance(packed, int) else packed
        cells = ink(looks[index])
        row += [cells[text] for text in texts]
    _require(len(row) == columns, "a row is not as long as the screen is wide")
    _require(row[0].text != "", "half a character begins a row")
    return row


def _saved(it: _Cursor, looks: list[Cell]) -> Saved:
    return Saved(it.x, it.y, looks[it.pen], it.charset, tuple(it.graphic))


def _modes(it: _Cursor) -> frozenset[int]:
    return frozenset(mode for mode, on in ((ORIGIN, it.origin), (WRAP, it.wrap)) if on)


def _check(state: _State) -> None:
    columns, lines = state.size
    _require(state.v == _VERSION, "a dump of another version")
    _require(0 < columns <= LARGEST and 0 < lines <= LARGEST, "a size that no screen has")
    _require(len(state.rows) == lines, "not as many rows as the screen has lines")
    _require(len(state.other) in (0, lines), "not as many rows as the other screen has lines")
    for style in state.styles:
        _require(all(map(_is_colour, style[:2])), "a colour that is none")
    for cursor in (state.cursor, state.saved, state.other_saved):
        _require(0 <= cursor.x <= LARGEST and 0 <= cursor.y < LARGEST, "a cursor outside")
        _require(0 <= cursor.pen < len(state.styles), "a style that is not there")
        _require(
            0 <= cursor.charset < len(cursor.graphic) == len(Saved().graphic), "a character set too many"
        )
    _require(state.cursor.x <= columns and state.cursor.y < lines, "the cursor outside")
    if state.margins:
        _require(0 <= state.margins[0] < state.margins[1] < lines, "a region outside")
    _require(len(state.last) <= 1 and len(state.rest) <= LONGEST, "a sequence too long")
    _require(
        len(state.skipping) <= 1 and re.fullmatch(r"(?:[0-9a-f]{2}){0,3}", state.half) is not None, "odd ends"
    )
    _check_runs(state)


def _check_runs(state: _State) -> None:
    for packed, index in (run for row in (*state.rows, *state.other) for run in row):
        _require(0 <= index < len(state.styles), "a style that is not there")
        text = "" if isinstance(packed, int) else "".join(packed)
        _require(not _CONTROL.search(text), "a control in a cell")


def _is_colour(name: str) -> bool:
    return name == "default" or name in PALETTE[:16] or _COLOUR.fullmatch(name) is not None


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)
