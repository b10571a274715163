"""The history of the policy files, as values: who changed which file from which bytes to which.

In: edits, oldest first. Out: what stands now, which landing is the newest that was not undone, and what may
be forgotten. Pure; `store.history` keeps the bytes.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum

import msgspec

MOST_VERSIONS = 1000
"""Versions of one file that are kept, the newest."""

MOST_BYTES = 200 << 20
"""Bytes of all versions together; equal bytes count once."""

MOST_EDITS = 10_000
"""Edits in all."""

UNDOABLE = 14 * 86400.0
"""Seconds for which what looop itself changed is kept whatever the limits say, so that it can be undone."""

SLACK = 1.1
"""How far a limit may be passed before all limits are applied: not at every landing."""


class By(Enum):
    """Who made an edit. `FLAG`: it landed on a person's answer to one. `OUTSIDE`: looop found it there.

    `FIRST` is none: looop saw the file for the first time, whoever had made it.
    """

    TICK = "tick"
    FLAG = "flag"
    UNDO = "undo"
    VERB = "verb"
    OUTSIDE = "outside"
    FIRST = "first seen"

    def __str__(self) -> str:
        return self.value


class Blob(msgspec.Struct, frozen=True):
    """The bytes of a file: their SHA-256, their number, and the file's mode."""

    digest: str
    size: int
    mode: int = 0o600


class Version(msgspec.Struct, frozen=True):
    """One file before and after an edit; None: it was not there, or is there no more."""

    path: str
    before: Blob | None = None
    after: Blob | None = None

    @property
    def did(self) -> str:
        """Say what became of the file."""
        if self.before is None:
            return "created"
        return "removed" if self.after is None else "changed"


class Edit(msgspec.Struct, frozen=True):
    """Files that changed at once. `id` names it: a run, `flag-7`, `undo-…`, `edit-…`.

    `said` is the verb of a person, `of` what an undo undid. `at` is epoch seconds.
    """

    id: str
    at: float
    by: By
    files: tuple[Version, ...] = ()
    said: str = ""
    of: str = ""
    v: int = 1

    @property
    def landed(self) -> bool:
        """Whether an AI's work landed by it."""
        return self.by in {By.TICK, By.FLAG}


def heads(edits: Iterable[Edit]) -> dict[str, Blob | None]:
    """Give what each path held after the last edit of it; None for what was removed."""
    return {version.path: version.after for edit in edits for version in edit.files}


def digest_of(blob: Blob | None) -> str | None:
    """Give a blob's digest, None for none: two blobs of other modes may hold the same bytes."""
    return None if blob is None else blob.digest


def last_landing(edits: Sequence[Edit]) -> Edit | None:
    """Find the newest landing that still counts: it was not undone, or its undo was undone."""
    undone = set[str]()
    for edit in reversed(edits):
        if edit.id in undone:
            continue
        if edit.landed:
            return edit
        undone.add(edit.of)
    return None


def newer(edits: Sequence[Edit], edit: Edit, path: str) -> Edit | None:
    """Find the last edit of a path after this one; None if this one was the last."""
    found = next((it for it in reversed(edits) if any(v.path == path for v in it.files)), None)
    return None if found is None or found.id == edit.id else found


def too_many(edits: Sequence[Edit]) -> bool:
    """Tell whether a limit was passed by more than the slack."""
    most = max(Counter(version.path for edit in edits for version in edit.files).values(), default=0)
    held = sum(blobs(edits).values())
    passed = most > MOST_VERSIONS * SLACK, held > MOST_BYTES * SLACK, len(edits) > MOST_EDITS * SLACK
    return any(passed)


def thinned(edits: Sequence[Edit], now: float) -> tuple[Edit, ...]:
    """Keep what the limits allow, newest first; never drop a file's newest version, nor what is undoable."""
    kept, keeps = list[Edit](), _Keeps()
    for edit in reversed(edits):
        undoable = edit.by not in {By.OUTSIDE, By.FIRST} and now - edit.at < UNDOABLE
        room = len(kept) < MOST_EDITS
        files = tuple(it for it in edit.files if keeps.take(it, undoable=undoable, room=room))
        if files:
            kept.append(msgspec.structs.replace(edit, files=files))
    return tuple(reversed(kept))


class _Keeps:
    """What is kept so far: versions by path, digests, and their bytes in all."""

    def __init__(self) -> None:
        self._versions = Counter[str]()
        self._digests = set[str]()
        self._bytes = 0

    def take(self, version: Version, *, undoable: bool, room: bool) -> bool:
        """Keep a version that must be kept or for which there is room, and tell whether it is."""
        new = {digest: size for digest, size in _blobs(version) if digest not in self._digests}
        count, held = self._versions[version.path], self._bytes + sum(new.values())
        fits = room and count < MOST_VERSIONS and held <= MOST_BYTES
        if not (undoable or count == 0 or fits):
            return False
        self._versions[version.path] += 1
        self._digests.update(new)
        self._bytes = held
        return True


def blobs(edits: Iterable[Edit]) -> dict[str, int]:
    """Give all digests that edits speak of, with their sizes."""
    return {digest: size for edit in edits for version in edit.files for digest, size in _blobs(version)}


def _blobs(version: Version) -> Iterator[tuple[str, int]]:
    return ((blob.digest, blob.size) for blob in (version.before, version.after) if blob is not None)
