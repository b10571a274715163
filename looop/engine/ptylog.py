"""What one terminal said, on disk: `output.log` with its older segment, and `pty.jsonl` beside it.

In: output and records, in order. Out: files that `session.transcript` and `session.records` read at any
moment. Nothing is dropped: what can't be written (a full disk) is kept and written later, and meanwhile
`stuck` tells `engine.pty` to read no more; only for who asked for the end is it given up. Keeper's own
writing, with the standard library alone.
"""

import contextlib
import json
import os
import time
from collections.abc import Iterator

LOG, RECORDS = "output.log", "pty.jsonl"
_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


class Log:
    """One generation's files. `limit` is in bytes, 0 for none; half of it is one segment.

    The folder is held open, so that a rename of it does no harm.
    """

    def __init__(self, folder: int, limit: int) -> None:
        self.folder = folder
        self.limit = limit
        self.fd = -1
        self.base = 0  # the offset of the first byte in `output.log`
        self.size = 0
        self.rest = bytearray()  # output that is not on disk yet
        self.notes = bytearray()  # records that are not

    @classmethod
    def create(cls, path: str, limit: int) -> "Log":
        """Make the files in a folder that exists; OSError if that can't be."""
        log = cls(os.open(path, _FOLDER), limit)
        try:
            log._open()
        except BaseException:
            os.close(log.folder)
            raise
        return log

    @property
    def offset(self) -> int:
        """How many bytes the terminal has said, what could not be written yet included."""
        return self.base + self.size + len(self.rest)

    @property
    def stuck(self) -> bool:
        """Whether something waits for the disk."""
        return bool(self.rest or self.notes)

    def append(self, data: bytes) -> None:
        """Write output, in one call if the disk takes it."""
        if not self.rest:
            with contextlib.suppress(OSError):  # then it waits; `stuck` says so
                data = data[self._write(data) :]
        self.rest += data

    def note(self, **record: object) -> None:
        """Write a record, with the present offset and time."""
        line = {"at": self.offset, "t": round(time.time(), 3), **record}
        self.notes += json.dumps(line, separators=(",", ":")).encode() + b"\n"
        self.flush()

    def flush(self) -> bool:
        """Write what waits, output first; whether nothing waits any more."""
        with contextlib.suppress(OSError):
            while self.rest:
                del self.rest[: self._write(self.rest)]
            while self.notes:
                del self.notes[: self._write_notes()]
        return not self.stuck

    def give_up(self) -> None:
        """Drop the output that the disk does not take, and record how much; nothing if all is written."""
        if self.rest:
            unwritten = len(self.rest)
            self.rest.clear()
            self.note(unwritten=unwritten)

    def close(self) -> None:
        """Close the files; nothing on a second call."""
        for fd in (self.fd, self.folder):
            if fd >= 0:
                os.close(fd)
        self.fd = self.folder = -1

    def _write(self, data: bytes | bytearray) -> int:
        if self.limit and self.size and self.size + len(data) > self.limit // 2:
            self._rotate()
        if self.fd < 0:
            self._open()
        written = os.write(self.fd, data)
        self.size += written
        return written

    def _write_notes(self) -> int:
        with self._opened(RECORDS) as fd:
            return os.write(fd, self.notes)

    def _open(self) -> None:
        with self._opened(LOG) as fd:
            self.fd = os.dup(fd)
        self.size = os.fstat(self.fd).st_size

    def _rotate(self) -> None:
        """Begin a new segment; only the one before is kept.

        The old one's name carries its offset, and the new one begins where it ends: so the offsets can be
        told from the files alone, whenever we are killed.
        """
        kept = f"output-{self.base}.log"
        os.rename(LOG, kept, src_dir_fd=self.folder, dst_dir_fd=self.folder)
        os.close(self.fd)
        self.fd = -1
        self.base, self.size = self.base + self.size, 0
        for name in os.listdir(self.folder):  # noqa: PTH208 - by descriptor
            if name.startswith("output-") and name.endswith(".log") and name != kept:
                with contextlib.suppress(OSError):
                    os.unlink(name, dir_fd=self.folder)

    @contextlib.contextmanager
    def _opened(self, name: str) -> Iterator[int]:
        fd = os.open(name, _APPEND, 0o600, dir_fd=self.folder)
        try:
            os.fchmod(fd, 0o600)  # whatever the umask took away
            yield fd
        finally:
            os.close(fd)
