"""Ending whole trees of processes: walk, stop, kill, until nothing below is alive.

In: pids. Out: signals that never hit a recycled pid. `child.spawn` ends with it what a step started, and
`engine.keeper` the leftovers; standard library only, because keeper imports it. The process table itself is
`child.linux` or `child.darwin`, the latter weaker because macOS has no subreaper.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from looop.child.proc import Proc

if sys.platform == "darwin":
    from looop.child.darwin import (
        bearers,
        become_subreaper,
        boot_id,
        branded,
        branding,
        carries,
        children,
        is_subreaper,
        namespace,
        proc,
        send,
        table,
    )
else:
    from looop.child.linux import (
        bearers,
        become_subreaper,
        boot_id,
        branded,
        branding,
        carries,
        children,
        is_subreaper,
        namespace,
        proc,
        send,
        table,
    )

__all__ = [
    "Proc",
    "alive",
    "bearers",
    "become_subreaper",
    "boot_id",
    "branded",
    "branding",
    "carries",
    "children",
    "descendants",
    "is_subreaper",
    "kill_tree",
    "killing",
    "namespace",
    "proc",
    "send",
    "start_time",
    "strays",
    "sweep",
    "sweeping",
    "table",
]

_AT_ONCE = 200  # strays killed in a pass, so that a fork bomb's end does not hold the caller up for long
_LITTLE = 20  # processes below strays that are looked for one by one
_FREEZES = 20  # walks that look for new processes before the killing starts all the same


def start_time(pid: int) -> int | None:
    """When a process started (see `Proc.start`); None when there is none."""
    found = proc(pid)
    return None if found is None else found.start


def alive(pid: int, start: int) -> bool:
    """Whether that very process still runs: the same start, and more than a status to collect."""
    found = proc(pid)
    return found is not None and found.start == start and not found.dead


def descendants(pid: int, procs: Mapping[int, Proc] | None = None) -> tuple[Proc, ...]:
    """All processes below one, parents before their children, dead ones too."""
    below: dict[int, list[Proc]] = {}
    for entry in (table() if procs is None else procs).values():
        below.setdefault(entry.ppid, []).append(entry)
    found: list[Proc] = []
    # `pop`, because a table read while pids are recycled may hold a circle.
    level = below.pop(pid, [])
    while level:
        found += level
        level = [child for parent in level for child in below.pop(parent.pid, [])]
    return tuple(found)


def strays(me: int, known: Collection[int]) -> tuple[Proc, ...]:
    """Tell the children of `me` that are not in `known`: orphans that fell to a subreaper, dead ones too."""
    found = (proc(pid) for pid in children(me) if pid not in known)
    return tuple(entry for entry in found if entry is not None and entry.ppid == me)


def killing(pid: int) -> Iterator[tuple[Proc, ...]]:
    """Kill a process and all below it, a pass at each step, until the walk finds nothing alive.

    All are stopped first, so that nothing forks while it is being killed; the leader dies last, since while
    it lives its children cannot fall to somebody else. Yields those that were alive; wait some milliseconds
    before the next step. It never gives up by itself: a process in uninterruptible sleep or another user's
    stays, and it is the caller's deadline that ends the loop. The caller reaps its own child.
    """
    leader = proc(pid)
    if leader is None:
        return
    yield from _freezing(leader)
    while below := _living(descendants(pid)):
        for entry in reversed(below):
            send(entry, signal.SIGKILL)
        yield tuple(below)
    while alive(pid, leader.start):
        send(leader, signal.SIGKILL)
        yield (leader,)


def sweeping(
    known: Collection[int],
    guilty: Callable[[Proc], bool] = lambda _: True,
    spared: Callable[[Proc], bool] = lambda _: False,
) -> Iterator[tuple[Proc, ...]]:
    """Kill this process's strays for which `guilty` holds, a pass at each step, until none of them lives.

    What is below a guilty stray is killed in the same pass, whatever `guilty` would say of it, because it
    falls to us. Dead strays are reaped, guilty or not; `spared` ones are left alone, dead or alive. `known`
    is read anew at each pass. Yields those that lived; the caller waits and sets the limit, as in `killing`.
    """
    while living := [
        entry
        for entry in strays(os.getpid(), known)
        if not spared(entry) and not _reaped(entry) and guilty(entry)
    ]:
        _kill_at_once(living[:_AT_ONCE])
        yield tuple(living)


def kill_tree(pid: int, *, limit: float = 5.0, pause: float = 0.005) -> bool:
    """Kill a process and all below it, blocking up to `limit` seconds; whether nothing is left alive."""
    return _drive(killing(pid), limit, pause)


def sweep(
    known: Collection[int],
    *,
    spared: Callable[[Proc], bool] = lambda _: False,
    limit: float = 5.0,
    pause: float = 0.005,
) -> bool:
    """Kill and reap all strays of this process, blocking up to `limit` seconds; whether none is left."""
    return _drive(sweeping(known, spared=spared), limit, pause)


def _living(procs: Iterable[Proc]) -> list[Proc]:
    return [entry for entry in procs if not entry.dead]


def _freezing(leader: Proc) -> Iterator[tuple[Proc, ...]]:
    stopped: set[tuple[int, int]] = set()
    for _ in range(_FREEZES):
        seen = [leader, *_living(descendants(leader.pid))]
        fresh = [entry for entry in seen if (entry.pid, entry.start) not in stopped]
        if not fresh:
            return
        for entry in fresh:
            send(entry, signal.SIGSTOP)
        stopped.update((entry.pid, entry.start) for entry in fresh)
        yield tuple(fresh)


def _kill_at_once(roots: list[Proc]) -> None:
    # The roots are hit before the slow walk, because a chain of short-lived forks is only caught by haste.
    for root in roots:
        send(root, signal.SIGSTOP)
    below = _few(roots)
    if below is None:
        procs = table()
        below = [entry for root in roots for entry in descendants(root.pid, procs)]
    for entry in [*reversed(below), *roots]:
        send(entry, signal.SIGKILL)


def _few(roots: Iterable[Proc]) -> list[Proc] | None:
    """Give all that is below these, parents first, where it is little: to read every process costs more.

    None when it is much. Who is forked meanwhile falls to us, and is met in the next pass.
    """
    found: list[Proc] = []
    level = [root.pid for root in roots]
    while level:
        below = [it for pid in level for child in children(pid) if (it := proc(child)) and it.ppid == pid]
        found += below
        if len(found) > _LITTLE:
            return None
        level = [entry.pid for entry in below]
    return found


def _reaped(entry: Proc) -> bool:
    if not entry.dead:
        return False
    try:
        return os.waitpid(entry.pid, os.WNOHANG)[0] == entry.pid
    except OSError:  # somebody else collected it
        return True


def _drive(passes: Iterator[object], limit: float, pause: float) -> bool:
    end = time.monotonic() + limit
    for _ in passes:
        if time.monotonic() > end:
            return False
        time.sleep(pause)
    return True
