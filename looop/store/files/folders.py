"""Folders: private ones made, full ones emptied, and the room that is left on their disk.

In: paths below DATA, in which an agent may have left anything. Emptying follows no symbolic link, needs
neither recursion nor many descriptors, and is not stopped by folders without rights.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from looop.store.files.writing import RUNNABLE, TEMP_PREFIX, TEMP_SUFFIX, sync_folder

_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_ROUNDS = 100
_A_DAY = 86400.0


def private_dir(path: Path, *, below: Path | None = None) -> None:
    """Make a folder of mode 0700, its missing parents too, or give that mode to the one that is there.

    One that was made survives a power cut: what lies in it is as durable as the name that leads to it.
    `below` is never made: FileNotFoundError when it is gone, such as a DATA that was removed meanwhile.
    NotADirectoryError when something else has the name, a symbolic link to a folder included.
    """
    _private(path, below, durably=True)


def scratch_dir(path: Path, *, below: Path | None = None) -> None:
    """Do the same without waiting for the disk: for scratch, or where `sync_folder` follows for its name."""
    _private(path, below, durably=False)


def _private(path: Path, below: Path | None, *, durably: bool) -> None:
    made = True
    try:
        path.mkdir(RUNNABLE)
    except FileNotFoundError:
        if path.parent == below:
            raise
        _private(path.parent, below, durably=durably)
        path.mkdir(RUNNABLE)
    except FileExistsError:
        made = False
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
    if stat.S_IMODE(found.st_mode) != RUNNABLE:
        path.chmod(RUNNABLE)
    if made and durably:
        sync_folder(path)


def empty_dir(path: Path) -> None:
    """Leave the folder (made if absent, private), and remove whatever is in it; both as scratch."""
    scratch_dir(path)
    fd = os.open(path, _OPEN)
    try:
        _empty(fd, path)
    finally:
        os.close(fd)


def remove_tree(path: Path) -> None:
    """Remove a folder and all below it, or the one file of that name; nothing if it is absent."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if stat.S_ISDIR(found.st_mode):
        empty_dir(path)
        path.rmdir()
    else:
        path.unlink()


def durable_remove_tree(path: Path) -> None:
    """Remove the same so that none of it is back after a power cut."""
    remove_tree(path)
    sync_folder(path)


def remove_temps(path: Path, before: float) -> None:
    """Remove temporary files that a process killed in the middle of a write has left in this folder.

    Only those last changed before that time (epoch seconds): a live writer's looks the same. One of a later
    day than that is of a time when the clock was wrong.
    """
    for temp in path.glob(f"{TEMP_PREFIX}*{TEMP_SUFFIX}"):
        with contextlib.suppress(FileNotFoundError):
            if not before <= temp.lstat().st_mtime <= before + _A_DAY:
                temp.unlink()


def free_bytes(path: Path) -> tuple[int, int]:
    """Tell how many bytes this user can still write on the disk that holds `path`, and its size."""
    disk = os.statvfs(path)
    return disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize


def _empty(top: int, path: Path) -> None:
    for _ in range(_ROUNDS):
        pending = os.listdir(top)
        if not pending:
            return
        while pending:
            # Gone meanwhile, or filled meanwhile by something that is about to be killed: next round.
            with contextlib.suppress(FileNotFoundError), _not_empty_yet():
                pending += _remove(top, pending.pop())
    raise OSError(errno.ENOTEMPTY, "is being filled while it is emptied", str(path))


def _remove(top: int, name: str) -> list[str]:
    """Remove what has this name; gives the folders that were in it, now in the top folder."""
    if not _is_folder(top, name):
        os.unlink(name, dir_fd=top)
        return []
    os.chmod(name, RUNNABLE, dir_fd=top)
    lifted = _flatten(top, name)
    os.rmdir(name, dir_fd=top)
    return lifted


def _flatten(top: int, name: str) -> list[str]:
    inner = os.open(name, _OPEN, dir_fd=top)
    try:
        names = os.listdir(inner)  # noqa: PTH208 - a descriptor has no Path
        return [moved for below in names if (moved := _lift(inner, below, top))]
    finally:
        os.close(inner)


def _lift(inner: int, name: str, top: int) -> str | None:
    """Remove a file, or move a folder up to the top: so a tree of any depth is a flat list of folders."""
    if not _is_folder(inner, name):
        os.unlink(name, dir_fd=inner)
        return None
    os.chmod(name, RUNNABLE, dir_fd=inner)  # moving a folder writes its `..`
    moved = os.urandom(12).hex()
    os.rename(name, moved, src_dir_fd=inner, dst_dir_fd=top)
    return moved


def _is_folder(fd: int, name: str) -> bool:
    return stat.S_ISDIR(os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode)


@contextlib.contextmanager
def _not_empty_yet() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno != errno.ENOTEMPTY:
            raise
