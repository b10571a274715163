"""The tick's own folder: filled with copies before the agent runs, read back after it.

In: a profile. Out: the `Copy` that the agent got and the `Found` that it left; `core.moves.judge` compares
them. Always DATA/tick: agents tie trust, caches and project folders to where they run.
"""

from dataclasses import dataclass
from pathlib import Path

from looop.core.moves import Leaf
from looop.core.quote import visible
from looop.store import copies, files, memory
from looop.store.paths import Profile

JOURNAL_LINES = 200
"""Lines of the journal that the agent gets."""

_JOURNAL = "journal.md"
_TIMER = ".next-interval"
_MOST_IGNORED = 50
_LARGEST = 16 << 20


@dataclass(frozen=True, slots=True)
class Copy:
    """What the agent was given. `policy` is the digest of every policy file in DATA at that moment."""

    leaves: dict[str, Leaf]
    journal: str
    policy: dict[str, str]


@dataclass(frozen=True, slots=True)
class Found:
    """What it left. `ignored` names the files that are no policy: they don't land."""

    leaves: dict[str, Leaf]
    journal: str
    timer: bytes | None
    ignored: tuple[str, ...]


def fill(profile: Profile) -> Copy:
    """Empty the folder and fill it with copies of the policy files and the journal's end."""
    leaves = copies.fill(profile, profile.tick)
    journal = "".join(f"{line}\n" for line in memory.journal_lines(profile, JOURNAL_LINES))
    files.scratch(profile.tick / _JOURNAL, journal.encode())
    return Copy(leaves, journal, {path: leaf.digest for path, leaf in leaves.items()})


def rewrite_journal(profile: Profile, journal: str) -> None:
    """Replace what the agent wrote, which stays there until the next tick."""
    files.scratch(profile.tick / _JOURNAL, journal.encode())


def collect(profile: Profile) -> Found:
    """Read back what the agent left, never following a link and never waiting for a FIFO.

    OSError when the folder itself is gone or is no folder any more, or what is in it can't be read.
    """
    leaves, others = copies.collect(profile.tick)
    ignored = [visible(name) for name in others if name not in {_JOURNAL, _TIMER}]
    timer = profile.tick / _TIMER
    return Found(
        leaves,
        _left(profile.tick / _JOURNAL).decode(errors="replace"),
        _left(timer) if files.present(timer) else None,
        tuple(ignored[:_MOST_IGNORED]),
    )


def _left(path: Path) -> bytes:
    """Read what the agent left there; nothing where it left no file, or one that is too large."""
    try:
        return files.read_regular(path, _LARGEST)
    except (FileNotFoundError, files.NotRegular, files.TooLarge):
        return b""
