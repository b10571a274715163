"""What keeper wrote down about one terminal: `pty.jsonl`, one JSON object a line, beside `output.log`.

In: the file, at any moment, its last line perhaps half. Out: a `Records`. Keeper writes it with nothing but
the standard library (`engine.pty`); everybody else only reads. Offsets are raw bytes of the generation.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from looop.store import files

NAME = "pty.jsonl"
_LIMIT = 16 << 20


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
    try:
        raw = files.read_regular(folder / NAME, _LIMIT)
    except FileNotFoundError:
        return Records()
    found: dict[str, Any] = {"done": {}}
    sizes: list[tuple[int, int, int]] = []
    for text in raw.split(b"\n"):
        try:
            line = msgspec.json.decode(text, type=_Line)
        except (ValueError, RecursionError):
            continue
        if line.pid is not None:
            found |= {"pid": line.pid, "start": line.start, "boot": line.boot, "began": line.t}
        if line.size is not None:
            sizes.append((line.at, *line.size))
        if line.did is not None:
            found["done"][line.did] = line.at
        if line.end is not None:
            found["end"] = End(line.end, line.at, line.t, line.killed)
    return Records(sizes=tuple(sizes), **found)
