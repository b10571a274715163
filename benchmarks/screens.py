"""What drawing and scanning cost: `python benchmarks/screens.py [RAW...]`.

In: nothing, or recordings (raw terminal output). Out: MB/s of CPU time on plain text, on vim as recorded here
and on a stream as agents make it, for the screen and the scanner; what a dump and a load take. Measurements,
never tests.
"""

import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from looop.session.pyte_screen import PyteScreen
from looop.session.scanner import Scanner

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support import against_tmux

SIZE = (120, 40)
ENOUGH = 2.0  # seconds of CPU for one figure
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


def main(recordings: list[str]) -> None:
    streams = {"plain text": plain(), "agent (made here)": agent()}
    if shutil.which("vim"):
        streams["vim (made here)"] = vim()
    streams |= {Path(name).stem: Path(name).read_bytes() for name in recordings}
    for name, data in streams.items():
        screen, scanner = rate(data, lambda: PyteScreen(*SIZE).feed), rate(data, lambda: Scanner().feed)
        print(f"{name:24} {len(data):9,d} bytes  screen {screen:5.2f}  scanner {scanner:6.1f} MB/s")
    shown = PyteScreen(*SIZE)
    shown.feed(streams["agent (made here)"])
    dump = shown.dump()
    load = milliseconds(lambda: PyteScreen().load(dump))
    print(f"dump {milliseconds(shown.dump):.2f} ms   load {load:.2f} ms")


if __name__ == "__main__":
    main(sys.argv[1:])
