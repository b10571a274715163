"""The licences of all that looop is made of, with their texts: what `looop licenses` shows.

In: the folder that a frozen program carries (`launcher/licences.py` writes it), else what is installed beside
looop. Out: `Package`s by name. Neighbour: `cli.licenses`.
"""

import re
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec

import looop
from looop.core.problem import Exit, Problem
from looop.store import files

TYPE_CHECKING = False  # importlib.metadata costs as much as a verb: only what is not frozen reads it
if TYPE_CHECKING:
    from importlib.metadata import Distribution

INDEX = "index.json"
_LIMIT = 4 << 20
_SHORT = 60
_REQUIRED = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^]]*)\])?")
_EXTRA = re.compile(r"extra\s*==\s*['\"]([^'\"]+)['\"]")
_TEXT = re.compile(r"licen[cs]e|copying|notice|copyright|authors", re.IGNORECASE)
_PYTHON = ("LICENSE.txt", "LICENSE")

_NOTES = {
    "pyte": "looop uses pyte unchanged, under the LGPL, and you may put a version of your own in its place: "
    "the source of the same release builds the program with whichever pyte is installed beside it "
    "(launcher/ in it says how).",
}


class Text(msgspec.Struct, frozen=True):
    """One text by its file's name."""

    name: str
    text: str


class Package(msgspec.Struct, frozen=True):
    """Something that looop is made of. `licence` is its short name, as its makers write it."""

    name: str
    version: str
    licence: str
    texts: tuple[Text, ...] = ()
    note: str = ""


class Entry(msgspec.Struct, frozen=True):
    """A package in the index; `texts` are files in the folder of its name."""

    name: str
    version: str
    licence: str
    texts: tuple[str, ...]
    note: str = ""


def found() -> tuple[Package, ...]:
    """Give all packages by name: of the frozen program what it carries, else what is installed."""
    folder = Path(looop.__file__).parent / "licences"
    return shipped(folder) if (folder / INDEX).is_file() else installed()


def shipped(folder: Path) -> tuple[Package, ...]:
    """Read a folder that `launcher/licences.py` has written. Problem NO `broken-licences`."""
    try:
        index = msgspec.json.decode(files.read_regular(folder / INDEX, _LIMIT), type=tuple[Entry, ...])
        return tuple(
            Package(
                it.name,
                it.version,
                it.licence,
                tuple(Text(name, read(folder / it.name / name)) for name in it.texts),
                it.note,
            )
            for it in index
        )
    except (msgspec.MsgspecError, files.NotRegular, files.TooLarge) as error:
        raise Problem(
            Exit.NO, "broken-licences", f"{folder} is not as it was shipped ({error}): install looop again."
        ) from error


def installed(root: str = "looop") -> tuple[Package, ...]:
    """Walk the requirements of what is installed, extras aside, and add Python itself.

    Problem NO `not-installed` when a requirement is not there that no condition excuses.
    """
    from importlib import metadata  # noqa: PLC0415 - see above

    packages = [_python()]
    todo, seen = [(root, frozenset[str]())], set[tuple[str, frozenset[str]]]()
    known: dict[str, Distribution] = {}
    while todo:
        name, extras = todo.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            known[name] = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            raise Problem(
                Exit.NO,
                "not-installed",
                f"{name} is needed and its metadata is not there: install looop again.",
            ) from None
        todo += _required(known[name], extras, lambda other: _is_there(metadata.distribution, other))
    packages += [_package(name, it) for name, it in known.items()]
    return tuple(sorted(packages, key=lambda it: it.name))


def plain(name: str) -> str:
    """Spell a package's name as indexes do: small letters, one dash."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read(path: Path) -> str:
    """Read one text, with the line ends of this place."""
    return _normal(files.read_regular(path.resolve(), _LIMIT).decode("utf-8", "replace"))


def _required(
    it: "Distribution", extras: frozenset[str], there: Callable[[str], bool]
) -> Iterator[tuple[str, frozenset[str]]]:
    """Name what a package needs. A condition other than an extra holds if what it guards is installed."""
    for line in it.requires or ():
        needed, _, condition = line.partition(";")
        match = _REQUIRED.match(needed)
        extra = _EXTRA.search(condition)
        if match is None or (extra is not None and extra[1] not in extras):
            continue
        name = plain(match[1])
        if not condition or there(name):
            yield name, frozenset(part.strip() for part in (match[2] or "").split(",") if part.strip())


def _is_there(look: Callable[[str], object], name: str) -> bool:
    try:
        look(name)
    except ModuleNotFoundError:  # as PackageNotFoundError is one
        return False
    return True


def _package(name: str, it: "Distribution") -> Package:
    paths = sorted(path for path in it.files or () if _is_text(path.parts))
    texts = tuple(Text(_relative(path.parts), read(Path(str(it.locate_file(path))))) for path in paths)
    return Package(name, it.version, _licence(it), texts, _NOTES.get(name, ""))


def _is_text(parts: tuple[str, ...]) -> bool:
    return parts[0].endswith((".dist-info", ".egg-info")) and bool(_TEXT.search("/".join(parts[1:])))


def _relative(parts: tuple[str, ...]) -> str:
    """Name a text by its path within the metadata, flat."""
    inner = parts[2:] if len(parts) > 2 and parts[1] == "licenses" else parts[1:]  # noqa: PLR2004 - PEP 639
    return "-".join(inner)


def _licence(it: "Distribution") -> str:
    said = _field(it, "License-Expression") or _field(it, "License")
    if said and said != "UNKNOWN" and len(said) <= _SHORT and "\n" not in said:
        return said
    classified = [
        line.rpartition(" :: ")[2]
        for line in it.metadata.get_all("Classifier") or ()
        if line[:7] == "License"
    ]
    return ", ".join(classified) or "see its text"


def _field(it: "Distribution", name: str) -> str:
    return next(iter(it.metadata.get_all(name) or ()), "")


def _python() -> Package:
    version = ".".join(map(str, sys.version_info[:3]))
    texts = tuple(Text(path.name, read(path)) for path in _first(_python_texts()))
    return Package("python", version, "Python-2.0", texts)


def _python_texts() -> Iterator[Path]:
    """Name the places where a Python keeps its licence: its library, its prefix, Debian's documentation."""
    short = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    for folder in (sysconfig.get_path("stdlib"), sys.base_prefix):
        for name in _PYTHON:
            yield Path(folder, name)
    yield Path("/usr/share/doc", short, "copyright")
    yield Path("/usr/share/doc", f"lib{short}-stdlib", "copyright")


def _first(paths: Iterable[Path]) -> list[Path]:
    return next(([path] for path in paths if path.is_file()), [])


def _normal(text: str) -> str:
    """Give a text without what differs between machines: line ends, blanks at the end."""
    return text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff").rstrip() + "\n"
