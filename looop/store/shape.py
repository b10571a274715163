"""Give a parsed JSON value the shape of a Struct, or say in one sentence where it does not fit.

In: what a person wrote in CONFIG or a variable. Out: the typed value. msgspec knows the types; here the
errors are made for people: each names its full path, and an unknown key the nearest known one.
"""

import functools
import json
from collections.abc import Mapping
from typing import Annotated, Any, Final, get_args, get_origin

import msgspec

from looop.core import duration
from looop.core.ids import nearest

MOST: Final = 2**53
"""Larger whole numbers saturate here: beyond it JSON's readers disagree about them."""

Seconds = Annotated[float, msgspec.Meta(title="seconds", ge=0)]
Count = Annotated[int, msgspec.Meta(title="count", ge=0)]
Money = Annotated[float, msgspec.Meta(title="money", ge=0)]
Size = Annotated[str, msgspec.Meta(title="size", pattern=r"^[1-9]\d{0,3}x[1-9]\d{0,3}\Z")]
Wall = Annotated[str, msgspec.Meta(title="wall", pattern=r"^(auto|require|off)\Z")]
Sensors = Annotated[str, msgspec.Meta(title="sensors", pattern=r"^(ask|auto)\Z")]
"""Whether a script that an AI wrote is run by itself: once a person has approved it, or at once."""

_WORDS: Final[dict[Any, str]] = {
    Seconds: 'a number of seconds from 0, or a duration such as "10m"',
    Count: "a whole number from 0",
    Money: "an amount in dollars from 0",
    Money | None: "an amount in dollars from 0, or null",
    Size: 'columns and lines such as "120x40"',
    Wall: '"auto", "require" or "off"',
    list[str]: "a list of texts",
    Sensors: '"ask" or "auto"',
    str: "a text",
    str | None: "a text or null",
    bool: "true or false",
    int: "a whole number",
}
_SHOWN: Final = 40
_NAMED: Final = {
    "yes": True,
    "on": True,
    "true": True,
    "1": True,
    "no": False,
    "off": False,
    "false": False,
    "0": False,
}


class Misshapen(Exception):  # noqa: N818 - a fact about the value
    """The value does not fit; the text says where and what would."""


def shape(value: Any, kind: Any, path: str) -> Any:
    """Convert a JSON value to `kind`: a Struct, a dict or tuple of them, a plain value. Raises Misshapen."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _struct(value, kind, path)
    if get_origin(kind) is dict and get_args(kind)[1] is not Any:
        inner = get_args(kind)[1]
        return {key: shape(it, inner, f"{path}.{key}") for key, it in _object(value, path).items()}
    if get_origin(kind) is tuple:
        inner = get_args(kind)[0]
        return tuple(shape(it, inner, f"{path}[{at}]") for at, it in enumerate(_list(value, path)))
    try:
        return msgspec.convert(_leaf(value, kind), kind)
    except (msgspec.ValidationError, UnicodeError):
        raise Misshapen(f"`{path}` must be {_WORDS.get(kind, 'an object')}, not {_shown(value)}") from None


def from_text(text: str, kind: Any) -> Any:
    """Read what a variable holds as a JSON value; texts need no quotes there, truths have many names."""
    if kind in (str, Size, Wall, Sensors):
        return text
    if kind == str | None:
        return None if text == "null" else text
    if kind is bool:
        return _NAMED.get(text.lower(), text)
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return text


def _struct(value: Any, kind: type[msgspec.Struct], path: str) -> msgspec.Struct:
    given, fields = _object(value, path), fields_of(kind)
    for key in given:
        if key not in fields:
            meant = nearest(key, fields)
            hint = f" (did you mean `{meant}`?)" if meant else ""
            raise Misshapen(f"`{path}.{key}` is no key that looop knows{hint}")
    for name, field in fields.items():
        if field.required and name not in given:
            raise Misshapen(f"`{path}.{name}` is missing")
    return kind(**{key: shape(it, fields[key].type, f"{path}.{key}") for key, it in given.items()})


@functools.cache
def fields_of(kind: type[msgspec.Struct]) -> Mapping[str, msgspec.structs.FieldInfo]:
    """Give a Struct's fields by name; remembered, because msgspec evaluates all annotations each time."""
    return {field.name: field for field in msgspec.structs.fields(kind)}


def _object(value: Any, path: str) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise Misshapen(f"`{path}` must be an object, not {_shown(value)}")


def _list(value: Any, path: str) -> list[Any]:
    if isinstance(value, list):
        return value
    raise Misshapen(f"`{path}` must be a list, not {_shown(value)}")


def _leaf(value: Any, kind: Any) -> Any:
    """Understand a duration, and bring a number that is out of all reason back to the largest one."""
    if kind == Seconds and isinstance(value, str):
        return duration.parse(value) if duration.parse(value) is not None else value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if kind == Seconds:
        return duration.saturated(value)
    if kind == Count and value > MOST:
        return MOST
    if kind == Count and value == value // 1:
        return int(value)
    return min(value, float(MOST)) if kind == Money or kind == Money | None else value


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    text = json.dumps(value, ensure_ascii=False).encode(errors="backslashreplace").decode()
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
