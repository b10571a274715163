"""What is kept of a child's output. In: pieces as they arrive. Out: bytes, never more than asked for."""

import sys


class Tail:
    """Keeps the last `limit` bytes; 0 keeps all."""

    def __init__(self, limit: int) -> None:
        self._limit = limit or sys.maxsize
        self._data = bytearray()

    def take(self, data: bytes) -> None:
        """Keep this and forget as much of the oldest."""
        self._data += data
        # Trimmed at twice the size only: a copy for each small piece would cost more than the bytes.
        if len(self._data) > 2 * self._limit:
            del self._data[: -self._limit]

    def data(self) -> bytes:
        """Everything kept."""
        return bytes(self._data[-self._limit :])


class Capped:
    """Lets the first `limit` bytes through (0: all) and keeps the last `keep` of them (0: all)."""

    def __init__(self, limit: int, keep: int = 0) -> None:
        self._room = limit or sys.maxsize
        self._kept = Tail(keep)
        self.oversized = False

    def take(self, data: bytes) -> bytes:
        """Take what there is room for and return it; `oversized` then tells that some was over."""
        part = data[: self._room]
        self._room -= len(part)
        self.oversized = len(part) < len(data)
        self._kept.take(part)
        return part

    def data(self) -> bytes:
        """Everything kept."""
        return self._kept.data()
