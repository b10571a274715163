"""Watching folders by kqueue(2), for macOS: written to its documentation and untested.

In: folders and what counts in them. Out: `changed`. A folder's descriptor tells of names that come and go,
not of writes into its files, so each file that counts has a descriptor too, up to a limit.
"""

import math
import os
import select
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import trio

from looop.child.poll import Wanted

_MOST = 512  # descriptors; the files beyond are seen when their folder changes
_RETRY = 2.0  # seconds between two tries while a folder is missing

if sys.platform == "darwin":
    _WATCH = os.O_EVTONLY | os.O_CLOEXEC
    _NOTES = (
        select.KQ_NOTE_WRITE
        | select.KQ_NOTE_EXTEND
        | select.KQ_NOTE_ATTRIB
        | select.KQ_NOTE_DELETE
        | select.KQ_NOTE_RENAME
        | select.KQ_NOTE_REVOKE
    )

    class Kqueue:
        """Watches folders and the files in them that count."""

        def __init__(self, folders: Sequence[Path], wanted: Wanted) -> None:
            self._folders, self._wanted = tuple(folders), wanted
            self._queue = select.kqueue()
            self._opened: list[int] = []
            self._complete = False
            self._renew()

        async def changed(self) -> None:
            """Return when something that counts may have changed since the last return."""
            await trio.lowlevel.checkpoint()
            while not self._queue.control(None, _MOST, 0):
                with trio.move_on_after(math.inf if self._complete else _RETRY):
                    await trio.lowlevel.wait_readable(self._queue.fileno())
                if not self._complete:
                    break
            self._renew()

        def close(self) -> None:
            """Give all descriptors back; a second call does nothing."""
            self._forget()
            self._queue.close()

        def _renew(self) -> None:
            # From scratch each time: a save by rename has put another file behind the same name.
            self._forget()
            found = [self._open(folder) for folder in (*self._parents(), *self._folders)]
            self._complete = all(found)
            for folder in self._folders:
                with suppress(OSError), os.scandir(folder) as entries:
                    for entry in entries:
                        if len(self._opened) < _MOST and self._wanted(folder, entry.name):
                            self._open(folder / entry.name)

        def _parents(self) -> set[Path]:
            return {folder.parent for folder in self._folders} - set(self._folders)

        def _open(self, path: Path) -> bool:
            try:
                descriptor = os.open(path, _WATCH)
            except OSError:
                return False
            self._opened.append(descriptor)
            flags = select.KQ_EV_ADD | select.KQ_EV_CLEAR
            event = select.kevent(descriptor, select.KQ_FILTER_VNODE, flags, _NOTES)
            self._queue.control([event], 0)
            return True

        def _forget(self) -> None:
            for descriptor in self._opened:
                os.close(descriptor)
            self._opened.clear()
