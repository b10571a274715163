"""A screen drawn on another terminal looks and behaves as the first one does."""

from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from looop.session.paint import Picture, change, clip, modes, note, take, whole
from looop.session.pyte_screen import PyteScreen
from looop.session.screen import Modes

SIZE = (20, 6)
OFF = b"\x1b[?1049l"


def screen(data: bytes = b"", size: tuple[int, int] = SIZE) -> PyteScreen:
    made = PyteScreen(*size)
    made.feed(data)
    return made


def drawn(picture: Picture, before: bytes = b"") -> PyteScreen:
    """What a terminal that showed `before` shows after the picture."""
    shown = screen(before, picture.size)
    for piece in whole(picture):
        shown.feed(piece)
    return shown


def seen(it: PyteScreen) -> Picture:
    """All that a person and the program's next bytes can notice."""
    return take(it)


WORDS = st.sampled_from(
    [
        b"text",
        b"a wide \xe6\xbc\xa2\xe5\xad\x97",
        b"e\xcc\x81",
        b"\xf0\x9f\x98\x80",
        b"\r\n",
        b"\n",
        b"\t",
        b"\x08",
        b"\x1b[1;31m",
        b"\x1b[0m",
        b"\x1b[38;2;1;2;3;48;5;200m",
        b"\x1b[97;104;2;3;4;5;7;9m",
        b"\x1b[3;5H",
        b"\x1b[6;20H",
        b"\x1b[2J",
        b"\x1b[K",
        b"\x1b[2;4r",
        b"\x1b[?6h",
        b"\x1b[?7l",
        b"\x1b[4h",
        b"\x1b[2P",
        b"\x1b[2@",
        b"\x1b[L",
        b"\x1bM",
        b"\x1b[?25l",
        b"\x1b[?1h",
        b"\x1b=",
        b"\x1b[?2004h",
        b"\x1b[?1004h",
        b"\x1b[?1003h\x1b[?1006h",
        b"\x1b[>5u",
        b"\x1b[?1049h",
        b"\x1b[?1049l",
        b"\x1b]2;a title\x07",
        b"x" * 20,
        b"\x1b7",
        b"\x1b8",
    ]
)


@settings(deadline=None, max_examples=300)
@example(b"", b"\x1b[?6h\x1b[?1049h")
@given(st.lists(WORDS, max_size=30).map(b"".join), st.lists(WORDS, max_size=10).map(b"".join))
def test_a_painted_screen_has_the_same_cells_cursor_modes_and_pen(data: bytes, before: bytes) -> None:
    first = screen(data)
    second = drawn(take(first), before)
    expected, found = seen(first), seen(second)
    if not first.title:
        found = replace(found, title="")
    assert found == expected


@settings(deadline=None, max_examples=300)
@given(st.lists(WORDS, max_size=30).map(b"".join), st.lists(WORDS, max_size=10).map(b"".join))
def test_what_a_program_writes_next_looks_the_same_on_a_painted_terminal(data: bytes, more: bytes) -> None:
    first = screen(data)
    second = drawn(take(first))
    for it in (first, second):
        it.feed(more.replace(b"\x1b8", b"").replace(b"\x1b[?1049l", b""))
    assert second.text() == first.text()
    assert second.cursor == first.cursor


@settings(deadline=None, max_examples=300)
@given(st.lists(WORDS, max_size=30).map(b"".join), st.lists(WORDS, max_size=10).map(b"".join))
def test_drawing_only_what_changed_gives_the_same_cells_and_cursor(data: bytes, more: bytes) -> None:
    it = screen(data)
    first = clip(take(it), *SIZE)
    observer = screen()
    observer.feed(change(None, first))
    it.feed(more)
    second = clip(take(it), *SIZE)
    observer.feed(change(first, second))
    assert seen(observer).rows == second.rows
    assert observer.cursor == it.cursor


def test_nothing_is_drawn_when_nothing_changed() -> None:
    picture = take(screen(b"text"))
    assert change(picture, picture) == b""


def test_only_rows_that_differ_are_drawn_again() -> None:
    it = screen(b"first\r\nsecond")
    before = take(it)
    it.feed(b"!")
    assert b"first" not in change(before, take(it))


@pytest.mark.parametrize(("columns", "lines"), [(1, 1), (7, 3), (20, 6), (30, 10), (200, 1)])
def test_a_part_is_as_large_as_the_terminal_and_has_the_cursor_inside(columns: int, lines: int) -> None:
    it = screen("漢字 wide\r\n".encode() * 8 + b"\x1b[5;19H")
    part = clip(take(it), columns, lines)
    assert part.size == (columns, lines)
    assert 0 <= part.cursor.column < columns
    assert 0 <= part.cursor.line < lines


def test_half_of_a_wide_character_at_an_edge_is_blank() -> None:
    it = screen("a漢".encode() + b"\x1b[H")
    assert [cell.text for cell in clip(take(it), 2, 1).rows[0]] == ["a", " "]


def test_a_smaller_terminal_follows_the_cursor_down() -> None:
    it = screen(b"\r\n".join(b"line%d" % number for number in range(6)))
    shown = screen(size=(8, 2))
    shown.feed(change(None, clip(take(it), 8, 2)))
    assert shown.text() == ("line4", "line5")


def test_every_mode_is_switched_both_ways() -> None:
    wanted = Modes(
        application_cursor=True,
        application_keypad=True,
        bracketed_paste=True,
        focus=True,
        mouse=1002,
        sgr_mouse=True,
        kitty=7,
        wrap=False,
    )
    it = screen()
    it.feed(modes(wanted))
    assert it.modes == wanted
    it.feed(modes(Modes()))
    assert it.modes == Modes()


def test_painting_ends_a_sequence_that_was_cut_in_the_middle() -> None:
    picture = take(screen(b"text"))
    for cut in (b"\x1b[38;2", b"\x1b]2;tit", b"\x1bP+q54", b"\xe6\xbc"):
        assert drawn(picture, cut).text() == screen(b"text").text()


def test_painting_asks_nothing() -> None:
    it = drawn(take(screen(b"text\x1b[c\x1b[6n")))
    assert it.replies() == b""


def test_what_the_main_screen_showed_is_scrolled_away_before_it_is_painted() -> None:
    painting = b"".join(whole(take(screen(b"text")), scroll=True))
    before_the_clearing = painting[: painting.index(b"\x1b[2J")]
    assert before_the_clearing.count(b"\n") == SIZE[1]


def test_a_note_stands_on_the_last_line_and_leaves_the_cursor_alone() -> None:
    it = screen(b"text")
    it.feed(note("watching", *SIZE))
    assert it.text()[-1].strip() == "watching"
    assert it.cursor == screen(b"text").cursor


def test_a_note_is_no_longer_than_the_line() -> None:
    it = screen(b"text")
    it.feed(note("watching " * 10, *SIZE))
    assert it.text()[0] == "text"
    assert len(it.text()[-1]) <= SIZE[0]
