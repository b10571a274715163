"""Git, run by looop for itself: it reads, and nothing that a repository names is started by that.

In: a folder, arguments. Out: `Ended`. No hooks, no fsmonitor, no filters of the repository's own, no external
diff, no pager, no prompt, no lazy fetch, none of anybody's GIT_* variables. Neighbour: `child.spawn` runs it.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from looop.child.spawn import Ended, run
from looop.core.problem import Exit, Problem

DEADLINE = 10.0
"""Seconds for one reading."""

_MOST = 1 << 20
_QUIET: Mapping[str, str] = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.pager": "cat",
    "core.editor": "true",
    "core.askPass": "",
    "core.sshCommand": "false",
    "core.gitProxy": "",
    "core.alternateRefsCommand": "",
    "credential.helper": "",
    "diff.external": "",
    "log.showSignature": "false",
    "protocol.allow": "never",
    "protocol.file.allow": "always",
    "protocol.ext.allow": "never",
    "submodule.recurse": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
}
_LATER: Mapping[str, str] = {"core.hooksPath": "/dev/null", "core.fsmonitor": "false", "core.pager": "cat"}
_WHERE = frozenset({"GIT_DIR", "GIT_WORK_TREE", "GIT_NAMESPACE", "GIT_CEILING_DIRECTORIES"})
_FILTER = re.compile(r"filter\.(?P<name>.*)\.(?:clean|smudge|process|required)", re.DOTALL | re.IGNORECASE)
_PROGRAMS = re.compile(
    r"core\.(?:sshcommand|askpass|gitproxy|alternaterefscommand|editor|attributesfile|worktree)"
    r"|credential\..*|remote\..*\.(?:uploadpack|receivepack|vcs|proxy)|url\..*|protocol\..*|gpg\..*|http\..*"
    r"|push\.(?:recursesubmodules|gpgsign)|include.*\.path",
    re.DOTALL | re.IGNORECASE,
)
"""Keys by which a repository's own configuration starts programs, or sends elsewhere what is pushed."""


async def read(
    env: Mapping[str, str], folder: Path, *argv: str, deadline: float = DEADLINE, most: int = _MOST
) -> Ended:
    """Run git in a folder, for at most so long. Problem NO `no-git` when it can't be started.

    Of the GIT_* variables only those count that say where the repository is.
    """
    return await _run(_environment(env, _QUIET), folder, argv, deadline, most)


async def change(env: Mapping[str, str], folder: Path, *argv: str, deadline: float) -> Ended:
    """Do the same for what writes files, with the repository's own filters off: their programs stay unrun.

    Filters of the person's own configuration work, and so does Git LFS where it is installed that way.
    """
    names = await _filters(env, folder)
    off = {f"filter.{name}.{key}": "" for name in names for key in ("clean", "smudge", "process")}
    off |= {f"filter.{name}.required": "false" for name in names}
    return await _run(_environment(env, {**_QUIET, **off}), folder, argv, deadline, _MOST)


def subdued(env: Mapping[str, str]) -> dict[str, str]:
    """Give the variables for a command that a person approved: every git below it leaves hooks unrun."""
    return {
        **env,
        **_settings(_LATER),
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_PAGER": "cat",
        "GH_PROMPT_DISABLED": "1",
    }


async def programs(env: Mapping[str, str], folder: Path) -> tuple[tuple[str, str], ...]:
    """List what the repository's own configuration would start, or have pushed elsewhere: key and value."""
    found = await _own(env, folder)
    return tuple((key, value) for key, value in found if _PROGRAMS.fullmatch(key))


async def _run(
    env: Mapping[str, str], folder: Path, argv: Sequence[str], deadline: float, most: int
) -> Ended:
    command = ["git", "--no-pager", "-C", str(folder), *argv]
    try:
        return await run(command, cwd=Path("/"), env=env, deadline=deadline, max_out=most)
    except OSError as error:
        raise Problem(Exit.NO, "no-git", f"git can't be started ({error.strerror}): install it.") from error


async def _filters(env: Mapping[str, str], folder: Path) -> Sequence[str]:
    found = [match["name"] for key, _ in await _own(env, folder) if (match := _FILTER.fullmatch(key))]
    return sorted(set(found))


async def _own(env: Mapping[str, str], folder: Path) -> list[tuple[str, str]]:
    """Read the configuration that lies in the repository, what it includes too."""
    entries = list[tuple[str, str]]()
    for scope in ("--local", "--worktree"):
        listed = await read(env, folder, "config", scope, "--includes", "--null", "--list")
        for entry in listed.out.decode(errors="surrogateescape").split("\0") if listed.code == 0 else ():
            key, _, value = entry.partition("\n")
            if key and (key, value) not in entries:
                entries.append((key, value))
    return entries


def _environment(env: Mapping[str, str], settings: Mapping[str, str]) -> dict[str, str]:
    plain = {name: value for name, value in env.items() if name in _WHERE or not name.startswith("GIT_")}
    return (
        plain
        | _settings(settings)
        | {
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_PAGER": "cat",
            "GIT_EDITOR": "true",
            "GIT_ASKPASS": "true",
            "LC_ALL": "C",
        }
    )


def _settings(settings: Mapping[str, str]) -> dict[str, str]:
    """Give settings as variables: unlike `-c`, no sign in a name can end it, and each git below has them."""
    pairs = {"GIT_CONFIG_COUNT": str(len(settings))}
    for place, (key, value) in enumerate(settings.items()):
        pairs |= {f"GIT_CONFIG_KEY_{place}": key, f"GIT_CONFIG_VALUE_{place}": value}
    return pairs
