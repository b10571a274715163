"""Copies of the policy files, in a folder of somebody's own: filled for an agent, read back after it.

In: a profile and a folder in it (a tick's, or a meta session's draft). Out: `Leaf`s, for `core.moves` to
judge. Nothing that an agent puts there is trusted: no link is followed, not even one that takes the place of
a folder while it is read, no FIFO waited for, no size believed.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from looop.core.digest import digest_bytes
from looop.core.moves import Leaf
from looop.store import files
from looop.store.memory import is_leftover, policy_digests
from looop.store.paths import Profile
from looop.store.policy import PLAYBOOK

FOLDERS = ("goals", "sensors")

_LARGEST_COPY = 16 << 20
_DEEPEST = 3
_MOST_FILES = 10_000
_LARGEST_IN_ALL = 256 << 20
_NO_FOLDER = "is in no real folder"
_TOO_MUCH = "is one file too many: goals/ and sensors/ hold more than looop can judge"


def fill(profile: Profile, folder: Path) -> dict[str, Leaf]:
    """Empty the folder and fill it with copies of the policy files; what was copied, by relative path."""
    if not is_folder(folder):  # an earlier agent put a link or a file there
        files.remove_tree(folder)
    files.empty_dir(folder)
    for below in ("goals", "goals/archive", "sensors"):
        files.scratch_dir(folder / below)
    leaves = {}
    for path in policy_digests(profile):
        with suppress(FileNotFoundError):  # removed since it was listed: then the agent gets none
            data = files.read_regular(profile.data / path, limit=_LARGEST_COPY)
            leaves[path] = Leaf(data)
            mode = 0o700 if path.startswith("sensors/") else 0o600
            files.scratch(folder / path, data, mode=mode)
    return leaves


def collect(folder: Path) -> tuple[dict[str, Leaf], tuple[str, ...]]:
    """Read the policy files back, and name the other entries of the folder, which are no policy.

    OSError when the folder itself is gone, can't be read, or is no folder any more.
    """
    if not is_folder(folder):
        raise NotADirectoryError(errno.ENOTDIR, "the folder is gone", str(folder))
    policy, others = list[str](), list[str]()
    with _opened(folder) as top:
        for name in sorted(os.listdir(top)):  # noqa: PTH208 - a descriptor has no Path
            if name in FOLDERS:
                policy += _walk(top, name, name)
            elif name == PLAYBOOK:
                policy.append(name)
            else:
                others.append(name)
        return _leaves(folder, top, policy), tuple(others)


def leaf(path: Path, *, at: int | None = None) -> Leaf:
    """Read one file; an absent one is empty, one that can't be used says why. `at` as in `read_regular`."""
    try:
        return Leaf(files.read_regular(path, limit=_LARGEST_COPY, at=at))
    except FileNotFoundError:
        return Leaf()
    except files.TooLarge as error:
        return Leaf(trouble=f"has {error.size} bytes, which is too large")
    except files.NotRegular:
        return Leaf(trouble="is not a regular file")
    except OSError as error:
        return Leaf(trouble=f"can't be read ({error.strerror})")


def in_place(profile: Profile, path: str) -> str | None:
    """Give the digest of a policy file as it stands in DATA; None if there is none.

    What is no regular file has a digest that no file has: it is somebody's, and stays.
    """
    try:
        return digest_bytes(files.read_regular(profile.data / path, limit=_LARGEST_COPY))
    except FileNotFoundError:
        return None
    except (files.NotRegular, files.TooLarge) as error:
        return f"no regular file: {error}"


def is_folder(path: Path) -> bool:
    """Tell whether this is a real folder, and no link to one."""
    return path.is_dir() and not path.is_symlink()


def _leaves(folder: Path, top: int, paths: list[str]) -> dict[str, Leaf]:
    """Read the files, up to a limit in all: an agent may have put a whole repository among the goals."""
    leaves: dict[str, Leaf] = {}
    left = _LARGEST_IN_ALL
    for path in paths[:_MOST_FILES]:
        found = _leaf(folder, top, path) if left > 0 else Leaf(trouble=_TOO_MUCH)
        left -= len(found.data)
        leaves[path] = found
    for path in paths[_MOST_FILES:][:1]:
        leaves[path] = Leaf(trouble=_TOO_MUCH)
    return leaves


def _leaf(folder: Path, top: int, path: str) -> Leaf:
    """Read one, by way of its folders one by one: any of them may just have become a link to elsewhere."""
    with ExitStack() as held:
        at = top
        for name in path.split("/")[:-1]:
            try:
                at = held.enter_context(_opened(name, at=at))
            except OSError as error:
                return Leaf() if error.errno == errno.ENOENT else Leaf(trouble=_NO_FOLDER)
        return leaf(folder / path, at=at)


def _walk(top: int, name: str, path: str, depth: int = 0) -> list[str]:
    """List every file below a folder; a link or a folder too deep stands for itself, as trouble."""
    if depth > _DEEPEST:
        return [path]
    try:
        with _opened(name, at=top) as here:
            names = sorted(below for below in os.listdir(here) if not is_leftover(below))  # noqa: PTH208
            return [one for below in names for one in _walk(here, below, f"{path}/{below}", depth + 1)]
    except OSError as error:
        if error.errno in {errno.ENOTDIR, errno.ELOOP}:
            return [path]
        raise


@contextmanager
def _opened(folder: Path | str, *, at: int | None = None) -> Iterator[int]:
    """Open a real folder, and close it again. OSError ENOTDIR or ELOOP for anything else."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=at)
    try:
        yield fd
    finally:
        os.close(fd)
