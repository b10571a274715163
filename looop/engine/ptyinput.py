"""What waits to be typed into one terminal: in order, as fast as it takes it, each answered once taken.

In: bytes, perhaps with a name under which they are typed once only, perhaps with others behind them that wait
for a while to be asked for. Out: bytes to the master, answers with the log's offset. For `engine.pty`; knows
no clock and no selector.
"""

import math
import os
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from looop.core.problem import Exit, Problem
from looop.engine.link import Reply

LIMIT = 1 << 20  # bytes that may wait
PIECE = 16384  # bytes given to the master at a time


@dataclass(slots=True)
class Write:
    """One request: `at` is the log's offset right before its first byte, None while none was taken.

    With `hold` it waits to be asked for by its name, but so many seconds at most once it is the next; `brief`
    is a name that means nothing once it was answered.
    """

    data: bytes
    once: str = ""
    at: int | None = None
    hold: float = 0.0
    brief: bool = False
    until: float = math.inf
    replies: list[Reply] = field(default_factory=list)


class Inputs:
    """The queue of one terminal. `record` is told of each `once` that was typed."""

    def __init__(self, record: Callable[[str, int], None]) -> None:
        self.done: dict[str, int] = {}
        self._record = record
        self._queue: deque[Write] = deque()
        self._size = 0

    def __bool__(self) -> bool:
        return bool(self._queue)

    def __iter__(self) -> Iterator[Write]:
        return iter(self._queue)

    @property
    def holds(self) -> bool:
        """Whether the next one waits to be asked for."""
        return bool(self._queue) and self._queue[0].hold > 0

    def put(self, write: Write, reply: Reply | None = None, then: Write | None = None) -> None:
        """Queue a request with what follows it, or join the one of the same name, which is held no longer.

        Problem NO `input-full`: then neither is queued.
        """
        if write.once in self.done and reply is not None:
            reply.done(self.done[write.once])
            return
        same = next((one for one in self._queue if write.once and one.once == write.once), None)
        if same is None:
            both = (write, then) if then is not None else (write,)
            size = sum(len(it.data) for it in both)
            if self._queue and self._size + size > LIMIT:
                raise Problem(
                    Exit.NO,
                    "input-full",
                    f"The program reads nothing: {self._size} bytes wait to be typed already; look at its "
                    "screen with `looop shot`.",
                )
            self._queue.extend(both)
            self._size += size
        else:
            same.hold = 0.0
        if reply is not None:
            (same or write).replies.append(reply)

    def feed(self, fd: int, offset: int, now: float) -> bool:
        """Give the master what it takes now; whether it took all that was offered. `offset`: the log's."""
        while self._queue:
            head = self._queue[0]
            if head.hold:
                head.until = min(head.until, now + head.hold)
                if now < head.until:
                    return True
                head.hold = 0.0
            if head.at is None:
                head.at = offset
            if head.data:
                try:
                    taken = os.write(fd, head.data[:PIECE])
                except OSError:  # full, or nobody has the terminal open just now
                    return False
                head.data = head.data[taken:]
                self._size -= taken
            if head.data:
                return taken > 0
            self._queue.popleft()
            self._answer(head, head.at)
        return True

    def refuse(self, problem: Problem) -> None:
        """Answer all that waits with a problem, and forget it."""
        for write in self._queue:
            for reply in write.replies:
                reply.refuse(problem)
        self._queue.clear()
        self._size = 0

    def _answer(self, write: Write, at: int) -> None:
        if write.once and not (write.brief and write.replies):
            self.done[write.once] = at
            if not write.brief:
                self._record(write.once, at)
        for reply in write.replies:
            reply.done(at)
