"""A process as /proc shows it: its memory, descriptors, threads, CPU, and how often it was woken.

In: a pid. Out: numbers, read without disturbing it. Linux alone, as the figures that these programs print.
"""

import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Memory:
    """What a process holds, in KB. `own` is shared with nobody; `pss` is its share of all it has mapped."""

    rss: int
    pss: int
    own: int


def memory(pid: int) -> Memory:
    """Give what a process holds. Raises OSError when it has ended."""
    rows = (row.split() for row in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
    size = {row[0]: int(row[1]) for row in rows}
    return Memory(size["Rss:"], size["Pss:"], size["Private_Clean:"] + size["Private_Dirty:"])


def descriptors(pid: int) -> int:
    """Count its open files."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def cpu(pid: int) -> float:
    """Give the seconds of CPU that it has used with all its threads, ended ones too, but not its children.

    The clock's number is what clock_getcpuclockid(3) makes of a pid: exact, where /proc rounds to ticks of
    10 ms. Raises OSError when it has ended.
    """
    return time.clock_gettime(~pid << 3 | 2)


def parent(pid: int) -> int:
    """Give a process's parent."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def switches(pid: int) -> dict[str, int]:
    """Count, for each thread of a process, the times that it was woken from waiting."""
    return {
        status.parent.name: int(line.split()[1])
        for status in Path(f"/proc/{pid}/task").glob("*/status")
        for line in status.read_text().splitlines()
        if line.startswith("voluntary_ctxt_switches")
    }


def woken(before: dict[str, int], after: dict[str, int]) -> int:
    """Add up what each thread that still lives was woken meanwhile."""
    return sum(count - before.get(thread, 0) for thread, count in after.items())
