"""How cells look: what SGR makes of a pen, and cells of one look made once and used many times.

In: a pen (a `Cell` of one space) and the raw parameters of a CSI m. Out: the next pen. An `Ink` gives the
cells of a pen by their text, so that a program that writes a million letters makes few cells.
"""

import functools
import itertools
from collections.abc import Iterator

import pyte.graphics

from looop.session.screen import Cell

PLAIN = Cell()
_NAMES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
_SIXTEEN = (*_NAMES, *(f"bright{name}" for name in _NAMES))
PALETTE: tuple[str, ...] = (*_SIXTEEN, *pyte.graphics.FG_BG_256[16:])
_ON_OFF: dict[int, dict[str, bool]] = {
    1: {"bold": True},
    2: {"faint": True},
    3: {"italic": True},
    4: {"underline": True},
    5: {"blink": True},
    6: {"blink": True},
    7: {"reverse": True},
    9: {"strike": True},
    21: {"underline": True},  # ECMA-48 says doubly underlined; that it ends bold is the Linux console's alone
    22: {"bold": False, "faint": False},
    23: {"italic": False},
    24: {"underline": False},
    25: {"blink": False},
    27: {"reverse": False},
    29: {"strike": False},
}
_COLOUR = {38: "fg", 48: "bg", 58: ""}  # 58 is the underline's own, which we don't draw
_MOST_CELLS = 4096


class Ink(dict[str, Cell]):
    """The cells of one pen, by text; `blank` is what erasing leaves (its background alone)."""

    def __init__(self, pen: Cell) -> None:
        super().__init__()
        self.pen = pen
        self.blank = Cell(bg=pen.bg)

    def __missing__(self, text: str) -> Cell:
        made = self.pen._replace(text=text)
        if len(self) < _MOST_CELLS:
            self[text] = made
        return made


@functools.lru_cache(256)
def ink(pen: Cell) -> Ink:
    """Give a pen's ink."""
    return Ink(pen)


@functools.lru_cache(2048)
def sgr(pen: Cell, parameters: str) -> Cell:
    """Give the pen after CSI m. Unknown parameters, and colours that are none, change nothing."""
    parts = iter(parameters.split(";"))
    for part in parts:
        first, colon, below = part.partition(":")
        code = _number(first)
        if code == 0:
            pen = PLAIN
        elif code in _COLOUR:
            colour = _colour(iter(_below(below)) if colon else parts)
            pen = _coloured(pen, _COLOUR[code], colour)
        elif code == 4 and colon:  # noqa: PLR2004 - underline, with its form behind the colon; 4:0 is none
            pen = pen._replace(underline=_number(below.partition(":")[0]) != 0)
        else:
            pen = pen._replace(**_ON_OFF.get(code) or _simple(code))
    return pen


def _coloured(pen: Cell, what: str, colour: str | None) -> Cell:
    if colour is None or not what:
        return pen
    return pen._replace(fg=colour) if what == "fg" else pen._replace(bg=colour)


def _simple(code: int) -> dict[str, str]:
    """Read a code that is a colour by itself."""
    key = "fg" if 30 <= code <= 39 or 90 <= code <= 97 else "bg"  # noqa: PLR2004 - ECMA-48 and aixterm
    match divmod(code, 10):
        case ((3 | 4), 9):
            return {key: "default"}
        case ((3 | 4), low) if low < len(_NAMES):
            return {key: _SIXTEEN[low]}
        case ((9 | 10), low) if low < len(_NAMES):
            return {key: _SIXTEEN[low + len(_NAMES)]}
    return {}


def _below(text: str) -> list[str]:
    """Give sub-parameters as `38;…` would have them: `2:` may be followed by a colour space, mostly empty."""
    parts = text.split(":")
    return [parts[0], *parts[2:]] if parts[0] == "2" and len(parts) > 4 else parts  # noqa: PLR2004 - 2:s:r:g:b


def _colour(parts: Iterator[str]) -> str | None:
    """Read `5;n` or `2;r;g;b`, taking from the parameters what belongs to it."""
    how = _number(next(parts, ""))
    if how == 5:  # noqa: PLR2004 - ITU-T T.416's numbers
        index = _number(next(parts, "999"))
        return PALETTE[index] if index < len(PALETTE) else None
    if how == 2:  # noqa: PLR2004
        rgb = [_number(part) for part in itertools.islice(parts, 3)]
        return bytes(rgb).hex() if len(rgb) == 3 and max(rgb) < 256 else None  # noqa: PLR2004
    return None


def _number(text: str) -> int:
    """Read a parameter; with sub-parameters its first; an empty one is 0."""
    return int(text.partition(":")[0][:9] or 0)
