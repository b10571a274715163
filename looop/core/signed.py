"""A line in a file outside DATA that says looop wrote it, and holds a digest of all other lines.

In: a text, or the bytes that a file holds now. Out: the text with its line; whose the file is. So what a
person has changed, or has written without looop, is told from what looop may replace and remove.
"""

import hashlib
import re
from enum import Enum

# No two hyphens in a row: XML comments may not hold them.
_WORDS = "Made by looop; `looop uninstall` removes it. Once edited it is yours and stays. sha256:"
_LINE = re.compile(rb"^.*Made by looop;.* sha256:([0-9a-f]{64})\b.*\n", re.MULTILINE)


class Whose(Enum):
    """Whose a file is, as its line tells."""

    OURS = "is as looop wrote it"
    EDITED = "was edited since looop wrote it"
    FOREIGN = "was not written by looop"

    def __str__(self) -> str:
        return self.value


def signed(text: str, *, after: int = 0, comment: tuple[str, str] = ("# ", "")) -> bytes:
    """Put the line into a text, after so many of its lines, between a comment's two ends."""
    lines = text.splitlines(keepends=True)
    digest = hashlib.sha256(text.encode()).hexdigest()
    lines.insert(after, f"{comment[0]}{_WORDS}{digest}{comment[1]}\n")
    return "".join(lines).encode()


def whose(data: bytes) -> Whose:
    """Judge what a file holds."""
    found = _LINE.search(data)
    if found is None:
        return Whose.FOREIGN
    rest = data[: found.start()] + data[found.end() :]
    return Whose.OURS if hashlib.sha256(rest).hexdigest().encode() == found[1] else Whose.EDITED
