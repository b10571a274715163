"""git, kept quiet: looop runs it for itself, and nothing that a repository names is started by that.

In: a folder, a worktree as it was recorded, or either to be looked at in a cell; git's words. Out: `Ended`.
No hook, file monitor, filter, external diff, pager, editor, signature program, question or network; of the
environment what git needs. Neighbours: `child.spawn` runs it; sandboxes and the guard ask for it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from looop.child.spawn import Ended, run
from looop.child.walls import Confined
from looop.core.problem import Exit, Problem

DEADLINE = 120.0
"""Seconds for one call of git: a large repository takes its time to check out."""

_MOST = 1 << 20
_KEPT = frozenset({"PATH", "HOME", "XDG_CONFIG_HOME", "TMPDIR", "USER", "LOGNAME"})
_WHERE = frozenset({"GIT_DIR", "GIT_WORK_TREE", "GIT_NAMESPACE", "GIT_CEILING_DIRECTORIES"})
_SET = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_EDITOR": "false",
    "GIT_ASKPASS": "false",
    "GIT_PAGER": "cat",
    "LC_ALL": "C",
}
_PROTOCOLS = "GIT_ALLOW_PROTOCOL"  # before any setting; a lazy fetch of a partial clone is held by it too
_OFF: Mapping[str, str] = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.pager": "cat",
    "core.editor": "false",
    "core.sshCommand": "false",
    "core.askPass": "false",
    "core.gitProxy": "",
    "core.alternateRefsCommand": "false",
    "credential.helper": "",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "gpg.program": "false",
    "gpg.ssh.program": "false",
    "gpg.x509.program": "false",
    "commit.gpgSign": "false",
    "log.showSignature": "false",
    "submodule.recurse": "false",
}
_OFF_FOR_APPROVED = ("core.hooksPath", "core.fsmonitor", "core.pager")
_NO_DIFF = ("--no-ext-diff", "--no-textconv", "--ignore-submodules=dirty")
_ADDED: Mapping[str, tuple[str, ...]] = {
    "diff": _NO_DIFF,
    "log": _NO_DIFF,
    "show": _NO_DIFF,
    "diff-tree": _NO_DIFF,
    "ls-remote": ("--upload-pack=git-upload-pack",),  # a remote of that name may have another
}
_PERSONS = frozenset({b"system", b"global"})
_DRIVERS = {b"clean": "", b"smudge": "", b"process": "", b"required": "false"}
_PROGRAMS = re.compile(
    r"core\.(?:sshcommand|askpass|gitproxy|alternaterefscommand|editor|attributesfile|worktree)"
    r"|credential\..*|remote\..*\.(?:uploadpack|receivepack|vcs|proxy)|url\..*|protocol\..*|gpg\..*|http\..*"
    r"|push\.(?:recursesubmodules|gpgsign)|include.*\.path",
    re.DOTALL | re.IGNORECASE,
)
"""Keys by which a repository's own configuration starts programs, or sends elsewhere what is pushed."""


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


@dataclass(frozen=True, slots=True)
class Held:
    """Something that git looks at in a cell, since a stranger can write all of it. `start` makes the cell."""

    at: Path | Tree
    start: Callable[[Sequence[str], Mapping[str, str]], Confined]


Where = Path | Tree | Held


async def git(
    where: Where,
    *argv: str,
    env: Mapping[str, str],
    stdin: bytes = b"",
    deadline: float = DEADLINE,
    max_out: int = _MOST,
    own_filters: bool = False,
    as_asked: bool = False,
) -> Ended:
    """Run git on a repository, and return when it has ended, whatever its exit code.

    Filters are switched off one by one, as the settings name them: what they would have changed reads as
    changed. With `own_filters` those of a person's own settings work, such as Git LFS. `as_asked` is for
    reading what somebody else's command would do: `env` may say where the repository is, and repositories
    on this machine may be listed. Problem NO `no-git` when there is no git. A cancel ends all it started.
    """
    at, start = (where.at, where.start) if isinstance(where, Held) else (where, _free)
    options, plain = _options(at), _variables(at, env, as_asked=as_asked)
    ask = [*options, "config", "--show-scope", "--name-only", "-z", "--get-regexp", r"^filter\."]
    named = (await _run(start(ask, plain), b"", deadline, _MOST)).out.split(b"\0")
    pairs = zip(named[::2], named[1::2], strict=False)
    drivers = _without([key for scope, key in pairs if not (own_filters and scope in _PERSONS)])
    words = [argv[0], *_ADDED.get(argv[0], ()), *argv[1:]]
    return await _run(start([*options, *words], plain | drivers), stdin, deadline, max_out)


