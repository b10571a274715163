"""The clones that confined workers made for themselves: found by their folders, as no cell writes records.

In: a profile. Out: `Box`es of kind `clone`. All that such a folder says of itself is a worker's word: it is
shown, compared and given to git in a cell, and nothing else. Neighbours: `sandboxes` has the records.
"""

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import msgspec

from looop.core.ids import is_name
from looop.core.parsed import parsed
from looop.store import files, sandboxes
from looop.store.paths import Profile
from looop.store.policy import names
from looop.store.sandboxes import CLONE, Box

MARK = "looop.json"
"""What a clone says of itself, in its git folder."""

_LIMIT = 64 << 10
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,79}", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}", re.ASCII)
_BRANCH = re.compile(r"looop/[A-Za-z0-9._-]{1,80}/[A-Za-z0-9_][A-Za-z0-9._-]{0,110}", re.ASCII)


def found(profile: Profile, session: str | None = None) -> tuple[Box, ...]:
    """Give the clones of all sessions, or of one, that no record knows yet, oldest first.

    Unreadable as `sandboxes.listed`.
    """
    records = {(box.session, box.name) for box in sandboxes.listed(profile, session)}
    owners = names(profile.sandboxes) if session is None else (session,)
    boxes = chain.from_iterable(_of(profile, it) for it in owners if is_name(it))
    fresh = (box for box in boxes if (box.session, box.name) not in records)
    return tuple(sorted(fresh, key=lambda box: (box.made, box.session, box.name)))


def every(profile: Profile, session: str | None = None) -> tuple[Box, ...]:
    """Give all sandboxes, or a session's: those that are written down, and the clones."""
    return (*sandboxes.listed(profile, session), *found(profile, session))


def living(profile: Profile, session: str) -> tuple[Path, ...]:
    """Give the folders of a session's sandboxes that are there, none of them a link."""
    places = (sandboxes.place(profile, box) for box in every(profile, session) if box.removed is None)
    return tuple(path for path in places if real(path))


def mark(place: Path, box: Box) -> None:
    """Write into a clone what it is. Only for whoever made it: all others would follow a worker's links."""
    files.scratch(place / ".git" / MARK, msgspec.json.encode(box))


def real(path: Path) -> bool:
    """Tell whether a path names a folder, and no link to one."""
    return path.is_dir() and not path.is_symlink()


def free(profile: Profile, session: str, repository: Path) -> str:
    """Name a new clone, as no sandbox of the session is or was named."""
    taken = {box.name for box in sandboxes.listed(profile, session)} | set(names(profile.sandboxes / session))
    plain, number = sandboxes.plain(repository.name), 1
    name = plain
    while name in taken:
        number += 1
        name = f"{plain}-{number}"
    return name


def _of(profile: Profile, session: str) -> Iterator[Box]:
    folder = profile.sandboxes / session
    if real(folder):
        for name in names(folder):
            if _NAME.fullmatch(name) and real(folder / name) and files.present(folder / name / ".git"):
                yield _read(folder / name)


def _read(place: Path) -> Box:
    """Read what a clone says of itself, where that could be true; else nothing is known of the folder."""
    unknown = Box(place.parent.name, place.name, "", "", "", "", _made(place), kind=CLONE)
    if not real(place / ".git"):
        return unknown
    try:
        box = parsed(files.read_regular(place / ".git" / MARK, _LIMIT), Box)
    except (OSError, ValueError):
        return unknown
    plausible = (
        box.repository.startswith("/")
        and box.repository.isprintable()
        and _BRANCH.fullmatch(box.branch)
        and _COMMIT.fullmatch(box.base)
    )
    if not plausible:
        return unknown
    return msgspec.structs.replace(
        unknown,
        repository=box.repository,
        branch=box.branch,
        base=box.base,
        setup=box.setup,
        generation=box.generation,
    )


def _made(place: Path) -> float:
    try:
        return place.lstat().st_ctime
    except OSError:
        return 0.0
