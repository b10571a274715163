"""Reaching into JSON that somebody else wrote: every step may be missing or of another type.

In: a decoded value and a path. Out: what is there if it is of the type asked for, else nothing; no exception.
"""

import math
from collections.abc import Iterator
from typing import Any

import msgspec


def decode(data: bytes) -> Any:
    """Decode one JSON value; None when it is none."""
    try:
        return msgspec.json.decode(data)
    except (ValueError, RecursionError):  # msgspec's own errors are ValueErrors
        return None


def at(value: Any, *path: str) -> Any:
    """Follow keys through objects; None where one is missing."""
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def text_at(value: Any, *path: str) -> str:
    """Give the string at a path, else an empty one."""
    found = at(value, *path)
    return found if isinstance(found, str) else ""


def number_at(value: Any, *path: str) -> float | None:
    """Give the finite number at a path that is not negative."""
    found = at(value, *path)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    try:
        number = float(found)
    except OverflowError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def count_at(value: Any, *path: str) -> int | None:
    """Give the whole number at a path."""
    found = number_at(value, *path)
    return None if found is None else int(found)


def objects_at(value: Any, *path: str) -> Iterator[dict[str, Any]]:
    """Give the objects of the list at a path."""
    found = at(value, *path)
    yield from (entry for entry in (found if isinstance(found, list) else ()) if isinstance(entry, dict))


def total(*parts: int | None) -> int | None:
    """Add what is known; None when nothing is."""
    known = [part for part in parts if part is not None]
    return sum(known) if known else None
