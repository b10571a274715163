"""The terminals on one session: who came in which order, and which one of them types.

In: seats taken and left. Out: the writer, and wake-ups for all when that may have changed. A seat is a
`session.attach.Viewer`; there is one `Audience` for each live generation.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Seat(Protocol):
    """One terminal."""

    @property
    def observes(self) -> bool:
        """Whether it only ever watches."""

    def wake(self) -> None:
        """Look at the audience again."""

    def throw_off(self) -> None:
        """Leave."""


class Audience:
    """All terminals on one session, the newest last. The newest that is no observer types."""

    def __init__(self) -> None:
        self._seats: list[Seat] = []

    def __len__(self) -> int:
        return len(self._seats)

    @property
    def writer(self) -> Seat | None:
        """The one that types, and whose size is the session's."""
        return next((seat for seat in reversed(self._seats) if not seat.observes), None)

    @contextmanager
    def sitting(self, seat: Seat) -> Iterator[None]:
        """Belong to it. Who typed before watches meanwhile, and types again afterwards."""
        self._seats.append(seat)
        self._wake()
        try:
            yield
        finally:
            self._seats.remove(seat)
            self._wake()

    def throw_off(self) -> int:
        """Have everybody leave; how many there were."""
        for seat in self._seats:
            seat.throw_off()
        return len(self._seats)

    def _wake(self) -> None:
        for seat in self._seats:
            seat.wake()
