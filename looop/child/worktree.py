"""A worker's own copy of a repository: a git worktree, made with nobody's hooks and nobody's variables.

In: a repository, a folder for sandboxes, a branch. Out: a path, the same when asked again. A worktree is
removed only while nothing in it is uncommitted. Neighbour: `child.git`.
"""

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from looop.child import git
from looop.child.spawn import Ended
from looop.core.problem import Exit, Problem
from looop.store import files

_DEADLINE = 120.0
"""Seconds for one call of git: a large repository takes its time to check out."""

_BRANCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,199}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Worktree:
    """One, and the branch that is checked out in it."""

    path: Path
    branch: str


def box(env: Mapping[str, str]) -> bool:
    """Tell whether `box` is installed, which makes better sandboxes than git."""
    return shutil.which("box", path=env.get("PATH")) is not None


async def make(repository: Path, folder: Path, branch: str, env: Mapping[str, str]) -> Worktree:
    """Make a worktree below `folder`, on a new branch; the one that is there already if it was made before.

    Problem USAGE `bad-branch`; NO `no-repository`, or `no-worktree` with git's own words. A cancel leaves a
    worktree that the next call gives, or none.
    """
    if not _BRANCH.fullmatch(branch) or ".." in branch:
        raise Problem(
            Exit.USAGE, "bad-branch", f"{branch[:80]!r} can't be a branch: use letters, digits, / . _ -."
        )
    top = await _git(env, repository, "rev-parse", "--show-toplevel")
    if top.code != 0:
        raise Problem(
            Exit.NO, "no-repository", f"{repository} is in no git repository, so it has no worktree."
        )
    origin = Path(top.out.decode(errors="surrogateescape").removesuffix("\n"))
    path = folder / origin.name
    if await files.aside(files.present, path / ".git"):
        return Worktree(path, await _branch(env, path) or branch)
    await files.aside(files.private_dir, folder)
    made = await _git(env, origin, "worktree", "add", "-b", branch, "--", str(path))
    if made.code != 0:
        said = made.err.decode(errors="replace").strip().splitlines()
        raise Problem(Exit.NO, "no-worktree", f"git could not make the worktree: {said[-1] if said else '?'}")
    return Worktree(path, branch)


async def clear(folder: Path, env: Mapping[str, str]) -> tuple[Path, ...]:
    """Remove the worktrees below `folder` in which all is committed; those that are kept."""
    # Without --force git itself refuses what has changes or files that it does not know.
    kept = [
        path
        for path in await files.aside(_inside, folder)
        if (await _git(env, path, "worktree", "remove", "--", str(path))).code != 0
    ]
    if not kept:
        await files.aside(files.remove_tree, folder)
    return tuple(kept)


def _inside(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


async def _branch(env: Mapping[str, str], path: Path) -> str:
    found = await _git(env, path, "branch", "--show-current")
    return found.out.decode(errors="replace").strip()


async def _git(env: Mapping[str, str], folder: Path, *argv: str) -> Ended:
    nobodys = {name: value for name, value in env.items() if not name.startswith("GIT_")}
    return await git.change(nobodys, folder, *argv, deadline=_DEADLINE)
