"""One process, as a table of processes had it: what `child.linux` and `child.darwin` hand to `child.tree`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Proc:
    """One row. `pid` and `start` together name a process for one boot.

    `start` is in clock ticks since boot on Linux, in epoch seconds on macOS; `state` is the kernel's letter;
    `terminal` tells whether it has a controlling terminal, whatever its streams are.
    """

    pid: int
    ppid: int
    pgrp: int
    session: int
    start: int
    state: str
    terminal: bool = False

    @property
    def dead(self) -> bool:
        """Whether only its exit status is left."""
        return self.state in "ZX"
