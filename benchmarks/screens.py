"""What drawing and scanning cost: parts `draw dump`.

In: nothing. Out: rows: MB of output per second of CPU, on plain text, on vim as recorded here and on a
stream as agents make it; what a dump and a load take. Measurements, never tests.
"""

import random
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import rows
from benchmarks.rows import Row
from looop.session.pyte_screen import PyteScreen
from looop.session.scanner import Scanner
from support import against_tmux

SIZE = (120, 40)
ENOUGH = 0.4  # seconds of CPU for one value
ROUNDS = 5
CHUNK = 65536
VIM = ["vim", "-u", "NONE", "-i", "NONE", "-n", "long.txt"]


def plain() -> bytes:
    return b"".join(
        b"%06d a line of plain text, as long as compilers write them, and no more\r\n" % n
        for n in range(20_000)
    )


def agent() -> bytes:
    """A stream as agents' interfaces make it: short coloured pieces, moves, erasing, a spinner."""
    chance, parts = random.Random(1), list[str]()
    for turn in range(4000):
        parts.append(f"\x1b[?2026h\x1b[{chance.randrange(1, 40)};1H\x1b[38;5;{chance.randrange(256)}m● ")
        parts += (f"\x1b[1m{word}\x1b[22m \x1b[39m" for word in ("Reading", "file", str(turn)))
        parts.append(
            f"\x1b[K\r\n  ⎿  \x1b[2mlet me look at line {turn}\x1b[m\x1b[0K\x1b[{chance.randrange(3)}A"
        )
        parts.append("\x1b[38;2;215;119;87m✻\x1b[39m Thinking… (esc to interrupt)\x1b[?2026l")
    return "".join(parts).encode()


def vim() -> bytes:
    text = "\n".join(f"def function_{n}(argument): return [{n}, 'text'] + {{argument}}" for n in range(900))
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "long.txt").write_text(text)
        keys = [
            ":syntax on\r",
            ":set ft=python\r",
            *["\x06"] * 6,
            ":split\r",
            *["\x04"] * 6,
            "G",
            "gg",
            "dG",
            "u",
        ]
        return against_tmux.record(VIM, SIZE, keys, Path(folder))


def rate(data: bytes, make: Callable[[], Callable[[bytes], object]]) -> float:
    """Give MB of output per second of CPU."""
    fed, began = 0, time.process_time()
    while (spent := time.process_time() - began) < ENOUGH:
        feed = make()
        for at in range(0, len(data), CHUNK):
            feed(data[at : at + CHUNK])
        fed += len(data)
    return fed / 1e6 / spent


def milliseconds(call: Callable[[], object]) -> float:
    count, began = 0, time.process_time()
    while (spent := time.process_time() - began) < ENOUGH / 4:
        call()
        count += 1
    return spent / count * 1000


def draw() -> Iterator[Row]:
    """Feed each stream to a screen, one to the scanner."""
    yield drawn("screen-plain", plain())
    yield drawn("screen-agent", agent())
    yield Row("scanner-agent", [rate(agent(), lambda: Scanner().feed) for _ in range(ROUNDS)])
    rows.needs("vim", "tmux")
    yield drawn("screen-vim", vim())


def drawn(key: str, data: bytes) -> Row:
    return Row(key, [rate(data, lambda: PyteScreen(*SIZE).feed) for _ in range(ROUNDS)])


def dump() -> Iterator[Row]:
    """Dump a screen, and load it."""
    shown = PyteScreen(*SIZE)
    shown.feed(agent())
    value = shown.dump()
    yield Row("screen-dump", [milliseconds(shown.dump) for _ in range(ROUNDS)])
    yield Row("screen-load", [milliseconds(lambda: PyteScreen().load(value)) for _ in range(ROUNDS)])


PARTS: dict[str, rows.Part] = {"draw": draw, "dump": dump}

if __name__ == "__main__":
    rows.main("screens", PARTS)
