"""Sandboxes made, removed and brought back, each written down before and after.

In: a profile, a session's id, a repository. Out: `Box`es, and reasons to keep one. A crash in between is gone
on with by the next call. Neighbours: `store.sandboxes` has the records, `child.worktree` the worktrees.
"""

import time
from collections.abc import Mapping
from pathlib import Path

from msgspec.structs import replace

from looop.child import clone, unsaved, worktree
from looop.child.git import Tree, git, said
from looop.core.problem import Exit, Problem
from looop.store import clones, files, sandboxes
from looop.store.paths import Profile
from looop.store.sandboxes import CLONE, Box

_DEADLINE = 600.0  # seconds for writing or reading a bundle


async def ensure(
    profile: Profile,
    session: str,
    path: Path,
    env: Mapping[str, str],
    *,
    generation: str = "",
    branch: str | None = None,
) -> Box:
    """Make a session's sandbox of the repository that `path` is in; the one that is there if there is one.

    Problem of `worktree.look` and `worktree.make`. A cancel leaves one that the next call completes.
    """
    repository = await worktree.look(path, env)
    there = await files.aside(clones.every, profile, session)
    box = next((box for box in there if box.removed is None and _is_of(box, repository)), None)
    if box is not None and box.kind == CLONE:
        return box
    await files.aside(sandboxes.prepare, profile)
    if box is None:
        name = await worktree.new_branch(repository.common, session, branch, env)
        fresh = Box(
            session=session,
            name=sandboxes.plain(repository.top.name),
            repository=str(repository.top),
            common=str(repository.common),
            branch=name,
            base=repository.head,
            made=time.time(),
            generation=generation,
        )
        box = await files.aside(sandboxes.begin, profile, fresh)
    if box.admin and files.present(sandboxes.place(profile, box) / ".git"):
        return box
    return await _check_out(profile, box, env)


async def remove(profile: Profile, box: Box, env: Mapping[str, str]) -> tuple[str, ...]:
    """Remove a sandbox, keep its branch and a bundle of its commits; or give the reasons why it stays.

    Twice: nothing. A cancel leaves it as it was, or so that the next call goes on.
    """
    if box.kind == CLONE:
        return await clone.remove(profile, box, env)
    if box.removed is None:
        if not box.admin:  # whoever made it was interrupted
            box = await _check_out(profile, box, env)
        if kept := await unsaved.reasons(tree(profile, box), box.branch, env):
            return kept
        ref = f"refs/heads/{box.branch}"
        tip = await worktree.commit(Path(box.common), ref, env)
        await files.aside(sandboxes.prepare, profile)
        bundle = await _bundled(profile, box, tip, env)
        box = replace(box, removed=time.time(), tip=tip or "", bundle=bundle)
        await files.aside(sandboxes.write, profile, box)
    await files.aside(_take_down, profile, box)
    return ()


async def restore(profile: Profile, box: Box, env: Mapping[str, str]) -> Box:
    """Bring a removed sandbox back to its place: on its branch, or if that has gone, from its bundle.

    Problem NO `no-worktree` when neither is there. One that is not removed stays as it is.
    """
    if box.removed is None:
        return box
    if box.kind == CLONE:
        return await clone.restore(profile, box, env)
    await files.aside(_take_down, profile, box)  # what a crash has left of it would be in the way
    common, ref = Path(box.common), f"refs/heads/{box.branch}"
    if box.tip and await worktree.commit(common, ref, env) is None:
        if box.bundle and await worktree.commit(common, box.tip, env) is None:
            bundle = str(sandboxes.bundle(profile, box))
            read = await git(common, "bundle", "unbundle", bundle, env=env, deadline=_DEADLINE)
            if read.code != 0:
                raise Problem(Exit.NO, "no-worktree", f"Its bundle {bundle} can't be read: {said(read)}.")
        await git(common, "update-ref", ref, box.tip, "", env=env)
    box = replace(box, removed=None, admin="", setup="", told=False, bundle="", tip="")
    await files.aside(sandboxes.write, profile, box)
    box = await _check_out(profile, box, env)
    await files.aside(files.durable_remove, sandboxes.bundle(profile, box))
    return box


def tree(profile: Profile, box: Box) -> Tree:
    """Give the worktree as it was recorded."""
    return Tree(sandboxes.place(profile, box), Path(box.admin), Path(box.common))


def writable(profile: Profile, session: str) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Name what a session has to write to in its sandboxes, and what inside of that has to stay read-only.

    All of it is there; a sandbox whose repository has gone, or can't be written, is left out. Blocks: call it
    through `files.aside`.
    """
    inside: list[Path] = []
    closed: list[Path] = []
    for box in sandboxes.listed(profile, session):
        if box.removed is None and box.admin and Path(box.admin).is_dir():
            try:
                worktree.ready(tree(profile, box), box.branch)
            except OSError:
                continue
            inside += worktree.writable(tree(profile, box), box.branch)
            closed += worktree.fixed(tree(profile, box))
    return tuple(dict.fromkeys(inside)), tuple(dict.fromkeys(closed))


def _is_of(box: Box, repository: worktree.Repository) -> bool:
    if box.kind == CLONE:
        return box.repository == str(repository.top)
    return box.common == str(repository.common)


async def _check_out(profile: Profile, box: Box, env: Mapping[str, str]) -> Box:
    repository = worktree.Repository(Path(box.repository), Path(box.common), box.base)
    path = sandboxes.place(profile, box)
    admin = await worktree.make(repository, path, box.branch, box.base, env)
    return await files.aside(sandboxes.write, profile, replace(box, admin=str(admin)))


async def _bundled(profile: Profile, box: Box, tip: str | None, env: Mapping[str, str]) -> str:
    """Write what the branch has since its base into a bundle; the file's name, "" if there is nothing."""
    common, file = Path(box.common), sandboxes.bundle(profile, box)
    if tip is None:
        return ""
    count = await git(common, "rev-list", "--count", tip, f"^{box.base}", env=env)
    if count.code == 0 and not int(count.out):
        return ""
    words = ("bundle", "create", "--quiet", str(file), f"refs/heads/{box.branch}", f"^{box.base}")
    made = await git(common, *words, env=env, deadline=_DEADLINE)
    if made.code != 0:
        raise Problem(Exit.NO, "no-bundle", f"Its commits could not be put into {file}: {said(made)}.")
    return file.name


def _take_down(profile: Profile, box: Box) -> None:
    """Remove a worktree's files, then git's own folder of it, whatever is still there of both."""
    path, doomed = sandboxes.place(profile, box), sandboxes.doomed(profile, box)
    files.remove_tree(doomed)
    if path.is_dir() and not path.is_symlink():
        files.durable_rename(path, doomed)
        files.remove_tree(doomed)
    admin = Path(box.admin)
    if box.admin and admin.parent == Path(box.common) / "worktrees":
        files.remove_tree(admin)
    if path.parent.is_dir() and not any(path.parent.iterdir()):
        path.parent.rmdir()
