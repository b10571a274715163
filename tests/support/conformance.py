"""Feed recordings to our screen and count those whose text comes out as expected: `conformance.py FOLDER`.

In: a folder of NAME.raw (what a program wrote) and NAME.json (`columns`, `lines`, `text`: a string a row,
without trailing blanks). Out: each that differs with its first rows, and how many are equal.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from looop.session.pyte_screen import PyteScreen


@dataclass(frozen=True)
class Outcome:
    """One recording: which rows differ, as (line, wanted, got)."""

    name: str
    differences: list[tuple[int, str, str]]


def outcome(raw: Path) -> Outcome:
    expected = json.loads(raw.with_suffix(".json").read_text())
    screen = PyteScreen(expected["columns"], expected["lines"])
    screen.feed(raw.read_bytes())
    wanted = [row.rstrip() for row in expected["text"]]
    wanted += [""] * (expected["lines"] - len(wanted))
    rows = enumerate(zip(wanted, (row.rstrip() for row in screen.text()), strict=True))
    return Outcome(raw.stem, [(line, *pair) for line, pair in rows if pair[0] != pair[1]])


def outcomes(folder: Path) -> list[Outcome]:
    return [outcome(raw) for raw in sorted(folder.glob("*.raw"))]


def main(folder: str) -> None:
    found = outcomes(Path(folder))
    for one in found:
        for line, wanted, got in one.differences[:4]:
            sys.stdout.write(f"{one.name}:{line}\n  wanted {wanted!r}\n  got    {got!r}\n")
    equal = sum(not one.differences for one in found)
    sys.stdout.write(f"{equal} of {len(found)} are equal\n")


if __name__ == "__main__":
    main(sys.argv[1])
