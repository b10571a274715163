"""One terminal: its output to the log, its input from the queue, its size, and the end of it all.

In: a master, readiness, the time. Out: a log that grows, and `news` for whoever follows it. It never waits,
and it has no timer while it is idle. Neighbours: `engine.ptychild` starts it, `engine.ptylog` and
`engine.ptyinput` are its two directions, `engine.ptyend` ends it, `engine.ptys` holds them all.
"""

import fcntl
import math
import os
import selectors
import struct
import termios

from looop.core.problem import Exit, Problem
from looop.engine.link import Reply
from looop.engine.ptychild import Master
from looop.engine.ptyend import Ending
from looop.engine.ptyinput import Inputs, Write
from looop.engine.ptylog import Log

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
PIECE = 4095  # bytes asked of the master at a time: the kernel gives no more
DRAIN = 65536  # bytes read before a resize, so that its offset is nearly right
DISK = 1.0  # seconds between two tries at a disk that takes nothing
DEAF = 0.25  # seconds between two tries at a program that reads nothing
REDRAW = 0.05  # seconds that a size holds which is only there to be noticed
QUIET = 2.0  # seconds of silence after which an ended leader's terminal is closed, whoever still has it open
LAST = 10.0  # seconds after which it is closed even if it is not silent


class Pty:
    """One terminal, from its leader's start until its log is complete."""

    def __init__(
        self, key: str, master: Master, start: int, log: Log, selector: selectors.BaseSelector
    ) -> None:
        self.key, self.pid, self.start, self.log = key, int(master.pid), start, log
        self.master = master
        self.ending = Ending(self.pid)
        self.inputs = Inputs(lambda name, at: log.note(did=name, at=at))
        self.size = (0, 0)
        self.status: int | None = None  # the leader's, once it has ended
        self.swept = False  # and what it left behind is gone
        self.news = False  # something was logged since this was last taken
        self.volume = 0  # bytes at the last time
        self.served = 0  # and when that was, counted by `engine.ptys`
        self._selector = selector
        self._mask = 0
        self._hung_up = False  # nobody has the terminal open
        self._deaf = False  # the last input was not taken
        self.recorded = False  # the end
        self._retry_at = self._restore_at = self._drain_at = self._last_at = math.inf
        self._not_before = -math.inf
        self._redraw: tuple[int, int, Reply] | None = None

    @property
    def fd(self) -> int:
        """The master."""
        return int(self.master.fd)

    @property
    def due(self) -> float:
        """When `step` is to be called at the latest; never, for an idle one."""
        due = min(self._retry_at, self._restore_at, self._drain_at, self.ending.due)
        return max(due, self._not_before)

    @property
    def finished(self) -> bool:
        """Whether the leader, all it left and all output are accounted for."""
        return self.status is not None and self.swept and not self.log.stuck and self._hung_up

    def ready(self, mask: int, budget: int, now: float) -> None:
        """Move output, at most `budget` bytes, and input."""
        if mask & READ:
            self._pump(budget, now)
        if mask & WRITE:
            self._deaf = not self._type(now)
        self.settle(now)

    def step(self, now: float) -> None:
        """Do what is due."""
        if now >= self._retry_at:
            self._retry_at = math.inf
            self.log.flush()
            self._deaf = False
            self._hung_up = self._hung_up and self.status is not None  # somebody may have opened it again
            self._type(now)
        if now >= self._restore_at:
            self.end_redraw()
        if now >= self._drain_at:
            self._end_drain(now)
        if self.status is None and now >= self.ending.due:
            self.ending.step(now)
        self.settle(now)

    def write(self, write: Write, reply: Reply, now: float, then: Write | None = None) -> None:
        """Queue input, and `then` behind it; Problem NO `input-full`."""
        self.inputs.put(write, reply, then)
        if not self._deaf:
            self._type(now)  # if it is full, readiness tells when it is not
        self.settle(now)

    def resize(self, columns: int, lines: int, reply: Reply, now: float, *, redraw: bool) -> None:
        """Set the size; with `redraw` another one first, long enough for the program to see it."""
        self._pump(DRAIN, now)
        self.end_redraw()
        if (columns, lines) == self.size and redraw:
            self.set_size(columns, lines - 1 if lines > 1 else lines + 1)
            self._redraw, self._restore_at = (columns, lines, reply), now + REDRAW
        else:
            if (columns, lines) != self.size:
                self.set_size(columns, lines)
            reply.done(self.log.offset)
        self.settle(now)

    def end_redraw(self) -> None:
        """Restore the size that was changed to be noticed; nothing if none was."""
        if self._redraw is not None:
            columns, lines, reply = self._redraw
            self._redraw, self._restore_at = None, math.inf
            self.set_size(columns, lines)
            reply.done(self.log.offset)

    def set_size(self, columns: int, lines: int) -> None:
        """Set and record the size; the kernel tells the program."""
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.size = (columns, lines)
        self.log.note(size=self.size)

    def ended(self, status: int, now: float) -> None:
        """Note the leader's end; what follows is the rest of the output."""
        self.status, self.ending.due = status, math.inf
        self._drain_at, self._last_at = now + QUIET, now + LAST
        self._hung_up = False  # somebody may have opened it again, and said something
        self._pump(DRAIN, now)
        self.settle(now)

    def pause(self, now: float) -> None:
        """Do nothing for a while: after an error that nobody foresaw."""
        self._arm(0)
        self._retry_at = self._not_before = now + DISK

    def close(self) -> None:
        """Close all descriptors; nothing on a second call."""
        self._arm(0)
        self.end_redraw()
        self.master.close()
        self.log.close()
        self.inputs.refuse(gone(self.key))

    def settle(self, now: float) -> None:
        """Wait for exactly what can happen: readiness where that tells, else the next try."""
        if self.log.stuck or (self._hung_up and self.status is None):
            self._retry_at = min(self._retry_at, now + DISK)
        if self.inputs and self.status is None:  # readiness of terminals can't be relied on alone
            self._retry_at = min(self._retry_at, now + DEAF)
        mask = 0
        if not self._hung_up and not self.log.stuck:
            mask = READ | (WRITE if self.inputs and not (self.inputs.holds or self._deaf) else 0)
        self._arm(mask)

    def _arm(self, mask: int) -> None:
        if mask == self._mask:
            return
        if not mask:
            self._selector.unregister(self.fd)
        elif self._mask:
            self._selector.modify(self.fd, mask, self)
        else:
            self._selector.register(self.fd, mask, self)
        self._mask = mask

    def _pump(self, budget: int, now: float) -> None:
        pieces: list[bytes] = []
        left = 0 if self.log.stuck or self._hung_up else budget
        try:
            while left > 0:
                piece = os.read(self.fd, min(PIECE, left))
                pieces.append(piece)
                left -= len(piece) or left
                self._hung_up = not piece
        except BlockingIOError:
            pass
        except OSError:  # EIO: nobody has the terminal open any more
            self._hung_up = True
        data = b"".join(pieces)
        self.volume = len(data)
        if data:
            self.log.append(data)
            self.news = True
            if self.status is not None:
                self._drain_at = min(now + QUIET, self._last_at)

    def _end_drain(self, now: float) -> None:
        """Stop waiting for whoever still has an ended leader's terminal open."""
        if self.log.stuck and not self.ending.told:  # what is not read yet shall not be lost either
            self._drain_at, self._last_at = now + QUIET, now + LAST
        else:  # and who asked for the end is not kept waiting by a full disk
            self.log.give_up()
            self._hung_up, self._drain_at = True, math.inf

    def _type(self, now: float) -> bool:
        return self.status is not None or self.inputs.feed(self.fd, self.log.offset, now)


def gone(key: str) -> Problem:
    """Say that there is no such terminal any more."""
    return Problem(
        Exit.MISSING, "no-terminal", f"The terminal of {key} has ended: nothing can be typed there."
    )
