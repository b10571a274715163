"""Hints that a person changed something: a file in a watched folder, seen by an event rather than a timer.

In: folders, and which names in them count. Out: calls of `notify`, which carry nothing: whoever is told
compares the files themselves. Used by `loop.pulse`. inotify on Linux, kqueue on macOS, else a look every 2 s.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import trio

from looop.child.poll import Poll, Wanted

if sys.platform == "darwin":
    from looop.child.kqueue import Kqueue as Native
else:
    from looop.child.inotify import Inotify as Native


class Watcher(Protocol):
    """One way to watch folders."""

    async def changed(self) -> None:
        """Return when something that counts may have changed since the last return."""

    def close(self) -> None:
        """Give back what is held."""


async def serve(
    folders: Sequence[Path],
    notify: Callable[[], None],
    *,
    wanted: Wanted = lambda _folder, _name: True,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Call `notify` whenever an entry of a folder may have changed for which `wanted(folder, name)` holds.

    Runs until cancelled; started when every later change is seen. A folder need not exist, and may be
    deleted, made again or replaced meanwhile, which is notified too. What is below a folder doesn't count.
    """
    watcher = _watcher(folders, wanted)
    try:
        task_status.started()
        while True:
            try:
                await watcher.changed()
            except OSError:  # out of watches, now that a folder is new: hints may come late, but come
                watcher.close()
                watcher = Poll(folders, wanted)
            notify()
    finally:
        watcher.close()


def _watcher(folders: Sequence[Path], wanted: Wanted) -> Watcher:
    try:
        return Native(folders, wanted)
    except (OSError, AttributeError):  # out of watches, or a system without inotify
        return Poll(folders, wanted)


class Hints:
    """Hints, gathered: `wait` returns once they have been quiet for a moment. For one waiter."""

    def __init__(self, quiet: float = 0.05, most: float = 0.5) -> None:
        self._quiet, self._most = quiet, most
        self._hinted = trio.Event()

    def notify(self) -> None:
        """Hint. Any number of them before `wait` returns are one."""
        self._hinted.set()

    async def wait(self) -> None:
        """Return `quiet` seconds after the last hint, at most `most` after the first; cancel loses none."""
        await self._hinted.wait()
        try:
            with trio.move_on_after(self._most):
                while self._hinted.is_set():
                    self._hinted = trio.Event()
                    with trio.move_on_after(self._quiet):
                        await self._hinted.wait()
        except trio.Cancelled:
            self._hinted.set()
            raise
        self._hinted = trio.Event()
