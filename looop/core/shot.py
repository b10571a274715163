"""A screen as a picture: ANSI for a terminal, SVG for a page.

In: a `Shot`. Out: text. What a program wrote is data here: no control or bidi character passes, and SVG is
escaped. `session.display` takes shots; the verb `shot` shows them.
"""

import re
from collections.abc import Iterator, Mapping
from html import escape

from looop.core.sessions import Shot

Style = Mapping[str, str | bool | int]
Run = tuple[str, Style]

_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff"  # controls, and what XML 1.0 does not allow
    "\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # bidi, and what none sees
    "\U000e0000-\U000e0fff]"  # whole sentences can hide in these
)
_HEX = re.compile(r"[0-9a-f]{6}")
_NAMES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
_CODES = {name: index for index, name in enumerate(_NAMES)}
# xterm's defaults, with a blue that can be read on black.
_RGB = dict(
    zip(
        (*_NAMES, *(f"bright{name}" for name in _NAMES)),
        (
            *("000000", "cd0000", "00cd00", "cdcd00", "3465d0", "cd00cd", "00cdcd", "e5e5e5"),
            *("7f7f7f", "ff0000", "00ff00", "ffff00", "6c8cff", "ff00ff", "00ffff", "ffffff"),
        ),
        strict=True,
    )
)
_PAPER, _INK = "101010", "e5e5e5"
_ON = {"bold": 1, "faint": 2, "italic": 3, "underline": 4, "blink": 5, "reverse": 7, "strike": 9}
_WIDTH, _HEIGHT, _SIZE, _BASE = 8.4, 17.0, 14, 13.0
_FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"


def ansi(shot: Shot) -> str:
    """Give the rows in colour, one a line, each ending plain. Trailing blanks are left out."""
    return "\n".join("".join(map(_painted, row)) for row in shot.cells)


def svg(shot: Shot) -> str:
    """Give a picture that needs no font or file from elsewhere; wide characters take two columns."""
    width, height = shot.columns * _WIDTH, shot.lines * _HEIGHT
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}"'
        f' viewBox="0 0 {width:g} {height:g}" font-family="{_FONT}" font-size="{_SIZE}">'
    )
    paper = f'<rect width="100%" height="100%" fill="#{_PAPER}"/>'
    parts = [head, f"<title>{_safe(shot.title)}</title>", paper, *_rows(shot), *_cursor(shot), "</svg>"]
    return "\n".join(parts) + "\n"


def _painted(run: Run) -> str:
    text, style = run
    codes = [str(code) for name, code in _ON.items() if style.get(name)]
    codes += _colour(str(style.get("fg", "")), 30) + _colour(str(style.get("bg", "")), 40)
    safe = _UNSAFE.sub("", text)
    return f"\x1b[{';'.join(codes)}m{safe}\x1b[m" if codes else safe


def _colour(name: str, base: int) -> list[str]:
    """Give the SGR codes of a colour: 30 or 40 and on, or 38;2 and 48;2."""
    if _HEX.fullmatch(name):
        return [str(base + 8), "2", *(str(value) for value in bytes.fromhex(name))]
    bright = name.startswith("bright")
    code = _CODES.get(name.removeprefix("bright"))
    return [] if code is None else [str(base + code + (60 if bright else 0))]


def _rows(shot: Shot) -> Iterator[str]:
    for line, row in enumerate(shot.cells):
        column = 0
        for text, style in row:
            columns = int(style.get("width", len(text)))
            yield from _drawn(text, style, (column, line), columns)
            column += columns


def _drawn(text: str, style: Style, at: tuple[int, int], columns: int) -> Iterator[str]:
    x, y, wide = at[0] * _WIDTH, at[1] * _HEIGHT, columns * _WIDTH
    ink, paper = _rgb(style.get("fg"), _INK), _rgb(style.get("bg"), _PAPER)
    if style.get("reverse"):
        ink, paper = paper, ink
    if paper != _PAPER:
        yield f'<rect x="{x:g}" y="{y:g}" width="{wide:g}" height="{_HEIGHT:g}" fill="#{paper}"/>'
    if text.strip(" ") or style.get("underline") or style.get("strike"):
        place = f'x="{x:g}" y="{y + _BASE:g}" textLength="{wide:g}" lengthAdjust="spacingAndGlyphs"'
        yield f'<text {place} xml:space="preserve" fill="#{ink}"{_look(style)}>{_safe(text)}</text>'


def _look(style: Style) -> str:
    lines = [
        line for name, line in (("underline", "underline"), ("strike", "line-through")) if style.get(name)
    ]
    looks = {
        "font-weight": "bold" if style.get("bold") else "",
        "font-style": "italic" if style.get("italic") else "",
        "opacity": "0.6" if style.get("faint") else "",
        "text-decoration": " ".join(lines),
    }
    return "".join(f' {name}="{value}"' for name, value in looks.items() if value)


def _cursor(shot: Shot) -> Iterator[str]:
    if shot.cursor:
        x, y = shot.cursor[0] * _WIDTH, shot.cursor[1] * _HEIGHT
        size = f'width="{_WIDTH:g}" height="{_HEIGHT:g}"'
        yield f'<rect x="{x:g}" y="{y:g}" {size} fill="#{_INK}" fill-opacity="0.4"/>'


def _rgb(name: object, otherwise: str) -> str:
    text = str(name)
    return _RGB.get(text) or (text if _HEX.fullmatch(text) else otherwise)


def _safe(text: str) -> str:
    return escape(_UNSAFE.sub("", text))
