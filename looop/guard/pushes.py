"""What a `git push` would send where: local commits, the remote's address, where its refs stand.

In: a command, its folder, the variables that it would run with. Out: pins, and what could not be pinned. Git
only reads here (`child.git`), and a remote elsewhere is never asked: its refs are as of the last fetch.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from looop.child.git import git, programs
from looop.core.command import Pin
from looop.core.digest import digest_bytes

_DEADLINE = 10.0  # seconds for one reading
_REMOTE_DEADLINE = 5.0  # seconds to list the refs of a repository on this machine
_GLOBAL = frozenset({"-C", "-c", "--git-dir", "--work-tree", "--namespace", "--exec-path", "--config-env"})
_VALUED = frozenset({"-o", "--push-option", "--repo", "--receive-pack", "--exec"})
_EVERYTHING = frozenset({"--all", "--branches", "--mirror", "--tags", "--follow-tags", "--prune"})
_PASSWORD = re.compile(r"(?<=//)([^/@]*)@")
_SECRET_KEY = re.compile(r"http\..*extraheader|credential\..*|http\..*proxy", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Effect:
    """What was read of a command's effect."""

    pins: tuple[Pin, ...] = ()
    loose: tuple[str, ...] = ()


@dataclass
class _Push:
    """A push, taken apart: where git works, the remote, what is sent."""

    folder: Path
    env: Mapping[str, str]
    words: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    repo: str = ""
    strange: list[str] = field(default_factory=list)
    pins: list[Pin] = field(default_factory=list)
    loose: list[str] = field(default_factory=list)

    async def ask(self, *argv: str, deadline: float = _DEADLINE) -> str | None:
        """Give what git says, None when it fails."""
        done = await git(self.folder, *argv, env=self.env, deadline=deadline, as_asked=True)
        return (
            done.out.decode(errors="replace").strip("\n") if done.code == 0 and not done.timed_out else None
        )


async def effect(argv: Sequence[str], cwd: Path, env: Mapping[str, str]) -> Effect:
    """Read what would be pushed; of any other git command, what its repository's settings would start."""
    push, verb = _taken_apart(argv, cwd, env)
    push.pins.append(Pin("git's hooks", "are not run"))
    for key, value in await programs(env, push.folder):
        state = (
            f"*** sha256 {digest_bytes(value.encode(errors='replace'))}"
            if _SECRET_KEY.fullmatch(key)
            else value
        )
        push.pins.append(Pin(f"the repository's setting {key}", _masked(state)))
    if push.strange:
        push.loose.append(f"the repository that {' '.join(push.strange)} leads to")
    elif verb == "push":
        await _read(push)
    return Effect(tuple(push.pins), tuple(push.loose))


def _taken_apart(argv: Sequence[str], cwd: Path, env: Mapping[str, str]) -> tuple[_Push, str]:
    push, verb = _Push(cwd, env), ""
    left = iter(argv[1:])
    for word in left:
        name = word.partition("=")[0]
        if not verb and name == "-C":
            push.folder /= next(left, "")
        elif not verb and name in _GLOBAL:
            push.strange.append(word if "=" in word else f"{word} {next(left, '')}")
        elif not verb and not word.startswith("-"):
            verb = word
        elif name in _VALUED:
            value = word.partition("=")[2] if "=" in word else next(left, "")
            push.repo = value if name == "--repo" else push.repo
        elif verb and word.startswith("-"):
            push.options.append(word)
        elif verb:
            push.words.append(word)
    return push, verb


async def _read(push: _Push) -> None:
    branch = await push.ask("symbolic-ref", "--quiet", "--short", "HEAD") or ""
    remote = (push.words[0] if push.words else push.repo) or await _default_remote(push, branch)
    address = await push.ask("remote", "get-url", "--push", "--all", "--", remote) or remote
    push.pins.append(Pin("pushes to", _masked(address)))
    local = _local(address)
    if local:
        push.loose.append("what the hooks of that repository, which is on this machine, start")
    specs = push.words[1:]
    if await _everything(push, remote, specs):
        refs = (
            await push.ask("for-each-ref", "--format=%(objectname) %(refname)", "refs/heads", "refs/tags")
            or ""
        )
        push.pins.append(Pin("all branches and tags", f"sha256 {digest_bytes(refs.encode())}"))
        push.loose.append(f"where the refs of {_masked(remote)} stand")
        return
    for spec in specs or ["HEAD"]:
        await _spec(push, spec, branch, (remote, address), local=local)


async def _spec(push: _Push, spec: str, branch: str, remote: tuple[str, str], *, local: bool) -> None:
    """Pin one thing that is sent: its commit, and where the remote's ref stands."""
    source, colon, target = spec.removeprefix("+").partition(":")
    deletes = (colon and not source) or bool({"--delete", "-d"} & set(push.options))
    if deletes:
        target = target or source
        push.pins.append(Pin(f"deletes {target}", "at the remote"))
    else:
        commit = await push.ask("rev-parse", "--verify", "--quiet", "--end-of-options", source)
        push.pins.append(Pin(f"sends {source}", commit or "nothing: there is no such commit"))
    target = target or (branch if source in {"HEAD", "@"} else source)
    name = target.removeprefix("refs/heads/")
    ref = target if target.startswith("refs/") else f"refs/heads/{name}"
    if local:
        listed = await push.ask("ls-remote", "--", remote[1], ref, deadline=_REMOTE_DEADLINE)
        if listed is not None:
            push.pins.append(Pin(f"there, {name} is at", listed.partition("\t")[0] or "nothing yet"))
            return
    known = await push.ask("rev-parse", "--verify", "--quiet", f"refs/remotes/{remote[0]}/{name}")
    push.pins.append(Pin(f"there, {name} was at", f"{known or 'nothing'}, as of the last fetch"))
    push.loose.append(f"where {name} stands at {_masked(remote[0])} now: nobody there was asked")


async def _default_remote(push: _Push, branch: str) -> str:
    for key in (f"branch.{branch}.pushRemote", "remote.pushDefault", f"branch.{branch}.remote"):
        if found := await push.ask("config", "--get", key):
            return found
    return "origin"


async def _everything(push: _Push, remote: str, specs: Sequence[str]) -> bool:
    """Tell whether more is sent than refs that were named, or the branch that is checked out."""
    if _EVERYTHING & set(push.options) or any("*" in spec or spec == ":" for spec in specs):
        return True
    if specs:
        return False
    matching = await push.ask("config", "--get", "push.default") == "matching"
    return matching or bool(await push.ask("config", "--get-all", f"remote.{remote}.push"))


def _local(address: str) -> bool:
    """Tell whether git takes an address for a path: no scheme, and no colon before the first slash."""
    return address.startswith("file://") or ("://" not in address and ":" not in address.partition("/")[0])


def _masked(address: str) -> str:
    """Hide a password in an address; another one still looks different."""
    return _PASSWORD.sub(
        lambda found: f"***{digest_bytes(found[1].encode())[:8]}@" if ":" in found[1] else found[0], address
    )
