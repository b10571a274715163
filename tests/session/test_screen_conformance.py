"""What a terminal does with each sequence: small streams, and the rows and the cursor that come of them."""

import pytest

from looop.session.pyte_screen import PyteScreen
from looop.session.screen import Cell

E = "\x1b["
FULL = "abcdef\r\nghijkl\r\nmnopqr\r\nstuvwx"  # all of a screen of 6x4
CASES: dict[str, tuple[str, tuple[str, ...], tuple[int, int]]] = {
    # Text and wrapping
    "plain text": ("hi", ("hi", "", "", ""), (2, 0)),
    "the last column waits before it wraps": ("abcdef", ("abcdef", "", "", ""), (5, 0)),
    "the next letter wraps": ("abcdefg", ("abcdef", "g", "", ""), (1, 1)),
    "a return takes the wrap back": ("abcdef\rX", ("Xbcdef", "", "", ""), (1, 0)),
    "a move takes the wrap back": (f"abcdef{E}A{E}BX", ("abcdef", "     X", "", ""), (5, 1)),
    "without wrapping the last column is overwritten": (f"{E}?7labcdefgh", ("abcdeh", "", "", ""), (5, 0)),
    "wrapping may be switched on again": (f"{E}?7l{E}?7habcdefg", ("abcdef", "g", "", ""), (1, 1)),
    "the screen scrolls at its end": (f"{FULL}y", ("ghijkl", "mnopqr", "stuvwx", "y"), (1, 3)),
    "a line feed keeps the column": ("ab\nc", ("ab", "  c", "", ""), (3, 1)),
    "in new line mode it does not": (f"{E}20hab\nc", ("ab", "c", "", ""), (1, 1)),
    "vertical tab and form feed are line feeds": ("a\x0bb\x0cc", ("a", " b", "  c", ""), (3, 2)),
    "a backspace stops at the margin": ("a\b\b\bX", ("X", "", "", ""), (1, 0)),
    "insert mode pushes": (f"abc{E}1;1H{E}4hXY{E}4l", ("XYabc", "", "", ""), (2, 0)),
    # Wide and combining characters
    "a wide character takes two": ("字a", ("字a", "", "", ""), (3, 0)),
    "a wide character does not fit in one": ("abcde字", ("abcde", "字", "", ""), (2, 1)),
    "its right half overwritten takes the left": (f"字{E}2GX", (" X", "", "", ""), (2, 0)),
    "its left half overwritten takes the right": (f"字b{E}1GX", ("X b", "", "", ""), (1, 0)),
    "two of them, both cut": (f"字字{E}2G字", (" 字", "", "", ""), (3, 0)),
    "half of it erased": (f"a字b{E}3G{E}X", ("a  b", "", "", ""), (2, 0)),
    "half of it deleted": (f"a字b{E}2G{E}P", ("a b", "", "", ""), (1, 0)),
    "half of it pushed out": (f"abcd字{E}1G{E}@", (" abcd", "", "", ""), (0, 0)),
    "an accent joins its letter": ("e\u0301x", ("e\u0301x", "", "", ""), (2, 0)),
    "an accent in the last column": ("abcdee\u0301", ("abcdee\u0301", "", "", ""), (5, 0)),
    "an accent on a wide character": ("字\u0301", ("字\u0301", "", "", ""), (2, 0)),
    "an accent on nothing is dropped": ("\u0301a", ("a", "", "", ""), (1, 0)),
    "bidi controls are dropped": ("a\u202eb\u2066c", ("abc", "", "", ""), (3, 0)),
    # Moving
    "positions begin at 1": (f"{E}2;3HX", ("", "  X", "", ""), (3, 1)),
    "a position outside is the nearest inside": (f"{E}99;99HX", ("", "", "", "     X"), (5, 3)),
    "up, down, forward, back": (f"{E}3;3H{E}A{E}2C{E}B{E}DX", ("", "", "   X", ""), (4, 2)),
    "next and previous line": (f"{E}2;4H{E}EX{E}FY", ("", "Y", "X", ""), (1, 1)),
    "column and line alone": (f"{E}4G{E}3dX", ("", "", "   X", ""), (4, 2)),
    "relative column and line": (f"{E}2a{E}eX", ("", "  X", "", ""), (3, 1)),
    "index and next line": ("a\x1bDb\x1bEc", ("a", " b", "c", ""), (1, 2)),
    "reverse index scrolls down at the top": (
        f"{FULL}{E}H\x1bMX",
        ("X", "abcdef", "ghijkl", "mnopqr"),
        (1, 0),
    ),
    # Erasing
    "erase to the end of the line": (f"abcdef{E}3G{E}K", ("ab", "", "", ""), (2, 0)),
    "erase to the begin of the line": (f"abcdef{E}3G{E}1K", ("   def", "", "", ""), (2, 0)),
    "erase the line": (f"abcdef{E}3G{E}2K", ("", "", "", ""), (2, 0)),
    "erase below": (f"{FULL}{E}2;3H{E}J", ("abcdef", "gh", "", ""), (2, 1)),
    "erase above": (f"{FULL}{E}2;3H{E}1J", ("", "   jkl", "mnopqr", "stuvwx"), (2, 1)),
    "erase all": (f"{FULL}{E}2;3H{E}2J", ("", "", "", ""), (2, 1)),
    "erasing what scrolled away leaves the screen": (f"ab{E}3J", ("ab", "", "", ""), (2, 0)),
    "erase characters": (f"abcdef{E}2G{E}3X", ("a   ef", "", "", ""), (1, 0)),
    "insert characters": (f"abcdef{E}2G{E}2@", ("a  bcd", "", "", ""), (1, 0)),
    "delete characters": (f"abcdef{E}2G{E}2P", ("adef", "", "", ""), (1, 0)),
    "insert lines": (f"{FULL}{E}2;3H{E}L", ("abcdef", "", "ghijkl", "mnopqr"), (0, 1)),
    "delete lines": (f"{FULL}{E}2;3H{E}2M", ("abcdef", "stuvwx", "", ""), (0, 1)),
    # The region
    "a region scrolls alone": (f"{FULL}{E}2;3r{E}3;1H\n", ("abcdef", "mnopqr", "", "stuvwx"), (0, 2)),
    "setting a region goes home": (f"ab{E}2;3r", ("ab", "", "", ""), (0, 0)),
    "a region of one line is none": (f"{FULL}{E}2;2r\n", ("ghijkl", "mnopqr", "stuvwx", ""), (5, 3)),
    "below the region nothing scrolls": (
        f"{FULL}{E}1;2r{E}4;1H\n\nX",
        ("abcdef", "ghijkl", "mnopqr", "Xtuvwx"),
        (1, 3),
    ),
    "up stops at the region": (f"{E}2;3r{E}3;1H{E}9AX", ("", "X", "", ""), (1, 1)),
    "up above the region goes to the top": (f"{E}3;4r{E}2;1H{E}9AX", ("X", "", "", ""), (1, 0)),
    "origin mode counts from the region": (f"{E}2;3r{E}?6h{E}1;1HX{E}9;1HY", ("", "X", "Y", ""), (1, 2)),
    "insert lines outside the region do nothing": (
        f"{FULL}{E}1;2r{E}4;2H{E}L",
        (*FULL.split("\r\n"),),
        (1, 3),
    ),
    "insert lines push within the region": (
        f"{FULL}{E}2;3r{E}2;1H{E}L",
        ("abcdef", "", "ghijkl", "stuvwx"),
        (0, 1),
    ),
    "scroll up": (f"{FULL}{E}2S", ("mnopqr", "stuvwx", "", ""), (5, 3)),
    "scroll down": (f"{FULL}{E}T", ("", "abcdef", "ghijkl", "mnopqr"), (5, 3)),
    "scroll down with five parameters is something else": (
        f"{FULL}{E}1;2;3;4;5T",
        (*FULL.split("\r\n"),),
        (5, 3),
    ),
    # Repeating, tabs, character sets
    "repeat the last letter": (f"a{E}3b", ("aaaa", "", "", ""), (4, 0)),
    "repeat wraps": (f"abc{E}5b", ("abcccc", "cc", "", ""), (2, 1)),
    "repeat a wide one": (f"字{E}b", ("字字", "", "", ""), (4, 0)),
    "repeat nothing": (f"{E}3b", ("", "", "", ""), (0, 0)),
    "line drawing": ("\x1b(0lqk\x1b(Bq", ("┌─┐q", "", "", ""), (4, 0)),
    "line drawing by shifting": ("\x1b)0\x0ex\x0fx", ("│x", "", "", ""), (2, 0)),
    "a repeated line stays a line": (f"\x1b(0q{E}2b", ("───", "", "", ""), (3, 0)),
    "the alignment test": (f"ab{E}3;3r\x1b#8", ("EEEEEE",) * 4, (0, 0)),
    # Saving
    "save and restore the cursor": (f"{E}2;2H\x1b7{E}Hx\x1b8y", ("x", " y", "", ""), (2, 1)),
    "restore without a save goes home": (f"{E}3;3H\x1b8x", ("x", "", "", ""), (1, 0)),
    "save by CSI s and u": (f"ab{E}s{E}3;3H{E}uX", ("abX", "", "", ""), (3, 0)),
    "a save keeps a waiting wrap": (f"abcdef\x1b7{E}H\x1b8X", ("abcdef", "X", "", ""), (1, 1)),
    "a save keeps the character set": ("\x1b(0\x1b7\x1b(B\x1b8q", ("─", "", "", ""), (1, 0)),
    "a mode saved and restored": (f"{E}?7s{E}?7l{E}?7rabcdefg", ("abcdef", "g", "", ""), (1, 1)),
    # Two screens
    "the alternate screen begins empty": (f"ab{E}?1049h", ("", "", "", ""), (2, 0)),
    "and leaves the other alone": (f"ab{E}?1049h{E}2;2Hxyz{E}?1049l", ("ab", "", "", ""), (2, 0)),
    "47 keeps what was there": (f"{E}?47hab{E}?47l{E}?47h", ("ab", "", "", ""), (2, 0)),
    "1047 clears on leaving": (f"{E}?1047hab{E}?1047l{E}?1047h", ("", "", "", ""), (2, 0)),
    "1048 saves the cursor": (f"ab{E}?1048h{E}3;3H{E}?1048lX", ("abX", "", "", ""), (3, 0)),
    "each screen saves its own cursor": (
        f"{E}2;2H\x1b7{E}?47h{E}3;3H\x1b7{E}?47l\x1b8X",
        ("", " X", "", ""),
        (2, 1),
    ),
    "leaving twice is leaving once": (f"ab{E}?1049h{E}?1049l{E}3;1H{E}?1049l", ("ab", "", "", ""), (0, 2)),
    # What must be swallowed
    "strings": ("a\x1bPq#0;1\x1b\\b\x1b_G\x1b\\c\x1b^x\x1b\\d\x1bXy\x1b\\e", ("abcde", "", "", ""), (5, 0)),
    "titles and links": ("a\x1b]0;t\x07b\x1b]8;;http://x\x1b\\c", ("abc", "", "", ""), (3, 0)),
    "cursor shapes and unknown modes": (f"a{E}2 q{E}?9999h{E}>4;1mb", ("ab", "", "", ""), (2, 0)),
    "a string broken off": ("a\x1bPxy\x18b", ("ab", "", "", ""), (2, 0)),
    "a sequence broken off": (f"a{E}3\x18b", ("ab", "", "", ""), (2, 0)),
    "a sequence begun anew": (f"a{E}3{E}2GX", ("aX", "", "", ""), (2, 0)),
    "a control in a sequence": (f"ab{E}\b2CX", ("ab X", "", "", ""), (4, 0)),
    "an overlong sequence": (f"a{E}{'1;' * 3000}Hb", ("ab", "", "", ""), (2, 0)),
    "selective erasing, as nothing is protected": (f"ab{E}?2J{E}?2K", ("ab", "", "", ""), (2, 0)),
    "an unknown sequence": (f"a{E}?5$~b\x1b%Gc", ("abc", "", "", ""), (3, 0)),
    "broken UTF-8": ("a\udcff\udce5b", ("a\ufffd\ufffdb", "", "", ""), (4, 0)),
    # Resets
    "a full reset": (f"{FULL}{E}?7l{E}2;3r\x1bcabcdefg", ("abcdef", "g", "", ""), (1, 1)),
    "a soft reset keeps the text": (f"ab{E}2;3r{E}4h{E}!pc", ("cb", "", "", ""), (1, 0)),
    # Huge counts
    "huge counts": (f"ab{E}999999999L{E}999999999S{E}99999999999999999999BX", ("", "", "", "X"), (1, 3)),
    "a repeat is a row at most": (f"a{E}999999999b", ("aaaaaa", "a", "", ""), (1, 1)),
    "a huge column": (f"{E}999999999GX{E}999999999DY", ("Y    X", "", "", ""), (1, 0)),
}


