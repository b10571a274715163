"""The tick's own folder: filled with copies before the agent runs, read back after it.

In: a profile. Out: the `Copy` that the agent got and the `Found` that it left; `core.moves.judge` compares
them. Always DATA/tick: agents tie trust, caches and project folders to where they run.
"""

import errno
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from looop.core.moves import Leaf
from looop.core.quote import visible
from looop.store import files, memory
from looop.store.paths import Profile

JOURNAL_LINES = 200
"""Lines of the journal that the agent gets."""

_LARGEST_COPY = 16 << 20
_JOURNAL = "journal.md"
_TIMER = ".next-interval"
_DEEPEST = 3
_MOST_IGNORED = 50
_MOST_FILES = 10_000
_LARGEST_IN_ALL = 256 << 20
_TOO_MUCH = "is one file too many: goals/ and sensors/ hold more than looop can judge"


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
    if not _is_folder(profile.tick):  # an earlier agent put a link or a file there
        files.remove_tree(profile.tick)
    files.empty_dir(profile.tick)
    for folder in ("goals", "goals/archive", "sensors"):
        files.private_dir(profile.tick / folder)
    leaves = {}
    for path in memory.policy_digests(profile):
        with suppress(FileNotFoundError):  # removed since it was listed: then the agent gets none
            data = files.read_regular(profile.data / path, limit=_LARGEST_COPY)
            leaves[path] = Leaf(data)
            mode = 0o700 if path.startswith("sensors/") else 0o600
            files.scratch(profile.tick / path, data, mode=mode)
    journal = "".join(f"{line}\n" for line in memory.journal_lines(profile, JOURNAL_LINES))
    files.scratch(profile.tick / _JOURNAL, journal.encode())
    return Copy(leaves, journal, {path: leaf.digest for path, leaf in leaves.items()})


def collect(profile: Profile) -> Found:
    """Read back what the agent left, never following a link and never waiting for a FIFO.

    OSError when the folder itself is gone, can't be read, or is no folder any more.
    """
    if not _is_folder(profile.tick):
        raise NotADirectoryError(errno.ENOTDIR, "the tick's folder is gone", str(profile.tick))
    ignored = []
    policy = []
    for entry in sorted(profile.tick.iterdir()):
        if entry.name in {"goals", "sensors"}:
            policy += _walk(entry)
        elif entry.name == "PLAYBOOK.md":
            policy.append(entry)
        elif entry.name not in {_JOURNAL, _TIMER}:
            ignored.append(visible(entry.name))
    timer = profile.tick / _TIMER
    return Found(
        _leaves(profile.tick, policy),
        _leaf(profile.tick / _JOURNAL).data.decode(errors="replace"),
        _leaf(timer).data if os.path.lexists(timer) else None,
        tuple(ignored[:_MOST_IGNORED]),
    )


def _leaves(folder: Path, paths: list[Path]) -> dict[str, Leaf]:
    """Read the files, up to a limit in all: an agent may have put a whole repository among the goals."""
    leaves: dict[str, Leaf] = {}
    left = _LARGEST_IN_ALL
    for path in paths[:_MOST_FILES]:
        leaf = _leaf(path) if left > 0 else Leaf(trouble=_TOO_MUCH)
        left -= len(leaf.data)
        leaves[path.relative_to(folder).as_posix()] = leaf
    for path in paths[_MOST_FILES:][:1]:
        leaves[path.relative_to(folder).as_posix()] = Leaf(trouble=_TOO_MUCH)
    return leaves


def _walk(folder: Path, depth: int = 0) -> list[Path]:
    """List every file below a folder; a link or a folder too deep stands for itself, as trouble."""
    if folder.is_symlink() or not folder.is_dir() or depth > _DEEPEST:
        return [folder]
    entries = sorted(entry for entry in folder.iterdir() if not memory.is_leftover(entry.name))
    return [path for entry in entries for path in _walk(entry, depth + 1)]


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _leaf(path: Path) -> Leaf:
    try:
        return Leaf(files.read_regular(path, limit=_LARGEST_COPY))
    except FileNotFoundError:
        return Leaf()
    except files.TooLarge as error:
        return Leaf(trouble=f"has {error.size} bytes, which is too large")
    except files.NotRegular:
        return Leaf(trouble="is not a regular file")
    except OSError as error:
        return Leaf(trouble=f"can't be read ({error.strerror})")
