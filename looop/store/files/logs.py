"""Files that only grow: one record, one write. They rotate by size, and readers look across one rotation.

In: records. Out: the last lines. A rotation is either numbered for ever (`journal-2025-11-22-3.md`, nothing
is ever deleted) or keeps one predecessor (`events.1.jsonl`).
"""

import contextlib
import fcntl
import os
import re
import time
from pathlib import Path

from looop.store.files.reading import opened, present, require_regular
from looop.store.files.writing import PRIVATE, set_mode, sync, sync_folder, write_all

_APPEND = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_BLOCK = 64 << 10
_TRIES = 3


def append(path: Path, record: bytes | str) -> None:
    """Add one record with one write. Text becomes one line; bytes are taken as they are.

    A last line without its newline (a torn record, a person's edit) is ended first, within that same write.
    If the disk takes only a part and then no more, that part is taken back, so nothing or all is added.
    """
    _append(path, record, durably=False)


def append_durable(path: Path, record: bytes | str) -> None:
    """Add one record as `append` does, and return once it is on the disk.

    One that can't be synced is taken back: a second sync may say that all is well, and the bytes are lost.
    """
    _append(path, record, durably=True)


def settle(path: Path) -> None:
    """Return once all that a log holds, and its name, are on the disk; its writer may have been killed."""
    with opened(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC) as (fd, _):
        sync(fd)
    sync_folder(path)


def rotate(path: Path, max_bytes: int, *, keep_all: bool) -> bool:
    """Move a log of `max_bytes` or more out of the way; True if it was moved. An absent log is none.

    With `keep_all` every former log is kept, counted up without end, whatever the clock says; else one is.
    Two processes that rotate at once move it once.
    """
    try:
        with opened(path) as (fd, found):
            if found.st_size < max_bytes:
                return False
            fcntl.flock(fd, fcntl.LOCK_EX)
            if not os.path.samestat(os.fstat(fd), path.lstat()):  # another was faster
                return False
            path.replace(_dated(path, found.st_mtime) if keep_all else _single(path))
    except FileNotFoundError:
        return False
    sync_folder(path)
    return True


def previous(path: Path) -> Path | None:
    """Find the log that was rotated away last, if any."""
    numbered = _numbered(path)
    if numbered:
        return numbered[max(numbered)]
    single = _single(path)
    return single if present(single) else None


def tail_lines(path: Path, count: int, limit: int = 1 << 20) -> list[str]:
    """Give the last `count` lines, oldest first, across one rotation; [] when nothing is there.

    Reads from the end, at most `limit` bytes of each file; a line that does not fit in them is left out.
    """
    for _ in range(_TRIES):
        lines, identity = _last_lines(path, count, limit)
        if len(lines) >= count:
            return lines[-count:] if count else []
        before = previous(path)
        if before is None:
            return lines
        earlier, other = _last_lines(before, count - len(lines), limit)
        if identity is None or identity != other:
            return earlier + lines
        # Rotated between the two looks: what was read first is now the predecessor. Look again.
    return lines


def mend_tail(path: Path, start: int, record: bytes) -> None:
    """Write `record` over all that follows the byte `start`, durably; only for a log with a single writer.

    Interrupted, it leaves a torn end again, never a shorter log.
    """
    with opened(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC) as (fd, _):
        os.lseek(fd, start, os.SEEK_SET)
        write_all(fd, record)
        os.ftruncate(fd, start + len(record))
        sync(fd)


def _append(path: Path, record: bytes | str, *, durably: bool) -> None:
    with contextlib.suppress(FileNotFoundError):
        require_regular(path, path.lstat())
    fd = os.open(path, _APPEND, PRIVATE)
    try:
        found = os.fstat(fd)
        require_regular(path, found)
        set_mode(fd, found, PRIVATE)
        data = record if isinstance(record, bytes) else _line(fd, found.st_size, record)
        _write_record(fd, data)
        if durably:
            _sync_record(fd, len(data))
    finally:
        os.close(fd)
    if durably:  # each time: whoever made the file may have been killed before this
        sync_folder(path)


def _line(fd: int, size: int, text: str) -> bytes:
    line = " ".join(text.splitlines()).encode(errors="replace") + b"\n"
    torn = size > 0 and os.pread(fd, 1, size - 1) != b"\n"
    return b"\n" + line if torn else line


def _write_record(fd: int, data: bytes) -> None:
    written = os.write(fd, data)
    if written == len(data):
        return
    start = os.lseek(fd, 0, os.SEEK_CUR) - written
    try:
        write_all(fd, data[written:])
    except OSError:
        _take_back(fd, start)
        raise


def _sync_record(fd: int, length: int) -> None:
    try:
        sync(fd)
    except OSError:
        _take_back(fd, os.lseek(fd, 0, os.SEEK_CUR) - length)
        raise


def _take_back(fd: int, start: int) -> None:
    """Remove what we wrote last, from `start` on, unless somebody wrote behind us."""
    with contextlib.suppress(OSError):  # the error that led here says more
        if os.fstat(fd).st_size == os.lseek(fd, 0, os.SEEK_CUR):
            os.ftruncate(fd, start)


def _last_lines(path: Path, count: int, limit: int) -> tuple[list[str], tuple[int, int] | None]:
    """Read whole lines from the end until there are enough; also which file they came from."""
    try:
        with opened(path) as (fd, found):
            blocks: list[bytes] = []
            start, newlines = found.st_size, 0
            while start > 0 and newlines <= count and found.st_size - start < limit:
                step = min(_BLOCK, start, limit - (found.st_size - start))
                start -= step
                blocks.append(os.pread(fd, step, start))
                newlines += blocks[-1].count(b"\n")
    except FileNotFoundError:
        return [], None
    data = b"".join(reversed(blocks))
    if start > 0:
        data = data.partition(b"\n")[2]
    lines = data.decode(errors="replace").removesuffix("\n").split("\n") if data else []
    return lines[-count:] if count else [], (found.st_dev, found.st_ino)


def _dated(path: Path, last_change: float) -> Path:
    number = max(_numbered(path), default=0) + 1
    day = time.strftime("%Y-%m-%d", time.localtime(last_change))
    return path.with_name(f"{path.stem}-{day}-{number}{path.suffix}")


def _single(path: Path) -> Path:
    return path.with_name(f"{path.stem}.1{path.suffix}")


def _numbered(path: Path) -> dict[int, Path]:
    """Find the former logs by their number, the only thing in their names that a clock can't turn back."""
    form = re.compile(
        rf"{re.escape(path.stem)}-\d{{4}}-\d\d-\d\d-(\d{{1,9}}){re.escape(path.suffix)}", re.ASCII
    )
    with contextlib.suppress(FileNotFoundError):
        names = os.listdir(path.parent)  # noqa: PTH208 - thousands of names, no objects needed
        return {int(found[1]): path.with_name(name) for name in names if (found := form.fullmatch(name))}
    return {}
