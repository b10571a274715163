"""What writers that were killed half-way have left behind: temporary files, wherever looop writes.

In: a profile. Out: those that nobody can be at work on any more are gone. Neighbours: `store.files` makes
them beside what they become; `loop.book` calls this in a process's first beat, `session.adopting` before it
takes sessions over.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from looop.store import files, runs
from looop.store.faults import Unreadable
from looop.store.paths import Profile
from looop.store.policy import names

_WRITTEN_WITHIN = 60.0
"""Seconds that the slowest write of a file may take: a live writer's file looks the same."""

_NEWEST = 50
"""Runs that are looked at; who was killed in an older one has had that many processes after it."""


def remove(profile: Profile, now: float) -> None:
    """Remove those last changed more than a minute before `now` (epoch seconds). OSError as of the disk."""
    for folder in _folders(profile):
        files.remove_temps(folder, now - _WRITTEN_WITHIN)


def _folders(at: Profile) -> Iterator[Path]:
    """Give every folder that looop itself writes to, some of which people and agents fill too."""
    yield from (at.data, at.reports, at.sandboxes, at.sandboxes / ".removed", at.runs, at.sessions)
    trees = (at.goals, at.sensors, at.snapshots, at.claims, at.history, at.guard, at.prompts, at.pulse)
    for tree in (*trees, *(run.folder for run in runs.list_runs(at)[-_NEWEST:])):
        yield from (Path(folder) for folder, _, _ in os.walk(tree))
    with suppress(Unreadable):  # what is no folder holds nothing of ours
        for name in names(at.sessions):
            if name != at.pulse.name:
                yield from (at.sessions / name, at.sessions / name / "commands")
