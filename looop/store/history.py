"""Every version of a policy file that landed or was seen: its bytes by digest, and an index of the edits.

In: an edit and its bytes, before the old ones are gone; or paths that somebody changed. Out: `DATA/history/`:
`objects/<digest>`, and `index.jsonl`, one line an edit. Thinned by `core.edits`, under a lock of its own.
"""

import datetime as dt
import os
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

import msgspec

from looop.core import edits, ids
from looop.core.digest import digest_bytes
from looop.core.edits import Blob, By, Edit, Version
from looop.core.problem import Exit, Problem
from looop.store import files
from looop.store.paths import Profile
from looop.store.policy import LARGEST

_INDEX = 256 << 20
_LONGEST_END = 4 << 20  # of a torn line; what is longer stays, and counts as damaged
_TOGETHER = 64  # files that are written at once
_DECODER = msgspec.json.Decoder(Edit)


@dataclass(frozen=True, slots=True)
class History:
    """All edits that are kept, oldest first, and how many lines of the index can't be read."""

    edits: tuple[Edit, ...] = ()
    damaged: int = 0

    @property
    def names(self) -> frozenset[str]:
        """The ids in it."""
        return frozenset(edit.id for edit in self.edits)


def begun(profile: Profile) -> bool:
    """Tell whether anything was ever kept."""
    return files.present(_index(profile))


def read(profile: Profile) -> History:
    """Read the index; a line that is damaged is counted and passed over. OSError when it can't be read."""
    try:
        data = files.read_regular(_index(profile), _INDEX)
    except FileNotFoundError:
        return History()
    *lines, end = data.split(b"\n")
    if _edit(end):  # else a power cut or a full disk has torn what nobody was told of: `_add` writes over it
        lines.append(end)
    lines = [line for line in lines if line.strip()]
    found = tuple(edit for line in lines if (edit := _edit(line)))
    return History(found, len(lines) - len(found))


def content(profile: Profile, blob: Blob | None) -> bytes | None:
    """Give a version's bytes, None where no file was. Problem NO `no-version` if they are lost."""
    if blob is None:
        return None
    try:
        data = files.read_regular(_object(profile, blob.digest), LARGEST)
    except FileNotFoundError:
        raise _lost(blob, "are kept no more") from None
    except OSError as error:
        raise _lost(blob, f"can't be read ({error.strerror})") from error
    if digest_bytes(data) != blob.digest:
        raise _lost(blob, f"are damaged: {_object(profile, blob.digest)} holds others")
    return data


def record(profile: Profile, edit: Edit, contents: Iterable[bytes]) -> None:
    """Keep an edit that is about to be made, durably: its line, and all bytes of both sides (`contents`).

    A version in its way that nobody has told of is entered first, as seen from outside. An edit that is kept
    already, by its name and its files, is not added again. OSError when it can't be written.
    """
    with _locked(profile):
        past = read(profile)
        edit = _named(past, edit)
        if edit.id in past.names:
            files.settle(_index(profile))  # who wrote it may have been killed before it was on the disk
            return
        _keep(profile, [*contents])
        _enter(profile, past, [*_missed(past, edit), edit], edit.at)


def seen(
    profile: Profile, paths: Iterable[str], at: float, *, said: str = "", new: Container[str] = ()
) -> None:
    """Keep the files at these paths as they stand, durably, where that is news; `said`: the verb that did it.

    One of which nothing was kept counts as first seen, unless it is among the `new`. OSError if it can't be
    done.
    """
    with _locked(profile):
        past = read(profile)
        heads = edits.heads(past.edits)
        found, contents = list[Version](), list[bytes]()
        for path in sorted(set(paths)):
            with suppress(files.NotRegular, files.TooLarge):  # these are nobody's version
                blob, data = standing(profile, path)
                if edits.digest_of(blob) != edits.digest_of(heads.get(path)):
                    if blob is not None:
                        contents.append(data)
                    found.append(Version(path, heads.get(path), blob))
            if len(contents) == _TOGETHER:
                _keep(profile, contents)
                contents = []
        _keep(profile, contents)
        _enter(profile, past, _grouped(past, found, at, said, new), at)


def standing(profile: Profile, path: str) -> tuple[Blob | None, bytes]:
    """Read a file as it stands; None and nothing when it is absent. NotRegular, TooLarge, OSError."""
    place = profile.data / path
    try:
        data = files.read_regular(place, LARGEST)
        runnable = os.access(place, os.X_OK)
    except FileNotFoundError:
        return None, b""
    return blob_of(data, runnable=runnable), data


