"""The shims of a profile: a folder that comes first in PATH, with a script for each guarded program.

In: CONFIG's `guard`, the program that a shim asks. Out: the folder, right after each call. All of it is
scratch: what is missing or was changed is written anew before the next session or tick starts.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from looop.core.guarded import Guard, Rules, hot
from looop.core.parsed import parsed
from looop.guard.script import MARK, Terms, is_shim, script
from looop.store import files
from looop.store.files.writing import RUNNABLE, TEMP_PREFIX
from looop.store.paths import Profile

_RULES = 1 << 20
_HEAD = 64
_NATIVE = (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")


@dataclass(frozen=True, slots=True)
class Bound:
    """In a cell `shim` is to be seen in the place of `real`, and that at `hidden`, where it is looked for."""

    shim: Path
    real: Path
    hidden: Path


def write(profile: Profile, guard: Guard, binary: str, *, hidden: Path | None = None) -> Path | None:
    """Bring the folder up to date and give it; None if no rule is on. OSError of the disk.

    `binary` is what the shims run as looop. With `hidden` they are those of a cell, in a folder of their own,
    and look there for the real program first.
    """
    folder = profile.guard / "cell" if hidden else profile.shims
    wanted = hot(Rules.of(guard))
    if not wanted:
        files.remove_tree(folder)
        return None
    places = (profile.data, profile.config, profile.sandboxes, hidden or "")
    terms = Terms(binary, *map(str, places))
    files.scratch_dir(folder, below=profile.data)
    files.scratch(profile.guard_rules, msgspec.json.encode(guard))
    files.scratch(folder / MARK, b"")
    for name, patterns in wanted.items():
        files.scratch(folder / name, script(name, patterns, terms).encode(), RUNNABLE)
    for name in set(os.listdir(folder)) - {*wanted, MARK}:  # noqa: PTH208 - names are what is compared
        if not name.startswith(TEMP_PREFIX):  # another start may be writing the same shim just now
            files.remove_tree(folder / name)
    return folder


def rules(profile: Profile) -> Guard:
    """Give the `guard` that the shims were written for; the built-in one where that can't be read."""
    try:
        return parsed(files.read_regular(profile.guard_rules, _RULES), Guard)
    except (OSError, ValueError):
        return Guard()


def real(name: str, path: str, cwd: str, hidden: str = "") -> str | None:
    """Find the real program: the first one in PATH that is no shim, nobody's; None if there is none."""
    if "/" in name:
        return name if _runs(os.path.join(cwd, name)) else None  # noqa: PTH118 - a string for exec
    return next(_all(name, path, cwd, hidden), None)


def bound(folder: Path, hidden: Path, path: str) -> tuple[Bound, ...]:
    """Say which programs a cell may hide behind their shims in `folder`, so that a full path meets these too.

    Only native ones that go by their own name: a script would look for its parts beside itself, and a
    program with many names would lose all of them.
    """
    found = []
    for name in sorted(os.listdir(folder)):  # noqa: PTH208 - as above
        place = None if name == MARK else next(_all(name, path, "/", ""), None)
        resolved = Path(os.path.realpath(place)) if place else None
        if resolved is not None and resolved.name == name and _head(resolved).startswith(_NATIVE):
            found.append(Bound(folder / name, resolved, hidden / name))
    return tuple(found)


def _all(name: str, path: str, cwd: str, hidden: str) -> Iterator[str]:
    places = [hidden] if hidden else []
    for folder in (*places, *path.split(os.pathsep)):
        place = os.path.join(cwd, folder or ".", name)  # noqa: PTH118 - as PATH has it
        if _runs(place):
            yield place


def _runs(place: str) -> bool:
    return os.path.isfile(place) and os.access(place, os.X_OK) and not is_shim(_head(Path(place)))  # noqa: PTH113


def _head(place: Path) -> bytes:
    try:
        return files.read_head(Path(os.path.realpath(place)), _HEAD)[0]
    except OSError:  # it may be executable and not readable: then it is no shim of ours
        return b""
