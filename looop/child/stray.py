"""Whose stray is it: what a run left behind falls to us, the subreaper, and is killed when that run ends.

In: the runs that are live. Out: nothing alive that they started. A stray is told by its session, its group
or its run's mark, in its environment and as its brand; one that shed all of them waits for the end of the
last live run, because nothing says whose it is. Our own session's processes were never below a run and are
left alone.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress

import trio

from looop.child import tree
from looop.child.proc import Proc

_PASS = 0.005  # seconds between two passes of killing

MARK = "LOOOP_CHILD"
"""The variable that has a run's mark: sixteen hexadecimal digits."""

_live: dict[int, str] = {}  # the leaders of the live runs, and their marks
_spared: set[tuple[int, int]] = set()


def enter(leader: int, mark: str) -> None:
    """Count a run as live."""
    _live[leader] = mark


def leave(leader: int) -> None:
    """Count a run as ended, its status collected; a second call does nothing."""
    _live.pop(leader, None)


def spare(pid: int) -> None:
    """Let one process that falls to us live on: a keeper that was started to outlast this process."""
    start = tree.start_time(pid)
    if start is not None:
        _spared.add((pid, start))


def reap() -> None:
    """Collect the dead orphans of runs that are still going on."""
    if tree.is_subreaper():
        next(tree.sweeping(_live, lambda _: False, _is_spared), None)


async def sweep(leader: int) -> int:
    """Kill what the run of this ended, uncollected leader left behind; how many had fallen to us alive.

    Goes on until nothing is left; the caller sets the limit by a cancel scope.
    """
    seen: set[int] = set()
    for living in _passes(leader):
        seen.update(entry.pid for entry in living)
        _kill_group(leader)
        await trio.sleep(_PASS)
    _kill_group(leader)
    return len(seen)


def _passes(leader: int) -> Iterator[tuple[Proc, ...]]:
    if tree.is_subreaper():
        return tree.sweeping(_live, lambda entry: _is_of(leader, entry), _is_spared)
    return _hunting(leader)


def _is_of(leader: int, entry: Proc) -> bool:
    mark = _live[leader]
    return (
        len(_live) == 1
        or leader in (entry.session, entry.pgrp)
        or tree.branded(entry.pid, mark)
        or tree.carries(entry.pid, f"{MARK}={mark}")
    )


def _is_spared(entry: Proc) -> bool:
    return entry.session == os.getsid(0) or (entry.pid, entry.start) in _spared


def _hunting(leader: int) -> Iterator[tuple[Proc, ...]]:
    """Without a subreaper orphans fall to init: look at every process there is."""
    while True:
        marked = tree.bearers(f"{MARK}={_live[leader]}")
        found = [
            entry
            for entry in tree.table().values()
            if not entry.dead and (leader in (entry.session, entry.pgrp) or entry.pid in marked)
        ]
        if not found:
            return
        for entry in found:
            tree.send(entry, signal.SIGKILL)
        yield tuple(found)


def _kill_group(leader: int) -> None:
    # One step of the kernel, which no fork slips through. The uncollected leader keeps the number ours.
    with suppress(OSError):
        os.killpg(leader, signal.SIGKILL)
