"""JSON that looop itself keeps, as a typed value; whatever the bytes are by now, all it raises is ValueError.

In: the bytes of one of our files. Out: a value of the type asked for. What is nested without end makes
msgspec raise RecursionError, also where the type has no place for it: forgotten, it would end a beat.
"""

from typing import TypeVar

import msgspec

T = TypeVar("T")


def parsed(data: bytes, kind: type[T]) -> T:
    """Decode one JSON value of this type. ValueError when it is none, not UTF-8, or nested too deep."""
    try:
        return msgspec.json.decode(data, type=kind)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
