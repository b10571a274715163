"""Pictures of screens: right in colour and width, and nothing that a program wrote gets out of them."""

import re
import unicodedata
from collections.abc import Mapping
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from looop.core.sessions import Shot
from looop.core.shot import ansi, svg

SVG = "{http://www.w3.org/2000/svg}"
Row = tuple[tuple[str, Mapping[str, str | bool | int]], ...]
HOSTILE = "\x1b]0;x\x07\x1b[2J\x9b\u202e<script>&\"'\ud800\ufffe"


def shot(*rows: Row, title: str = "", cursor: tuple[int, int] | None = None) -> Shot:
    text = tuple("".join(run for run, _ in row) for row in rows)
    return Shot(10, len(rows), text, rows, cursor, title, alternate=False, stale=False, offset=0)


@pytest.mark.parametrize(
    ("style", "codes"),
    [
        ({"bold": True, "fg": "red"}, "1;31"),
        ({"bg": "brightblue"}, "104"),
        ({"fg": "0a0b0c", "reverse": True}, "7;38;2;10;11;12"),
        ({"underline": True, "strike": True, "bg": "ffffff"}, "4;9;48;2;255;255;255"),
    ],
)
def test_ansi_says_each_look_and_ends_it(style: dict[str, str | bool | int], codes: str) -> None:
    assert ansi(shot((("a", {}), ("b", style)), ())) == f"a\x1b[{codes}mb\x1b[m\n"


def test_a_colour_that_is_none_is_left_out() -> None:
    assert ansi(shot((("a", {"fg": "\x1b[31m", "bg": "#<>"}),))) == "a"


def test_no_control_passes_into_ansi() -> None:
    assert ansi(shot(((HOSTILE, {}),))) == "]0;x[2J<script>&\"'"


def test_an_svg_is_well_formed_whatever_a_program_wrote() -> None:
    drawn = ET.fromstring(svg(shot(((HOSTILE, {"fg": '"/><script>'}),), title=HOSTILE)))
    texts = [element.text for element in drawn.iter() if element.tag in {f"{SVG}text", f"{SVG}title"}]
    assert texts == ["]0;x[2J<script>&\"'"] * 2
    assert {element.tag for element in drawn.iter()} == {
        f"{SVG}{tag}" for tag in ("svg", "title", "rect", "text")
    }


def test_a_wide_character_moves_what_follows_by_two_columns() -> None:
    drawn = ET.fromstring(svg(shot((("字字", {"width": 4}), ("b", {})))))
    places = [(it.get("x"), it.get("textLength")) for it in drawn.iter(f"{SVG}text")]
    assert places == [("0", "33.6"), ("33.6", "8.4")]


def test_reversed_text_swaps_its_colours() -> None:
    drawn = ET.fromstring(svg(shot((("a", {"fg": "red", "reverse": True}),))))
    (text,) = drawn.iter(f"{SVG}text")
    fills = [it.get("fill") for it in drawn.iter(f"{SVG}rect")]
    assert (text.get("fill"), fills) == ("#101010", ["#101010", "#cd0000"])


def test_the_cursor_is_drawn_where_it_is() -> None:
    drawn = ET.fromstring(svg(shot((("ab", {}),), (), cursor=(2, 1))))
    last = [*drawn.iter(f"{SVG}rect")][-1]
    assert (last.get("x"), last.get("y")) == ("16.8", "17")


@given(st.text(st.characters(exclude_categories=()), max_size=60), st.text(max_size=20))
def test_any_text_leaves_a_picture_whole_and_a_terminal_alone(text: str, colour: str) -> None:
    taken = shot(((text, {"fg": colour}),), title=text)
    ET.fromstring(svg(taken))
    shown = re.sub(r"\x1b\[[0-9;]*m", "", ansi(taken))
    assert {unicodedata.category(it) for it in shown} & {"Cc", "Cs", "Zl", "Zp"} == set()
    assert {unicodedata.bidirectional(it) for it in shown} & {
        "LRE",
        "RLE",
        "LRO",
        "RLO",
        "PDF",
        "LRI",
        "RLI",
    } == set()


def test_what_is_blank_is_not_written_unless_a_line_goes_through_it() -> None:
    def texts(**style: bool | str) -> int:
        return len(ET.fromstring(svg(shot((("  ", style),)))).findall(f".//{SVG}text"))

    assert (texts(), texts(bg="red"), texts(underline=True), texts(strike=True)) == (0, 0, 1, 1)
