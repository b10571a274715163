"""How much of a log is read at once, so that the engine's thread is never held for long.

In: how many bytes were read, and how long that took. Out: how many to read next. Used by `life`.
"""

LEAST, MOST = 2 << 10, 64 << 10
"""Bytes. Escape sequences cost hundreds of times what plain text does."""
AIM = 0.005
"""Seconds that one read should take at most."""

_FIRST = 8 << 10  # of the densest output this takes about as long as it should


class Pace:
    """The size of the next read. It shrinks at once, and at most doubles."""

    def __init__(self) -> None:
        self.size = _FIRST

    def took(self, size: int, seconds: float) -> None:
        """Learn that a read of so many bytes took so long."""
        fits = size * AIM / seconds if seconds > 0 else MOST
        self.size = max(LEAST, min(MOST, 2 * self.size, int(fits)))
