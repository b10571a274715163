"""Collect the licence texts of everything that the frozen program carries into one folder of plain files.

In: what is installed beside looop, and what the build adds that no Python package knows of (`natives`). Out:
the data folder `looop/licences`, the same bytes for the same input. `looop.store.licences` reads it again.
"""

import shutil
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from looop.store import installed, licences
from looop.store.licences import Entry, Package, Text

TEXTS = Path(__file__).parent / "texts"

WITH = {"pyte": ("GPL-3.txt",)}
"""What must go with a package's own texts: the LGPL is a set of permissions on top of the GPL."""

INSIDE = (
    Package(
        "abseil-cpp", "of google-re2", "Apache-2.0", note="Compiled into google-re2's wheel, from its source."
    ),
)
"""What wheels have compiled into them without its text; that of its licence is in `texts`."""


class NoTextError(SystemExit):
    """Something would be shipped without the text of its licence."""


@dataclass(frozen=True, slots=True)
class Native:
    """A library or a piece of C in the bundle, with the files of its licence."""

    name: str
    version: str
    licence: str
    texts: tuple[Path, ...]
    note: str = ""


def collect(target: Path, *, native: Sequence[Native] = ()) -> tuple[Package, ...]:
    """Write every text and the index below `target`, a new folder or one that this wrote before.

    Gives what it wrote, by name. NoTextError names what has no text; nothing is written then.
    """
    parts = (*installed.packages(), *INSIDE, *map(_package, native))
    packages = tuple(sorted(map(_completed, parts), key=lambda it: it.name))
    _check(packages)
    if (target / licences.INDEX).exists():
        shutil.rmtree(target)
    for package in packages:
        for text in package.texts:
            _write(target / package.name / text.name, text.text.encode())
    entries = [
        Entry(it.name, it.version, it.licence, tuple(text.name for text in it.texts), it.note)
        for it in packages
    ]
    _write(target / licences.INDEX, msgspec.json.format(msgspec.json.encode(entries), indent=1) + b"\n")
    return packages


def entries(folder: Path) -> list[tuple[str, str, str]]:
    """Give what `collect` wrote as PyInstaller names data: the place in the bundle, the file, its kind."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return [(f"looop/licences/{path.relative_to(folder)}", str(path), "DATA") for path in files]


def _package(native: Native) -> Package:
    texts = tuple(Text(path.name, licences.read(path)) for path in native.texts)
    return Package(native.name, native.version, native.licence, texts, native.note)


def _completed(package: Package) -> Package:
    """Add what must go with it: nothing else in the bundle would."""
    names = WITH.get(package.name, ())
    if package in INSIDE:
        names = (f"{package.licence}.txt",)
    added = tuple(Text(name, licences.read(TEXTS / name)) for name in names)
    return msgspec.structs.replace(package, texts=(*package.texts, *added))


def _check(packages: Sequence[Package]) -> None:
    bare = [it.name for it in packages if not any(text.text.strip() for text in it.texts)]
    if bare:
        raise NoTextError(
            f"{', '.join(bare)}: no licence text was found, and nothing may be shipped without: "
            "install it with its metadata, or name its file as a Native."
        )
    names = [it.name for it in packages]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise NoTextError(f"{', '.join(twice)}: named twice, by a package and as a Native: leave one out.")


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    path.chmod(stat.S_IRUSR | stat.S_IWUSR | stat.S_IRGRP | stat.S_IROTH)
