"""One file before and after, as a unified diff that a person can read in any terminal.

In: bytes. Out: text whose control characters are spelled out, so that no line can hide or repaint another.
The time is bounded: what differs in too many lines is shown as the whole old and the whole new ones.
"""

import difflib
import re
from functools import partial
from itertools import takewhile

from looop.core.quote import visible

CUT = "(the diff was cut here"

_CONTEXT = 3
_HUNK = re.compile(r"^@@ -(\d+)(,\d+)? \+(\d+)(,\d+)? @@$")
_PAIRS = 1 << 20
"""Old lines times new lines that differ: above it difflib would take longer than a person waits."""


def unified(path: str, before: bytes | None, after: bytes | None) -> str:
    """Give the diff of one file; None stands for a file that is not there."""
    old, new = _lines(before), _lines(after)
    head = f"--- {path if before is not None else '(none)'}\n+++ {path if after is not None else '(none)'}\n"
    start = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))
    end = _common_end(old[start:], new[start:])
    changed = len(old) - start - end, len(new) - start - end
    if changed[0] * changed[1] > _PAIRS:
        return head + _replaced(old, new, start, end)
    skipped = max(0, start - _CONTEXT)
    old, new = (lines[skipped : len(lines) - max(0, end - _CONTEXT)] for lines in (old, new))
    hunks = list(difflib.unified_diff(old, new, n=_CONTEXT, lineterm=""))[2:]
    return head + "".join(f"{_HUNK.sub(partial(_moved, skipped), _inner(line), count=1)}\n" for line in hunks)


def _inner(line: str) -> str:
    """Spell out what would make a changed line look like the heading of another file."""
    return f"{line[0]}<U+{ord(line[1]):04X}>{line[2:]}" if line.startswith(("--- ", "+++ ")) else line


def _moved(by: int, found: re.Match[str]) -> str:
    """Count a hunk's lines from the file's first one, which difflib was not shown."""
    return f"@@ -{int(found[1]) + by}{found[2] or ''} +{int(found[3]) + by}{found[4] or ''} @@"


def _replaced(old: list[str], new: list[str], start: int, end: int) -> str:
    gone, come = old[start : len(old) - end], new[start : len(new) - end]
    marked = [*(_inner(f"-{line}") for line in gone), *(_inner(f"+{line}") for line in come)]
    head = f"@@ -{start + 1},{len(gone)} +{start + 1},{len(come)} @@"
    return "".join(f"{line}\n" for line in (head, *marked))


def _common_end(old: list[str], new: list[str]) -> int:
    pairs = zip(reversed(old), reversed(new), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _lines(data: bytes | None) -> list[str]:
    """Split at newlines alone: other line ends would let a diff show what the file does not hold."""
    if not data:
        return []
    text = visible(data.decode(errors="backslashreplace"))
    lines = text.split("\n")
    if lines[-1]:
        return [*lines[:-1], f"{lines[-1]} (no newline at the end)"]
    return lines[:-1]
