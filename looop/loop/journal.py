"""The journal: one line a tick, appended exactly once, by size; nothing of it is ever deleted.

In: a stamped line and the size that the journal had when the landing was staged. Neighbour: `core.line`.
"""

from looop.store import files
from looop.store.paths import Profile

ROTATE_AT = 8 << 20
"""Bytes: a larger journal is set aside whole before the next landing, under its date."""

_TAIL = 1 << 16


def size(profile: Profile) -> int:
    """Give its size in bytes; 0 when there is none."""
    try:
        return profile.journal.stat().st_size
    except FileNotFoundError:
        return 0


def rotate(profile: Profile) -> None:
    """Set a large journal aside. Only before a landing, so that a landing's size stays true."""
    files.rotate(profile.journal, ROTATE_AT, keep_all=True)


def append_once(profile: Profile, line: str, staged_size: int) -> None:
    """Append a line unless it is there: what follows `staged_size` tells, even half a line after a crash.

    A journal that people edited since is searched near its end; their bytes stay as they are.
    """
    record = f"{line}\n".encode()
    grown = size(profile) - staged_size
    if grown:
        end = files.tail(profile.journal, grown if 0 < grown < _TAIL else _TAIL)
        if record.rstrip() in end:
            files.settle(profile.journal)
            return
        if 0 < grown < len(record) and record.startswith(end):
            files.mend_tail(profile.journal, staged_size, record)
            return
    files.append_durable(profile.journal, line)
