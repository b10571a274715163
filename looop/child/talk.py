"""The conversation with a running child: its input fed, both outputs heard and its end seen, in one task.

In: bytes for it. Out: bytes of it, capped. One selector watches all four descriptors and Trio watches the
selector: a task for each pipe would double the cost of a sensor. Used by `child.spawn` alone.
"""

import math
import os
import selectors
from collections.abc import Awaitable, Callable

import trio

from looop.child.capture import Capped, Tail
from looop.child.exits import Exit

OnOut = Callable[[bytes], Awaitable[None]]

_CHUNK = 65536
_LATE = 16  # pieces still read from each output at the end: more than a pipe holds, less than a flood
_POLL = 0.02  # seconds between two looks where the platform has no descriptor for a child's end


class Talk:
    """Our ends of a child's pipes. `childs` are its own: stdin (-1: it gets /dev/null), stdout, stderr."""

    def __init__(self, stdin: bytes, output: Capped, errors: Tail, on_out: OnOut | None) -> None:
        self.stopped = False
        self.failure: Exception | None = None
        self._rest = memoryview(stdin)
        self._output, self._errors, self._on_out = output, errors, on_out
        self._selector = selectors.DefaultSelector()
        self._out = self._err = self._in = -1
        self.childs = (-1, -1, -1)
        try:
            self._open()
        except OSError:  # out of descriptors: keep none
            self.close()
            raise
        self._scope = trio.CancelScope()
        self._nursery: trio.Nursery | None = None
        self._patience = math.inf
        self._unslept = 0

    def _open(self) -> None:
        self._out, out = os.pipe()
        self.childs = (-1, out, -1)
        self._err, err = os.pipe()
        self.childs = (-1, out, err)
        if self._rest:
            feed, self._in = os.pipe()
            self.childs = (feed, out, err)

    def begin(self, ended: Exit, nursery: trio.Nursery | None) -> None:
        """Start, once the child has its ends and they were closed here. `on_out` will run in `nursery`."""
        self._nursery = nursery
        if ended.descriptor >= 0:
            self._selector.register(ended.descriptor, selectors.EVENT_READ, self._selector.unregister)
        else:
            self._patience = _POLL
        self._watch(self._out, self._hear)
        self._watch(self._err, self._overhear)
        if self._rest:
            self._watch(self._in, self._feed, selectors.EVENT_WRITE)

    def _watch(self, pipe: int, handler: Callable[[int], object], event: int = selectors.EVENT_READ) -> None:
        os.set_blocking(pipe, False)
        self._selector.register(pipe, event, handler)

    @property
    def silent(self) -> bool:
        """Whether both outputs have ended."""
        return self._out < 0 and self._err < 0

    async def go_on(self, until: float, done: Callable[[], bool]) -> None:
        """Converse until `done`, until that time of Trio's clock, or until `stop`."""
        with trio.CancelScope(deadline=until) as self._scope:
            while not self.stopped and not done():
                await self._turn()

    async def _turn(self) -> None:
        events = self._selector.select(0)
        for key, _ in events:
            key.data(key.fd)
        if not events:
            self._unslept = 0
            with trio.move_on_after(self._patience):
                await trio.lowlevel.wait_readable(self._selector.fileno())
        elif self._unslept >= _CHUNK:  # a flood must not keep the other tasks waiting
            self._unslept = 0
            await trio.lowlevel.checkpoint()

    def stop(self, error: Exception | None = None) -> None:
        """End the conversation for good; `error` is the caller's own, to be raised when the tree is gone."""
        self.stopped = True
        self.failure = self.failure or error
        self._scope.cancel()

    def _hear(self, pipe: int) -> None:
        part = self._take(self._read(pipe))
        if self._out < 0:
            return
        if part and self._nursery is not None:
            # Not watched until it was handed on: that is how the child is made to wait.
            self._selector.unregister(pipe)
            self._nursery.start_soon(self._hand_on, part)

    def _overhear(self, pipe: int) -> None:
        self._errors.take(self._read(pipe))

    def _take(self, data: bytes) -> bytes:
        part = self._output.take(data)
        if self._output.oversized:
            self.stop()
        return part

    async def _hand_on(self, part: bytes) -> None:
        await self._tell(part)
        if self._out >= 0:
            self._selector.register(self._out, selectors.EVENT_READ, self._hear)

    async def _tell(self, part: bytes) -> None:
        if self._on_out is None or not part:
            return
        try:
            await self._on_out(part)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the caller's
            self.stop(error)

    def _read(self, pipe: int) -> bytes:
        try:
            data = os.read(pipe, _CHUNK)
        except BlockingIOError:
            return b""
        self._unslept += len(data)
        if not data:
            self._forget(pipe)
        return data

    def _feed(self, pipe: int) -> None:
        try:
            self._rest = self._rest[os.write(pipe, self._rest[:_CHUNK]) :]
        except BlockingIOError:
            return
        except OSError:  # nobody reads any more
            self._rest = self._rest[:0]
        if not self._rest:
            self._forget(pipe)

    def _forget(self, pipe: int) -> None:
        self._selector.unregister(pipe)
        os.close(pipe)
        self._out, self._err, self._in = (
            -1 if own == pipe else own for own in (self._out, self._err, self._in)
        )

    async def finish(self) -> None:
        """Take what is still in the pipes, when the child is gone and nobody runs in the nursery."""
        for _ in range(_LATE):
            if self._out < 0 or self.stopped or not (part := self._take(self._read(self._out))):
                break
            await self._tell(part)
        for _ in range(_LATE):
            if self._err < 0 or not (data := self._read(self._err)):
                break
            self._errors.take(data)

    def handed_over(self) -> None:
        """Close the child's ends; a second call does nothing."""
        for pipe in self.childs:
            if pipe >= 0:
                os.close(pipe)
        self.childs = (-1, -1, -1)

    def close(self) -> None:
        """Give all descriptors back; a second call does nothing."""
        self.handed_over()
        trio.lowlevel.notify_closing(self._selector.fileno())
        self._selector.close()
        for pipe in (self._out, self._err, self._in):
            if pipe >= 0:
                os.close(pipe)
        self._out = self._err = self._in = -1
