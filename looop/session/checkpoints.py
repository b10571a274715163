"""Checkpoints: a session's screen as it was at an offset, so that a rebuild need not begin at the beginning.

In: dumps, as `screen-<offset>.json`. Out: the newest one that loads. They are scratch: whoever deletes them
makes the next rebuild slower, and nothing else. The two newest are kept: one may be from a torn disk.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from looop.core.parsed import parsed
from looop.session.pyte_screen import PyteScreen
from looop.session.screen import Dump, Screen
from looop.store import files

_NAME = re.compile(r"screen-([0-9]{1,18})\.json")
_KEPT = 2
_LARGEST = 64 << 20


class _File(msgspec.Struct, frozen=True):
    """`resizes` is how many of the records' sizes the screen had been given."""

    resizes: int
    screen: dict[str, object]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A screen at an offset."""

    offset: int
    resizes: int
    screen: Screen


def newest(folder: Path, since: int, until: int) -> Checkpoint | None:
    """Load the newest checkpoint between two offsets; one that can't be read or loaded is as none."""
    for offset in _offsets(folder):
        if since <= offset <= until:
            with suppress(OSError, ValueError, RecursionError, msgspec.MsgspecError):
                found = parsed(files.read_regular(_path(folder, offset), _LARGEST), _File)
                screen = PyteScreen(1, 1)
                screen.load(found.screen)
                return Checkpoint(offset, max(0, found.resizes), screen)
    return None


def write(folder: Path, offset: int, resizes: int, dump: Callable[[], Dump]) -> None:
    """Write one and remove all but the newest two. OSError when the disk fails: there is one less then.

    For a thread: the dump of a large screen takes long, and nobody may draw on it meanwhile.
    """
    files.scratch(_path(folder, offset), msgspec.json.encode(_File(resizes, dict(dump()))))
    kept = [it for it in _offsets(folder) if it <= offset][:_KEPT]
    for other in _offsets(folder):
        if other not in kept:
            _path(folder, other).unlink(missing_ok=True)


def _path(folder: Path, offset: int) -> Path:
    return folder / f"screen-{offset}.json"


def _offsets(folder: Path) -> list[int]:
    """Give the offsets of all checkpoints, newest first."""
    try:
        names = [path.name for path in folder.iterdir()]
    except FileNotFoundError:
        return []
    found = (match[1] for name in names if (match := _NAME.fullmatch(name)))
    return sorted({int(digits) for digits in found if str(int(digits)) == digits}, reverse=True)
