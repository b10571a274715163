"""Stopping and continuing a session's whole tree, with SIGSTOP and SIGCONT.

In: the leader. Out: how many were signalled. What forks meanwhile is found by walking again until nothing
new is found. Blocks for some milliseconds: call it through `aside`.
"""

import signal

from looop.child import tree

_WALKS = 20


def stop(pid: int, start: int) -> int:
    """Stop the leader and all below it, the leader first, so that it sees no child of its own stop."""
    stopped: set[tuple[int, int]] = set()
    for _ in range(_WALKS):
        leader = tree.proc(pid)
        if leader is None or leader.start != start:
            break
        seen = [it for it in (leader, *tree.descendants(pid)) if not it.dead]
        fresh = [it for it in seen if (it.pid, it.start) not in stopped]
        if not fresh:
            break
        for entry in fresh:
            tree.send(entry, signal.SIGSTOP)
        stopped.update((it.pid, it.start) for it in fresh)
    return len(stopped)


def go_on(pid: int, start: int) -> int:
    """Continue all of it, the leader last."""
    leader = tree.proc(pid)
    if leader is None or leader.start != start:
        return 0
    seen = [it for it in (*reversed(tree.descendants(pid)), leader) if not it.dead]
    return sum(tree.send(entry, signal.SIGCONT) for entry in seen)
