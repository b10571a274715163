"""What looop is made of is known with its texts: from the shipped folder, else from what is installed."""

import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import msgspec
import pytest

from looop.core.problem import Exit, Problem
from looop.store import installed, licences
from looop.store.licences import INDEX, Entry, Package, Text, plain


def ship(folder: Path) -> Path:
    """Write what a frozen program carries."""
    (folder / "pyte").mkdir(parents=True)
    (folder / "pyte" / "LICENSE").write_bytes(b"\xef\xbb\xbfas you like\r\n\r\n")
    index = (Entry("pyte", "1.0", "LGPL", ("LICENSE",), "note"),)
    (folder / INDEX).write_bytes(msgspec.json.encode(index))
    return folder


def test_a_shipped_folder_is_read_with_the_line_ends_of_this_place(tmp_path: Path) -> None:
    assert licences.shipped(ship(tmp_path)) == (
        Package("pyte", "1.0", "LGPL", (Text("LICENSE", "as you like\n"),), "note"),
    )


def test_a_frozen_program_tells_what_it_carries_and_looks_no_further(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ship(tmp_path / "looop" / "licences")
    monkeypatch.setattr("looop.__file__", str(tmp_path / "looop" / "__init__.py"))
    assert [it.name for it in licences.found()] == ["pyte"]


@pytest.mark.parametrize("content", ["{", "[{}]", '[{"name": "x"}]'])
def test_a_broken_index_is_named(tmp_path: Path, content: str) -> None:
    (ship(tmp_path) / INDEX).write_text(content)
    with pytest.raises(Problem, match="not as it was shipped") as caught:
        licences.shipped(tmp_path)
    assert (caught.value.exit_code, caught.value.kind) == (Exit.NO, "broken-licences")


def test_names_are_spelled_as_indexes_spell_them() -> None:
    assert plain("Markdown_It..py") == "markdown-it-py"


def test_a_checkout_tells_what_is_installed_each_with_a_text() -> None:
    found = {it.name: it for it in licences.found()}
    assert {"looop", "python", "trio", "pyte"} <= found.keys()
    assert not {"pytest", "ruff"} & found.keys()  # the extras of a developer
    assert "in its place" in found["pyte"].note
    assert all(it.licence and it.version for it in found.values())


def test_what_is_installed_without_a_checkout_is_known_by_its_metadata(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("looop.__file__", str(tmp_path / "looop" / "__init__.py"))
    own = {it.name for it in installed.packages()}
    assert {"looop", "python", "trio", "pyte"} <= own


class Fake(metadata.Distribution):
    """A distribution of these lines of metadata, and of files that are read from a folder."""

    def __init__(self, folder: Path, lines: Sequence[str], paths: Sequence[str] = ()) -> None:
        self.folder = folder
        self.lines = "\n".join(("Metadata-Version: 2.1", "Name: x", "Version: 1", *lines))
        self.paths = paths

    def read_text(self, filename: str) -> str | None:
        return {"METADATA": self.lines, "RECORD": "\n".join(f"{path},," for path in self.paths)}.get(filename)

    def locate_file(self, path: object) -> Path:
        return self.folder / str(path)


def only(monkeypatch: pytest.MonkeyPatch, **there: metadata.Distribution) -> None:
    """Let looop require `a`, and these be all that is installed."""

    def distribution(name: str) -> metadata.Distribution:
        if name not in there:
            raise metadata.PackageNotFoundError(name)
        return there[name]

    monkeypatch.setattr(metadata, "distribution", distribution)
    own = Package("looop", "1", "MIT", ())
    monkeypatch.setattr(installed, "_own", lambda: (own, ["a >= 1"]))


def needing(folder: Path, *lines: str) -> Fake:
    return Fake(folder, [f"Requires-Dist: {line}" for line in lines])


def test_requirements_are_walked_in_circles_and_with_the_extras_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(
        monkeypatch,
        a=needing(tmp_path, "B[fast, ]>=2", "a", "gone; sys_platform == 'win32'", "???"),
        b=needing(tmp_path, "c; extra == 'fast'", "d; extra == 'slow'", "a"),
        c=needing(tmp_path),
        d=needing(tmp_path),
    )
    assert [it.name for it in installed.packages()] == ["a", "b", "c", "looop", "python"]


def test_a_requirement_that_is_not_there_and_nothing_excuses_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, a=needing(tmp_path, "b"))
    with pytest.raises(Problem, match="b is needed") as caught:
        installed.packages()
    assert (caught.value.exit_code, caught.value.kind) == (Exit.NO, "not-installed")


@pytest.mark.parametrize(
    ("lines", "licence"),
    [
        (["License-Expression: MIT", "License: other"], "MIT"),
        (["License: BSD"], "BSD"),
        (["License: UNKNOWN", "Classifier: License :: OSI Approved :: MIT License"], "MIT License"),
        (["License: " + "x" * 61], "see its text"),
        (["Classifier: Topic :: x"], "see its text"),
    ],
)
def test_a_licences_short_name_is_what_its_makers_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: list[str], licence: str
) -> None:
    only(monkeypatch, a=Fake(tmp_path, lines))
    assert installed.packages()[0].licence == licence


def test_texts_are_found_among_the_files_of_a_package_and_named_flat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = (
        "a-1.dist-info/licenses/vendor/LICENSE",
        "a-1.dist-info/NOTICE",
        "a/license.py",
        "a-1.dist-info/METADATA",
    )
    for path in paths:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("text")
    only(monkeypatch, a=Fake(tmp_path, [], paths))
    assert installed.packages()[0].texts == (Text("NOTICE", "text\n"), Text("vendor-LICENSE", "text\n"))


def test_a_pythons_own_licence_is_found_where_that_python_keeps_it_or_is_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "LICENSE.txt"
    python.write_text("PSF")
    monkeypatch.setattr(installed, "_python_texts", lambda: iter([tmp_path / "none", python]))
    found = installed._python()
    assert (found.texts, found.version) == ((Text("LICENSE.txt", "PSF\n"),), sys.version.split()[0])
    monkeypatch.setattr(installed, "_python_texts", lambda: iter([tmp_path / "none"]))
    assert installed._python().texts == ()


def test_debians_places_are_looked_at_last() -> None:
    assert [place.name for place in installed._python_texts()][-2:] == ["copyright", "copyright"]
