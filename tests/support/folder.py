"""What a folder and its files look like, in one word each."""

import stat
from pathlib import Path


def names(folder: Path) -> list[str]:
    """Give the names in a folder, sorted."""
    return sorted(path.name for path in folder.iterdir())


def mode(path: Path) -> int:
    """Give the permission bits of what has this name, a link itself included."""
    return stat.S_IMODE(path.lstat().st_mode)


def open_descriptors() -> int:
    """Count the descriptors that this process has open."""
    return len(names(Path("/dev/fd")))
