"""The verb `sandbox`: a worktree or clone for a session, where its work on code happens; and its end.

In: a session's id, a repository. Out: a folder's path, the list, or why one stays. Runs in the caller's own
process, and so with a worker's rights. Neighbours: `child.sandbox` does it, `setting_up` runs the hooks.
"""

import errno
import os
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from looop.cli.inject import FLAG, ACall, AProfile, Json
from looop.cli.show import emit, line, news, table, when
from looop.cli.tab import Folder, SessionId
from looop.core import ids
from looop.core.problem import Exit, Problem
from looop.engine.ask import HERE, ask
from looop.engine.call import Call, Kind
from looop.store import clones, questions, sandboxes
from looop.store.paths import Profile
from looop.store.sandboxes import CLONE, Box

_ID = "LOOOP_SESSION_ID"
_CLOSED = {errno.EROFS, errno.EACCES, errno.EPERM}  # what a cell's walls are called


class SandboxView(msgspec.Struct, frozen=True):
    """One sandbox. `kind` is `box`, `worktree` or `clone`; of a box that is to be made nothing else is known.

    `base` is the commit it began at; `keeps` says why it was not removed; `bundle` is the file that has its
    commits when it was. Times are epoch seconds.
    """

    session: str
    kind: str = "worktree"
    path: str | None = None
    repository: str = ""
    branch: str = ""
    base: str = ""
    made: float | None = None
    setup: str = ""
    removed: float | None = None
    bundle: str | None = None
    keeps: tuple[str, ...] = ()


class SandboxesView(msgspec.Struct, frozen=True):
    """What `sandbox --json` prints: those that it was about, oldest first."""

    sandboxes: tuple[SandboxView, ...]
    v: int = 1


async def sandbox(  # noqa: PLR0913 - its flags
    name: SessionId = "",
    /,
    *,
    call: ACall,
    profile: AProfile,
    repo: Annotated[Folder | None, Parameter(help="Make one of the git repository in this folder.")] = None,
    branch: Annotated[
        str | None, Parameter(help="The last word of its branch looop/SESSION/…; else a number.")
    ] = None,
    remove: Annotated[bool, FLAG, Parameter(help="Remove what is committed and merged or pushed.")] = False,
    restore: Annotated[bool, FLAG, Parameter(help="Bring back what was removed.")] = False,
    bundle: Annotated[
        str | None,
        Parameter(help="Write the commits of its clone (with several: that of --repo) to this file."),
    ] = None,
    json: Json = False,
) -> int:
    """Make a worktree for a session on a branch of its own, print its path, and set it up; or list them.

    Asking again gives the same one. A session's own program needs no name. `sandbox_setup` in CONFIG, and for
    a session's own program an executable `.looop/setup` in the repository too, sets a new one up. From its
    cell a session makes a clone instead, which holds its commits until a person takes them. Removing one
    keeps its branch, and for 14 days a bundle of its commits; it stays, with exit code 1, when something
    would be lost. Where `box` is installed, sandboxes are to be made with that.
    """
    wishes = (repo is not None or bundle is not None) + remove + restore
    if wishes > 1:
        raise Problem(Exit.USAGE, "bad-value", "Give one of --repo, --remove, --restore and --bundle.")
    session = await _whose(name, call, profile, changes=bool(wishes))
    if bundle is not None:
        of = None if repo is None else str((Path(call.cwd) / repo).resolve())
        return await _bundle(session, of, Path(call.cwd) / bundle, call, profile, json=json)
    if repo is not None:
        return await _make(session, Path(call.cwd) / repo, branch, call, profile, json=json)
    there = clones.every(profile, session or None)
    if remove:
        return await _remove(session, there, call, profile, json=json)
    if restore:
        return await brought_back(session, call, profile, json=json)
    await _show(call, [_view(profile, box) for box in there], json=json)
    return int(Exit.DONE)


async def _whose(name: str, call: Call, profile: Profile, *, changes: bool) -> str:
    """Tell whose sandbox it is about: a worker's own, else the one named. Problem REFUSED `not-yours`."""
    name = ids.session_id(name) if name else ""
    kind = call.caller.kind
    if changes and kind is Kind.CHILD:
        mine = await _mine(call, profile)
        if mine and name not in {"", mine}:
            raise Problem(Exit.REFUSED, "not-yours", f"{mine} has its own sandbox alone, not that of {name}.")
        name = mine
    elif changes and kind in {Kind.TICK, Kind.LOOP}:
        raise Problem(Exit.REFUSED, "not-yours", "A tick makes no sandbox: the session that it starts does.")
    elif changes:
        name = name or call.env.get(_ID, "")
    if changes and not name:
        raise Problem(Exit.USAGE, "no-session", "Which session is it for? `looop sandbox ID --repo PATH`.")
    return name


async def _mine(call: Call, profile: Profile) -> str:
    """Name the session that calls: by its process where an engine can tell, else by the variable."""
    answer = await ask(profile.sock, HERE)
    if answer is not None and answer.code == Exit.DONE:
        return answer.out
    return call.env.get(_ID, "")


