"""What must hold of a profile's files whatever was killed, and when.

In: a profile, once everything that was cut off has had its next beat. Out: one sentence for each thing that
does not hold.
"""

import fcntl
import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from looop.core import edits
from looop.core.digest import digest_bytes
from looop.store import history, ledger
from looop.store.files.writing import TEMP_PREFIX, TEMP_SUFFIX
from looop.store.ledger import RUNNING
from looop.store.paths import Profile
from support.person import Person

_LINE = re.compile(r"- \d{4}-\d\d-\d\d \d\d:\d\d \S.*")
_LONG_AGO = 3600.0
"""Seconds by which temporary files are made older: longer than any write takes."""


def time_passes(profile: Profile) -> None:
    """Make what killed writers left behind older than any write that may still go on."""
    for path in temps(profile):
        found = path.lstat()
        os.utime(path, (found.st_atime - _LONG_AGO, found.st_mtime - _LONG_AGO))


def next_beat(looop: Person, *, edited: bool = False) -> Iterator[str]:
    """Have a beat that asks the AI, as a person would to see whether all is well.

    It has to find no edit of a person's, unless some `edited`: by a verb, too.
    """
    time_passes(looop.profile)
    done = looop.call("tick", "--force")
    if done.returncode != 0:
        yield f"the next tick ended with {done.returncode}: {done.stdout}{done.stderr}"
    if not edited and (found := re.search(r"^edited: .*", done.stderr, re.MULTILINE)):
        yield f"what looop wrote itself passed for a person's edit ({found[0]})"


def broken(looop: Person) -> Iterator[str]:
    """Say what is torn, left over, held, lost or doubled, once all that lives has been told to end."""
    profile = looop.profile
    if looop.lives():
        looop("down", "--all")
    yield from _torn(profile)
    yield from (f"{path} was left behind" for path in temps(profile))
    yield from _held(profile)
    yield from _journal(profile)
    yield from _spent(profile)
    yield from _past(profile)


def lines(path: Path) -> list[str]:
    """Give the lines of a file that a story writes; none when it is not there."""
    return path.read_text().splitlines() if path.exists() else []


def journal(profile: Profile) -> list[str]:
    """Give the journal's texts, without their dates."""
    return [line[19:] for line in lines(profile.journal)]


def _torn(profile: Profile) -> Iterator[str]:
    for path in _files(profile):
        data = path.read_bytes()
        texts = {".json": [data], ".jsonl": data.split(b"\n")[:-1]}.get(path.suffix, [])
        if path.suffix == ".jsonl" and data and not data.endswith(b"\n"):
            yield f"{path} ends within a line"
        yield from no_json(path, texts)


def no_json(path: Path, texts: Iterable[bytes]) -> Iterator[str]:
    """Say which of these, which stand in that file, is no JSON."""
    for text in texts:
        try:
            json.loads(text)
        except ValueError:
            yield f"{path} holds what is no JSON: {text[:60]!r}"


def _held(profile: Profile) -> Iterator[str]:
    for path in _files(profile):
        if path.suffix == ".lock" or path.name == ".lock":
            with path.open("rb") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    yield f"{path} is held, and nobody lives"


def _journal(profile: Profile) -> Iterator[str]:
    for line in lines(profile.journal):
        if not _LINE.fullmatch(line):
            yield f"the journal has a line that is none: {line!r}"
    tail = profile.journal.read_bytes()[-1:] if profile.journal.exists() else b"\n"
    if tail != b"\n":
        yield "the journal's last line has no end"


def _spent(profile: Profile) -> Iterator[str]:
    for entry in ledger.entries(profile, 0.0):
        if entry.outcome == RUNNING:
            yield f"the ledger has {entry.run} as running still"
    raw = [json.loads(line) for line in lines(profile.cost)]  # `entries` keeps the last of each run
    ends = Counter(it["run"] for it in raw if it["run"] and it["outcome"] != RUNNING and not it["session"])
    yield from (f"the ledger has the end of {run} {count} times" for run, count in ends.items() if count > 1)


def _past(profile: Profile) -> Iterator[str]:
    past = history.read(profile)
    if past.damaged:
        yield f"{past.damaged} lines of the history are damaged"
    names = Counter(edit.id for edit in past.edits)
    yield from (f"the history has {name} {count} times" for name, count in names.items() if count > 1)
    for edit in past.edits:
        for version in edit.files:
            for blob in (version.before, version.after):
                if blob and not _kept(profile, blob.digest):
                    yield f"the bytes of {version.path} in {edit.id} are lost"
    for path, blob in edits.heads(past.edits).items():
        standing, _ = history.standing(profile, path)
        if edits.digest_of(standing) != edits.digest_of(blob):
            yield f"{path} does not stand as the history has it"


def _kept(profile: Profile, digest: str) -> bool:
    path = profile.history / "objects" / digest
    return path.exists() and digest_bytes(path.read_bytes()) == digest


def temps(profile: Profile) -> list[Path]:
    """List what a writer that was killed leaves behind."""
    return [path for path in profile.data.rglob(f"{TEMP_PREFIX}*{TEMP_SUFFIX}") if not path.is_symlink()]


def _files(profile: Profile) -> list[Path]:
    return [path for path in profile.data.rglob("*") if path.is_file() and not path.is_symlink()]
