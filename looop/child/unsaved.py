"""What would be lost, or out of sight, if a worktree were removed: each as a reason to keep it.

In: a worktree as it was recorded, its branch. Out: sentences, none if all is committed and on another branch
or pushed. Ignored files don't count. What git can't tell is a reason too. Neighbour: `child.git` looks.
"""

from collections.abc import Mapping
from pathlib import Path

from looop.child.git import Held, Tree, Where, git, said, within
from looop.child.spawn import Ended
from looop.child.worktree import ROOT, commit
from looop.core.quote import flat
from looop.store import files

_NAMED = 5
_WIDE = 60
_LISTING = 64 << 20  # bytes: some 500,000 files
_DEEP = 8  # repositories within repositories
_UNDER_WAY = {
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase",
    "BISECT_LOG": "a bisection",
}


async def reasons(tree: Tree, branch: str, env: Mapping[str, str]) -> tuple[str, ...]:
    """Give every reason to keep a worktree; of one whose folder is gone only what its branch has."""
    found: list[str] = []
    head = None
    if files.present(tree.git / "locked"):
        found.append("it is locked (`git worktree lock`)")
    if tree.work.is_dir():
        found += _under_way(tree.git)
        found += await _inside(tree, env, "it", _DEEP)
        head = await commit(tree, "HEAD", env)
        if head is None:
            found.append("git can't tell which commit is checked out in it")
    found += await _elsewhere(tree.common, branch, head, env)
    found += await _stashed(tree.common, branch, env)
    return tuple(found)


async def of_clone(clone: Held, source: Held, env: Mapping[str, str], how: str) -> tuple[str, ...]:
    """Give every reason to keep a clone; `how` tells what takes its commits out of it.

    What it says of its own refs is believed: who lies there loses work of theirs, and a bundle has it.
    """
    at = clone.at
    found = _under_way(at.git) if isinstance(at, Tree) else []
    found += await _inside(clone, env, "it", _DEEP)
    if await commit(clone, "HEAD", env) is None:
        found.append("git can't tell which commit is checked out in it")
    found += [f"{line}: {how}" for line in await _nowhere_else(clone, source, env)]
    if await commit(clone, "refs/stash", env):
        found.append("it has a stash")
    return tuple(found)


async def tips(source: Where, env: Mapping[str, str]) -> tuple[str, ...] | None:
    """Give the commits that a repository's branches, tags and remotes are at; None when git can't tell."""
    words = ("for-each-ref", "--format=%(objectname)", "refs/heads", "refs/tags", "refs/remotes")
    listed = await git(source, *words, env=env, max_out=_LISTING)
    return tuple(dict.fromkeys(listed.out.decode().split())) if listed.code == 0 else None


async def _nowhere_else(clone: Held, source: Held, env: Mapping[str, str]) -> list[str]:
    known = await tips(source, env)
    if known is None:
        return ["git can't tell what the repository has that it is a clone of"]
    stdin = "".join(f"^{name}\n" for name in known).encode()
    refs = ("HEAD", "--exclude=refs/stash", "--all", "--stdin", "--not", "--remotes")
    listed = await git(clone, "log", "--format=%h %s", *refs, env=env, stdin=stdin)
    if listed.code != 0:
        return [_untold(listed, "it")]
    return _commits(listed.out, "in no other place")


def _under_way(folder: Path) -> list[str]:
    return [f"{it} is under way in it" for name, it in _UNDER_WAY.items() if files.present(folder / name)]


async def _inside(where: Where, env: Mapping[str, str], what: str, deep: int) -> list[str]:
    """Look at the files, and into the repositories that lie among them."""
    words = ("status", "--porcelain", "-z", "--no-renames", "--untracked-files=normal")
    status = await git(where, *words, "--ignore-submodules=dirty", env=env)
    listing = await git(where, "ls-files", "--stage", "-z", env=env, max_out=_LISTING)
    for ended in (status, listing):
        if ended.code != 0:
            return [_untold(ended, what)]
    found = [_changed(status.out, what)] if status.out else []
    at = where.at if isinstance(where, Held) else where
    work = at.work if isinstance(at, Tree) else at
    for line in listing.out.split(b"\0"):
        mode, _, name = line.partition(b" ")
        if mode == b"160000":
            inner = work / name.partition(b"\t")[2].decode(errors="surrogateescape")
            shown = flat(str(inner.relative_to(work)), _WIDE)
            found += await _submodule(within(where, inner), inner, env, shown, deep)
    return found


async def _submodule(where: Where, path: Path, env: Mapping[str, str], name: str, deep: int) -> list[str]:
    """Look at a submodule, all of which is removed with its worktree: commits on any of its branches too."""
    if not files.present(path / ".git"):
        return []
    what = f"its submodule {name}"
    if not deep:
        return [f"{what} lies too deep to be looked at"]
    found = await _inside(where, env, what, deep - 1)
    words = ("rev-list", "--count", "HEAD", "--branches", "--not", "--remotes")
    count = await git(where, *words, env=env)
    if count.code != 0:
        return [*found, _untold(count, what)]
    if int(count.out):
        found.append(f"{_many(int(count.out), 'commit')} of {what} {_are(int(count.out))} not pushed")
    if await commit(where, "refs/stash", env):
        found.append(f"{what} has a stash")
    return found


async def _elsewhere(common: Path, branch: str, head: str | None, env: Mapping[str, str]) -> list[str]:
    """Look for commits that no branch has but those of sandboxes, nor any that was pushed."""
    tips = list(filter(None, [head, await commit(common, f"refs/heads/{branch}", env)]))
    if not tips:
        return []
    # Not by the worktree's own word: whoever works in it can make it lead to other refs.
    others = ("--not", f"--exclude={branch}", f"--exclude={ROOT}/*", "--branches", "--remotes")
    listed = await git(common, "log", "--format=%h %s", *dict.fromkeys(tips), *others, env=env)
    if listed.code != 0:
        return [_untold(listed, "it")]
    return _commits(listed.out, "on no other branch")


def _commits(listed: bytes, where: str) -> list[str]:
    lines = listed.decode(errors="replace").splitlines()
    if not lines:
        return []
    shown = "; ".join(flat(line, _WIDE) for line in lines[:_NAMED])
    more = "; …" if len(lines) > _NAMED else ""
    return [f"{_many(len(lines), 'commit')} {_are(len(lines))} {where}: {shown}{more}"]


async def _stashed(common: Path, branch: str, env: Mapping[str, str]) -> list[str]:
    if await commit(common, "refs/stash", env) is None:
        return []
    listed = await git(common, "log", "--walk-reflogs", "--format=%gs", "refs/stash", "--", env=env)
    if listed.code != 0:
        return [_untold(listed, "its repository")]
    lines = listed.out.decode(errors="replace").splitlines()
    count = sum(line.startswith((f"WIP on {branch}:", f"On {branch}:")) for line in lines)
    return [f"{_many(count, 'stash', 'stashes')} of its branch: see `git stash list`"] if count else []


def _changed(status: bytes, what: str) -> str:
    names = [entry[3:].decode(errors="replace") for entry in status.split(b"\0") if entry]
    shown = ", ".join(flat(name, _WIDE) for name in names[:_NAMED])
    more = ", …" if len(names) > _NAMED else ""
    return f"{_many(len(names), 'file')} in {what} {_are(len(names))} new or changed: {shown}{more}"


def _untold(ended: Ended, what: str) -> str:
    return f"git can't tell what is in {what} ({flat(said(ended), 200)})"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _many(count: int, noun: str, plural: str = "") -> str:
    return f"{count} {noun if count == 1 else plural or noun + 's'}"
