"""The README tells the truth about verbs and commands, both ways."""

import re

import pytest

from looop.cli.places import GROUPS, VERBS
from support.source import ROOT

README = (ROOT / "README.md").read_text()
TABLE = README.partition("| verb |")[2].partition("\n\n")[0]
CELLS = [
    cell for row in TABLE.splitlines() if row.startswith("| `") for cell in re.findall(r"`([^`]+)`", row)
]


def named() -> set[str]:
    """Spell out the verbs of the table: `goal new|show` is `goal new` and `goal show`."""
    found = set[str]()
    for cell in CELLS:
        word, *rest = re.sub(r"\[.*?\]", "", cell).replace("\\|", "|").split()
        if word.startswith("-"):
            continue
        found |= {f"{word} {verb}" for verb in rest[0].split("|")} if rest and word in GROUPS else {word}
    return found


def test_every_verb_is_in_the_table_and_every_word_of_it_is_a_verb() -> None:
    real = {verb for verb, info in VERBS.items() if verb and not info.hidden and verb not in GROUPS}
    assert named() - {"help --json"} == real


@pytest.mark.parametrize("document", ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "Makefile"])
def test_every_make_target_that_a_document_names_exists(document: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)", (ROOT / document).read_text())) <= targets


def test_every_file_that_a_document_links_to_exists() -> None:
    documents = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", *(ROOT / "docs").rglob("*.md")]
    links = [(path, link) for path in documents for link in re.findall(r"\]\(([^):#]+)\)", path.read_text())]
    assert [link for path, link in links if not (path.parent / link).exists()] == []
