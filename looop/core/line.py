"""The journal line: one tick, one line, whatever the agent wrote.

In: the journal as the agent got it and as it left it. Out: one flat text, then one stamped line.
"""

import re
from collections import Counter
from datetime import datetime

LONGEST = 500
"""Characters of a journal line's text."""

_BULLET = re.compile(r"^\s*[-*•]\s+")
_STAMP = re.compile(r"^\[?\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d)?)?\]?\s*[:–-]?\s*")


def added(before: str, after: str) -> str:
    """Give what the agent added, flattened to one text; empty if nothing.

    A journal that was rewritten instead of appended to counts by its lines: those that were not there.
    """
    known = Counter(before.splitlines())
    fresh = []
    for line in after.splitlines():
        if known[line]:
            known[line] -= 1
        elif text := flat(bare(line)):
            fresh.append(text)
    return flat("; ".join(fresh))


def bare(line: str) -> str:
    """Strip the bullet and the date that the agent put before its text."""
    return _STAMP.sub("", _BULLET.sub("", line))


def flat(text: str) -> str:
    """Make one line of printable characters, cut at `LONGEST` with a mark."""
    one = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return one if len(one) <= LONGEST else one[: LONGEST - 1] + "…"


def stamped(text: str, local: datetime) -> str:
    """Give the line as it stands in journal.md, without its newline."""
    return f"- {local:%Y-%m-%d %H:%M} {flat(text)}"
