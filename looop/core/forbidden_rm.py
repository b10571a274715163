"""Whether an `rm` clears a folder that is not the session's to clear.

In: rm's arguments, and where it would run. Out: yes or no. Links are followed as far as `Where.real` knows.
"""

import posixpath
from collections.abc import Sequence

from looop.core.argv import letters, longs, names, split
from looop.core.rules import Where

_LONG = names(
    "--force --interactive --one-file-system --no-preserve-root --preserve-root --recursive --dir "
    "--verbose --help --version"
)


def clears(args: Sequence[str], where: Where) -> bool:
    """Tell whether this removes a whole folder, or may, outside of those that may be cleared."""
    given, targets = split(args, ())
    recursive = letters(given, ()) & {"r", "R"} or "--recursive" in longs(given, _LONG)
    return bool(recursive) and any(not _allowed(target, where) for target in targets)


def _allowed(target: str, where: Where) -> bool:
    place = _place(posixpath.join(where.cwd, target), where)
    clears = [_folder(folder, where) for folder in where.clears]
    keeps = [_folder(folder, where) for folder in where.keeps]
    if any(f"{folder}/".startswith(f"{place}/") for folder in keeps):
        return False
    inside = [len(folder) for folder in clears if place.startswith(f"{folder}/")]
    kept = [len(folder) for folder in keeps if place.startswith(f"{folder}/")]
    return max(inside, default=-1) > max(kept, default=-1)


def _place(path: str, where: Where) -> str:
    """Give what is removed: a link itself, where it stands last and without a slash behind it."""
    folder, name = posixpath.split(path)
    if name in {"", ".", ".."}:
        return where.real(path)
    return posixpath.join(where.real(folder), name)


def _folder(folder: str, where: Where) -> str:
    if folder == "~" or folder.startswith("~/"):
        folder = where.home + folder[1:]
    return where.real(folder).rstrip("/")
