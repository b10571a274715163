"""Guardrails: the lines of a PLAYBOOK that say what must not happen, told by their form alone.

In: a PLAYBOOK before and after. Out: the guardrails that it no longer holds word for word; what was added is
none of them. A guardrail is a list item or paragraph under a heading with one of `_HEADINGS`, or one that
begins with one of `_OPENINGS`, wherever it stands. Neighbour: `core.waits` asks.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_HEADINGS = re.compile(r"\b(?:guardrails?|rules?|never|forbidden|off[ -]limits)\b", re.IGNORECASE)
_OPENINGS = re.compile(r"(?:never|don[’']?t|do not|must not|always ask|ask before)\b", re.IGNORECASE)
_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*\s*")
_ITEM = re.compile(r"(?:[-*+]|\d{1,9}[.)])\s+")
_EMPHASIS = "*_`\"“'("
_UNDERLINE = {"=": 1, "-": 2}
"""Levels of a heading that is underlined instead of marked."""


@dataclass(frozen=True, slots=True)
class _Item:
    """A piece of text with where it stands: under which headings, how deep, and whether it is hidden.

    All of it counts: a guardrail that was moved below "Old ideas" or into a comment holds no more.
    """

    headings: tuple[str, ...]
    depth: int
    hidden: bool
    text: str


def removed(before: str, after: str) -> tuple[str, ...]:
    """Give the guardrails of `before` that do not stand in `after` as they did, in their order."""
    left = set(_items(after))
    return tuple(item.text for item in _items(before) if _is_guardrail(item) and item not in left)


def _is_guardrail(item: _Item) -> bool:
    opening = item.text.lstrip(_EMPHASIS)
    return bool(_OPENINGS.match(opening) or any(_HEADINGS.search(heading) for heading in item.headings))


def _items(text: str) -> Iterator[_Item]:
    """Take a text apart into list items and paragraphs, each made one line."""
    headings: dict[int, str] = {}
    open_at, hidden, words = 0, False, list[str]()
    fence = comment = False

    def closed() -> Iterator[_Item]:
        if words:
            where = tuple(headings[level] for level in sorted(headings))
            yield _Item(where, open_at, hidden, " ".join(" ".join(words).split()))
            words.clear()

    for line in text.splitlines():
        bare = line.strip()
        heading = None if fence or comment else _heading(bare, words)
        item = _ITEM.match(bare)
        fences = bare.startswith(("```", "~~~"))
        if heading or item or fences or not bare:
            yield from closed()
        if heading:
            level, name = heading
            headings = {other: headings[other] for other in headings if other < level} | {level: name}
        elif bare and not fences:
            if not words:
                open_at, hidden = len(line) - len(line.lstrip()), fence or comment
            words.append(bare[item.end() :] if item else bare)
        fence ^= fences
        comment = _comment_goes_on(bare, open_before=comment)
    yield from closed()


def _heading(bare: str, words: list[str]) -> tuple[int, str] | None:
    """Read a heading's level and name; one that is underlined takes its name from the line before."""
    if found := _HEADING.fullmatch(bare):
        return len(found[1]), found[2].casefold()
    if len(bare) > 1 and len(words) == 1 and bare == bare[0] * len(bare) and bare[0] in _UNDERLINE:
        return _UNDERLINE[bare[0]], words.pop().casefold()
    return None


def _comment_goes_on(bare: str, *, open_before: bool) -> bool:
    """Tell whether what follows a line is within a comment of HTML."""
    begins, ends = bare.rfind("<!--"), bare.rfind("-->")
    return begins > ends if begins >= 0 or ends >= 0 else open_before
