"""The durable memory as one beat reads it: PLAYBOOK, goals, sensors and the end of the journal.

In: the files. Out: `Document`s, `SensorFile`s, lines. What can't be used says so in its `trouble`, what
can't be read raises `Unreadable`. Neighbours: `policy` reads the bytes, `loop.sense` makes the `World`.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from looop.core.document import Document
from looop.core.goal import is_goal
from looop.store import files
from looop.store.faults import Unreadable
from looop.store.paths import Profile
from looop.store.policy import (
    PLAYBOOK,
    PolicyFile,
    is_leftover,
    is_policy,
    listed,
    look,
    names,
    unusable,
)
from looop.store.sensors import SensorFile, header

__all__ = [
    "LONGEST_SENSOR",
    "Memory",
    "SensorFile",
    "Unreadable",
    "archived",
    "is_leftover",
    "is_policy",
    "journal_lines",
    "list_sensors",
    "observe",
    "policy_digests",
    "read_goals",
    "read_playbook",
]

TEXT_BYTES = 64 << 10
"""Bytes of a document that are handed on as text; its digest is of all of them."""

LONGEST_SENSOR = 200
"""Bytes of a sensor's name: looop's files about it have longer ones."""


@dataclass(frozen=True, slots=True)
class Memory:
    """All policy files, each read once. `digests` are those of their bytes, by path relative to DATA.

    Files that can't be used (a pipe for a goal, a sensor that can't be read) have no digest there: nobody
    may copy them or land on them.
    """

    playbook: Document | None
    goals: tuple[Document, ...]
    sensors: tuple[SensorFile, ...]
    digests: dict[str, str]


def observe(profile: Profile) -> Memory:
    """Read PLAYBOOK, goals and sensors, with one look at each file. Unreadable if one can't be known."""
    playbook, goals, sensors = look(profile.playbook), _goals(profile), _sensors(profile)
    return Memory(
        _document(playbook) if playbook else None,
        tuple(_goal(file) for file in goals),
        tuple(_sensor(file) for file in sensors),
        _digests(playbook, goals, sensors),
    )


def read_playbook(profile: Profile) -> Document | None:
    """Read PLAYBOOK.md; None if it is absent."""
    found = look(profile.playbook)
    return _document(found) if found else None


def read_goals(profile: Profile) -> tuple[Document, ...]:
    """Read every goal, sorted by name. One without a `goal:` line has its text, and says so as trouble."""
    return tuple(_goal(file) for file in _goals(profile))


def list_sensors(profile: Profile) -> tuple[SensorFile, ...]:
    """List the sensors, sorted by name. What keeps one from being run is its trouble.

    Unreadable only when the folder itself can't be listed.
    """
    return tuple(_sensor(file) for file in _sensors(profile))


def policy_digests(profile: Profile) -> dict[str, str]:
    """Give `Memory.digests` alone."""
    return _digests(look(profile.playbook), _goals(profile), _sensors(profile))


def archived(profile: Profile) -> frozenset[str]:
    """Name everything that goals/archive/ holds: names that a goal archived now can't have."""
    return frozenset(names(profile.archive))


def journal_lines(profile: Profile, count: int) -> tuple[str, ...]:
    """Give the journal's last `count` lines that aren't blank, oldest first, across one rotation."""
    try:
        lines = files.tail_lines(profile.journal, 2 * count)
    except OSError as error:
        raise Unreadable(profile.journal, error.strerror or type(error).__name__) from error
    return tuple([line for line in lines if line.strip()][-count:]) if count else ()


def _document(found: PolicyFile) -> Document:
    shown = _whole_characters(found.data)
    return Document(
        found.name, shown.decode(errors="replace"), found.digest, len(found.data) - len(shown), found.trouble
    )


def _goal(found: PolicyFile) -> Document:
    goal = _document(found)
    if goal.trouble or is_goal(goal.text):
        return goal
    return replace(goal, trouble="has no `goal:` line in a frontmatter block at its top")


def _whole_characters(data: bytes) -> bytes:
    """Cut to what is shown as text, not within a UTF-8 character (whose later bytes begin with 0b10)."""
    end = min(len(data), TEXT_BYTES)
    while end < len(data) and end > TEXT_BYTES - 4 and data[end] & 0xC0 == 0x80:  # noqa: PLR2004 - UTF-8
        end -= 1
    return data[:end]


def _goals(profile: Profile) -> list[PolicyFile]:
    return [found for path in listed(profile.data, "goals") if (found := look(path))]


def _sensors(profile: Profile) -> list[PolicyFile]:
    return [found for path in listed(profile.data, "sensors") if (found := _script(path))]


def _script(path: Path) -> PolicyFile | None:
    """Read a script; one that can't be read is not absent but fails, as its reading then says."""
    try:
        return look(path)
    except Unreadable as error:
        return unusable(path, f"can't be read ({error.reason})")


def _digests(
    playbook: PolicyFile | None, goals: Iterable[PolicyFile], sensors: Iterable[PolicyFile]
) -> dict[str, str]:
    digests = {PLAYBOOK: playbook.digest} if playbook and playbook.trouble is None else {}
    for folder, found in (("goals", goals), ("sensors", sensors)):
        digests |= {f"{folder}/{file.name}": file.digest for file in found if file.trouble is None}
    return digests


def _sensor(found: PolicyFile) -> SensorFile:
    head = header(found.data)
    executable = found.trouble is None and os.access(found.path, os.X_OK)
    return SensorFile(
        name=found.name.removesuffix(".sh"),
        path=found.path,
        digest=found.digest,
        executable=executable,
        timeout=head.timeout,
        interval=head.interval,
        untrusted=head.untrusted,
        trouble=found.trouble or _unrunnable(found, executable=executable) or head.trouble,
    )


def _unrunnable(found: PolicyFile, *, executable: bool) -> str | None:
    if len(os.fsencode(found.name)) > LONGEST_SENSOR:
        return f"has a name of more than {LONGEST_SENSOR} bytes: rename it"
    if not found.data.startswith(b"#!"):
        return "does not start with #!, so it can't be run: begin it with a line such as #!/bin/sh"
    return None if executable else f"is not executable: run `chmod +x sensors/{found.name}` in DATA"