def screen(written: str, columns: int = 6, lines: int = 4) -> PyteScreen:
    made = PyteScreen(columns, lines)
    made.feed(written.encode(errors="surrogateescape"))
    return made


@pytest.mark.parametrize("name", CASES)
def test_rows_and_cursor_are_as_expected(name: str) -> None:
    written, rows, cursor = CASES[name]
    made = screen(written)
    assert (made.text(), (made.cursor.column, made.cursor.line)) == (rows, cursor)


@pytest.mark.parametrize("name", CASES)
def test_one_byte_at_a_time_gives_the_same(name: str) -> None:
    written = CASES[name][0].encode(errors="surrogateescape")
    made = PyteScreen(6, 4)
    for byte in written:
        made.feed(bytes([byte]))
    assert made.dump() == screen(CASES[name][0]).dump()


def test_tabs_go_to_stops_that_can_be_set_and_cleared() -> None:
    stops = f"\tA\r{E}5G\x1bH\r\tB\r{E}2IC{E}2ZD{E}3g\r\tE"
    assert screen(stops, 20, 1).text() == ("    D   C          E".replace("D", "D"),)


def test_a_tab_back_from_the_left_margin_stays() -> None:
    assert screen(f"{E}ZX", 20, 1).text() == ("X",)


@pytest.mark.parametrize(
    ("sgr", "look"),
    [
        (
            "1;3;4;5;7;9",
            {"bold": True, "italic": True, "underline": True, "blink": True, "reverse": True, "strike": True},
        ),
        ("2", {"faint": True}),
        ("1;2;22", {}),
        ("31;42", {"fg": "red", "bg": "green"}),
        ("93;104", {"fg": "brightyellow", "bg": "brightblue"}),
        ("38;5;1;48;5;12", {"fg": "red", "bg": "brightblue"}),
        ("38;5;196", {"fg": "ff0000"}),
        ("38;2;1;2;3", {"fg": "010203"}),
        ("38:2:1:2:3", {"fg": "010203"}),
        ("38:2::1:2:3", {"fg": "010203"}),
        ("48:5:21", {"bg": "0000ff"}),
        ("4:3", {"underline": True}),
        ("4;4:0", {}),
        ("58;2;1;2;3;1", {"bold": True}),
        ("58:5:3;31", {"fg": "red"}),
        ("31;38;2;300;0;0", {"fg": "red"}),
        ("31;38;5;256", {"fg": "red"}),
        ("31;39;44;49", {}),
        ("31;1;", {}),
        ("31;0", {}),
        ("38;5", {}),
        ("999;31", {"fg": "red"}),
    ],
)
def test_sgr_gives_each_look(sgr: str, look: dict[str, str | bool]) -> None:
    (cell, *_), *_ = screen(f"{E}{sgr}mx").cells()
    assert {
        name: value for name, value in cell._asdict().items() if value != getattr(Cell("x"), name)
    } == look


