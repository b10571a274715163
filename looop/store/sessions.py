"""The sessions' folders: what lies in them, which generation is the newest, how one makes way for the next.

In: `sessions/<id>/`, earlier ones in `sessions/<id>@<n>/`. Out: `Entry`s, for the engine and, without one,
for whoever reads. A stray or half-made folder is no session and stops nothing; only ENOENT is absence.
"""

import contextlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from looop.core.ids import PULSE, is_name
from looop.core.parsed import parsed
from looop.core.problem import Exit, Problem
from looop.core.sessions import Known, Meta, Question, SessionView
from looop.store import files, questions
from looop.store.files.writing import TEMP_PREFIX
from looop.store.paths import Profile

META = "meta.json"
STATUS = "status.json"
_LIMIT = 4 << 20
_EARLIER = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,63})@([1-9]\d{0,8})", re.ASCII)
_BRIEF = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,63})-([0-9A-Z]{26})\.md", re.ASCII)
_HALF = frozenset({"draft", "draft.json", "task.md", "hook.json"})  # what a start makes before META
_EXACT = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,63})@((?=[0-9]*[A-Z])[0-9A-Z]{1,26})", re.ASCII)

T = TypeVar("T", Meta, Known)


@dataclass(frozen=True, slots=True)
class Entry:
    """One generation as its folder has it."""

    folder: Path
    meta: Meta
    known: Known

    @property
    def id(self) -> str:
        """The session's id."""
        return self.meta.id


@dataclass(frozen=True, slots=True)
class Asked:
    """What a generation has asked and been told: its open flag, and how many answers there are."""

    flag: Question | None = None
    answers: int = 0
    undelivered: int = 0

    @property
    def pending(self) -> bool:
        """Whether a person or the session still waits for something."""
        return self.flag is not None or self.undelivered > 0


def folder(profile: Profile, name: str) -> Path:
    """Give the folder of an id's newest generation, or of `<id>@<n>`."""
    return profile.sessions / name


def prompt_file(profile: Profile, name: str, generation: str) -> Path:
    """Give the file of a generation's brief."""
    return profile.prompts / f"{name}-{generation}.md"


def read(place: Path) -> Entry | None:
    """Read one generation; None for a folder that is none. OSError when it is there but can't be read.

    A status that is absent or broken is that of a session that has just been started.
    """
    meta = _decoded(place / META, Meta)
    if meta is None or (place.name.partition("@")[0] != meta.id):
        return None
    return Entry(place, meta, _decoded(place / STATUS, Known) or Known(since=meta.created))


def listed(profile: Profile) -> tuple[Entry, ...]:
    """Read the newest generation of every id, by id. OSError when one is there but can't be read."""
    found = (read(profile.sessions / name) for name in _names(profile) if is_name(name) and name != PULSE)
    return tuple(entry for entry in found if entry is not None)


def find(profile: Profile, name: str) -> Entry | None:
    """Read an id's newest generation, or the one that `<id>@<n>` or `exact` names; None if there is none."""
    if (one := _EXACT.fullmatch(name)) is not None:
        places = (folder(profile, one[1]), *earlier(profile, one[1]))
        found = (read(place) for place in places)
        return next((entry for entry in found if entry and entry.meta.generation == one[2]), None)
    if not (is_name(name) or _EARLIER.fullmatch(name)) or name == PULSE:
        return None
    return read(profile.sessions / name)


def exact(name: str, generation: str) -> str:
    """Give the name of one generation that stays its own when a later one begins."""
    return f"{name}@{generation}"


def earlier(profile: Profile, name: str) -> tuple[Path, ...]:
    """Give the folders of an id's earlier generations, oldest first."""
    found = [(int(it[2]), it[0]) for it in map(_EARLIER.fullmatch, _names(profile)) if it and it[1] == name]
    return tuple(profile.sessions / word for _, word in sorted(found))


def repeated(profile: Profile) -> tuple[str, ...]:
    """Name the ids that have earlier generations."""
    return tuple(sorted({it[1] for it in map(_EARLIER.fullmatch, _names(profile)) if it}))


def write_meta(entry: Entry, *before: tuple[Path, bytes]) -> None:
    """Write what a generation is started with, durably, after the files and bytes in `before`."""
    files.durable_set((*before, (entry.folder / META, msgspec.json.encode(entry.meta))))
    files.sync_folder(entry.folder)  # `supersede` has left that to us: one wait for the disk is enough


def write_known(place: Path, known: Known, *, durably: bool) -> None:
    """Write what is known of a generation; equal bytes are not written again."""
    data = msgspec.json.encode(known)
    if durably:
        files.durable(place / STATUS, data)
    else:
        files.scratch(place / STATUS, data)


def asked(place: Path) -> Asked:
    """Read what a generation has asked and been told. Unreadable as `questions` says."""
    told = questions.answers(place)
    waiting = sum(answer.delivered is None for answer in told)
    return Asked(questions.read(place), len(told), waiting)


