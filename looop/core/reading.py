"""A sensor's output becomes a reading: one JSON value, or a normalised error that never wakes twice.

In: how the sensor ended and what it printed. Out: a `Reading`. Volatile text (stderr) stays in `detail`.
"""

import re
from typing import Any

import msgspec

from looop.core.world import Reading

ENVELOPE = frozenset({"signal", "detail"})
"""An object with one of these keys is an envelope: its `signal` counts, the rest can't wake the loop."""

DEEPEST = 100
"""Levels of brackets in a reading. What decodes in one place of the program must encode in every other."""

_STDERR_SHOWN = 500
_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*+"?|([\[{])|[\]}]', re.DOTALL)
_CONSTANT = re.compile(rb"^\s*-?(?:NaN|Infinity)\b")


AWAITS = "awaits approval: an AI wrote it, and it runs once a person has approved it"
"""The error of a sensor that may not run yet: always the same words, so that it wakes once."""


class Snapshot(msgspec.Struct, frozen=True, omit_defaults=True):
    """A reading as `snapshots/sensor-NAME.json` keeps it."""

    signal: Any = None
    detail: Any = None
    error: str | None = None

    def reading(self, name: str, *, untrusted: bool) -> Reading:
        """Give it back as the sensor's reading."""
        return Reading(name, self.signal, self.detail, self.error, untrusted)


def parse(name: str, out: bytes, *, untrusted: bool = False) -> Reading:
    """Read what a sensor that ended well printed."""
    if not out.strip():
        return failed(name, "printed nothing; a sensor prints one JSON value", untrusted=untrusted)
    if _depth(out) > DEEPEST:
        return failed(name, f"printed JSON that is nested more than {DEEPEST} deep", untrusted=untrusted)
    try:
        value = msgspec.json.decode(out)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return failed(name, f"did not print one JSON value{_hint(out)}", untrusted=untrusted)
    if isinstance(value, dict) and ENVELOPE & value.keys():
        rest = {key: value[key] for key in value if key != "signal"}
        detail = rest["detail"] if rest.keys() == {"detail"} else rest or None
        return Reading(name, value.get("signal"), detail, untrusted=untrusted)
    return Reading(name, value, untrusted=untrusted)


def failed(name: str, error: str, err: bytes = b"", *, untrusted: bool = False) -> Reading:
    """Make the reading of a sensor that failed; `err`, its stderr, is context only."""
    shown = err.decode(errors="replace").strip()[-_STDERR_SHOWN:]
    return Reading(name, None, shown or None, error, untrusted)


def _depth(out: bytes) -> int:
    """Count how deep the brackets outside of texts are nested."""
    depth = deepest = 0
    for found in _BRACKET.finditer(out):
        if not found[0].startswith(b'"'):
            depth += 1 if found[1] else -1
            deepest = max(deepest, depth)
    return deepest


def _hint(out: bytes) -> str:
    try:
        out.decode()
    except UnicodeDecodeError:
        return " (it is not UTF-8)"
    if _CONSTANT.match(out):
        return " (NaN and Infinity are not JSON)"
    try:
        msgspec.json.decode(out.strip().splitlines()[0])
    except (msgspec.DecodeError, RecursionError):
        return ""
    return " (it printed several)"
