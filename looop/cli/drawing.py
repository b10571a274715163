"""A screen made to fit: without what is empty below, or as much of it as a smaller terminal can show.

In: a `Shot`. Out: a `Shot`, which `core.shot` paints. Used by `shot` and `watch`.
"""

from collections.abc import Iterator
from dataclasses import replace

from looop.cli.show import cells
from looop.core.sessions import Shot
from looop.core.shot import Run


def trimmed(shot: Shot) -> Shot:
    """Leave out the empty rows at the end."""
    return _rows(shot, 0, max([0, *(number + 1 for number, row in enumerate(shot.text) if row.strip())]))


def cropped(shot: Shot, columns: int, lines: int) -> Shot:
    """Give what fits: the rows that end with the last one that is used, each cut at its right."""
    end = max(trimmed(shot).lines, shot.cursor[1] + 1 if shot.cursor else 0, lines)
    end = min(end, shot.lines)
    fits = _rows(shot, max(0, end - lines), end)
    return replace(fits, columns=columns, cells=tuple(tuple(crop(row, columns)) for row in fits.cells))


def crop(row: tuple[Run, ...], columns: int) -> Iterator[Run]:
    """Cut a row after so many columns."""
    for text, style in row:
        kept = ""
        for char in text:
            columns -= cells(char)
            if columns < 0:
                break
            kept += char
        yield kept, style
        if columns <= 0:
            return


def _rows(shot: Shot, start: int, end: int) -> Shot:
    return replace(shot, lines=end - start, text=shot.text[start:end], cells=shot.cells[start:end])
