"""The PATH that unattended work gets: that of the last `up` from a terminal, kept in `.path`.

In: a profile, what a shell has. Out: a PATH. A file of its own, because `down` removes `.up`, and a unit says
`down` at each shutdown (docs/decisions/0010-unit.md). `.up` of an older looop is believed where it is absent.
"""

import json
from pathlib import Path

from looop.store import files
from looop.store.paths import Profile

_LARGEST = 1 << 20


def recall(profile: Profile) -> str | None:
    """Give the PATH that was kept, None if none was. A broken file counts as none."""
    return _of(profile.search_path) or _of(profile.up)


def remember(profile: Profile, path: str) -> None:
    """Keep a PATH, durably, if it is another one; an empty one is none."""
    if path and path != _of(profile.search_path):
        files.durable(profile.search_path, json.dumps({"v": 1, "path": path}).encode() + b"\n")


def _of(place: Path) -> str | None:
    try:
        kept = json.loads(files.read_regular(place, _LARGEST))
    except (FileNotFoundError, ValueError, RecursionError):
        return None
    found = kept.get("path") if isinstance(kept, dict) else None
    return found if isinstance(found, str) and found else None
