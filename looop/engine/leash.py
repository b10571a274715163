"""The engine's end of its line to keeper: a byte says "I live", the line's end says that keeper is gone.

In: an inherited descriptor, or none when an engine is run by hand. Out: pats, and the news of keeper's end.
"""

import os

import trio


class Leash:
    """One line to keeper; `fd` is None where there is no keeper."""

    def __init__(self, fd: int | None) -> None:
        self._fd = fd
        self.keeper: int | None = None
        if fd is not None:
            os.set_inheritable(fd, False)  # noqa: FBT003 - the standard library's own signature
            os.set_blocking(fd, False)
            parent = os.getppid()
            self.keeper = parent if parent > 1 else None  # init has adopted us: keeper is gone already

    def pat(self) -> None:
        """Tell keeper that the engine's loop runs; never waits, and a keeper that is gone is no error."""
        if self._fd is not None:
            try:
                os.write(self._fd, b".")
            except OSError:
                return

    async def cut(self) -> None:
        """Return when keeper has ended; never where there is none."""
        while self._fd is None:
            await trio.sleep_forever()
        while True:
            await trio.lowlevel.wait_readable(self._fd)
            try:
                if not os.read(self._fd, 64):
                    return
            except BlockingIOError:
                continue
            except OSError:
                return
