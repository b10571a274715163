"""What must hold of the sessions' files whatever was killed, and when.

In: a profile. Out: one sentence for each thing that does not hold: `torn` at any moment, `left` once nobody
lives. The next engine is `adopting.look`, which is all that it does with files before it serves.
"""

import time
from collections.abc import Iterator
from pathlib import Path

from looop.session import adopting
from looop.store import sessions
from looop.store.paths import PERSONS, TICKS, Profile
from sweep import whole


def torn(profile: Profile) -> Iterator[str]:
    """Say which JSON is none."""
    for path in profile.data.rglob("*.json*"):
        if path.is_symlink() or path.suffix not in {".json", ".jsonl"} or not (data := _bytes(path)):
            continue
        yield from whole.no_json(path, data.splitlines() if path.suffix == ".jsonl" else [data])


def left(profile: Profile) -> Iterator[str]:
    """Have a next engine look, an hour later, and say what belongs to nobody after that."""
    whole.time_passes(profile)
    adopting.look(profile, (), time.time())
    yield from torn(profile)
    yield from (f"{path} was left behind" for path in whole.temps(profile))
    found = (sessions.read(profile.sessions / name) for name in _names(profile.sessions))
    entries = [entry for entry in found if entry is not None]
    known = {entry.folder.name for entry in entries} | {profile.pulse.name}
    yield from (f"sessions/{name} is no session" for name in _names(profile.sessions) if name not in known)
    briefs = {Path(entry.meta.prompt_file).name for entry in entries}
    yield from (f"prompts/{name} is nobody's" for name in _names(profile.prompts) if name not in briefs)
    doors = {entry.meta.generation for entry in entries} | {PERSONS, TICKS}
    yield from (f"doors/{name} is nobody's" for name in _names(profile.doors) if name not in doors)


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # replaced in this moment, by a whole one
        return b""
