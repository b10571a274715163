"""What the scanner and the screen must read alike: parameters, switches, titles, and how much is too much.

In: pieces of a sequence. Out: their meaning. Whatever exceeds a limit here is ignored by both, in whatever
pieces it came.
"""

import functools
from collections.abc import Sequence

from looop.session.switches import Switches

LONGEST = 4096
"""Of any sequence, in bytes or characters. A longer one is skipped to its end."""
WIDEST = 256
"""Of a control sequence's parameters, in characters."""


@functools.lru_cache(1024)
def parameters(text: str) -> tuple[int, ...]:
    """Read a sequence's parameters; an empty one is 0, a huge one as much as a screen could ever need.

    Of one with sub-parameters only the first number counts: only SGR has such, and reads them itself.
    """
    return tuple([min(int(part.partition(":")[0][:9] or 0), 65535) for part in text.split(";")])


def apply(switches: Switches, key: str, numbers: Sequence[int]) -> None:
    """Let a control sequence switch modes, if it is one that does."""
    match key:
        case "?h" | "?l":
            switches.private(numbers, on=key == "?h")
        case "h" | "l":
            switches.standard(numbers, on=key == "h")
        case "?s":
            switches.save(numbers)
        case "s":
            switches.save_with_cursor()
        case "u":
            switches.restore_with_cursor()
        case "?r":
            switches.restore(numbers)
        case "!p":
            switches.soften()
        case ">u" | "<u" | "=u":
            switches.kitty(key[0], numbers)


def clean(text: str) -> str:
    """Make a title or a note fit for one line of anybody's terminal."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:256]
