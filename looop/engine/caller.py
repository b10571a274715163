"""Who is calling: a person, the tick's agent, or another program that looop started.

In: a pid from the kernel. Out: a `Caller`, found by walking its parents; no variable and no name has a say,
because a program could set those. What can't be seen counts as a program of ours: it may do the least.
"""

from collections.abc import Collection, Mapping

from looop.child import tree
from looop.engine.call import Caller, Kind

_TRIES = 3


def classify(
    pid: int,
    *,
    ours: Collection[int],
    tick: Collection[int] = (),
    leaders: Mapping[int, str] | None = None,
) -> Caller:
    """Judge the process `pid` by its ancestors.

    `ours` are the pids whose descendants looop started (engine, keeper), `tick` those whose descendants are
    the tick's agent, that is the engine itself while it decides. `leaders` maps the first process of each
    live session to its id: whatever forked itself away falls back to that one. The walk takes about 0.2 ms.
    """
    line = ancestors(pid)
    if line is None:
        return Caller(Kind.CHILD, pid)
    for above in (pid, *line):
        if leaders and above in leaders:
            return Caller(Kind.CHILD, pid, leaders[above])
    if any(above in tick for above in line):
        return Caller(Kind.TICK, pid)
    return Caller(Kind.CHILD if any(above in ours for above in line) else Kind.PERSON, pid)


def ancestors(pid: int) -> tuple[int, ...] | None:
    """Name the process's parents, nearest first, up to init; None when the line can't be followed."""
    for _ in range(_TRIES):
        line = _walk(pid)
        if line is not None:
            return line
    return None


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