@pytest.mark.parametrize("erasing", ["K", "J", "2J", "X", "P", "@", "L", "M", "S"])
def test_what_is_erased_gets_the_present_background(erasing: str) -> None:
    made = screen(f"ab{E}H{E}1;44m{E}{erasing}")
    blank = Cell(bg="blue")
    assert blank in [cell for row in made.cells() for cell in row]


def test_scrolling_brings_in_the_present_background() -> None:
    assert screen(f"{E}4;1H{E}44m\n").cells()[3] == [Cell(bg="blue")] * 6


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("?1h", {"application_cursor": True}),
        ("?2004h", {"bracketed_paste": True}),
        ("?1004h", {"focus": True}),
        ("?1000h", {"mouse": 1000}),
        ("?1002;1006h", {"mouse": 1002, "sgr_mouse": True}),
        ("?1049h", {"alternate": True}),
        ("?7l", {"wrap": False}),
        (">5u", {"kitty": 5}),
        ("=3u", {"kitty": 3}),
        ("=1u\x1b[=4;2u", {"kitty": 5}),
        ("=5u\x1b[=4;3u", {"kitty": 1}),
        (">1u\x1b[>3u\x1b[<u", {"kitty": 1}),
        (">1u\x1b[<99u", {}),
        (">1u\x1b[?1049h", {"alternate": True}),
        ("?1h\x1b[?2004h\x1bc", {}),
    ],
)
def test_modes_are_known(written: str, expected: dict[str, object]) -> None:
    modes, plain = screen(E + written).modes, PyteScreen().modes
    names = [name for name in plain.__slots__ if getattr(modes, name) != getattr(plain, name)]
    assert {name: getattr(modes, name) for name in names} == expected


