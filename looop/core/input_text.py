"""A text that somebody wants typed into a terminal: which one may be, and its bytes.

In: a text. Out: UTF-8 with plain newlines. Keys have names instead (`core.keys`): a text that could hold Esc
could end the brackets around a paste. Used by `session.follow`, and before by the verb that records it.
"""

from looop.core.problem import Exit, Problem

LONGEST = 1 << 20
"""Bytes that may be typed in one go; what the terminal takes in is bounded likewise."""

_CONTROLS = frozenset(map(chr, [*range(0x20), *range(0x7F, 0xA0)])) - {"\n", "\t"}


def checked(text: str) -> bytes:
    """Give the bytes of a text that may be typed; Problem USAGE `bad-text` for one that may not."""
    text = text.replace("\r\n", "\n")
    if bad := next((char for char in text if char in _CONTROLS), None):
        raise Problem(
            Exit.USAGE,
            "bad-text",
            f"The text has the control character U+{ord(bad):04X}: `looop key` presses keys like C-c.",
        )
    try:
        data = text.encode()
    except UnicodeEncodeError:
        raise Problem(Exit.USAGE, "bad-text", "The text is not valid UTF-8.") from None
    if len(data) > LONGEST:
        raise Problem(
            Exit.USAGE,
            "bad-text",
            f"The text has {len(data)} bytes, and {LONGEST} is the most: put it in a file and name that.",
        )
    return data
