"""Which program has a terminal: the one that would get what is typed there now.

In: the leader of the terminal's session. Out: that program's name. From /proc; elsewhere nobody knows.
"""

import os
from pathlib import Path

from looop.child import tree
from looop.child.inside import SHELL

_TERMINALS_GROUP = 5  # tpgid, counted from the state, the third field in proc(5)


def program(leader: int) -> str | None:
    """Give the name of the program in the foreground of a session leader's terminal; None if nobody knows.

    A shell that only waits for one program shares its group with it; then it is that program which counts.
    """
    try:
        raw = Path(f"/proc/{leader}/stat").read_bytes()
        group = int(raw[raw.rfind(b")") + 2 :].split()[_TERMINALS_GROUP])
        found = _deepest(group) if group == leader or _is_shell(group) else group
        return os.fsdecode(Path(f"/proc/{found}/comm").read_bytes()).rstrip("\n") if group > 0 else None
    except (OSError, ValueError, IndexError):
        return None


def _is_shell(pid: int) -> bool:
    """Tell whether this is the shell that runs a session's command inside a cell."""
    words = "\0".join(SHELL).encode()
    return Path(f"/proc/{pid}/cmdline").read_bytes().startswith(words)


def _deepest(leader: int) -> int:
    """Follow a group's only children down from its leader: the last one is who runs."""
    found, seen = leader, {leader}
    while True:
        below = [it for pid in tree.children(found) if (it := tree.proc(pid)) and it.pgrp == leader]
        if len(below) != 1 or below[0].dead or below[0].pid in seen:
            return found
        found = below[0].pid
        seen.add(found)
