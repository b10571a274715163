"""Nothing is shipped without the text of its licence, and the folder of them is the same each time."""

import json
import sys
from importlib import metadata
from pathlib import Path

import pytest

from launcher import licences, natives
from launcher.licences import Native, NoTextError, collect
from looop.store.installed import packages
from looop.store.licences import INDEX, Package, shipped


def _tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path.relative_to(folder)): (path.stat().st_mode, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _native(folder: Path, name: str = "some-c", text: str = "do as you like\r\n\r\n") -> Native:
    path = folder / "COPYING"
    path.write_bytes(text.encode())
    return Native(name, "1.2", "MIT", (path,), "It is in the launcher.")


def test_every_part_has_a_text_and_the_index_names_each_file(tmp_path: Path) -> None:
    packages = collect(tmp_path / "out", native=(_native(tmp_path),))
    assert {"looop", "pyte", "trio", "python", "rich", "abseil-cpp", "some-c"} < {it.name for it in packages}
    index = json.loads((tmp_path / "out" / INDEX).read_text())
    named = {f"{it['name']}/{text}" for it in index for text in it["texts"]}
    assert set(_tree(tmp_path / "out")) == named | {INDEX}
    assert all(it["texts"] for it in index)
    assert [it["name"] for it in index] == sorted(it["name"] for it in index)


def test_every_file_has_its_place_in_the_bundle(tmp_path: Path) -> None:
    collect(tmp_path / "out")
    entries = licences.entries(tmp_path / "out")
    assert {place for place, _, _ in entries} == {
        f"looop/licences/{name}" for name in _tree(tmp_path / "out")
    }
    assert all(Path(source).is_file() and kind == "DATA" for _, source, kind in entries)


def test_what_is_read_back_is_what_was_written(tmp_path: Path) -> None:
    packages = collect(tmp_path / "out", native=(_native(tmp_path),))
    assert shipped(tmp_path / "out") == packages


def test_two_collections_have_the_same_bytes_and_modes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    collect(tmp_path / "one", native=(_native(tmp_path),))
    found = packages()
    monkeypatch.setattr("looop.store.installed.packages", lambda: tuple(reversed(found)))
    collect(tmp_path / "two", native=(_native(tmp_path, text="do as you like\n"),))
    assert _tree(tmp_path / "one") == _tree(tmp_path / "two")


def test_a_second_collection_leaves_nothing_of_the_first(tmp_path: Path) -> None:
    collect(tmp_path / "out", native=(_native(tmp_path),))
    collect(tmp_path / "out")
    assert not (tmp_path / "out" / "some-c").exists()


def test_a_part_without_a_text_stops_the_build_and_is_named(tmp_path: Path) -> None:
    bare = Native("nameless", "1", "MIT", ())
    empty = _native(tmp_path, "empty", " \n")
    with pytest.raises(NoTextError, match="empty, nameless: no licence text"):
        collect(tmp_path / "out", native=(bare, empty))
    assert not (tmp_path / "out").exists()


def test_a_package_without_a_text_stops_the_build_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = metadata.distribution

    class Bare(metadata.PathDistribution):
        @property
        def files(self) -> list[metadata.PackagePath]:
            return []

    def distribution(name: str) -> metadata.Distribution:
        it = real(name)
        return Bare(it._path) if name == "idna" else it  # type: ignore[attr-defined]

    monkeypatch.setattr(metadata, "distribution", distribution)
    with pytest.raises(NoTextError, match=r"^idna: no licence text"):
        collect(tmp_path / "out")


def test_a_part_that_is_named_twice_stops_the_build(tmp_path: Path) -> None:
    with pytest.raises(NoTextError, match="pyte: named twice"):
        collect(tmp_path / "out", native=(_native(tmp_path, "pyte"),))


def test_the_lgpl_goes_with_the_gpl_and_says_how_pyte_is_replaced(tmp_path: Path) -> None:
    (pyte,) = (it for it in collect(tmp_path / "out") if it.name == "pyte")
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in next(it.text for it in pyte.texts if it.name == "LICENSE")
    assert pyte.texts[-1].text.lstrip().startswith("GNU GENERAL PUBLIC LICENSE")
    assert "in its place" in pyte.note


def test_the_requirements_are_walked_without_extras() -> None:
    names = {it.name for it in packages()}
    assert {"looop", "cyclopts", "rich", "markdown-it-py", "mdurl", "attrs", "outcome", "python"} <= names
    assert names & {"pytest", "mypy", "ruff", "hypothesis", "trio-typing"} == set()
    for name in ("re2", "exceptiongroup", "cffi"):  # the last two are for other Pythons and systems
        assert name not in names


def test_a_requirement_with_an_extra_brings_that_extras_own(monkeypatch: pytest.MonkeyPatch) -> None:
    needs = {
        "a": ['b; extra == "x"', 'c ; extra == "z"', 'a[y]; extra == "x"'],
        "b": ["a"],
        "some-thing": [],
    }
    lines = ["a[x, y]>=1", "Some_Thing", 'later; python_version < "3"', 'tool; extra == "test"']

    class Nothing:
        def get_all(self, _: str) -> None:
            return None

    class Fake:
        version, files, metadata = "1", (), Nothing()

        def __init__(self, name: str) -> None:
            if name not in needs:
                raise metadata.PackageNotFoundError(name)
            self.requires = needs[name]

    monkeypatch.setattr(metadata, "distribution", Fake)
    monkeypatch.setattr("looop.store.installed._own", lambda: (Package("looop", "1", "MIT"), lines))
    assert [it.name for it in packages()] == ["a", "b", "looop", "python", "some-thing"]


@pytest.mark.parametrize("checkout", [True, False])
def test_looop_itself_is_known_from_its_checkout_or_from_what_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checkout: bool
) -> None:
    if not checkout:
        monkeypatch.setattr("looop.__file__", str(tmp_path / "looop" / "__init__.py"))
    (own,) = (it for it in packages() if it.name == "looop")
    assert (own.licence, [text.name for text in own.texts]) == ("MIT", ["LICENSE"])
    assert {"pyte", "trio"} < {it.name for it in packages()}