def blob_of(data: bytes, *, runnable: bool) -> Blob:
    """Describe bytes that a file holds, or will hold."""
    return Blob(digest_bytes(data), len(data), 0o700 if runnable else 0o600)


def fresh(past: History, kind: str, at: float) -> str:
    """Give a name `kind-YYYYMMDD-HHMMSS-hex` that no edit has."""
    moment = dt.datetime.fromtimestamp(at).astimezone()
    while (name := ids.stamped(kind, moment)) in past.names:
        moment += dt.timedelta(microseconds=1)
    return name


def _keep(profile: Profile, contents: Sequence[bytes]) -> None:
    """Write bytes by their digests, durably. A first look has hundreds: many wait for the disk together."""
    for start in range(0, len(contents), _TOGETHER):
        some = contents[start : start + _TOGETHER]
        files.durable_set([(_object(profile, digest_bytes(data)), data) for data in some])


def _named(past: History, edit: Edit) -> Edit:
    """Give an edit another name if its own is taken by other files: a flag's number may come again."""

    def fits(name: str) -> bool:
        there = {it for old in past.edits if old.id == name for it in old.files}
        return not there or there.issuperset(edit.files)

    others = (f"{edit.id}.{number}" for number in count(2))
    return msgspec.structs.replace(edit, id=next(filter(fits, chain([edit.id], others))))


def _missed(past: History, edit: Edit) -> list[Edit]:
    """Make the edits that came before this one, if the files don't stand as the last one left them."""
    heads = edits.heads(past.edits)
    missed = [
        Version(version.path, heads.get(version.path), version.before)
        for version in edit.files
        if edits.digest_of(version.before) != edits.digest_of(heads.get(version.path))
    ]
    return _grouped(past, missed, edit.at, "", ())


def _grouped(
    past: History, versions: Iterable[Version], at: float, said: str, new: Container[str]
) -> list[Edit]:
    """Make up to two edits of versions: what was seen for the first time, and what was changed."""
    heads = edits.heads(past.edits)
    first, changed = list[Version](), list[Version]()
    for version in versions:
        (changed if version.path in heads or version.path in new else first).append(version)
    by = By.VERB if said else By.OUTSIDE
    made = list[Edit]()
    for files_, kind, text in ((first, By.FIRST, ""), (changed, by, said)):
        if files_:
            name = fresh(History((*past.edits, *made)), "edit", at)
            made.append(Edit(name, at, kind, tuple(files_), text))
    return made


def _enter(profile: Profile, past: History, new: list[Edit], now: float) -> None:
    for edit in new:
        _add(profile, edit)
    everything = (*past.edits, *new)
    if edits.too_many(everything):
        with suppress(OSError):  # what could not be removed is tried again at the next edit
            _thin(profile, edits.thinned(everything, now))


def _add(profile: Profile, edit: Edit) -> None:
    """Add a line, durably, in place of the part of one that a write which was cut off has left at the end."""
    line = msgspec.json.encode(edit)
    end = files.tail(_index(profile), _LONGEST_END).rpartition(b"\n")[2]
    if end and not _edit(end):
        start = _index(profile).lstat().st_size - len(end)
        files.mend_tail(_index(profile), start, line + b"\n")
        files.sync_folder(_index(profile))
    else:
        files.append_durable(_index(profile), line.decode())


def _thin(profile: Profile, kept: Collection[Edit]) -> None:
    """Forget what is not kept: the index first, so that it never speaks of bytes that are gone."""
    files.durable(_index(profile), b"".join(msgspec.json.encode(edit) + b"\n" for edit in kept))
    wanted: Mapping[str, int] = edits.blobs(kept)
    folder = profile.history / "objects"
    for name in os.listdir(folder):  # noqa: PTH208 - thousands of names
        if name not in wanted:
            files.durable_remove(folder / name)


def _locked(profile: Profile) -> files.Lock:
    """Take the history's lock, which is held for moments; the policy lock may be held, never taken after."""
    files.private_dir(profile.history / "objects", below=profile.data)
    return files.lock(profile.history / ".lock", block=True)


def _edit(line: bytes) -> Edit | None:
    try:
        return _DECODER.decode(line)
    except (ValueError, RecursionError):  # what is no UTF-8 is a ValueError only
        return None


def _lost(blob: Blob, why: str) -> Problem:
    return Problem(Exit.NO, "no-version", f"The bytes of the version {blob.digest[:12]} {why}.")


def _index(profile: Profile) -> Path:
    return profile.history / "index.jsonl"


def _object(profile: Profile, digest: str) -> Path:
    return profile.history / "objects" / digest
