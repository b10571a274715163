"""Put a whole file in place at once: readers see the old bytes or the new ones, never a mixture.

In: a path and its new bytes. `durable` survives a power cut; `scratch` doesn't care, and leaves an equal
file alone. Modes are set on the temporary file beside the target, so that no umask and no moment matters.
"""

import contextlib
import errno
import fcntl
import os
import stat
from collections.abc import Iterator, Sequence
from io import FileIO
from pathlib import Path

from looop.store.files.reading import read_regular

PRIVATE = 0o600
RUNNABLE = 0o700
TEMP_PREFIX = ".looop-"
TEMP_SUFFIX = ".tmp"
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
# macOS: fsync leaves the bytes in the drive's own cache (its fcntl(2) says so). Untested there.
_FULL_SYNC: int | None = getattr(fcntl, "F_FULLFSYNC", None)


def durable(path: Path, data: bytes, mode: int = PRIVATE) -> None:
    """Replace or create a file so that it survives a power cut once this returns; a failure changes nothing.

    The one exception: when the last step fails, the sync of the folder, the new file is already in place.
    """
    with _temp_beside(path, data, mode, synced=True) as temp:
        temp.replace(path)
    sync_folder(path)


def durable_set(files: Sequence[tuple[Path, bytes]]) -> None:
    """Do the same for several files with fewer waits for the disk; the last one stands for all of them.

    It is put in place when the others have survived a power cut, so who finds it finds them. When this fails,
    some of the others may be in place already.
    """
    with contextlib.ExitStack() as temps:
        made = [(path, *temps.enter_context(_temp_open(path, data, PRIVATE))) for path, data in files]
        for _, _, file in made:  # all are written by now, so the first sync does much of the others' work
            sync(file.fileno())
        *others, (last, last_temp, _) = made
        for path, temp, _ in others:
            temp.replace(path)
        for path in {path.parent: path for path, _, _ in others if path.parent != last.parent}.values():
            sync_folder(path)
        last_temp.replace(last)  # in their own folder, the order of renames holds
        sync_folder(last)


def exclusive(path: Path, data: bytes, mode: int = PRIVATE) -> None:
    """Create a file durably, whole from its first moment; FileExistsError if anybody else was first."""
    with _temp_beside(path, data, mode, synced=True) as temp:
        # A link, unlike a rename, never replaces; unlike O_EXCL it never shows a half-written file.
        path.hardlink_to(temp)
    sync_folder(path)


def scratch(path: Path, data: bytes, mode: int = PRIVATE) -> bool:
    """Replace or create a file without waiting for the disk; False if it held these bytes already."""
    if _holds(path, data, mode):
        return False
    with _temp_beside(path, data, mode, synced=False) as temp:
        temp.replace(path)
    return True


def durable_remove(path: Path) -> bool:
    """Remove a file durably; False if it was absent already."""
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    sync_folder(path)
    return True


def durable_rename(source: Path, target: Path) -> None:
    """Rename within one disk, durably; an existing target is replaced."""
    source.replace(target)
    sync_folder(target)
    if source.parent != target.parent:
        sync_folder(source)


def copy_regular(source: Path, target: Path, limit: int) -> int:
    """Copy a regular file of at most `limit` bytes as scratch, executable if the source is; its size."""
    data = read_regular(source, limit)
    runnable = source.lstat().st_mode & stat.S_IXUSR
    scratch(target, data, RUNNABLE if runnable else PRIVATE)
    return len(data)


def sync(fd: int) -> None:
    """Wait until what was written to `fd` is on the disk."""
    if _FULL_SYNC is not None:
        with contextlib.suppress(OSError):  # network disks don't know it; fsync is the best they have
            fcntl.fcntl(fd, _FULL_SYNC)
            return
    os.fsync(fd)


def sync_folder(path: Path) -> None:
    """Make the creation, renaming or removal of `path` survive a power cut."""
    fd = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system that can't sync folders has nothing to promise
            raise
    finally:
        os.close(fd)


def write_all(fd: int, data: bytes) -> None:
    """Write all of `data`: in one call, and in more only if the kernel took less."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def set_mode(fd: int, found: os.stat_result, mode: int) -> None:
    """Give an open file this mode, whatever the umask was when it was made."""
    if stat.S_IMODE(found.st_mode) != mode:
        os.fchmod(fd, mode)


@contextlib.contextmanager
def _temp_beside(path: Path, data: bytes, mode: int, *, synced: bool) -> Iterator[Path]:
    """Write a temporary file in the target's own folder; whatever happens, it is gone afterwards."""
    with _temp_open(path, data, mode) as (temp, file):
        if synced:
            sync(file.fileno())
        file.close()  # which may fail, before anything is renamed
        yield temp


@contextlib.contextmanager
def _temp_open(path: Path, data: bytes, mode: int) -> Iterator[tuple[Path, FileIO]]:
    """Do the same, and leave it open for who syncs it once others are written too."""
    # Its name holds nothing of the target's, which may be as long as a name can be.
    temp = path.with_name(f"{TEMP_PREFIX}{os.urandom(8).hex()}{TEMP_SUFFIX}")
    fd = os.open(temp, _NEW, mode)
    try:
        with FileIO(fd, "w") as file:
            set_mode(fd, os.fstat(fd), mode)
            write_all(fd, data)
            yield temp, file
    finally:
        temp.unlink(missing_ok=True)  # usually it was renamed


def _holds(path: Path, data: bytes, mode: int) -> bool:
    try:
        found = path.lstat()
        if found.st_size != len(data) or stat.S_IMODE(found.st_mode) != mode:
            return False
        return read_regular(path, len(data)) == data
    except OSError:  # whatever is there instead, the rename replaces it or says why it can't
        return False
