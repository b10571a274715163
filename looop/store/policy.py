"""The policy files as they stand: which names count, and what is in them, judged once.

In: PLAYBOOK.md, `goals/`, `sensors/`. Out: `PolicyFile`s: their bytes, or why they can't be used.
Only ENOENT is absence; a file that is there but can't be read is `Unreadable`. Neighbour: `memory`.
"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from looop.core.digest import digest_bytes
from looop.store import files
from looop.store.faults import Unreadable

LARGEST = 16 << 20
"""Bytes of a policy file that looop still reads."""

PLAYBOOK = "PLAYBOOK.md"
SUFFIXES = {"goals": ".md", "sensors": ".sh"}

_LEFTOVER_ENDS = ("~", ".tmp", ".swp", ".swx", "___jb_tmp___", "___jb_old___")
_VIM_PROBE = "4913"  # vim makes and removes a file of this name to see whether it may write


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """One file. `trouble` is why its bytes can't be used, to be read after its name; it has a digest too."""

    name: str
    path: Path
    data: bytes
    digest: str
    trouble: str | None = None


def is_leftover(name: str) -> bool:
    """Tell whether an editor, or looop itself, may have left this behind: hidden, backup, lock, swap."""
    return (
        name.startswith(".")
        or name.endswith(_LEFTOVER_ENDS)
        or (name.startswith("#") and name.endswith("#"))
        or name == _VIM_PROBE
    )


def is_policy(relpath: str) -> bool:
    """Tell whether a path relative to DATA is a policy file, one whose change is news."""
    folder, _, name = relpath.rpartition("/")
    if not folder:
        return name == PLAYBOOK
    return folder in SUFFIXES and name.endswith(SUFFIXES[folder]) and not is_leftover(name)


def listed(data: Path, folder: str) -> tuple[Path, ...]:
    """List the policy files of `goals` or `sensors` by name; none if the folder is absent.

    Unreadable when it can't be listed, or is a link to a folder elsewhere.
    """
    place, suffix = data / folder, SUFFIXES[folder]
    return tuple(place / name for name in names(place) if name.endswith(suffix) and not is_leftover(name))


def names(folder: Path) -> tuple[str, ...]:
    """Give all names in a folder, sorted; none if it is absent."""
    try:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode):
            raise Unreadable(folder, "it is not a real folder")
        return tuple(sorted(os.listdir(folder)))  # noqa: PTH208 - a thousand goals, a thousand objects saved
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise Unreadable(folder, error.strerror or type(error).__name__) from error


def look(path: Path) -> PolicyFile | None:
    """Read one policy file; None if it is absent. Unreadable as said above."""
    if trouble := _bad_name(path.name):
        return unusable(path, trouble)
    try:
        data = files.read_regular(path, LARGEST)
    except FileNotFoundError:
        return None
    except files.NotRegular as error:
        return unusable(path, f"is {error.what}, not a regular file")
    except files.TooLarge:
        return unusable(path, f"is larger than {LARGEST >> 20} MiB")
    except OSError as error:
        raise Unreadable(path, error.strerror or type(error).__name__) from error
    return PolicyFile(path.name, path, data, digest_bytes(data))


def unusable(path: Path, trouble: str) -> PolicyFile:
    """Stand in for a file whose bytes can't be used; its name is shown without what can't be shown."""
    name = path.name if path.name.isprintable() else ascii(path.name)[1:-1]
    return PolicyFile(name, path, b"", digest_bytes(trouble.encode()), trouble)


def _bad_name(name: str) -> str | None:
    return None if name.isprintable() else "has a name with characters that can't be shown: rename it"