async def _make(
    session: str, path: Path, branch: str | None, call: Call, profile: Profile, *, json: bool
) -> int:
    from looop.child import clone, worktree  # noqa: PLC0415 - only this verb runs git
    from looop.child import sandbox as made  # noqa: PLC0415 - as above
    from looop.cli import setting_up  # noqa: PLC0415 - as above

    place = questions.place_of(profile, session)
    if place is None and call.caller.kind is Kind.CHILD:
        raise Problem(Exit.USAGE, "no-session", f"A sandbox belongs to a session, and {_ID} names none.")
    if worktree.box(call.env):
        view = SandboxesView((SandboxView(session, "box"),))
        await emit(call, view, "box is installed: make your sandbox with it.", json=json)
        return int(Exit.DONE)
    generation = place.generation if place else ""
    try:
        box = await made.ensure(profile, session, path, call.env, generation=generation, branch=branch)
    except OSError as error:
        if error.errno not in _CLOSED or call.caller.kind is not Kind.CHILD:
            raise
        box = await clone.ensure(profile, session, path, call.env, generation=generation, branch=branch)
    box = await setting_up.run(profile, box, call)
    where = str(sandboxes.place(profile, box))
    await emit(call, SandboxesView((_view(profile, box),)), where, json=json)
    if box.kind == CLONE and not json:
        await news(call, f"looop: a clone of {line(box.repository)}: a person takes its commits from here.")
    if box.setup in {"", setting_up.DONE}:
        return int(Exit.DONE)
    await news(call, f"looop: it is there, but its setup {line(box.setup)}: mend that and ask again.")
    return int(Exit.NO)


async def _remove(session: str, there: Iterable[Box], call: Call, profile: Profile, *, json: bool) -> int:
    from looop.child import sandbox as made  # noqa: PLC0415 - as above

    boxes = [box for box in there if box.removed is None]
    if not boxes:
        raise _none(session)
    _check_over(session, call, profile)
    if call.caller.kind is Kind.CHILD and not os.access(profile.sandboxes, os.W_OK):
        raise _in_a_cell(session)
    kept = {box.name: await made.remove(profile, box, call.env) for box in boxes}
    views = [
        _view(profile, box, kept[box.name]) for box in clones.every(profile, session) if box.name in kept
    ]
    await _show(call, views, json=json)
    return int(Exit.NO if any(kept.values()) else Exit.DONE)


async def _bundle(
    session: str, of: str | None, file: Path, call: Call, profile: Profile, *, json: bool
) -> int:
    from looop.child import clone  # noqa: PLC0415 - as above

    if call.caller.kind is Kind.CHILD:
        raise Problem(Exit.REFUSED, "not-yours", "A person takes a sandbox's commits: commit, and say so.")
    there = (box for box in clones.every(profile, session) if box.kind == CLONE and box.removed is None)
    boxes = [box for box in there if of in {None, box.repository}]
    if not boxes:
        raise _none(session, "cloned ")
    if len(boxes) > 1:
        raise Problem(Exit.USAGE, "several", f"{session} has {len(boxes)} clones: say of which --repo.")
    try:
        some = await clone.bundle_to(profile, boxes[0], file, call.env)
    except FileExistsError as error:
        raise Problem(Exit.NO, "exists", f"{file} exists: give the name of a new file.") from error
    if not some:
        raise Problem(Exit.NO, "no-commits", f"{session} has no commits that its repository lacks.")
    take = f"git -C {shlex.quote(boxes[0].repository)} fetch {shlex.quote(str(file))} {boxes[0].branch}"
    view = msgspec.structs.replace(_view(profile, boxes[0]), bundle=str(file))
    await emit(call, SandboxesView((view,)), f"{line(take)}  # then look at FETCH_HEAD", json=json)
    return int(Exit.DONE)


async def brought_back(session: str, call: Call, profile: Profile, *, json: bool) -> int:
    """Restore what was removed of a session's sandboxes, and show it. Problem MISSING `no-sandbox`."""
    from looop.child import sandbox as made  # noqa: PLC0415 - as above

    boxes = [box for box in sandboxes.listed(profile, session) if box.removed is not None]
    if not boxes:
        raise _none(session, "removed ")
    views = [_view(profile, await made.restore(profile, box, call.env)) for box in boxes]
    await _show(call, views, json=json)
    return int(Exit.DONE)


def _check_over(session: str, call: Call, profile: Profile) -> None:
    """Refuse to take a session's sandbox away while it lives; Problem REFUSED `live`. Its own program may."""
    from looop.engine.offline import Offline  # noqa: PLC0415 - only to remove one

    living = {view.id for view in Offline(profile).all() if not view.over}
    if session in living and call.caller.kind is not Kind.CHILD:
        raise Problem(
            Exit.REFUSED, "live", f"Session {session} lives and may work in it: `looop kill {session}` first."
        )


def _view(profile: Profile, box: Box, keeps: tuple[str, ...] = ()) -> SandboxView:
    return SandboxView(
        session=box.session,
        path=str(sandboxes.place(profile, box)),
        repository=box.repository,
        branch=box.branch,
        base=box.base,
        made=box.made,
        setup=box.setup,
        kind=box.kind,
        removed=box.removed,
        bundle=str(sandboxes.bundle(profile, box)) if box.bundle else None,
        keeps=keeps,
    )


async def _show(call: Call, views: list[SandboxView], *, json: bool) -> None:
    rows = [[view.session, _state(view), view.branch, line(view.path or "")] for view in views]
    stays = [f"{view.session} stays: {line(reason)}" for view in views for reason in view.keeps]
    said = table(rows) or "No sandboxes: `looop sandbox ID --repo PATH` makes one."
    await emit(call, SandboxesView(tuple(views)), "\n".join([said, *stays]), json=json)


def _state(view: SandboxView) -> str:
    if view.removed is not None:
        return f"removed {when(view.removed)}"
    return "stays" if view.keeps else "there" if view.kind != CLONE else "there, a clone"


def _in_a_cell(session: str) -> Problem:
    return Problem(
        Exit.NO,
        "read-only",
        f"From its cell {session} can't remove it: a person's `looop sandbox {session} --remove` does, or "
        "looop itself once the session was removed.",
    )


def _none(session: str, kind: str = "") -> Problem:
    return Problem(
        Exit.MISSING, "no-sandbox", f"{session} has no {kind}sandbox: `looop sandbox` lists all there are."
    )
