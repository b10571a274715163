"""A prompt as a model may read it: every sort of line end counts, and what looks like a heading is one.

In: a prompt or a brief. Out: its lines, each with the section and the part of it that it stands in, and
whether it is quoted. It knows the two rules that prompts state, bars and headings, and not how they are made.
"""

import re
import unicodedata
from dataclasses import dataclass

_ENDS = re.compile("\r\n|[\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029]")
_SPELLED = re.compile(r"<U\+([0-9A-F]{4,6})>")
_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
# Arabic, Syriac, Kaithi and hieroglyphic signs that Unicode files under "format" but that are seen.
SEEN = {
    *map(chr, [0x6DD, 0x70F, 0x8E2, 0x110BD, 0x110CD]),
    *map(chr, range(0x600, 0x606)),
    *map(chr, range(0x890, 0x892)),
    *map(chr, range(0x13430, 0x13440)),
}
_TITLE = re.compile(r"##|-|A person's answer|The folder")


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `section` is its heading, `part` counts the titles in it so far; `text` lacks the bar."""

    section: str
    part: int
    title: str
    text: str
    quoted: bool


def read(prompt: str) -> list[Line]:
    """Read it from its beginning to its end."""
    found, section, part, title = list[Line](), "", 0, ""
    for raw in _ENDS.split(prompt):
        if raw.startswith("| ") or raw == "|":
            found.append(Line(section, part, title, raw[2:], quoted=True))
            continue
        plain = _plain(raw)
        if plain.startswith("# "):
            section, part, title = raw, 0, ""
        elif _TITLE.match(plain):
            part, title = part + 1, raw
        found.append(Line(section, part, title, raw, quoted=False))
    return found


def headings(lines: list[Line]) -> list[str]:
    """Give what reads as a heading of a section."""
    return [line.text for line in lines if not line.quoted and _plain(line.text).startswith("# ")]


def unseen(text: str) -> list[str]:
    """Give the characters that no reader would see, the joiners of scripts apart."""
    return [
        c
        for c in text
        if unicodedata.category(c) in _UNSEEN and c not in SEEN and c not in "\n\t\u200c\u200d"
    ]


def meant(text: str) -> str:
    """Put the characters back that a prompt spells out."""
    return _SPELLED.sub(lambda found: chr(int(found[1], 16)), text)


def _plain(text: str) -> str:
    """Give a line as a generous reader takes it: wide signs for narrow ones, nothing unseen, no margin."""
    wide = unicodedata.normalize("NFKC", text)
    return "".join(c for c in wide if unicodedata.category(c) not in _UNSEEN).strip()