def test_the_keypads_mode_is_known() -> None:
    assert screen("\x1b=").modes.application_keypad
    assert not screen("\x1b=\x1b>").modes.application_keypad


def test_a_cursor_may_be_hidden() -> None:
    assert screen(f"{E}?25l").cursor.hidden
    assert not screen(f"{E}?25l{E}?25h").cursor.hidden


def test_a_title_has_no_controls() -> None:
    assert screen("\x1b]2;a\tb\u202ec \x07").title == "a b c"


@pytest.mark.parametrize(
    ("asked", "reply"),
    [
        (f"{E}c", "\x1b[?62;22c"),
        (f"{E}>c", "\x1b[>1;10;0c"),
        (f"{E}5n", "\x1b[0n"),
        (f"{E}2;3H{E}6n", "\x1b[2;3R"),
        (f"{E}2;3r{E}?6h{E}2;1H{E}6n", "\x1b[2;1R"),
        ("abcdef\x1b[6n", "\x1b[1;6R"),
        (f"{E}?2026$p", "\x1b[?2026;2$y"),
        (f"{E}?2004h{E}?2004$p", "\x1b[?2004;1$y"),
        (f"{E}?31337$p", "\x1b[?31337;0$y"),
        (f"{E}4$p", "\x1b[4;2$y"),
        (f"{E}>q", "\x1bP>|looop\x1b\\"),
        (f"{E}>7u{E}?u", "\x1b[?7u"),
        ("\x1b]11;?\x07", "\x1b]11;rgb:0000/0000/0000\x07"),
        ("\x1b]10;?\x1b\\", "\x1b]10;rgb:e5e5/e5e5/e5e5\x1b\\"),
        ("\x1b]11;red\x07", ""),
        (f"{E}1c{E}7n{E}?6n", ""),
    ],
)
def test_queries_are_answered_once(asked: str, reply: str) -> None:
    made = screen(asked)
    assert (made.replies(), made.replies()) == (reply.encode(), b"")


