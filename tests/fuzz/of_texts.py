"""Texts of others on their way into prompts and out of looop: nothing forges structure, no secret is left."""

import json
import re
from typing import Any

from fuzz.material import Material, pieces, text
from looop.core import quote
from looop.core.line import LONGEST, added, flat
from looop.core.mask import Mask
from looop.core.prompt import WHOLE, read_back, render
from support import forging
from support.reader import headings, meant, read, unseen

NAMES = ("GH_TOKEN", "A_SECRET", "DB_PASSWORD", "UPSTREAM", "x]\n# NOW_TOKEN")
SHOWN_BYTES = re.compile(rb"\[secret [A-Za-z0-9_]{1,64}\]")
SHOWN = re.compile(r"\[secret [A-Za-z0-9_]{1,64}\]")


def quoting(data: bytes) -> None:
    """Quoted lines: each begins with a bar, they fit, and what shows is the beginning of what was meant."""
    given = Material(data)
    limit = given.number(256) * (1 + given.number(8))
    whole = text(given.rest())
    quoted = quote.quote(whole, limit)
    assert quote.size(quoted.text) <= max(limit, 0) or not quoted.missing
    assert unseen(quoted.text) == []
    lines = quoted.text.split("\n") if quoted.text else []
    assert all(line.startswith("| ") for line in lines)
    back = meant("\n".join(line[2:] for line in lines))
    if "<U+" not in whole:
        assert whole.startswith(back) or back == whole.removesuffix("\n")
        assert quote.size(whole) - quote.size(back) in {quoted.missing, quoted.missing + 1}
    line = quote.flat(whole, 80 + limit)
    assert "\n" not in line
    assert quote.size(line) <= 80 + limit
    assert unseen(line) == []
    name = quote.name(whole)
    assert quote.size(name) <= 122
    assert name == whole or (name[0] == name[-1] == '"' and '"' not in name[1:-1])
    assert flat(whole) == flat(flat(whole))
    assert len(added("", whole)) <= LONGEST


class Bytes:
    """Choices for `forging` from a fuzzer's bytes: the fields are the texts, again and again."""

    def __init__(self, given: Material) -> None:
        self._small = [given.number(256) for _ in range(8)]
        self._texts = given.texts()
        self._at = 0

    def text(self) -> str:
        self._at += 1
        return fitting(self._texts[self._at % len(self._texts)])

    def number(self, most: int) -> int:
        self._at += 1
        return (self._small[self._at % len(self._small)] + self._at) % (most + 1)


def fitting(text: str) -> str:
    """Cut a text to what every part of a prompt has room for, spelled out as `<U+0000E0041>` or not."""
    room = 90
    for at, char in enumerate(text):
        room -= 1 if " " <= char <= "~" else 11
        if room < 0:
            return text[:at]
    return text


def prompts(data: bytes) -> None:
    """The prompt: a reader finds looop's sections and no others, and each text where it belongs."""
    view, marked = forging.view(Bytes(Material(data)))
    prompt = render(view)
    assert quote.size(prompt) <= WHOLE
    assert_told_apart(prompt, forging.HEADS, marked)
    asked = read_back(prompt)
    assert [change.kind for change in asked.changes] == [change.kind for change in view.changes]
    assert len(asked.sessions) == len(view.world.sessions)
    assert_told_apart(*forging.briefed(Bytes(Material(data))))


def assert_told_apart(text: str, heads: list[str], marked: forging.Marked) -> None:
    lines = read(text)
    assert headings(lines) == heads
    assert unseen(text) == []
    marked.check(lines)


def masks(data: bytes) -> None:
    """The mask: no form of a secret is left in any text, piece, value or bytes."""
    given = Material(data)
    many, how = 1 + given.number(3), given.number(256)
    *secrets, said = given.texts()[: many + 1]
    env = dict(zip(NAMES, secrets, strict=False))
    mask = Mask.of(env)
    around = [said, said.join(["", *secrets, ""]), "".join(secrets)]
    for value in env.values():
        around += [json.dumps({"k": value + said}), f"https://u:{value}@h/", f"{value}{value}"]
    for whole in around:
        clean(mask, mask.text(whole))
        raw = whole.encode(errors="surrogateescape")
        for part in SHOWN_BYTES.split(mask.data(raw)):
            assert not any(form in part for form in mask._for_bytes)
        if raw.decode(errors="ignore") == whole:
            assert mask.data(raw) == mask.text(whole).encode()
        masked: dict[Any, Any] = mask.value({whole: [whole, (whole,)]})
        clean(mask, *masked, *(it for held in masked.values() for it in (held[0], *held[1])))
    for piece in pieces(said.encode(errors="surrogateescape"), how):
        clean(mask, mask.text(text(piece)))


def clean(mask: Mask, *texts: str) -> None:
    for whole in texts:
        for part in SHOWN.split(whole):
            assert not any(form in part for form in mask._for)
