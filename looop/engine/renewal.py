"""Renewal: keeper becomes a new program of itself, by `execve`, with all that it holds.

In: keeper between two turns. Out: the same process in the new program, the same children, descriptors and
offsets. The table travels in a file without a name; signals are held back meanwhile, not lost. If the new
program can't be executed, nothing has changed.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from looop.engine.keeperlog import log
from looop.engine.link import Link, bytes_of, text_of
from looop.engine.pty import Pty
from looop.engine.ptychild import Master, adopt
from looop.engine.ptyinput import Write
from looop.engine.ptylog import Log

if sys.platform != "linux":
    import tempfile  # with it comes `random`, which seeds itself anew in each child that keeper forks

if TYPE_CHECKING:
    from looop.engine.keeper import Keeper

RENEWED = "--renewed"
_HELD = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD}


def become(keeper: "Keeper", lock: int, program: Sequence[str], engine: Sequence[str]) -> None:
    """Execute `program` (up to its word for keeper's role) with all that is held; OSError if it can't be.

    The present engine is told to end then, and `engine` started.
    """
    with _memory() as file:
        file.write(json.dumps(_table(keeper)).encode())
        file.seek(0)
        argv = [*program, str(keeper.data), keeper.timing.argument(), RENEWED, str(file.fileno()), *engine]
        held = [lock, file.fileno(), *_descriptors(keeper)]
        signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)
        try:
            _inherit(held, inheritable=True)
            os.execve(argv[0], argv, os.environ)  # noqa: S606 - that is the point
        finally:
            _inherit(held, inheritable=False)
            signal.pthread_sigmask(signal.SIG_SETMASK, ())


def take_over(keeper: "Keeper", lock: int, fd: int) -> None:
    """Be what `become` was called in: nothing that it held is lost."""
    with open(fd, "rb") as file:
        table = json.load(file)
    keeper.engine, keeper.safe = table["engine"], table["safe"]
    keeper.starts.extend(table["starts"])
    keeper.ptys.limits = tuple(table["limits"])
    os.set_inheritable(lock, False)  # noqa: FBT003 - the standard library's own signature
    keeper.known.add(keeper.engine)
    now = time.monotonic()
    for one in table["ptys"]:
        keeper.ptys.add(_revived(keeper, one, now))
    line, heard, unsent = table["line"]
    if line is not None:
        keeper.follow(Link(line, bytes_of(heard), bytes_of(unsent)))
    keeper.ptys.sweeper.begin(now)
    keeper.replace_engine()
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    keeper.reap()  # what ended while the signal could not tell
    log(f"renewed, with {len(keeper.ptys)} terminals")


def _memory() -> Any:
    if sys.platform != "linux":
        return tempfile.TemporaryFile(buffering=0)
    return os.fdopen(os.memfd_create("keeper"), "r+b", buffering=0)


def _inherit(fds: Sequence[int], *, inheritable: bool) -> None:
    for fd in fds:
        os.set_inheritable(fd, inheritable)


def _descriptors(keeper: "Keeper") -> Iterator[int]:
    if keeper.link is not None:
        yield keeper.link.fd
    for pty in keeper.ptys:
        yield from (fd for fd in (pty.fd, pty.log.fd, pty.log.folder) if fd >= 0)


def _table(keeper: "Keeper") -> dict[str, object]:
    link = keeper.link
    heard, unsent = link.buffers() if link is not None else (b"", b"")
    return {
        "engine": keeper.engine,
        "safe": keeper.safe,
        "starts": list(keeper.starts),
        "limits": keeper.ptys.limits,
        "line": [link.fd if link is not None else None, text_of(heard), text_of(unsent)],
        "ptys": [_row(pty) for pty in keeper.ptys],
    }


def _row(pty: Pty) -> dict[str, object]:
    pty.end_redraw()
    return {
        "key": pty.key,
        "pid": pty.pid,
        "start": pty.start,
        "fd": pty.fd,
        "size": pty.size,
        "status": pty.status,
        "recorded": pty.recorded,
        "told": pty.ending.told,
        "kill_at": pty.ending.due,
        "done": pty.inputs.done,
        "inputs": [[text_of(write.data), write.once, write.at] for write in pty.inputs],
        "held": [[write.hold, write.brief] for write in pty.inputs],
        "log": [pty.log.folder, pty.log.limit, pty.log.fd, pty.log.base, pty.log.size],
        "unwritten": [text_of(pty.log.rest), text_of(pty.log.notes)],
    }


def _revived(keeper: "Keeper", row: dict[str, Any], now: float) -> Pty:
    folder, limit, *rest = row["log"]
    files = Log(folder, limit)
    files.fd, files.base, files.size = rest
    files.rest, files.notes = (bytearray(bytes_of(text)) for text in row["unwritten"])
    master = Master(row["pid"], row["fd"])
    adopt(master)
    for fd in (files.folder, files.fd):
        if fd >= 0:
            os.set_inheritable(fd, False)  # noqa: FBT003 - the standard library's own signature
    pty = Pty(row["key"], master, row["start"], files, keeper.selector)
    pty.size = tuple(row["size"])
    pty.recorded = row["recorded"]
    pty.inputs.done.update(row["done"])
    held = row.get("held") or [[0.0, False]] * len(row["inputs"])  # a keeper before knows of none
    for (data, once, at), (hold, brief) in zip(row["inputs"], held, strict=True):
        pty.inputs.put(Write(bytes_of(data), once, at, hold, brief))
    if row["told"]:
        pty.ending.resume(row["kill_at"])
    if row["status"] is None:
        pty.settle(now)
    else:
        pty.ended(row["status"], now)
    return pty