@pytest.mark.process
def test_a_library_of_the_system_is_named_by_the_package_that_owns_it(tmp_path: Path) -> None:
    libc = next(Path("/lib").glob("*-linux-gnu/libc.so.6"))
    (found,) = natives.of_libraries([libc, libc])
    assert (found.name, found.licence) == ("libc6", "LGPL-2.1-or-later")
    assert {path.name for path in found.texts} >= {"copyright", "LGPL-2.1"}
    assert "libc6" in {it.name for it in collect(tmp_path / "out", native=(found,))}


@pytest.mark.process
def test_a_library_that_nobody_owns_and_a_package_that_is_not_there_are_named(tmp_path: Path) -> None:
    (tmp_path / "libx.so").touch()
    with pytest.raises(NoTextError, match=r"libx\.so: no package of Debian owns it"):
        natives.of_libraries([tmp_path / "libx.so"])
    with pytest.raises(NoTextError, match="no-such-package"):
        natives.debian("no-such-package")


@pytest.fixture
def pyinstaller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in for the package, which is installed only where the program is frozen."""
    folder = tmp_path / "site" / "pyinstaller-6.0.dist-info"
    (folder / "licenses").mkdir(parents=True)
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: pyinstaller\nVersion: 6.0\n")
    (folder / "licenses" / "COPYING.txt").write_text("GPL, with an exception\n")
    record = "pyinstaller-6.0.dist-info/licenses/COPYING.txt,,\npyinstaller-6.0.dist-info/METADATA,,\n"
    (folder / "RECORD").write_text(record)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))


def _zstd(folder: Path) -> Path:
    (folder / "LICENSE").write_text("BSD License\n")
    (folder / "zstd.h").write_text(
        "#define ZSTD_VERSION_MAJOR    1\n#define ZSTD_VERSION_MINOR    5\n#define ZSTD_VERSION_RELEASE  7\n"
    )
    return folder


@pytest.mark.process
@pytest.mark.usefixtures("pyinstaller")
def test_a_bundle_names_what_is_neither_python_nor_a_package_of_it(tmp_path: Path) -> None:
    import msgspec

    libz = next(Path("/lib").glob("*-linux-gnu/libz.so.1"))
    binaries = [
        ("libz.so.1", str(libz), "BINARY"),
        ("msgspec/_core.so", msgspec._core.__file__, "EXTENSION"),
        ("lib-dynload/math.so", f"{sys.base_prefix}/lib/math.so", "EXTENSION"),
    ]
    found = {it.name: it for it in natives.of_bundle(binaries, _zstd(tmp_path))}
    assert found.keys() - {"musl-dev"} == {"pyinstaller", "zstd", "libc6", "zlib1g"}
    assert found["zstd"].version == "1.5.7"
    assert "exception" in found["pyinstaller"].texts[0].read_text()
    collect(tmp_path / "out", native=tuple(found.values()))


@pytest.mark.usefixtures("pyinstaller")
def test_without_dpkg_a_library_from_outside_ends_the_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    names = [it.name for it in natives.of_bundle([], _zstd(tmp_path))]
    assert names == ["pyinstaller", "zstd"]
    with pytest.raises(NoTextError, match=r"libssl\.dylib: whose is it"):
        natives.of_bundle([("x", "/opt/ssl/libssl.dylib", "BINARY")], _zstd(tmp_path))


@pytest.mark.usefixtures("pyinstaller")
def test_a_build_that_lists_its_libraries_says_where_each_was_taken_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NATIVES", "listed")
    found = natives.of_bundle([("libof.so.1", "/store/of/libof.so.1", "BINARY")], _zstd(tmp_path))
    assert [(it.name, it.licence) for it in found[2:]] == [("libof.so.1", "of /store/of/libof.so.1")]
    collect(tmp_path / "out", native=found)


def test_the_texts_kept_here_are_whole() -> None:
    assert (licences.TEXTS / "GPL-3.txt").read_text().rstrip().endswith("why-not-lgpl.html>.")
    assert "END OF TERMS AND CONDITIONS" in (licences.TEXTS / "Apache-2.0.txt").read_text()
