"""Watching folders by inotify(7), through ctypes: no wakeup at all while nothing changes.

In: folders and what counts in them. Out: `changed`, which returns when something may have. Each folder's
parent is watched too, so that one which is deleted and made again, or replaced, is found again.
"""

import ctypes
import math
import os
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import trio

from looop.child.poll import Wanted

# The constants of sys/inotify.h.
_ATTRIB, _CLOSE_WRITE, _MOVED_FROM, _MOVED_TO = 0x4, 0x8, 0x40, 0x80
_CREATE, _DELETE, _DELETE_SELF, _MOVE_SELF = 0x100, 0x200, 0x400, 0x800
_UNMOUNT, _OVERFLOW, _IGNORED, _ONLYDIR = 0x2000, 0x4000, 0x8000, 0x1000000
_INSIDE = _ATTRIB | _CLOSE_WRITE | _MOVED_FROM | _MOVED_TO | _CREATE | _DELETE | _DELETE_SELF | _MOVE_SELF
_APPEARS = _MOVED_TO | _CREATE
_LOST = _UNMOUNT | _OVERFLOW | _IGNORED | _DELETE_SELF | _MOVE_SELF

_EVENT = struct.Struct("iIII")  # watch, mask, cookie, length of the name
_READ = 65536
_RETRY = 2.0  # seconds between two tries while a folder and its parent are both missing


class Inotify:
    """Watches folders, and only them, not what is below. OSError when the kernel has no more to give."""

    def __init__(self, folders: Sequence[Path], wanted: Wanted) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = self._call(self._libc.inotify_init1, os.O_CLOEXEC | os.O_NONBLOCK)
        self._wanted = wanted
        self._folders = tuple(folders)
        self._roles = self._plan()
        self._watches: dict[int, Path] = {}
        self._complete = False
        self._renew()

    def _plan(self) -> dict[Path, int]:
        """Parents first, so that no folder can appear between a failed look and the watch of its parent."""
        masks = {folder.parent: _APPEARS for folder in self._folders}
        masks |= dict.fromkeys(self._folders, _INSIDE)
        return {path: masks[path] for path in sorted(masks, key=lambda path: len(path.parts))}

    async def changed(self) -> None:
        """Return when something that counts may have changed since the last return. Cancel loses nothing."""
        await trio.lowlevel.checkpoint()
        while not self._drain():
            with trio.move_on_after(math.inf if self._complete else _RETRY):
                await trio.lowlevel.wait_readable(self._descriptor)
            if not self._complete and self._renew():
                return

    def close(self) -> None:
        """Give the descriptor back; a second call does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1

    def _drain(self) -> bool:
        counts, lost = False, False
        with suppress(BlockingIOError):
            while True:
                for watch, mask, name in _events(os.read(self._descriptor, _READ)):
                    folder = self._watches.get(watch)
                    lost = lost or bool(mask & _OVERFLOW)
                    if folder is not None:
                        lost = lost or bool(mask & _LOST) or folder / name in self._roles
                        counts = counts or (folder in self._folders and self._wanted(folder, name))
        if lost:
            self._renew()
        return lost or counts

    def _renew(self) -> bool:
        """Watch what is there now; whether any of it is another than before."""
        before = set(self._watches)
        self._watches = {}
        missing = set()
        for path, mask in self._roles.items():
            try:
                watch = self._call(
                    self._libc.inotify_add_watch, self._descriptor, os.fsencode(path), mask | _ONLYDIR
                )
            except (FileNotFoundError, NotADirectoryError, PermissionError):
                missing.add(path)
            else:
                self._watches[watch] = path
        for stale in before - set(self._watches):
            self._libc.inotify_rm_watch(self._descriptor, stale)
        self._complete = not any(path.parent in missing or path.parent not in self._roles for path in missing)
        return before != set(self._watches)

    @staticmethod
    def _call(function: Callable[..., int], *args: object) -> int:
        result = function(*args)
        if result < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return result


def _events(data: bytes) -> Iterator[tuple[int, int, str]]:
    place = 0
    while place < len(data):
        watch, mask, _, length = _EVENT.unpack_from(data, place)
        place += _EVENT.size
        yield watch, mask, os.fsdecode(data[place : place + length].rstrip(b"\0"))
        place += length
