"""One row of cells, and what can be done to it without tearing a wide character in two.

In: a row, changed in place, always of the same length. A wide character is a cell with its text and one of
empty text behind it; whoever overwrites a half leaves a space in the place of the other.
"""

import functools
import unicodedata

from wcwidth import wcwidth

from looop.session.pens import PLAIN
from looop.session.screen import Cell

Row = list[Cell]
_known_narrow: set[str] = set()  # of other characters than ASCII: an interface draws few, again and again
_MOST_KNOWN = 4096
_LONGEST = 16  # code points in one cell: a letter with accents, an emoji with joiners; beyond it is an attack

# Explicit bidi controls: they would disorder whatever text of ours stands beside the program's.
_TURNS = frozenset({"LRE", "LRO", "RLE", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
_TURNS_TOO = "\u061c\u200e\u200f\u2028\u2029"


@functools.lru_cache(4096)
def width(letter: str) -> int:
    """Give how many columns a printable character takes: 0, 1 or 2."""
    return max(0, wcwidth(letter))


def narrow(text: str) -> bool:
    """Tell whether every character takes one column."""
    if text.isascii() or _known_narrow.issuperset(text):
        return True
    if any(width(letter) != 1 for letter in text):
        return False
    if len(_known_narrow) < _MOST_KNOWN:
        _known_narrow.update(text[:_MOST_KNOWN])
    return True


def mend(row: Row, x: int) -> None:
    """Make it safe to cut between `x - 1` and `x`: a wide character there becomes two spaces."""
    if x < len(row) and not row[x].text:
        row[x] = row[x]._replace(text=" ")
        if x:
            row[x - 1] = row[x - 1]._replace(text=" ")


def clear(row: Row, since: int, until: int, blank: Cell) -> None:
    """Erase a part."""
    mend(row, since)
    mend(row, until)
    row[since:until] = [blank] * (until - since)


def insert(row: Row, x: int, count: int, blank: Cell) -> None:
    """Push cells from `x` on to the right; what leaves the row is lost."""
    columns = len(row)
    count = min(count, columns - x)
    mend(row, x)
    mend(row, columns - count)
    row[x:] = [blank] * count + row[x : columns - count]


def delete(row: Row, x: int, count: int, blank: Cell) -> None:
    """Pull cells to `x`; blanks come in from the right."""
    count = min(count, len(row) - x)
    mend(row, x)
    mend(row, x + count)
    row[x:] = row[x + count :] + [blank] * count


def combine(row: Row, x: int, mark: str) -> None:
    """Put a mark without width on the letter before `x`; dropped without one, or if it turns text round."""
    if unicodedata.bidirectional(mark) in _TURNS or mark in _TURNS_TOO:
        return
    at = min(x, len(row)) - 1
    if at > 0 and not row[at].text:
        at -= 1
    if at >= 0 and len(row[at].text) < _LONGEST:
        row[at] = row[at]._replace(text=row[at].text + mark)


def fit(buffer: list[Row], lines: int, columns: int) -> None:
    """Give all rows this length, and the list this many rows."""
    del buffer[lines:]
    for row in buffer:
        mend(row, columns)
        del row[columns:]
        row.extend([PLAIN] * (columns - len(row)))
    buffer += [[PLAIN] * columns for _ in range(lines - len(buffer))]
