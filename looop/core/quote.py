"""Quoting: text that somebody else wrote, made harmless and short enough for a prompt.

In: any string. Out: lines that all begin with `|`, so that no content can pass for a line of looop's own;
what can't be seen is spelled out; what does not fit is counted. `core.prompt` builds on this alone.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

PREFIX = "| "

_STEPS = (256, 16, 1)
"""Characters: text is shaped in pieces of these sizes, until none fits."""

_UNSEEN = (
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls but tab and newline; a lone CR would overwrite the prefix
    "\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"  # bidi, and line ends that only some readers see
    "\u00ad\u061c\u115f\u1160\u180e\u3164\ufeff\uffa0"  # invisible
    "\ufe00-\ufe0d\ufff9-\ufffc\ufffe\uffff"
    "\ud800-\udfff"  # what was invalid UTF-8, and what JSON's escapes can smuggle in
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"  # tags and variation selectors: whole sentences can hide in them
    "]"
)
"""Not escaped on purpose: the joiners U+200C and U+200D, which Persian, Indic scripts and emoji need."""

_PLAIN = r"(?:[a-z]+:)?[A-Za-z0-9][A-Za-z0-9._-]{0,79}"
"""A name that can be shown as it is: what looop's own ids look like, with room for `.md` and a kind."""


@dataclass(frozen=True, slots=True)
class Quoted:
    """Lines ready for the prompt, without a final newline, and how many bytes of the text they lack."""

    text: str
    missing: int = 0


def visible(text: str) -> str:
    """Spell out every character that can't be seen, as `<U+001B>`; tab and newline stay."""
    if text.isascii() and text.isprintable():
        return text
    return re.sub(_UNSEEN, lambda found: f"<U+{ord(found[0]):04X}>", text)


def flat(text: str, limit: int) -> str:
    """Give one visible line of at most `limit` bytes; what was cut is counted at its end."""
    line = _fitting(text, limit, _one_line)
    if line.missing:
        line = _fitting(text, limit - size("… (+9999999999 bytes)"), _one_line)
        return f"{line.text}… (+{line.missing} bytes)"
    return line.text


def name(text: str) -> str:
    """Show a name inside a line of looop's own: as it is when it is plain, else in quotes."""
    if re.fullmatch(_PLAIN, text):
        return text
    return f'"{flat(text.replace(chr(34), "<U+0022>"), 120)}"'


def quote(text: str, limit: int) -> Quoted:
    """Prefix every line of `text`; keep as much of its beginning as fits into `limit` bytes."""
    body = text.removesuffix("\n")
    lines = _fitting(body, limit - size(PREFIX), _prefixed)
    if not lines.missing:
        return Quoted(PREFIX + lines.text)
    if not lines.text:
        return Quoted("", size(text))
    return Quoted(PREFIX + lines.text, lines.missing + size(text) - size(body))


def share(sizes: Sequence[int], each: int, total: int) -> int:
    """Tell how many bytes each part may take so that all fit into `total`: the small ones stay whole.

    Max-min fair ("water filling"): only parts above the returned level are cut, all of them to it.
    """
    left = total
    parts = sorted(min(part, each) for part in sizes)
    for place, part in enumerate(parts):
        level = left // (len(parts) - place)
        if part > level:
            return level
        left -= part
    return each


def size(text: str) -> int:
    """Give the number of bytes in UTF-8; a surrogate counts three."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _one_line(text: str) -> str:
    return visible(text).replace("\n", "<U+000A>")


def _prefixed(text: str) -> str:
    return visible(text).replace("\n", f"\n{PREFIX}")


def _fitting(text: str, limit: int, shape: Callable[[str], str]) -> Quoted:
    """Shape the longest beginning that fits into `limit` bytes.

    `shape` works on each character alone, so pieces can be shaped one by one: the time goes with what is
    shown, not with what came in, however little of a hostile text fits.
    """
    shown, end = list[str](), 0
    for step in _STEPS:
        # A piece of more characters than bytes are left can't fit: it isn't even tried.
        while end < len(text) and min(step, len(text) - end) <= limit:
            piece = shape(text[end : end + step])
            if size(piece) > limit:
                break
            shown.append(piece)
            limit -= size(piece)
            end += step
    return Quoted("".join(shown), size(text[end:]))
