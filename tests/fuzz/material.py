"""What a target makes of a fuzzer's bytes: small numbers from the front, then fields, texts and pieces.

In: any bytes. Out: the same values for the same bytes. 0xFF, which UTF-8 never has, parts the fields: so a
corpus is easy to write by hand, and what a fuzzer moves about stays whole.
"""

import random
from collections.abc import Iterator
from itertools import pairwise
from typing import TypeVar

PART = b"\xff"
T = TypeVar("T")


class Material:
    """One input, taken from its front."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def number(self, below: int) -> int:
        """Take a byte for a number; 0 once there is none."""
        first, self._data = self._data[:1], self._data[1:]
        return first[0] % below if first else 0

    def choice(self, among: tuple[T, ...]) -> T:
        """Take a byte to choose with."""
        return among[self.number(len(among))]

    def rest(self) -> bytes:
        """Take all that is left."""
        rest, self._data = self._data, b""
        return rest

    def fields(self) -> list[bytes]:
        """Take all that is left, as fields; there is at least one."""
        return self.rest().split(PART)

    def texts(self) -> list[str]:
        """Take all that is left, as texts."""
        return [text(field) for field in self.fields()]


def text(data: bytes) -> str:
    """Give bytes as a text; what is no UTF-8 becomes lone surrogates, as file names and arguments have it."""
    return data.decode(errors="surrogateescape")


def pieces(data: bytes, how: int) -> Iterator[bytes]:
    """Cut bytes: every byte alone for 0, else in a few places that the number decides."""
    if how == 0 and len(data) <= 2000:
        yield from (data[at : at + 1] for at in range(len(data)))
        return
    chance = random.Random(how)
    cuts = sorted(chance.randrange(len(data) + 1) for _ in range(1 + how % 5))
    yield from (data[start:end] for start, end in pairwise((0, *cuts, len(data))))
