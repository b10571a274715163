"""Streams that no terminal should have to bear: `hostile_streams.py [COUNT [FIRST_SEED [JOBS]]]` runs them.

In: seeds. Out: bytes that mix sequences, halves of them, huge counts, broken UTF-8, wide characters and
plain text. `trial` feeds one to screens and scanners in odd pieces, resized and dumped anywhere, and checks
what must hold for any bytes.
"""

import json
import multiprocessing
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from wcwidth import wcwidth

from looop.session.pyte_screen import PyteScreen
from looop.session.scanner import ASK_CURSOR, MOST, Scanner
from looop.session.screen import Modes

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
EDGES = ("", "0", "1", "2", "3", "4", "5", "6", "7", "23", "24", "79", "80", "81", "999", "65536")
STRINGS = ("\x1b]", "\x1bP", "\x1b_", "\x1b^", "\x1bX")
BODIES = (
    "0;",
    "2;t\x00itle",
    "8;;http://x",
    "11;?",
    "133;A",
    "52;c;?",
    "x" * 5000,
    "9;hi",
    "0;" + "字" * 2000,
)
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
    kinds = (*kinds, _garbage, _sgr, _mode, _mode, _place, _edit, _sprinkled)
    for _ in range(count):
        piece = chance.choice(kinds)(chance)
        yield piece[: chance.randrange(len(piece) + 1)] if chance.random() < 0.1 else piece


def _sequence(chance: random.Random) -> bytes:
    numbers = chance.choice(";;:").join(chance.choice(COUNTS) for _ in range(chance.randrange(4)))
    parts = (chance.choice(PREFIXES), numbers, chance.choice(BETWEEN), chance.choice(FINALS))
    return ("\x1b[" + "".join(parts)).encode()


def _mode(chance: random.Random) -> bytes:
    """Switch what changes how everything after it is drawn: origin, wrap, insert, the alternate screens."""
    if chance.random() < 0.2:
        return f"\x1b[{chance.choice((4, 20))}{chance.choice('hl')}".encode()
    number = chance.choice((1, 3, 6, 6, 7, 7, 25, 47, 1000, 1006, 1047, 1048, 1049, 1049, 2004))
    return f"\x1b[?{number}{chance.choice('hhllsr')}".encode()


def _sprinkled(chance: random.Random) -> bytes:
    """Put a control into a sequence: a terminal does it, and then the sequence."""
    whole = chance.choice((_mode, _edit, _sequence))(chance)
    at = chance.randrange(2, len(whole))
    return whole[:at] + bytes([chance.choice((*range(32), 127))]) + whole[at:]


def _place(chance: random.Random) -> bytes:
    """Set the region that scrolls, or go somewhere: to an edge more often than not."""
    return f"\x1b[{chance.choice(EDGES)};{chance.choice(EDGES)}{chance.choice('rHHf')}".encode()


def _edit(chance: random.Random) -> bytes:
    """Insert, delete, erase, scroll or repeat by a few, or by more than there is."""
    return f"\x1b[{chance.choice(EDGES)}{chance.choice('@PLMXSTJKbIZ')}".encode()


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
    body = chance.choice(BODIES)
    return (chance.choice(STRINGS) + body + chance.choice(ENDS)).encode()


def _garbage(chance: random.Random) -> bytes:
    return chance.randbytes(chance.choice((1, 2, 10, 60)))


Size = tuple[int, int]
Step = bytes | Size
SIZES: tuple[Size, ...] = ((80, 24), (1, 1), (2, 3), (7, 5), (132, 2))
RESIZED: tuple[Size, ...] = ((5, 9), (81, 25), (1, 1), (2, 2), (80, 24), (300, 1), (0, -3))
SLOW = 3.0
"""Seconds of CPU that no stream may take: the slowest take a tenth of it on a slow core."""


def steps(chance: random.Random, data: bytes) -> list[Step]:
    """Cut a stream anywhere, and put a new size into some of the cuts."""
    cuts = sorted(chance.randrange(len(data) + 1) for _ in range(chance.choice((0, 1, 1, 3))))
    made: list[Step] = []
    for start, end in pairwise((0, *cuts, len(data))):
        made += [chance.choice(RESIZED)] if start else []
        made.append(data[start:end])
    return made


def pieces(chance: random.Random, data: bytes) -> Iterator[bytes]:
    """Cut bytes in a few pieces, now and then in very small ones."""
    if len(data) < 400 and chance.random() < 0.2:
        yield from (data[at : at + 1] for at in range(len(data)))
        return
    cuts = sorted(chance.randrange(len(data) + 1) for _ in range(chance.randrange(5)))
    yield from (data[start:end] for start, end in pairwise((0, *cuts, len(data))))


def trial(seed: int) -> None:
    """Feed one stream and check everything that must hold for any bytes."""
    bear(random.Random(~seed), stream(seed))


