"""Watching folders by looking at them every two seconds: for where nothing better works.

In: folders and what counts in them. Out: `changed`. Also the one that knows what a folder looks like: a
`picture` of names, times, sizes and modes.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import trio

Wanted = Callable[[Path, str], bool]
Picture = frozenset[tuple[str, str, int, int, int, int]]

_LOOK = 2.0  # seconds


class Poll:
    """Looks at the folders again and again."""

    def __init__(self, folders: Sequence[Path], wanted: Wanted) -> None:
        self._folders, self._wanted = tuple(folders), wanted
        self._last = picture(self._folders, wanted)

    async def changed(self) -> None:
        """Return when something that counts has changed since the last return. Cancel loses nothing."""
        await trio.lowlevel.checkpoint()
        while (now := picture(self._folders, self._wanted)) == self._last:  # noqa: ASYNC110 - no event exists
            await trio.sleep(_LOOK)
        self._last = now

    def close(self) -> None:
        """Do nothing: nothing is held."""


def picture(folders: Sequence[Path], wanted: Wanted) -> Picture:
    """Tell what can be seen of the files that count; a missing folder has none."""
    return frozenset(row for folder in folders for row in _rows(folder, wanted))


def _rows(folder: Path, wanted: Wanted) -> list[tuple[str, str, int, int, int, int]]:
    rows = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if wanted(folder, entry.name):
                    seen = entry.stat(follow_symlinks=False)
                    facts = (seen.st_ino, seen.st_mtime_ns, seen.st_size, seen.st_mode)
                    rows.append((str(folder), entry.name, *facts))
    except OSError:  # gone, or going while we look
        return rows
    return rows
