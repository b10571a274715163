"""What keeper wrote down about one terminal: `pty.jsonl`, one JSON object a line, beside `output.log`.

In: the file, at any moment, its last line perhaps half. Out: a `Records`. Keeper writes it with nothing but
the standard library (`engine.pty`); everybody else only reads. Offsets are raw bytes of the generation.
"""

import os
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from looop.store.files.reading import opened

NAME = "pty.jsonl"
_CHUNK = 1 << 20


class _Line(msgspec.Struct, frozen=True):
    """`at` is an offset, `t` epoch seconds. One of the others is there, by what happened."""

    at: int = 0
    t: float = 0.0
    pid: int | None = None  # started, with `start` and `boot`: together they name a process for ever
    start: int = 0
    boot: str = ""
    size: tuple[int, int] | None = None
    did: str | None = None  # input that was to be written once, was
    end: int | None = None  # the leader's wait status
    killed: bool = False  # and it was keeper that sent the SIGKILL or TERM


@dataclass(frozen=True, slots=True)
class End:
    """How a terminal ended: a wait status as `os.waitpid` gives it, the log's final offset, epoch seconds."""

    status: int
    at: int
    when: float
    killed: bool


@dataclass(frozen=True, slots=True)
class Records:
    """All of it. `sizes` are (offset, columns, lines) in order; `done` maps names of `once` to offsets."""

    pid: int | None = None
    start: int = 0
    boot: str = ""
    began: float = 0.0
    sizes: tuple[tuple[int, int, int], ...] = ()
    done: dict[str, int] = field(default_factory=dict)
    end: End | None = None


def load(folder: Path) -> Records:
    """Read a session folder's records; empty ones when there are none. OSError when they can't be read."""
    return Reader(folder).read()


class Reader:
    """The records of one folder, of which each call reads what was added since the last one."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._offset = 0  # behind the last whole line that was read
        self._records = Records()

    def read(self) -> Records:
        """Give all of them; OSError when they can't be read."""
        try:
            with opened(self._path) as (fd, found):
                if found.st_size < self._offset:  # not keeper's doing
                    self._offset, self._records = 0, Records()
                while self._take(os.pread(fd, _CHUNK, self._offset)):
                    pass
        except FileNotFoundError:
            self._offset, self._records = 0, Records()
        return self._records

    def _take(self, data: bytes) -> bool:
        """Add the whole lines; whether there were any."""
        size = data.rfind(b"\n") + 1
        if not size and len(data) == _CHUNK:
            size = _CHUNK  # no line of keeper's is so long
        if size:
            self._records = _added(self._records, data[:size].split(b"\n"))
        self._offset += size
        return size > 0


def _added(known: Records, lines: list[bytes]) -> Records:
    sizes, done = list(known.sizes), dict(known.done)
    for text in lines:
        try:
            line = msgspec.json.decode(text, type=_Line)
        except (ValueError, RecursionError):
            continue
        if line.pid is not None:
            known = replace(known, pid=line.pid, start=line.start, boot=line.boot, began=line.t)
        if line.size is not None:
            sizes.append((line.at, *line.size))
        if line.did is not None:
            done[line.did] = line.at
        if line.end is not None:
            known = replace(known, end=End(line.end, line.at, line.t, line.killed))
    return replace(known, sizes=tuple(sizes), done=done)
