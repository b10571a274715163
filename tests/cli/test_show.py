"""What is shown can't harm a terminal, and machines get every byte."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from looop.cli import show
from looop.cli.show import cells, clean, encode, line, money, span, table, until, when


class View(msgspec.Struct):
    name: str
    v: int = 1


HOSTILE = (
    "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x1b]52;c;ZXZpbA==\x1b\\ \u202eevil\u202c \x9b2J \x07 \x00 \udcff"
)


def test_terminal_sequences_are_removed_whole() -> None:
    assert (
        clean("\x1b[31mred\x1b[0m, \x1b]0;title\x07\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\") == "red, link"
    )


def test_bidi_and_control_characters_are_spelled_out() -> None:
    assert clean("a\u202eb\x07c") == "a<U+202E>b<U+0007>c"


def test_an_unfinished_sequence_hides_nothing_behind_it() -> None:
    assert clean("\x1b]0;and now the rest of the text") == "<U+001B>]0;and now the rest of the text"


def test_newlines_and_tabs_survive_and_carriage_returns_do_not() -> None:
    assert clean("a\tb\r\nc\rd") == "a\tb\nc<U+000D>d"


def test_what_was_invalid_utf8_can_be_shown() -> None:
    clean(HOSTILE).encode()


@given(st.text(st.characters(), max_size=200))
def test_clean_text_never_holds_a_control_character(text: str) -> None:
    assert all(char in "\n\t" or char >= " " for char in clean(text))


def test_a_megabyte_of_unfinished_sequences_does_not_take_for_ever() -> None:
    assert clean("\x1b]" * 500_000).startswith("<U+001B>]")


def test_json_is_one_line_of_ascii_and_keeps_every_character() -> None:
    text = encode(View(HOSTILE))
    assert text.isascii()
    assert text.count("\n") == 1
    assert json.loads(text) == {"name": HOSTILE, "v": 1}


def test_a_line_is_cut_by_cells_not_characters() -> None:
    assert line("目標" * 10, 10) == "目標目標…"
    assert line("two\nlines") == "two lines"


def test_columns_are_aligned_by_cells() -> None:
    assert table([["目標", "a"], ["x", "b"]]) == "目標  a\nx     b"


def test_no_cell_can_forge_a_row_or_move_the_cursor() -> None:
    assert table([["a\x1b[2J", "b\nc  d"]]) == "a  b c  d"


def test_a_combining_mark_takes_no_cell() -> None:
    assert cells("e\u0301") == 1


def test_an_impossible_time_is_shown_and_does_not_raise() -> None:
    assert when(float("inf")) == "at an impossible time"
    assert when(1e300) == "at an impossible time"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0s"), (59.9, "59s"), (61, "1m 1s"), (3600, "1h"), (90000, "1d 1h"), (-5, "0s"), (1e18, "3650d")],
)
def test_spans_are_said_in_two_units(seconds: float, words: str) -> None:
    assert span(seconds) == words


def test_an_unknown_cost_is_never_zero() -> None:
    assert money(None) == "unknown"
    assert money(0.0) == "$0.00"
    assert money(0.0012) == "$0.0012"


def test_what_has_no_end_waits_for_a_person() -> None:
    assert until(None, 0) == "until a person acts"
    assert show.ended("") == ""
