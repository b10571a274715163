"""git, kept quiet, on what agents work in: it looks and makes worktrees, and nothing of theirs runs along.

In: a repository, or a worktree as it was recorded; git's words. Out: `Ended`. No hook, file monitor, filter,
external diff, pager, editor, signature program, question or network; of the environment what git needs.
Neighbours: `child.spawn` runs it, `child.worktree` and `child.unsaved` ask for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from looop.child.spawn import Ended, run
from looop.core.problem import Exit, Problem

DEADLINE = 120.0
"""Seconds for one call of git: a large repository takes its time to check out."""

_MOST = 1 << 20
_KEPT = frozenset({"PATH", "HOME", "XDG_CONFIG_HOME", "TMPDIR", "USER", "LOGNAME"})
_SET = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ALLOW_PROTOCOL": "none",  # no such protocol: a lazy fetch of a partial clone would be one too
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_EDITOR": "false",
    "GIT_PAGER": "cat",
    "LC_ALL": "C",
}
# As arguments, since git hands those on to the gits that it starts itself.
_OFF = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.sshCommand=false",
    "core.askPass=false",
    "core.alternateRefsCommand=false",
    "credential.helper=",
    "gc.auto=0",
    "maintenance.auto=false",
    "gpg.program=false",
    "gpg.ssh.program=false",
    "gpg.x509.program=false",
    "commit.gpgSign=false",
    "log.showSignature=false",
    "submodule.recurse=false",
)
_NO_DIFF = ("--no-ext-diff", "--no-textconv", "--ignore-submodules=dirty")
_PLAIN = {"diff": _NO_DIFF, "log": _NO_DIFF, "show": _NO_DIFF, "diff-tree": _NO_DIFF}
_PERSONS = frozenset({b"system", b"global"})
_DRIVERS = {b"clean": "", b"smudge": "", b"process": "", b"required": "false"}


@dataclass(frozen=True, slots=True)
class Tree:
    """A worktree as it was when looop made it.

    `git` is its own git folder and `common` the repository's. Whoever works in it can write its `.git` and
    its own git folder, which would lead git to settings of theirs: those are read from `common` alone. Refs
    are not: git finds them by what is written in `git`, so ask `common` for a branch.
    """

    work: Path
    git: Path
    common: Path


async def git(
    where: Path | Tree,
    *argv: str,
    env: Mapping[str, str],
    deadline: float = DEADLINE,
    max_out: int = _MOST,
    own_filters: bool = False,
) -> Ended:
    """Run git in a folder or on a recorded worktree, and return when it has ended, whatever its exit code.

    Filters are switched off one by one, as the settings name them: what they would have changed reads as
    changed. With `own_filters` those of a person's own settings work, such as Git LFS. Problem NO `no-git`
    when there is no git. A cancel ends it with all it started.
    """
    plain = {name: value for name, value in env.items() if name in _KEPT} | _SET
    options = ["git", "--no-pager", *(word for setting in _OFF for word in ("-c", setting))]
    if isinstance(where, Path):
        options += ["-C", str(where)]
    else:
        plain |= {
            "GIT_DIR": str(where.git),
            "GIT_COMMON_DIR": str(where.common),
            "GIT_WORK_TREE": str(where.work),
        }
        options += ["-C", str(where.work if where.work.is_dir() else where.common)]
    ask = [*options, "config", "--show-scope", "--name-only", "-z", "--get-regexp", r"^filter\."]
    named = (await _run(ask, plain, deadline, _MOST)).out.split(b"\0")
    pairs = zip(named[::2], named[1::2], strict=False)
    drivers = _without([key for scope, key in pairs if not (own_filters and scope in _PERSONS)])
    words = [argv[0], *_PLAIN.get(argv[0], ()), *argv[1:]]
    return await _run([*options, *words], plain | drivers, deadline, max_out)


def said(ended: Ended) -> str:
    """Give the last line that git said on stderr, or how it ended."""
    lines = ended.err.decode(errors="replace").strip().splitlines()
    if lines:
        return lines[-1].removeprefix("fatal: ").removeprefix("error: ")
    return "it took too long" if ended.timed_out else f"it ended with exit code {ended.code}"


def _without(keys: list[bytes]) -> dict[str, str]:
    """Give the variables that switch these filters off; a filter's name may hold a `=`, an argument not."""
    names = {key.rpartition(b".")[0] for key in keys if key.rpartition(b".")[2] in _DRIVERS}
    pairs = [(name + b"." + word, value) for name in sorted(names) for word, value in _DRIVERS.items()]
    found = {"GIT_CONFIG_COUNT": str(len(pairs))}
    for number, (key, value) in enumerate(pairs):
        found[f"GIT_CONFIG_KEY_{number}"] = key.decode(errors="surrogateescape")
        found[f"GIT_CONFIG_VALUE_{number}"] = value
    return found


async def _run(argv: list[str], env: Mapping[str, str], deadline: float, most: int) -> Ended:
    try:
        return await run(argv, cwd=Path("/"), env=env, deadline=deadline, max_out=most)
    except OSError as error:
        raise Problem(Exit.NO, "no-git", f"git can't be started ({error.strerror}): install it.") from error
