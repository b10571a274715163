"""The licences of all that looop is made of, with their texts: what `looop licenses` shows.

In: the folder that a frozen program carries (`launcher/licences.py` writes it), else what is installed beside
looop (`store.installed`). Out: `Package`s by name.
"""

import re
from pathlib import Path

import msgspec

import looop
from looop.core.problem import Exit, Problem
from looop.store import files

INDEX = "index.json"
_LIMIT = 4 << 20


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
    if (folder / INDEX).is_file():
        return shipped(folder)
    from looop.store import installed  # noqa: PLC0415 - it costs as much as a verb, and a frozen one has none

    return installed.packages()


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


def plain(name: str) -> str:
    """Spell a package's name as indexes do: small letters, one dash."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read(path: Path) -> str:
    """Read one text, with the line ends of this place."""
    return _normal(files.read_regular(path.resolve(), _LIMIT).decode("utf-8", "replace"))


def _normal(text: str) -> str:
    """Give a text without what differs between machines: line ends, blanks at the end."""
    return text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff").rstrip() + "\n"
