"""What a worker itself said that it has cost: `spent.json` in its generation's folder.

In: dollars, for all of its conversation so far. Out: the largest figure so far, and when it was said.
"""

from pathlib import Path

import msgspec

from looop.core.parsed import parsed
from looop.store import files

NAME = "spent.json"
_LARGEST = 4096


class Reported(msgspec.Struct, frozen=True):
    """Dollars, and epoch seconds."""

    usd: float
    at: float
    v: int = 1


def read(folder: Path) -> Reported | None:
    """Give it; None when nothing was said, or it can't be read."""
    try:
        return parsed(files.read_regular(folder / NAME, _LARGEST), Reported)
    except (OSError, ValueError):
        return None


def write(folder: Path, usd: float, now: float) -> None:
    """Take it down, durably; a smaller figure than before changes nothing."""
    before = read(folder)
    if before is None or usd > before.usd:
        files.durable(folder / NAME, msgspec.json.encode(Reported(usd, now)))
