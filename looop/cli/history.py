"""What became of the policy files, and by whom: `history` and `diff`.

In: the kept edits. Out: a list of them, or one as unified diffs that any terminal can be given.
Neighbour: `undo` takes one back.
"""

from collections.abc import Iterator

import msgspec

from looop.cli.disk import disk
from looop.cli.inject import ACall, ALive, AProfile, Json, Tail
from looop.cli.mistakes import missing
from looop.cli.show import emit, line, many, table, when
from looop.cli.tab import Edited, PolicyPath
from looop.core import edits
from looop.core.diffs import unified
from looop.core.edits import By, Edit, Version
from looop.core.problem import Exit, Problem
from looop.store import history as store
from looop.store.history import History
from looop.store.paths import Profile

_NONE = "Nothing was kept yet: the first beat or landing begins the history."


class HistoryView(msgspec.Struct, frozen=True):
    """What `history --json` prints, oldest first; `damaged` counts lines of the index that can't be read."""

    edits: tuple[Edit, ...]
    damaged: int = 0
    v: int = 1


class FileDiff(msgspec.Struct, frozen=True):
    """One file of an edit; `trouble` says why there is no diff."""

    path: str
    did: str
    diff: str
    trouble: str | None = None


class DiffView(msgspec.Struct, frozen=True):
    """What `diff --json` prints; `at` is epoch seconds, `said` a person's verb, `of` what an undo undid."""

    id: str
    at: float
    by: By
    files: tuple[FileDiff, ...]
    said: str = ""
    of: str = ""
    v: int = 1


async def history(
    file: PolicyPath | None = None,
    /,
    *,
    call: ACall,
    profile: AProfile,
    live: ALive,
    tail: Tail = 20,
    json: Json = False,
) -> int:
    """List what changed PLAYBOOK, goals and sensors, or one FILE of them, and who did it."""
    past = await disk(live, store.read, profile)
    found = past.edits if file is None else _of(past, _path(past, file))
    view = HistoryView(found[-tail:] if tail else found, past.damaged)
    await emit(call, view, "\n".join(_listed(view)), json=json)
    return int(Exit.DONE)


async def diff(
    what: Edited | None = None, /, *, call: ACall, profile: AProfile, live: ALive, json: Json = False
) -> int:
    """Show what a RUN, or any edit that `history` names, changed; of a FILE, and of none, the last edit."""
    view = await disk(live, _diff, profile, what)
    parts = [f"{line(view.id)}, {when(view.at)}, {_who(view)}\n"]
    parts += [f"{line(it.path)}: {line(it.trouble)}\n" if it.trouble else it.diff for it in view.files]
    await emit(call, view, "".join(parts), json=json)
    return int(Exit.DONE)


def _listed(view: HistoryView) -> Iterator[str]:
    rows = [[when(edit.at), edit.id, _who(edit), _files(edit)] for edit in view.edits]
    yield table(rows) or _NONE
    if view.damaged:
        yield f"{many(view.damaged, 'line')} of the index can't be read; what else is kept is not touched."


def _who(edit: Edit | DiffView) -> str:
    match edit.by:
        case By.VERB:
            return f"`looop {line(edit.said, 40)}`"
        case By.FLAG:
            return f"your answer to ⚑ {line(edit.id.removeprefix('flag-'), 40)}"
        case By.UNDO:
            return f"undo of {line(edit.of, 40)}"
        case By.OUTSIDE:
            return "changed from outside"
        case _:
            return str(edit.by)


def _files(edit: Edit) -> str:
    told = edit.by is not By.FIRST  # who made that file, and when, nobody knows
    return ", ".join(f"{line(it.path, 60)}{f' {it.did}' if told else ''}" for it in edit.files)


def _diff(profile: Profile, what: str | None) -> DiffView:
    past = store.read(profile)
    if not past.edits:
        raise Problem(Exit.MISSING, "no-edit", _NONE)
    edit = next((edit for edit in past.edits if edit.id == what), None)
    shown = edit.files if edit else ()
    if what is None:
        edit, shown = past.edits[-1], past.edits[-1].files
    elif edit is None:
        path = _path(past, what)
        edit = _of(past, path)[-1]
        shown = tuple(it for it in edit.files if it.path == path)
    files = tuple(_one(profile, it) for it in shown)
    return DiffView(edit.id, edit.at, edit.by, files, edit.said, edit.of)


def _one(profile: Profile, version: Version) -> FileDiff:
    try:
        both = store.content(profile, version.before), store.content(profile, version.after)
    except Problem as lost:
        return FileDiff(version.path, version.did, "", lost.text)
    return FileDiff(version.path, version.did, unified(version.path, *both))


def _of(past: History, path: str) -> tuple[Edit, ...]:
    return tuple(edit for edit in past.edits if any(it.path == path for it in edit.files))


def _path(past: History, word: str) -> str:
    """Understand `PLAYBOOK`, `goals/x`, `x` and the like as one of the files that have a version."""
    there = edits.heads(past.edits)
    forms = (word, f"{word}.md", f"{word}.sh", f"goals/{word}", f"goals/{word}.md", f"sensors/{word}.sh")
    for form in forms:
        if form in there:
            return form
    raise missing(
        "no-edit", "file or edit", word, [*there, *past.names], "`looop history` lists what is kept"
    )
