"""Agents' state as a cell needs it: which of it is written, kept and the cell's own, made where it lacks.

In: the agents that a cell is for, its variables. Out: a `State`. Done outside, before a start: what an
agent's first run would make in HOME it can't make inside, and what it could plant must be there already.
Neighbours: `core.credentials` has the table, `walls` builds the cell.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from looop.core import credentials
from looop.core.problem import Problem
from looop.store import files
from looop.store.paths import Profile

_LARGEST = 64 << 20
_EMPTY = {"models.json": b'{"providers": {}}\n', ".json": b"{}\n"}
"""What is in a file that is made, by name or suffix; else nothing. To its agent it is the same as no file."""


@dataclass(frozen=True, slots=True)
class State:
    """What of a cell is for its agents. `variables` tell them where it is."""

    write: tuple[str, ...]
    keep: tuple[str, ...]
    apart: tuple[str, ...]
    variables: Mapping[str, str]


def ready(profile: Profile, agents: Collection[str], env: Mapping[str, str], *, copies: bool) -> State:
    """Make what the state of some agents lacks; what can't be made its agent will miss, and say so."""
    home = env.get("HOME", "")
    write: list[str] = []
    keep: list[str] = []
    apart: list[str] = []
    variables: dict[str, str] = {}
    for agent in agents:
        folder = credentials.AGENTS[agent]
        places, read = credentials.state(agent, home, env), credentials.read(agent, home, env)
        own = tuple(f"{places[0]}/{name}" for name in folder.apart)
        for path in (*places, *own):
            _folder(path)
        write += places
        if copies and (both := credentials.copied(agent, home, env)):
            _accept(Path(places[0], "settings.json"), Path(both[0]))
            _copy(profile, *map(Path, both))
            variables[folder.place] = places[0]
        keep += (*map(_made, read), *_kept(places[0], folder))
        apart += own
    return State(tuple(write), tuple(keep), tuple(apart), variables)


def _kept(place: str, folder: credentials.Folder) -> Iterator[str]:
    for name in folder.kept:
        yield _made(f"{place}/{name}")
    for pattern in folder.found:
        with suppress(OSError):
            yield from map(str, Path(place).glob(pattern))


def _made(path: str) -> str:
    if path.endswith("/"):
        _folder(path)
    else:
        _file(Path(path))
    return path.rstrip("/")


def _folder(path: str) -> None:
    if Path(path).is_absolute() and not files.present(Path(path)):
        with suppress(OSError, Problem):
            files.private_dir(Path(path))


def _file(path: Path) -> None:
    if path.is_absolute() and not files.present(path):
        with suppress(OSError):
            files.exclusive(path, _EMPTY.get(path.name, _EMPTY.get(path.suffix, b"")))


def _accept(settings: Path, document: Path) -> None:
    """Write down for claude what it would: that its person agreed to skip permissions, in the newer place."""
    with suppress(OSError, ValueError):
        said = json.loads(files.read_regular(document.resolve(), _LARGEST))
        if isinstance(said, dict) and said.get("bypassPermissionsModeAccepted") is True:
            files.exclusive(settings, b'{"skipDangerousModePermissionPrompt": true}\n')


def _copy(profile: Profile, source: Path, copy: Path) -> None:
    """Copy a person's file whenever it was changed since the last time; never the other way round.

    Not by which is newer: agents inside write the copy all the time, so a person's answer would not arrive.
    """
    with suppress(OSError):
        found = source.stat()
        seen = f"{copy} {found.st_ino} {found.st_size} {found.st_mtime_ns}".encode()
        mark = profile.copied
        if files.present(copy) and files.present(mark) and files.read_regular(mark, len(seen)) == seen:
            return
        files.scratch(copy, files.read_regular(source.resolve(), _LARGEST))
        files.scratch(mark, seen)
