"""`licenses` prints what looop is made of and every text: of the shipped folder, or of what is installed."""

from pathlib import Path

import pytest

from launcher.licences import Native, collect
from looop.core.problem import Exit
from looop.store import installed
from looop.store.paths import Profile
from support.verbs import Looop


async def test_every_part_is_listed_and_every_text_printed(looop: Looop) -> None:
    text = (await looop("licenses")).out
    for package in installed.packages():
        assert f"== {package.name} {package.version}: " in text
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in text
    assert "PYTHON SOFTWARE FOUNDATION LICENSE" in text
    assert "in its place" in text


async def test_one_part_is_printed_alone_however_its_name_is_spelled(looop: Looop) -> None:
    text = (await looop("licenses", "Markdown_It.py")).out
    assert "== markdown-it-py" in text
    assert "pyte" not in text


async def test_machines_get_the_texts_too(looop: Looop) -> None:
    (pyte,) = (await looop("licenses", "pyte", "--json")).value["packages"]
    assert pyte["name"] == "pyte"
    assert {text["name"] for text in pyte["texts"]} >= {"LICENSE"}


async def test_a_part_that_is_not_there_is_named_with_the_nearest(looop: Looop) -> None:
    assert (await looop("licenses", "pyt", "--json")).problem == (Exit.MISSING, "no-package")
    assert '"pyte"' in (await looop("licenses", "pyt")).err


async def test_no_profile_is_needed(no_profile: Profile) -> None:
    assert (await Looop(no_profile)("licenses", "trio")).code == 0


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in for a frozen program, which has the folder and no metadata."""
    package = tmp_path / "frozen" / "looop"
    text = tmp_path / "COPYING"
    text.write_text("as you like\x1b[2J\n")
    collect(package / "licences", native=(Native("some-c", "1.2", "MIT", (text,), "In the launcher."),))
    monkeypatch.setattr("looop.__file__", str(package / "__init__.py"))

    def none() -> None:
        raise AssertionError("a frozen program has no metadata to look at")

    monkeypatch.setattr(installed, "packages", none)
    return package / "licences"


async def test_a_frozen_program_prints_what_it_carries_harmlessly(looop: Looop, shipped: Path) -> None:
    text = (await looop("licenses", "some-c")).out
    assert "== some-c 1.2: MIT\n\nIn the launcher.\n\n-- COPYING\n\nas you like\n" in text
    assert "== python" in (await looop("licenses")).out
    assert shipped.is_dir()


@pytest.mark.parametrize("content", ["{", "[{}]", '[{"name": "x"}]'])
async def test_a_broken_folder_is_named(looop: Looop, shipped: Path, content: str) -> None:
    (shipped / "index.json").write_text(content)
    said = await looop("licenses")
    assert said.code == Exit.NO
    assert str(shipped) in said.err


async def test_a_text_that_was_lost_is_named(looop: Looop, shipped: Path) -> None:
    (shipped / "pyte" / "LICENSE").unlink()
    said = await looop("licenses")
    assert said.code == Exit.NO
    assert "pyte/LICENSE" in said.err
