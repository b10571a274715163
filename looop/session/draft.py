"""A meta session's draft: copies of the policy files, what it made of them, and that as a diff for a person.

In: a profile and a session's folder. Out: `draft/` filled, its digest, its changes, its diff. Nothing of it
lands here (`engine.proposals`); nothing in it is believed. Waits for disks: call it through `files.aside`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from looop.core.act import Write
from looop.core.diffs import CUT, unified
from looop.core.digest import digest as digest_of
from looop.core.moves import Leaf, Rejection, proposed
from looop.core.parsed import parsed
from looop.core.problem import Exit, Problem
from looop.core.quote import flat
from looop.store import copies, files, memory
from looop.store.paths import Profile

DRAFT = "draft"
_BASE = "draft.json"
_LARGEST_BASE = 4 << 20

LONGEST_DIFF = 128 << 10
"""Bytes of a diff that a person is shown; what is beyond is counted, and the draft's folder named."""


def fill(profile: Profile, folder: Path) -> Path:
    """Fill the session's draft with copies of the policy files as they stand; its path.

    A second call begins anew: what was in the draft is gone. OSError or Unreadable as reading DATA gives.
    """
    leaves = copies.fill(profile, folder / DRAFT)
    files.durable(folder / _BASE, msgspec.json.encode({path: leaf.digest for path, leaf in leaves.items()}))
    return folder / DRAFT


def whole(folder: Path) -> bool:
    """Tell whether the session has a draft, and what it was filled with."""
    return files.present(folder / DRAFT) and files.present(folder / _BASE)


def move(source: Path, target: Path) -> None:
    """Move a whole draft to a session that has none. One rename decides: a crash leaves it here or there."""
    files.durable(target / _BASE, files.read_regular(source / _BASE, _LARGEST_BASE))
    files.durable_rename(source / DRAFT, target / DRAFT)


def digest(profile: Profile, folder: Path) -> str:
    """Give the digest of the draft and of what it was filled with: a person's approval is bound to it.

    Problem MISSING `no-draft` when the session has none.
    """
    return _read(profile, folder).digest


def changes(profile: Profile, folder: Path) -> tuple[Write, ...]:
    """Give what would land: every changed file, checked as a tick's are.

    Problem NO `bad-draft` names what is wrong with it, NO `no-changes` an empty one, MISSING `no-draft`.
    """
    return _read(profile, folder).writes()


def approved(profile: Profile, folder: Path, proposal: str, name: str) -> tuple[Write, ...]:
    """Give what lands of the draft with the digest `proposal` (empty: whichever), read once.

    Problem REFUSED `draft-changed` for another digest, REFUSED `conflict`; else as `changes`.
    """
    found = _read(profile, folder)
    if proposal and found.digest != proposal:
        raise Problem(
            Exit.REFUSED,
            "draft-changed",
            f"{name} has changed its draft since it asked: nothing landed. It has to propose again.",
        )
    writes = found.writes()
    if torn := found.torn(writes):
        raise Problem(
            Exit.REFUSED,
            "conflict",
            f"{', '.join(torn)} changed since {name} began its draft: nothing landed. Deny the proposal and "
            "say so; the session has to begin from the files as they are now.",
        )
    return writes


def landed(profile: Profile, folder: Path) -> bool:
    """Tell whether every goal, sensor and PLAYBOOK stands in DATA as the draft has it."""
    found = _read(profile, folder)
    paths = (path for path in {*found.base, *found.leaves} if memory.is_policy(path))
    left = {path: found.leaves[path].digest if path in found.leaves else None for path in paths}
    changed = (path for path in left if left[path] != found.base.get(path))
    return all(copies.in_place(profile, path) == left[path] for path in changed)


def diff(profile: Profile, folder: Path) -> str:
    """Show what would land, as a unified diff of lines that a terminal can be given. Problem as `changes`."""
    found = _read(profile, folder)
    writes = found.writes()
    text = "".join(_shown(writes, found.before(), set(found.torn(writes))))
    if found.others:
        text += f"(no policy, so it won't land: {', '.join(flat(name, 80) for name in found.others[:20])})\n"
    if len(text.encode()) <= LONGEST_DIFF:
        return text
    kept = text.encode()[:LONGEST_DIFF].decode(errors="ignore").rpartition("\n")[0]
    return f"{kept}\n{CUT}; read the rest in {folder / DRAFT} before you approve)\n"


@dataclass(frozen=True, slots=True)
class _Draft:
    """A draft, read once: what is judged, shown and landed is then the same."""

    profile: Profile
    place: Path
    base: dict[str, str]
    leaves: dict[str, Leaf]
    others: tuple[str, ...]

    @property
    def digest(self) -> str:
        return digest_of(
            [self.base, {path: leaf.trouble or leaf.digest for path, leaf in self.leaves.items()}]
        )

    def writes(self) -> tuple[Write, ...]:
        found = proposed(self.before(), self.leaves, memory.archived(self.profile))
        if isinstance(found, Rejection):
            reason = flat(found.reason, 500)
            raise Problem(Exit.NO, "bad-draft", f"The draft can't be proposed: {reason}. Correct it first.")
        if not found:
            raise Problem(
                Exit.NO, "no-changes", f"Nothing in {self.place} differs from what it was filled with."
            )
        return found

    def before(self) -> dict[str, Leaf]:
        """Give the files that the draft was filled with, found where they still are.

        One that was changed in both places is nowhere any more: what stands is given, and it is torn.
        """
        found = {}
        for path, known in self.base.items():
            standing, kept = copies.leaf(self.profile.data / path), self.leaves.get(path, Leaf())
            found[path] = next((leaf for leaf in (standing, kept) if leaf.digest == known), standing)
        return found

    def torn(self, writes: tuple[Write, ...]) -> tuple[str, ...]:
        paths = (write.path for write in writes)
        return tuple(path for path in paths if copies.in_place(self.profile, path) != self.base.get(path))


def _shown(writes: tuple[Write, ...], before: dict[str, Leaf], torn: set[str]) -> Iterator[str]:
    moved = _moves(writes, before)
    for write in writes:
        if write.path in torn:
            yield f"(changed by somebody since this draft was begun, so it can't land: {write.path})\n"
        if write.path in moved:
            yield f"moved: {moved[write.path]} to {write.path}\n"
        elif write.path not in moved.values():
            old = before[write.path].data if write.path in before else None
            yield unified(write.path, old, write.data)


def _moves(writes: tuple[Write, ...], before: dict[str, Leaf]) -> dict[str, str]:
    """Map where a file goes unchanged to where it was: an archived goal above all."""
    gone = {before[write.path].data: write.path for write in writes if write.data is None}
    return {
        write.path: gone[write.data]
        for write in writes
        if write.data in gone and write.path not in before and write.path.startswith("goals/archive/")
    }


def _read(profile: Profile, folder: Path) -> _Draft:
    place = folder / DRAFT
    try:
        base = parsed(files.read_regular(folder / _BASE, _LARGEST_BASE), dict[str, str])
        return _Draft(profile, place, base, *copies.collect(place))
    except (FileNotFoundError, NotADirectoryError, ValueError, files.NotRegular, files.TooLarge) as error:
        raise Problem(
            Exit.MISSING,
            "no-draft",
            f"{place} is no draft that looop filled: only a meta session (--meta) has one.",
        ) from error
