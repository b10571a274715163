"""What is left of a session whose keeper has gone: found, and ended.

In: its records, and the mark in its environment. Out: nothing of it alive. The leader's own tree is walked;
with the leader gone, its kernel session and the mark tell whose an orphan is. Blocks: use `aside`.
"""

import os
import signal
import time

from looop.child import tree
from looop.child.proc import Proc
from looop.session.records import Records

MARK = "LOOOP_GENERATION"
_LIMIT = 5.0
_PAUSE = 0.005


def end(found: Records, generation: str) -> int:
    """Kill what still runs of a generation of this boot; how many there were. Gives up after five seconds."""
    if found.pid is None or found.boot != tree.boot_id():
        return 0
    killed: set[int] = set()
    if tree.alive(found.pid, found.start):
        killed.add(found.pid)
        tree.kill_tree(found.pid, limit=_LIMIT)
    until = time.monotonic() + _LIMIT
    while (left := _left(found, generation)) and time.monotonic() < until:
        for entry in left:
            tree.send(entry, signal.SIGKILL)
        killed |= {entry.pid for entry in left}
        time.sleep(_PAUSE)
    return len(killed)


def _left(found: Records, generation: str) -> list[Proc]:
    procs = tree.table()
    ours = _ancestors(procs)
    bearers = tree.bearers(f"{MARK}={generation}")
    # While a member lives the kernel gives the leader's number to nobody else; a live one is another's.
    orphaned = found.pid not in procs
    return [
        entry
        for entry in procs.values()
        if not entry.dead
        and entry.pid not in ours
        and (entry.pid in bearers or (orphaned and entry.session == found.pid and entry.start >= found.start))
    ]


def _ancestors(procs: dict[int, Proc]) -> set[int]:
    """Give this process and all above it: an engine that somebody started in a session is not its victim."""
    found, pid = set[int](), os.getpid()
    while pid in procs and pid not in found:
        found.add(pid)
        pid = procs[pid].ppid
    return found
