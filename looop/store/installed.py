"""What is installed beside looop: the packages that it requires, all the way down, and Python.

In: the metadata of installed packages; of looop itself its own pyproject.toml, where it runs from a checkout.
Out: `Package`s with their licences' texts. Extras are left out, as are requirements for other systems.
"""

import re
import sys
import sysconfig
import tomllib
from collections.abc import Iterable, Iterator
from importlib import metadata
from importlib.metadata import Distribution
from pathlib import Path
from typing import NamedTuple

import looop
from looop.core.problem import Exit, Problem
from looop.store.licences import Package, Text, plain, read

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


class _Need(NamedTuple):
    """A requirement: a package, and the extras of it that are asked for."""

    name: str
    extras: frozenset[str] = frozenset()


def packages() -> tuple[Package, ...]:
    """Walk the requirements. Problem NO `not-installed` when one is not there that no condition excuses."""
    own, lines = _own()
    todo, seen = list(_needs(lines, frozenset())), set[_Need]()
    known: dict[str, Distribution] = {}
    while todo:
        need = todo.pop()
        if need in seen:
            continue
        seen.add(need)
        known[need.name] = it = _distribution(need.name)
        todo += _needs(it.requires or (), need.extras)
    found = [own, _python(), *(_package(name, it) for name, it in known.items() if name != own.name)]
    return tuple(sorted(found, key=lambda it: it.name))


def _own() -> tuple[Package, list[str]]:
    """Give looop itself and the lines of what it requires."""
    root = Path(looop.__file__).parents[1]
    if not (root / "pyproject.toml").is_file():
        it = _distribution("looop")
        return _package("looop", it), list(it.requires or ())
    told = tomllib.loads(read(root / "pyproject.toml"))["project"]
    texts = tuple(Text(name, read(root / name)) for name in told["license-files"])
    return Package(told["name"], looop.__version__, told["license"], texts), told["dependencies"]


def _distribution(name: str) -> Distribution:
    try:
        return metadata.distribution(name)
    except metadata.PackageNotFoundError:
        raise Problem(
            Exit.NO,
            "not-installed",
            f"{name} is needed and its metadata is not there: install looop again.",
        ) from None


def _needs(lines: Iterable[str], extras: frozenset[str]) -> Iterator[_Need]:
    """Read what a package needs. A condition other than an extra holds if what it guards is installed."""
    for line in lines:
        needed, _, condition = line.partition(";")
        match = _REQUIRED.match(needed)
        extra = _EXTRA.search(condition)
        if match is None or (extra is not None and extra[1] not in extras):
            continue
        name = plain(match[1])
        if not condition or _is_there(name):
            asked = (part.strip() for part in (match[2] or "").split(","))
            yield _Need(name, frozenset(filter(None, asked)))


def _is_there(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
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
