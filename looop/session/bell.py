"""A bell: tells all who wait that something has changed, not what. Who hears it looks for itself."""

import trio


class Bell:
    """Ring it and everybody who waits at this moment goes on; nobody who comes later hears it.

    Looking and then waiting is safe without a lock, as long as nothing is awaited in between.
    """

    def __init__(self) -> None:
        self._next = trio.Event()

    def ring(self) -> None:
        """Wake all who wait."""
        rung, self._next = self._next, trio.Event()
        rung.set()

    def next(self) -> trio.Event:
        """Give the next ring, to wait for later: what happens from now on is not missed."""
        return self._next

    async def wait(self) -> None:
        """Return at the next ring."""
        await self._next.wait()
