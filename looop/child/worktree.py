"""A worker's own copy of a repository: a git worktree on a branch of its own, made and taken down.

In: a repository, a folder, a branch. Out: where git keeps what belongs to it; what a worker has to write to
in order to commit, and what must stay as it is. Neighbours: `child.git` runs git, `child.unsaved` judges.
"""

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from looop.child.git import Held, Tree, Where, git, said, within
from looop.child.spawn import Ended
from looop.core.problem import Exit, Problem
from looop.store import files

ROOT = "looop"
"""The folder of branches below which all sandboxes have theirs."""

_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Repository:
    """One that worktrees can be made of: its folder, its git folder, and the commit that is checked out."""

    top: Path
    common: Path
    head: str


def box(env: Mapping[str, str]) -> bool:
    """Tell whether `box` is installed, which makes better sandboxes than git."""
    return shutil.which("box", path=env.get("PATH")) is not None


async def look(path: Where, env: Mapping[str, str]) -> Repository:
    """Find the repository that a folder is in. Problem NO `no-repository`, `no-commit`."""
    asked = ("rev-parse", "--path-format=absolute", "--show-toplevel", "--git-common-dir")
    found = await git(path, *asked, env=env)
    lines = found.out.decode(errors="surrogateescape").split("\n")
    if found.code != 0 or len(lines) != 3:  # noqa: PLR2004 - two lines, each with its end
        raise Problem(
            Exit.NO,
            "no-repository",
            f"{_place(path)} has no git repository to make a sandbox of ({said(found)}).",
        )
    common = Path(lines[1])
    head = await commit(within(path, common), "HEAD", env)
    if head is None:
        raise Problem(Exit.NO, "no-commit", f"{lines[0]} has no commit yet: make the first one.")
    return Repository(Path(lines[0]), common, head)


async def commit(where: Where, name: str, env: Mapping[str, str]) -> str | None:
    """Give the commit that a name stands for; None when there is none."""
    found = await git(where, "rev-parse", "--quiet", "--verify", f"{name}^{{commit}}", env=env)
    word = found.out.decode(errors="replace").split("\n")[0]
    return word if found.code == 0 and _COMMIT.fullmatch(word) else None


async def new_branch(common: Path, session: str, word: str | None, env: Mapping[str, str]) -> str:
    """Name a branch of a session's own: `looop/<session>/<word>`, else with the next number that is free.

    Each session has a folder of them, so that confined it can be given its own and no other's. Problem USAGE
    `bad-branch`; NO `branch-there` when it exists.
    """
    folder = f"{ROOT}/{_component(session)}"
    found = await git(common, "for-each-ref", "--format=%(refname)", f"refs/heads/{folder}/", env=env)
    there = {line.rpartition("/")[2] for line in found.out.decode(errors="replace").split()}
    if word is None:
        return f"{folder}/{1 + max((int(it) for it in there if it.isascii() and it.isdigit()), default=0)}"
    if not _WORD.fullmatch(word) or word != _component(word):
        raise Problem(
            Exit.USAGE,
            "bad-branch",
            f"{word[:80]!r} can't end a branch's name {folder}/…: use letters, digits, . _ -.",
        )
    if word in there:
        raise Problem(Exit.NO, "branch-there", f"The branch {folder}/{word} exists: give another one.")
    return f"{folder}/{word}"


async def make(repository: Repository, path: Path, branch: str, base: str, env: Mapping[str, str]) -> Path:
    """Check a branch out at `path`, new at `base` if it isn't there yet; git's own folder of that worktree.

    What an interrupted call has left of either is taken over. Problem NO `no-worktree`. A cancel leaves a
    worktree or a part of one, which the next call completes.
    """
    await files.aside(_parent, path)
    # Twice forced: a worktree that was here and is gone, and one that was locked while it was being made.
    words = ["worktree", "add", "--force", "--force"]
    if await commit(repository.common, f"refs/heads/{branch}", env) is None:
        made = await git(
            repository.common, *words, "-b", branch, "--", str(path), base, env=env, own_filters=True
        )
    else:
        made = await git(repository.common, *words, "--", str(path), branch, env=env, own_filters=True)
    if made.code != 0:
        raise Problem(Exit.NO, "no-worktree", f"git could not make the worktree: {_why(made)}.")
    found = await git(path, "rev-parse", "--absolute-git-dir", env=env)
    return Path(found.out.decode(errors="surrogateescape").removesuffix("\n"))


def writable(tree: Tree, branch: str) -> tuple[Path, ...]:
    """Name all that a worker has to write to in order to work and to commit in its worktree.

    Of the repository that is the folder of its objects, the worktree's own folder, and the folders of the
    session's branches and of their logs. `fixed` lies inside of them and has to be closed again.
    """
    refs = Path("refs/heads") / Path(branch).parent
    return (tree.work, tree.git, tree.common / "objects", tree.common / refs, tree.common / "logs" / refs)


def fixed(tree: Tree) -> tuple[Path, ...]:
    """Name what has to stay read-only inside of `writable`: what leads git elsewhere, and packed history.

    `hooks` and `config` of the repository lie outside of all that.
    """
    leading = ("commondir", "gitdir", "config.worktree")
    closed = [tree.work / ".git", *(tree.git / name for name in leading)]
    return (*closed, tree.common / "objects" / "pack", tree.common / "objects" / "info")


def ready(tree: Tree, branch: str) -> None:
    """Make what `writable` and `fixed` name and git has not made yet: a cell can be given only what is there.

    OSError when the repository can't be written.
    """
    for folder in (*writable(tree, branch)[2:], *fixed(tree)[-2:]):
        folder.mkdir(parents=True, exist_ok=True)
    if not files.present(tree.git / "config.worktree"):
        files.scratch(tree.git / "config.worktree", b"", 0o644)


def _place(where: Where) -> Path | Tree:
    return where.at if isinstance(where, Held) else where


def _parent(path: Path) -> None:
    files.private_dir(path.parent, below=path.parent.parent)


def _component(word: str) -> str:
    """Make a name one that may stand between the slashes of a branch."""
    word = word.replace("..", "._")
    word = f"{word.removesuffix('.')}_" if word.endswith(".") else word
    return f"{word.removesuffix('.lock')}_lock" if word.endswith(".lock") else word


def _why(ended: Ended) -> str:
    return said(ended).rstrip(".")
