"""The sandboxes: which worktree was made for whom, of which repository, and what is left of one removed.

In: a `Box`. Out: `DATA/sandboxes/<session>@<name>.json`, whole and durable; beside it the worktree itself,
`<session>/<name>`, and in `.removed/` a bundle. Neighbours: `child.sandbox` makes and removes the worktrees.
"""

import re
import time
from pathlib import Path

import msgspec

from looop.core.ids import is_name
from looop.core.parsed import parsed
from looop.store import files
from looop.store.faults import Unreadable
from looop.store.paths import Profile
from looop.store.policy import names

KEPT = 14 * 86400.0
"""Seconds that a bundle, and the memory of a removed sandbox, are kept; the branch stays for good."""

WORKTREE, CLONE = "worktree", "clone"

_LIMIT = 1 << 20
_RECORD = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,63})@([A-Za-z0-9_][A-Za-z0-9._-]{0,79})\.json", re.ASCII)
_ODD = re.compile(r"[^A-Za-z0-9._-]")
_REMOVED = ".removed"  # no session can be called so


class Box(msgspec.Struct, frozen=True):
    """One sandbox.

    `repository` is the folder it was made of, `common` its git folder, `admin` the worktree's. `generation`
    is the run that asked for it, "" when a person did. `base` is the commit that `branch` began at, `tip`
    where it stood when the worktree was `removed`. `setup` says how the hook ended: `done`, why it failed, or
    "" before. `bundle` is a file in `.removed/`. `told`: that it stays was said. `kind`: a worktree, or a
    clone that a confined worker made: `store.clones` finds it until looop writes of it. Times: epoch seconds.
    """

    session: str
    name: str
    repository: str
    common: str
    branch: str
    base: str
    made: float
    generation: str = ""
    admin: str = ""
    setup: str = ""
    removed: float | None = None
    tip: str = ""
    bundle: str = ""
    told: bool = False
    kind: str = WORKTREE
    v: int = 1


def place(profile: Profile, box: Box) -> Path:
    """Give the worktree's folder."""
    return profile.sandboxes / box.session / box.name


def bundle(profile: Profile, box: Box) -> Path:
    """Give the file that keeps the commits of a removed one."""
    return profile.sandboxes / _REMOVED / f"{box.session}@{box.name}.bundle"


def doomed(profile: Profile, box: Box) -> Path:
    """Give the folder that a worktree is moved to before it is removed file by file."""
    return profile.sandboxes / _REMOVED / f"{box.session}@{box.name}.going"


def prepare(profile: Profile) -> None:
    """Make the folders that all of this lies in. OSError where they can't be made."""
    files.private_dir(profile.sandboxes / _REMOVED, below=profile.data)


def listed(profile: Profile, session: str | None = None) -> tuple[Box, ...]:
    """Give all sandboxes, or a session's, removed ones too, oldest first. Unreadable when one can't be read.

    A file of that name that is none of ours counts as none.
    """
    found = (_read(profile.sandboxes / name) for name in names(profile.sandboxes) if _RECORD.fullmatch(name))
    boxes = (box for box in found if box is not None and session in {None, box.session})
    return tuple(sorted(boxes, key=lambda box: (box.made, box.session, box.name)))


def write(profile: Profile, box: Box) -> Box:
    """Write one down, durably."""
    files.durable(_path(profile, box), msgspec.json.encode(box))
    return box


def begin(profile: Profile, box: Box) -> Box:
    """Write a new one down, durably, under the next name that is free, however many begin at once."""
    number = 1
    while True:
        again = msgspec.structs.replace(box, name=box.name if number == 1 else f"{box.name}-{number}")
        if not files.present(place(profile, again)):
            try:
                files.exclusive(_path(profile, again), msgspec.json.encode(again))
            except FileExistsError:
                pass
            else:
                return again
        number += 1


def forget(profile: Profile, now: float | None = None) -> tuple[str, ...]:
    """Remove bundles and records of what was removed more than 14 days ago; whose they were."""
    at = time.time() if now is None else now
    old = [box for box in listed(profile) if box.removed is not None and at - box.removed > KEPT]
    for box in old:
        files.durable_remove(bundle(profile, box))
        files.durable_remove(_path(profile, box))
    return tuple(f"{box.session}@{box.name}" for box in old)


def drop(profile: Profile, box: Box) -> None:
    """Forget a removed one: its record, its bundle."""
    files.durable_remove(_path(profile, box))
    files.durable_remove(bundle(profile, box))


def plain(name: str) -> str:
    """Make a folder's name one that a sandbox may have."""
    word = _ODD.sub("_", name)[:60].lstrip(".-")
    return word or "repository"


def _path(profile: Profile, box: Box) -> Path:
    return profile.sandboxes / f"{box.session}@{box.name}.json"


def _read(path: Path) -> Box | None:
    try:
        box = parsed(files.read_regular(path, _LIMIT), Box)
    except (FileNotFoundError, files.NotRegular, files.TooLarge):
        return None
    except ValueError:
        return None
    except OSError as error:
        raise Unreadable(path, error.strerror or type(error).__name__) from error
    whose = _RECORD.fullmatch(path.name)
    ours = whose is not None and whose.groups() == (box.session, box.name) and is_name(box.session)
    return box if ours else None