def test_replies_that_nobody_fetches_are_bounded() -> None:
    assert len(screen(f"{E}c" * 100_000).replies()) < 70_000


@pytest.mark.parametrize(
    ("size", "rows", "cursor"),
    [
        ((6, 2), ("abcdef", "ghijkl"), (5, 1)),
        ((3, 4), ("abc", "ghi", "mno", "stu"), (2, 3)),
        ((8, 5), ("abcdef", "ghijkl", "mnopqr", "stuvwx", ""), (5, 3)),
    ],
)
def test_a_resize_cuts_at_the_bottom_and_the_right(
    size: tuple[int, int], rows: tuple[str, ...], cursor: tuple[int, int]
) -> None:
    made = screen(FULL)
    made.resize(*size)
    assert (made.text(), (made.cursor.column, made.cursor.line)) == (rows, cursor)


def test_a_resize_changes_the_screen_that_does_not_show_too() -> None:
    made = screen(f"{FULL}{E}?1049h")
    made.resize(3, 2)
    made.feed(f"{E}?1049l".encode())
    assert made.text() == ("abc", "ghi")


def test_a_resize_leaves_no_half_of_a_wide_character() -> None:
    made = screen("ab字")
    made.resize(3, 1)
    assert made.text() == ("ab",)


def test_a_wider_screen_has_more_tab_stops() -> None:
    made = screen("")
    made.resize(20, 1)
    made.feed(b"\t\tX")
    assert made.text() == (" " * 16 + "X",)


@pytest.mark.parametrize(("asked", "given"), [((0, -5), (1, 1)), ((10**9, 10**9), (1000, 1000))])
def test_an_impossible_size_is_the_nearest_possible(asked: tuple[int, int], given: tuple[int, int]) -> None:
    made = screen("x")
    made.resize(*asked)
    assert made.size == given
