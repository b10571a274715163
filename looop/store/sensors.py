"""The sensors as files: which scripts there are, and what their headers ask for.

In: `sensors/*.sh`. Out: a `SensorFile` each; one that can't be run says why in `trouble`, and so becomes an
error reading instead of a gap. Neighbours: `loop.sense` runs them, `policy` lists and reads.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from looop.core import duration
from looop.core.ids import nearest

HEADER_LINES = 20
_HEADER = r"^#\s*looop:\s*(.*)$"
_KEYS = ("timeout", "interval", "untrusted")
_TRUTHS = {"": True, "yes": True, "true": True, "no": False, "false": False}


@dataclass(frozen=True, slots=True)
class Header:
    """What the lines `# looop: …` of a script ask for. Durations are seconds; 0 means no limit."""

    timeout: float | None = None
    interval: float = 0.0
    untrusted: bool = False
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class SensorFile:
    """One sensor's script. `trouble` is what keeps it from being run, to be read after its name.

    `timeout` None stands for CONFIG's, `interval` 0 for "in every beat".
    """

    name: str
    path: Path
    digest: str
    executable: bool = False
    timeout: float | None = None
    interval: float = 0.0
    untrusted: bool = False
    trouble: str | None = None


def header(script: bytes) -> Header:
    """Read a script's header lines; the first mistake in them is its trouble."""
    found: dict[str, float | bool] = {}
    for line in script[: 1 << 16].decode(errors="replace").split("\n")[:HEADER_LINES]:
        if match := re.match(_HEADER, line.rstrip()):
            for word in re.split(r"[\s,]+", match[1].strip()):
                key, _, value = word.partition("=")
                if mistake := _take(found, key, value):
                    return Header(trouble=f"has a header that looop can't use: {mistake}")
    return Header(
        timeout=found.get("timeout"),
        interval=found.get("interval", 0.0),
        untrusted=bool(found.get("untrusted", False)),
    )


def _take(found: dict[str, float | bool], key: str, value: str) -> str | None:
    """Add one word of a header to what was found; the mistake in it, if any."""
    if key not in _KEYS:
        meant = nearest(key, _KEYS) or "timeout, interval or untrusted"
        return f"`{key[:40]}` is no key (did you mean {meant}?)"
    read = _TRUTHS.get(value.lower()) if key == "untrusted" else duration.parse(value)
    if read is None:
        return f"`{key}={value[:40]}` (write it like `timeout=20s`, `interval=10m`, `untrusted`)"
    found[key] = read
    return None
