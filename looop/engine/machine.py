"""What must be there before anything is started: the process table, and the device that swallows all.

In: nothing but this machine. Out: nothing, or a Problem that names what is missing, as in a bare root, where
verbs that start nothing do well. Neighbours: `startup`, `foreground` and `guarded` ask before they begin.
"""

import os
import sys

from looop.core.problem import Exit, Problem

_NEEDED = ("/proc/self/stat", os.devnull) if sys.platform == "linux" else (os.devnull,)


def lacks() -> str | None:
    """Name the first thing that is missing; None when nothing is."""
    return next((path for path in _NEEDED if not os.path.exists(path)), None)  # noqa: PTH110 - no pathlib here


def check() -> None:
    """Problem NO `bare-machine` when something is missing."""
    if path := lacks():
        raise Problem(
            Exit.NO,
            "bare-machine",
            f"There is no {path} here, and nothing can be started and watched without: mount /proc and /dev.",
        )