def bear(chance: random.Random, data: bytes) -> None:
    """Feed bytes; chance decides on the sizes and the cuts."""
    began, size, script = time.process_time(), chance.choice(SIZES), steps(chance, data)
    whole, torn = PyteScreen(*size), PyteScreen(*size)
    for step in script:
        if isinstance(step, bytes):
            whole.feed(step)
            torn = in_pieces(chance, torn, step)
        else:
            size = (max(1, step[0]), max(1, step[1]))
            whole.resize(*step)
            torn.resize(*step)
        check(whole, size)
    assert torn.dump() == whole.dump(), "pieces and dumps change nothing"
    assert torn.text() == whole.text()
    assert scanned(chance, data) == whole.modes, "the scanner follows the modes as the screen does"
    whole.resize(10**9, 2)
    assert whole.size == (1000, 2), "a huge size is the largest"
    check(whole, whole.size)
    assert time.process_time() - began < SLOW


def in_pieces(chance: random.Random, screen: PyteScreen, data: bytes) -> PyteScreen:
    """Feed in pieces, dumped and loaded at one of the cuts; what was answered is the same as in one go."""
    cuts = list(pieces(chance, data))
    dumped = chance.randrange(len(cuts) + 3)
    twin, answered = PyteScreen(), b""
    twin.load(screen.dump())
    twin.feed(data)
    expected = twin.replies()
    for at, piece in enumerate(cuts):
        if at == dumped:
            screen = reloaded(screen)
        screen.feed(piece)
        answered += screen.replies()
    assert answered == expected or len(expected) >= 64 << 10, "pieces change no answer"
    return screen


def reloaded(screen: PyteScreen) -> PyteScreen:
    """Give another screen, made of this one's dump as a file would hold it."""
    fresh = PyteScreen()
    fresh.load(json.loads(json.dumps(screen.dump())))
    return fresh


def scanned(chance: random.Random, data: bytes) -> Modes:
    """Check that the scanner finds the same in pieces and keeps little; gives the modes at the end."""
    whole, piecewise = Scanner(), Scanner()
    found, replies = whole.feed(data), b""
    for piece in pieces(chance, data):
        replies += b"".join(query.reply for query in piecewise.feed(piece).replies)
    assert len(found.replies) == MOST or replies == b"".join(query.reply for query in found.replies)
    assert piecewise.modes == whole.modes
    assert len(piecewise._rest) <= 4096
    return piecewise.modes


def agree(seed: int) -> None:
    """Check that the scanner follows the modes and knows the questions just as the screen does."""
    data, screen, scanner = stream(seed), PyteScreen(), Scanner()
    screen.feed(data)
    scan = scanner.feed(data)
    assert scanner.modes == screen.modes
    replies = screen.replies()
    constant = [query.reply for query in scan.replies if query.reply != ASK_CURSOR]
    assert len(scan.replies) == MOST or all(reply in replies for reply in constant)


def check(screen: PyteScreen, size: Size) -> None:
    """Check that a screen is whole: its size, its cursor, and no half of a wide character alone."""
    columns, lines = screen.size
    assert (columns, lines) == size
    assert len(screen.cells()) == lines
    assert 0 <= screen.cursor.column < columns
    assert 0 <= screen.cursor.line < lines
    for row in screen.cells():
        assert len(row) == columns
        texts = [cell.text for cell in row]
        if not all(len(text) == 1 and text.isascii() for text in texts):
            check_widths(texts)
    said = "".join((*screen.text(), screen.title))
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in said)


def check_widths(texts: Sequence[str]) -> None:
    """Check that cells take as many columns as there are of them: behind a wide one is an empty one."""
    assert texts[0]
    for text, behind in pairwise((*texts, " ")):
        assert not text or (wcwidth(text[0]) == 2) == (not behind)
        assert text or behind
        assert len(text) <= 16


def run(job: tuple[int, int]) -> tuple[int, str]:
    """Try seeds from one to another; how many were borne, and what went wrong first."""
    for seed in range(*job):
        try:
            trial(seed)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is the finding
            return seed - job[0], f"seed {seed}: {type(error).__name__} {error}"
    return job[1] - job[0], ""


def main(count: int, first: int, jobs: int) -> int:
    """Run many in several processes; 1 if any was not borne."""
    began, end, borne, wrong = time.monotonic(), first + count, 0, list[str]()
    batches = [(at, min(at + 1000, end)) for at in range(first, end, 1000)]
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        for done, (fine, why) in enumerate(pool.imap_unordered(run, batches), 1):
            borne += fine
            wrong += [why] if why else []
            if why or done % 10 == 0:
                rate = borne / (time.monotonic() - began)
                sys.stdout.write(f"{borne} of {count}, {rate:.0f} a second {why}\n")
                sys.stdout.flush()
    took = time.monotonic() - began
    ending = "all borne" if not wrong else f"{len(wrong)} batches failed: {'; '.join(wrong[:5])}"
    sys.stdout.write(f"{borne} streams in {took:.0f} s, {borne / took:.0f} a second: {ending}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    arguments = [int(argument) for argument in sys.argv[1:]]
    sys.exit(main(*(arguments + [200_000, 0, 2][len(arguments) :])))
