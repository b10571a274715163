"""A caller's regular expression, in time linear in the text: RE2's syntax, without what needs backtracking.

In: a pattern as somebody typed it. Out: where it matches in UTF-8 bytes. `^` and `$` stand for the borders of
lines. Used by `session.follow` and `engine.grep`; the only module that knows `re2`.
"""

from typing import Any, NamedTuple, cast

import re2

from looop.core.problem import Exit, Problem
from looop.store import files

LONGEST = 4096
"""Characters of a pattern."""

_MEMORY = 256 << 10
"""Bytes that RE2 may take for a pattern: bounds the program, and so the time for each byte of text."""

_AT_ONCE = 1 << 20
"""Steps (instructions times bytes, at about 20 ns in the worst case) that are taken without a thread."""


class Match(NamedTuple):
    """A match: where it begins and ends in the bytes, its text, its groups (None: took no part)."""

    start: int
    end: int
    text: str
    groups: tuple[str | None, ...]


class Pattern:
    """A compiled pattern. Bytes that are no UTF-8 match nothing, not even `.`."""

    def __init__(self, text: str) -> None:
        self._found: Any = _compiled(text)

    def search(self, text: bytes, start: int = 0) -> Match | None:
        """Find the first match that begins at `start` or behind it; `^` sees what is before."""
        found = self._found.search(text, start)
        if found is None:
            return None
        groups = tuple(None if group is None else _text(group) for group in found.groups())
        return Match(found.start(), found.end(), _text(found.group()), groups)

    async def look(self, text: bytes, start: int = 0) -> Match | None:
        """Search in a thread when it may take long, which a cancel waits for: at most a few seconds."""
        if self._found.programsize * (len(text) - start) <= _AT_ONCE:
            return self.search(text, start)
        return await files.aside(self.search, text, start)


def compile(text: str) -> Pattern:  # noqa: A001 - as `re` and `re2` call it
    """Compile a pattern; Problem USAGE `bad-pattern` with RE2's reason."""
    return Pattern(text)


def _compiled(text: str) -> object:
    if len(text) > LONGEST:
        raise _bad(text, f"it has {len(text)} characters, and {LONGEST} is the most")
    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    try:
        pattern = text.encode()
        re2.compile(pattern, options)  # first as it is, so that the reason names what was typed
        return cast("object", re2.compile(b"(?m)" + pattern, options))
    except UnicodeEncodeError:
        raise _bad(text, "it is not valid UTF-8") from None
    except re2.error as error:
        raise _bad(text, _reason(error)) from None


def _reason(error: Exception) -> str:
    said = error.args[0] if error.args else b""
    return _text(said) if isinstance(said, bytes) else str(said)


def _bad(text: str, why: str) -> Problem:
    return Problem(
        Exit.USAGE,
        "bad-pattern",
        f"{_shown(text)} is no pattern that looop can use: {why}. The syntax is RE2's, which has no "
        "look-around and no back-references.",
    )


def _shown(text: str) -> str:
    return ascii(text if len(text) <= 60 else text[:59] + "…")  # noqa: PLR2004 - a line of a terminal


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
