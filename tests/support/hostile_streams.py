"""Streams that no terminal should have to bear: `hostile_streams.py [COUNT [FIRST_SEED]]` runs them.

In: seeds. Out: bytes that mix sequences, halves of them, huge counts, broken UTF-8, wide characters and plain
text. `trial` feeds one to a screen and a scanner in odd pieces and checks what must hold for any bytes.
"""

import random
import sys
import time
from collections.abc import Callable, Iterator
from itertools import pairwise

from looop.session.pyte_screen import PyteScreen
from looop.session.scanner import ASK_CURSOR, Scanner

FINALS = "@ABCDEFGHIJKLMPSTXZ^`abcdefghijklmnpqrstux{|}~"
PREFIXES = ("", "", "", "?", ">", "<", "=")
BETWEEN = ("", "", "", "", "$", "!", " ", '"', "#")
COUNTS = (
    "",
    "0",
    "1",
    "2",
    "3",
    "7",
    "24",
    "999999999999",
    "47",
    "1047",
    "1048",
    "1049",
    "6",
    "25",
    "4",
    "-1",
)
LETTERS = (
    "a",
    "Z",
    " ",
    "字",
    "🙂",
    "é",
    "e\u0301",
    "\u200d",
    "\ufe0f",
    "─",
    "\u0301",
    "\ufffd",
    "ﷺ",
    "\x9b",
)
STRINGS = ("\x1b]", "\x1bP", "\x1b_", "\x1b^", "\x1bX")
ENDS = ("\x07", "\x1b\\", "\x18", "\x1a", "", "", "\x1b")


def stream(seed: int) -> bytes:
    """Make one; the same for the same seed."""
    chance = random.Random(seed)
    return b"".join(_pieces(chance, chance.choice((3, 10, 40, 120))))


def _pieces(chance: random.Random, count: int) -> Iterator[bytes]:
    kinds: tuple[Callable[[random.Random], bytes], ...] = (
        _control,
        _sequence,
        _sequence,
        _text,
        _string,
        _escape,
    )
    kinds = (*kinds, _garbage, _sgr)
    for _ in range(count):
        piece = chance.choice(kinds)(chance)
        yield piece[: chance.randrange(len(piece) + 1)] if chance.random() < 0.1 else piece


def _sequence(chance: random.Random) -> bytes:
    numbers = chance.choice(";;:").join(chance.choice(COUNTS) for _ in range(chance.randrange(4)))
    parts = (chance.choice(PREFIXES), numbers, chance.choice(BETWEEN), chance.choice(FINALS))
    return ("\x1b[" + "".join(parts)).encode()


def _sgr(chance: random.Random) -> bytes:
    codes = (str(chance.randrange(120)) for _ in range(chance.randrange(8)))
    return f"\x1b[{chance.choice(';:').join(codes)}m".encode()


def _text(chance: random.Random) -> bytes:
    return "".join(chance.choice(LETTERS) for _ in range(chance.choice((1, 3, 30, 300)))).encode()


def _control(chance: random.Random) -> bytes:
    return bytes([chance.randrange(32)]) * chance.choice((1, 1, 2, 50))


def _escape(chance: random.Random) -> bytes:
    return b"\x1b" + bytes(chance.choice(b"78cDEHM=>()*+#0Bno\\ %") for _ in range(chance.randrange(1, 4)))


def _string(chance: random.Random) -> bytes:
    body = chance.choice(("0;", "2;t\x00itle", "8;;http://x", "11;?", "133;A", "52;c;?", "x" * 5000, "9;hi"))
    return (chance.choice(STRINGS) + body + chance.choice(ENDS)).encode()


def _garbage(chance: random.Random) -> bytes:
    return chance.randbytes(chance.choice((1, 2, 10, 60)))


def trial(seed: int) -> None:
    """Feed one stream and check everything that must hold for any bytes."""
    chance, data = random.Random(~seed), stream(seed)
    size = chance.choice(((80, 24), (1, 1), (2, 3), (7, 5), (132, 2)))
    screen, again, scanner, piecewise = PyteScreen(*size), PyteScreen(*size), Scanner(), Scanner()
    whole = scanner.feed(data)
    screen.feed(data)
    replies, at = b"", 0
    for cut in sorted({*(chance.randrange(len(data) + 1) for _ in range(4)), len(data)}):
        replies += b"".join(query.reply for query in piecewise.feed(data[at:cut]).replies)
        again.feed(data[at:cut])
        at = cut
        if seed % 4 == 0:  # slow, and the same code every time
            fresh = PyteScreen()
            fresh.load(again.dump())
            again = fresh
    assert again.dump() == screen.dump(), "pieces and dumps change nothing"
    assert len(whole.replies) == 64 or replies == b"".join(query.reply for query in whole.replies)
    assert piecewise.modes == scanner.modes
    check(screen, size)
    screen.resize(*chance.choice(((5, 9), (81, 25), (1, 1), (10**9, 2))))
    screen.feed(data[:500])
    check(screen, screen.size)


def agree(seed: int) -> None:
    """Check that the scanner follows the modes and knows the questions just as the screen does."""
    data, screen, scanner = stream(seed), PyteScreen(), Scanner()
    screen.feed(data)
    scan = scanner.feed(data)
    assert scanner.modes == screen.modes
    replies = screen.replies()
    constant = [query.reply for query in scan.replies if query.reply != ASK_CURSOR]
    assert len(scan.replies) == 64 or all(reply in replies for reply in constant)


def check(screen: PyteScreen, size: tuple[int, int]) -> None:
    """Check that a screen is whole: its size, its cursor, and no half of a wide character alone."""
    columns, lines = screen.size
    assert (columns, lines) == size
    assert len(screen.cells()) == lines
    assert 0 <= screen.cursor.column < columns
    assert 0 <= screen.cursor.line < lines
    for row in screen.cells():
        assert len(row) == columns
        assert row[0].text
        assert all(left.text or right.text for left, right in pairwise(row))
    assert not any(
        ord(c) < 32 or 127 <= ord(c) < 160 for text in (*screen.text(), screen.title) for c in text
    )


def main(count: int, first: int) -> None:
    began = time.monotonic()
    for seed in range(first, first + count):
        try:
            trial(seed)
        except BaseException:
            sys.stdout.write(f"seed {seed} fails\n")
            raise
        if (seed - first) % 10_000 == 9_999:
            sys.stdout.write(f"{seed - first + 1} of {count}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{count} streams in {time.monotonic() - began:.0f} s: all borne\n")


if __name__ == "__main__":
    arguments = [int(argument) for argument in sys.argv[1:]]
    main(*(arguments + [200_000, 0][len(arguments) :]))
