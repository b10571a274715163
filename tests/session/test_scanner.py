"""The scanner: it finds the same in any pieces, and keeps little of any bytes."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from looop.session.pyte_screen import PyteScreen
from looop.session.scanner import ASK_CURSOR, Scan, Scanner
from support import hostile_streams

EVERYTHING = (
    b"text\x1b[c\x1b]2;one\x07\x1b[6n more \x1b[?2004h\x1b[>7u\x1b[?u\x1b]11;?\x1b\\\x1bPdcs\x07\x1b\\"
    b"\x1b]0;two\x1b\\\x1b[31m\x1b]9;build done\x07\x1b]777;notify;title;body\x07\x1b[?1049h\x1b="
)


def found(pieces: list[bytes]) -> tuple[object, ...]:
    """Gather what a scanner finds in pieces, with offsets of the whole."""
    scanner, at, replies, titles, bell = Scanner(), 0, list[tuple[bytes, int]](), list[str](), False
    notes = list[str]()
    for piece in pieces:
        scan = scanner.feed(piece)
        replies += [(query.reply, at + query.end) for query in scan.replies]
        titles += [scan.title] if scan.title is not None else []
        notes += scan.notes
        bell = bell or scan.bell
        at += len(piece)
    return replies, titles[-1:], notes, bell, scanner.modes


def test_it_finds_everything() -> None:
    scan = Scanner().feed(EVERYTHING)
    replies = [query.reply for query in scan.replies]
    assert replies == [b"\x1b[?62;22c", ASK_CURSOR, b"\x1b[?7u", b"\x1b]11;rgb:0000/0000/0000\x1b\\"]
    assert (scan.title, scan.notes, scan.bell) == ("two", ("build done", "title: body"), False)
    assert (scan.modes.bracketed_paste, scan.modes.alternate, scan.modes.application_keypad) == (
        True,
        True,
        True,
    )


def test_it_tells_where_a_question_ended() -> None:
    (query,) = Scanner().feed(b"ab\x1b[6ncd").replies
    assert query.end == 6
    scanner = Scanner()
    scanner.feed(b"ab\x1b[")
    (query,) = scanner.feed(b"6ncd").replies
    assert query.end == 2


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_pieces_change_nothing(size: int) -> None:
    pieces = [EVERYTHING[at : at + size] for at in range(0, len(EVERYTHING), size)]
    assert found(pieces) == found([EVERYTHING])


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**9), st.integers(1, 40))
def test_pieces_change_nothing_for_any_stream(seed: int, size: int) -> None:
    data = hostile_streams.stream(seed)[:3000]
    whole = found([data])
    if len(whole[0]) < 64 and len(whole[2]) < 8:  # type: ignore[arg-type] # limits are per piece
        assert found([data[at : at + size] for at in range(0, len(data), size)]) == whole


@pytest.mark.parametrize(
    ("data", "rings"),
    [
        (b"a\x07b", True),
        (b"\x1b]0;title\x07", False),
        (b"\x1bPdcs\x07\x1b\\", False),
        (b"\x1b]0;" + b"x" * 9000 + b"\x07", False),
        (b"\x1b]0;title\x07\x07", True),
    ],
)
def test_a_bell_rings_only_outside_of_strings(data: bytes, rings: bool) -> None:
    assert Scanner().feed(data).bell == rings
    scanner = Scanner()
    assert any(scanner.feed(data[at : at + 5]).bell for at in range(0, len(data), 5)) == rings


@pytest.mark.parametrize(
    "data",
    [
        b"\x1b[?7l\x1b8",  # nothing was saved: back to how it begins
        b"\x1b[?7l\x1b7\x1b[?7h\x1b8",
        b"\x1b[?7l\x1b[s\x1b[?7h\x1b[u",
        b"\x1b[?7l\x1b[?1048h\x1b[?7h\x1b[?1048l",
        b"\x1b[?7l\x1b[?1049h\x1b[?7h\x1b[?1049l",
        b"\x1b[?7l\x1b7\x1b[?47h\x1b8",  # each screen saves its own
        b"\x1b[?7l\x1b7\x1b[!p\x1b[?7l\x1b8",
    ],
)
def test_it_follows_the_modes_that_are_saved_with_the_cursor(data: bytes) -> None:
    follows(data)


@pytest.mark.parametrize(
    "data", [b"\x1b[?7\rl", b"\x1b[?7l\x1b[\x06u", b"\x1b[\x7f?1;\n2004h", b"\x1b[?\x1b7l", b"\x1b[?7\x18l"]
)
def test_controls_in_a_sequence_do_not_hide_it(data: bytes) -> None:
    follows(data)


def test_a_bell_in_a_sequence_rings() -> None:
    for piece in (b"\x1b[?\x077l", b"\x1b[3\x071m"):
        assert found([piece])[3] is True
        assert found([piece[:3], piece[3:]])[3] is True


def follows(data: bytes) -> None:
    screen = PyteScreen()
    screen.feed(data)
    for step in (1, len(data)):
        scanner = Scanner()
        for at in range(0, len(data), step):
            scanner.feed(data[at : at + step])
        assert scanner.modes == screen.modes


def test_a_progress_bar_is_no_notification() -> None:
    assert Scanner().feed(b"\x1b]9;4;1;50\x07").notes == ()


def test_nothing_is_found_in_plain_text() -> None:
    assert Scanner().feed(b"plain text\r\n" * 1000) == Scan()


@pytest.mark.parametrize("begin", [b"\x1b]0;", b"\x1bP", b"\x1b[", b"\x1b_", b"\x1b"])
def test_what_never_ends_is_not_kept(begin: bytes) -> None:
    scanner = Scanner()
    scanner.feed(begin)
    for _ in range(100):
        scanner.feed(b"1" * 1000)
        assert len(scanner._rest) <= 4096
    assert scanner.feed(b"\x1b\\\x1b[5n").replies[0].reply == b"\x1b[0n"


def test_a_flood_of_questions_gets_few_answers() -> None:
    assert len(Scanner().feed(b"\x1b[c" * 10_000).replies) == 64


def test_an_overlong_title_is_none() -> None:
    assert Scanner().feed(b"\x1b]0;" + b"x" * 5000 + b"\x07").title is None


def test_a_title_is_fit_for_one_line() -> None:
    assert Scanner().feed("\x1b]0; a\nb\u202e\tc \x07".encode()).title == "a b c"


@pytest.mark.slow
def test_the_scanner_and_the_screen_answer_alike() -> None:
    for seed in range(150):
        hostile_streams.agree(random.Random(seed).randrange(10**9))