def supersede(profile: Profile, name: str) -> int:
    """Make room for a new generation: move the newest aside and make an empty folder; the new one's number.

    A folder without `meta.json` was never a generation and is removed. Interrupted, `mend` undoes it. Like
    all here that renames or removes a generation, it may wait for a moment on those who ask and answer.
    Problem REFUSED `stray-file` when the name is taken by what is no folder.
    """
    with questions.locked(profile):
        place = folder(profile, name)
        if _stray(place):
            raise Problem(
                Exit.REFUSED,
                "stray-file",
                f"{place} is a file where the folder of session {name} belongs: move it away and try again.",
            )
        last = max([0, *(_number(path) for path in earlier(profile, name))])
        if files.present(place / META):
            meta = _decoded(place / META, Meta)
            last = max(meta.number if meta else 0, last + 1)
            files.durable_rename(place, place.with_name(f"{name}@{last}"))
        else:
            files.remove_tree(place)
        files.scratch_dir(place, below=profile.data)
        return last + 1


def take_back(profile: Profile, name: str) -> None:
    """Undo `supersede`: remove the newest folder, and let the generation before it be the newest again."""
    with questions.locked(profile):
        place = folder(profile, name)
        files.durable_remove_tree(place)
        if before := earlier(profile, name):
            files.durable_rename(before[-1], place)


def mend(profile: Profile) -> None:
    """Take back every start that ended before its `meta.json` was written, and forget its brief.

    Only for who starts sessions, before it starts any: nobody else's start is half done then.
    """
    followed = set(repeated(profile))
    for name in sorted(followed | {name for name in _names(profile) if is_name(name) and name != PULSE}):
        place = profile.sessions / name
        half = not _stray(place) and not files.present(place / META)
        if half and (name in followed or _ours(place)):
            take_back(profile, name)
    _forget_briefs(profile)


def _ours(place: Path) -> bool:
    """Whether a folder holds nothing but what a start makes first: a person's own has other things in it."""
    try:
        names = os.listdir(place)  # noqa: PTH208 - names are all that is wanted
    except OSError:  # who can't be looked into is left alone
        return False
    return all(name in _HALF or name.startswith(TEMP_PREFIX) for name in names)


def _forget_briefs(profile: Profile) -> None:
    """Remove the briefs of generations that there are none of, if all of their sessions' are known."""
    known: dict[str, set[str | None]] = {}
    for word in _names(profile):
        if word != PULSE and (is_name(word) or _EARLIER.fullmatch(word)):
            entry = read(profile.sessions / word)
            known.setdefault(word.partition("@")[0], set()).add(entry.meta.generation if entry else None)
    with contextlib.suppress(FileNotFoundError):
        for it in filter(None, map(_BRIEF.fullmatch, os.listdir(profile.prompts))):  # noqa: PTH208 - names
            if not {None, it[2]} & known.get(it[1], set()):
                files.remove_tree(profile.prompts / it[0])


def remove(profile: Profile, place: Path) -> bool:
    """Remove one generation with its brief; False if somebody still waits for its flag or for an answer."""
    with questions.locked(profile):
        if asked(place).pending:
            return False
        with contextlib.suppress(OSError):
            if entry := read(place):
                files.remove_tree(prompt_file(profile, entry.id, entry.meta.generation))
        files.remove_tree(place)
        return True


def view(
    entry: Entry,
    asked: Asked,
    *,
    size: tuple[int, int] | None = None,
    pid: int | None = None,
    offset: int = 0,
    title: str = "",
    attached: int = 0,
) -> SessionView:
    """Make what verbs show of a generation."""
    meta, known = entry.meta, entry.known
    return SessionView(
        id=meta.id,
        generation=meta.generation,
        state=known.state,
        since=known.since,
        evidence=f"{known.source}: {known.said}" if known.said else known.source,
        created=meta.created,
        size=size or meta.size,
        code=known.code,
        outside=known.outside,
        ended=known.ended,
        flag=asked.flag,
        answers=asked.answers,
        undelivered=asked.undelivered,
        outcome=known.outcome,
        note=known.note,
        goal=meta.goal,
        runner=meta.runner,
        meta=meta.meta,
        news=known.news,
        news_name=known.news_name,
        pid=pid,
        offset=offset,
        title=title,
        attached=attached,
        sent=known.sent,
        guard=known.guard,
        guard_said=known.guard_said,
        verdict=known.verdict,
    )


def _names(profile: Profile) -> tuple[str, ...]:
    try:
        return tuple(sorted(os.listdir(profile.sessions)))  # noqa: PTH208 - names are all that is wanted
    except FileNotFoundError:
        return ()


def _stray(place: Path) -> bool:
    """Tell whether something that is no folder has this name; it is not ours to remove."""
    return files.present(place) and not place.is_dir()


def _number(place: Path) -> int:
    return int(place.name.partition("@")[2])


def _decoded(path: Path, kind: type[T]) -> T | None:
    try:
        return parsed(files.read_regular(path, _LIMIT), kind)
    except (FileNotFoundError, NotADirectoryError, files.NotRegular, files.TooLarge):
        return None
    except ValueError:
        return None
