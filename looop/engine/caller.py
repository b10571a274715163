"""Who is calling: a person, a stranger without a terminal, the tick's agent, or what else looop started.

In: a pid from the kernel, and the door it came in at. Out: a `Caller`, found by walking its parents; no
variable and no name has a say, because a program could set those. A person needs positive proof, a terminal
of their own; what can't be seen counts as a program of ours: it may do the least.
"""

import os
import select
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING

from looop.child import tree
from looop.child.proc import Proc
from looop.engine.call import Caller, Kind

if TYPE_CHECKING:
    from looop.engine.address import Connection

_TRIES = 3
_SOL_SOCKET, _SO_PEERPIDFD = 1, 77  # asm-generic/socket.h, Linux 6.5; the standard library has no name for it


def classify(
    pid: int,
    *,
    ours: Collection[int],
    tick: Collection[int] = (),
    leaders: Mapping[int, str] | None = None,
) -> Caller:
    """Judge the process `pid` by its ancestors and its controlling terminal.

    `ours` are the pids whose descendants looop started (engine, keeper), `tick` those whose descendants are
    the tick's agent, that is the engine itself while it decides. `leaders` maps the first process of each
    live session to its id: whatever forked itself away falls back to that one, and whoever sits at the
    session's terminal is in the kernel session that it leads. The walk takes about 0.2 ms.
    """
    found, line = tree.proc(pid), ancestors(pid)
    if found is None or found.dead or line is None:
        return Caller(Kind.CHILD, pid)
    for above in (pid, *line, found.session):
        if leaders and above in leaders:
            return Caller(Kind.CHILD, pid, leaders[above])
    if any(above in tick for above in line):
        return Caller(Kind.TICK, pid)
    if any(above in ours for above in line):
        return Caller(Kind.CHILD, pid)
    return Caller(Kind.PERSON if _sits(found) else Kind.STRANGER, pid)


def narrowed(found: Caller, kind: Kind, session: str | None) -> Caller:
    """Give the stricter of what its parents say of a caller and what its door says, `kind` of `session`.

    Who is one by its parents and another by its door may do the least.
    """
    if found.kind in {Kind.PERSON, Kind.STRANGER} or (found.kind, found.session) == (kind, session):
        return Caller(kind, found.pid, session)
    return Caller(Kind.CHILD, found.pid)


def ancestors(pid: int) -> tuple[int, ...] | None:
    """Name the process's parents, nearest first, up to init; None when the line can't be followed."""
    for _ in range(_TRIES):
        line = _walk(pid)
        if line is not None:
            return line
    return None


@contextmanager
def pinned(line: "Connection", pid: int) -> Iterator[Callable[[], bool]]:
    """Hold on to the very process at the other end; gives a function that tells whether it still lives.

    Its number alone may be another's by the time it is looked at: ask after the look whether it was the one.
    """
    held = _pin(line, pid)
    try:
        yield lambda: _lives(held, pid)
    finally:
        if held >= 0:
            os.close(held)


def _pin(line: "Connection", pid: int) -> int:
    if sys.platform == "linux":
        with suppress(OSError):  # an older kernel, or it has gone
            return int.from_bytes(line.getsockopt(_SOL_SOCKET, _SO_PEERPIDFD, 4), sys.byteorder)
        with suppress(OSError):
            return os.pidfd_open(pid)
    return -1


def _lives(held: int, pid: int) -> bool:
    if held < 0:
        return tree.proc(pid) is not None
    poll = select.poll()
    poll.register(held, select.POLLIN)
    return not poll.poll(0)


def _sits(found: Proc) -> bool:
    """Whether a process shows a person: a terminal, in our own world of pids and not in a container's."""
    return found.terminal and tree.namespace(found.pid) == _namespace()


@cache
def _namespace() -> str | None:
    return tree.namespace(os.getpid()) or "unknown"


def _walk(pid: int) -> tuple[int, ...] | None:
    line: list[int] = []
    while pid > 1:
        found = tree.proc(pid)
        # A parent that ended during the walk leaves its child to another: the whole line is read again.
        if found is None or found.ppid in line:
            return None
        pid = found.ppid
        line.append(pid)
    return tuple(line) if line else None