def within(where: Where, path: Path) -> Path | Held:
    """Give a folder below, to be looked at in the same way."""
    return Held(path, where.start) if isinstance(where, Held) else path


def said(ended: Ended) -> str:
    """Give the last line that git said on stderr, or how it ended."""
    lines = ended.err.decode(errors="replace").strip().splitlines()
    if lines:
        return lines[-1].removeprefix("fatal: ").removeprefix("error: ")
    return "it took too long" if ended.timed_out else f"it ended with exit code {ended.code}"


def subdued(env: Mapping[str, str]) -> dict[str, str]:
    """Give the variables for a command that a person approved: every git below it leaves hooks unrun."""
    off = {key.encode(): _OFF[key] for key in _OFF_FOR_APPROVED}
    return {
        **env,
        **_settings(off),
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_PAGER": "cat",
        "GH_PROMPT_DISABLED": "1",
    }


async def programs(env: Mapping[str, str], folder: Path) -> tuple[tuple[str, str], ...]:
    """List what the repository's own configuration would start, or have pushed elsewhere: key and value.

    What it includes is read too.
    """
    entries = dict[tuple[str, str], None]()
    for scope in ("--local", "--worktree"):
        words = ("config", scope, "--includes", "--null", "--list")
        listed = await git(folder, *words, env=env, as_asked=True)
        for entry in listed.out.decode(errors="surrogateescape").split("\0") if listed.code == 0 else ():
            key, _, value = entry.partition("\n")
            entries[key, value] = None
    return tuple((key, value) for key, value in entries if _PROGRAMS.fullmatch(key))


def _options(at: Path | Tree) -> list[str]:
    """Give git's words before its verb: as arguments, it hands settings on to the gits that it starts."""
    off = (word for key, value in _OFF.items() for word in ("-c", f"{key}={value}"))
    place = at if isinstance(at, Path) else at.work if at.work.is_dir() else at.common
    return ["git", "--no-pager", *off, "-C", str(place)]


def _variables(at: Path | Tree, env: Mapping[str, str], *, as_asked: bool) -> dict[str, str]:
    kept = _KEPT | _WHERE if as_asked else _KEPT
    plain = {name: value for name, value in env.items() if name in kept} | _SET
    plain[_PROTOCOLS] = "file" if as_asked else "none"  # no such protocol: none at all
    if isinstance(at, Path):
        return plain
    return plain | {
        "GIT_DIR": str(at.git),
        "GIT_COMMON_DIR": str(at.common),
        "GIT_WORK_TREE": str(at.work),
    }


def _without(keys: list[bytes]) -> dict[str, str]:
    """Give the variables that switch these filters off."""
    names = {key.rpartition(b".")[0] for key in keys if key.rpartition(b".")[2] in _DRIVERS}
    return _settings({name + b"." + word: it for name in sorted(names) for word, it in _DRIVERS.items()})


def _settings(settings: Mapping[bytes, str]) -> dict[str, str]:
    """Give settings as variables: a filter's name may hold a `=`, which would end it in an argument."""
    found = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (key, value) in enumerate(settings.items()):
        found[f"GIT_CONFIG_KEY_{number}"] = key.decode(errors="surrogateescape")
        found[f"GIT_CONFIG_VALUE_{number}"] = value
    return found


def _free(argv: Sequence[str], env: Mapping[str, str]) -> Confined:
    return Confined(tuple(argv), env)


async def _run(start: Confined, stdin: bytes, deadline: float, most: int) -> Ended:
    try:
        return await run(
            start.argv,
            cwd=Path("/"),
            env=start.env,
            scoped=start.scoped,
            stdin=stdin,
            deadline=deadline,
            max_out=most,
        )
    except OSError as error:
        raise Problem(Exit.NO, "no-git", f"git can't be started ({error.strerror}): install it.") from error
