"""What a command would change, where that can be read: commits, a pull request, a cluster, a package.

In: a command, its folder, the variables that it would run with. Out: pins, and what could not be pinned.
Everything has a deadline, nothing is asked for a password. Neighbours: `pushes` reads git, `approval` calls.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from looop.child.spawn import run
from looop.core.command import Pin
from looop.guard import pushes
from looop.guard.pushes import Effect
from looop.store import files

DEADLINE = 8.0
"""Seconds that a tool has to say what it would act on."""

_MOST = 1 << 20
_VALUED = {
    "gh": frozenset(
        {"-t", "--subject", "-b", "--body", "-F", "--body-file", "-A", "--author-email", "-R", "--repo"}
    ),
}
_KUBE = ("--context", "--kubeconfig", "--cluster", "--namespace", "-n", "--user", "--server", "-s")


@dataclass(frozen=True, slots=True)
class _Where:
    """A command's words, its folder and variables."""

    argv: Sequence[str]
    cwd: Path
    env: Mapping[str, str]


_Reader: TypeAlias = Callable[[_Where], Awaitable[Effect]]


async def effect(argv: Sequence[str], cwd: Path, env: Mapping[str, str]) -> Effect:
    """Read what a command would act on; an unknown one has nothing to read."""
    reader = _READERS.get(Path(argv[0]).name)
    return Effect() if reader is None else await reader(_Where(argv, cwd, env))


async def _git(where: _Where) -> Effect:
    return await pushes.effect(where.argv, where.cwd, where.env)


async def _gh(where: _Where) -> Effect:
    if tuple(where.argv[1:3]) != ("pr", "merge"):
        return Effect(loose=("what it acts on, at GitHub",))
    plain, options = _taken_apart(where.argv[3:], _VALUED["gh"])
    repo = [part for name, value in options if name in {"-R", "--repo"} for part in ("--repo", value)]
    view = ["gh", "pr", "view", *plain[:1], *repo, "--json", "headRefOid,baseRefName,url"]
    found = await _asked(view, where)
    if not isinstance(found, dict) or not isinstance(found.get("headRefOid"), str):
        return Effect(loose=("the pull request's commit: gh could not be asked",))
    pins = (("pull request", "url"), ("its commit", "headRefOid"), ("merges into", "baseRefName"))
    return Effect(tuple(Pin(what, str(found.get(key))) for what, key in pins))


async def _kubectl(where: _Where) -> Effect:
    _, options = _taken_apart(where.argv[1:], frozenset(_KUBE))
    passed = [
        f"{name}={value}" if name.startswith("--") else f"{name}{value}"
        for name, value in options
        if name in _KUBE
    ]
    found = await _asked(["kubectl", "config", "view", "--minify", "-o", "json", *passed], where)
    if not isinstance(found, dict):
        return Effect(loose=("context, cluster and namespace: kubectl could not be asked",))
    own = {name: value for name, value in options if name in _KUBE}
    namespace = (
        own.get("--namespace") or own.get("-n") or _at(found, "contexts", "context", "namespace") or "default"
    )
    server = own.get("--server") or own.get("-s") or _at(found, "clusters", "cluster", "server") or "none"
    return Effect((
        Pin("context", own.get("--context") or str(found.get("current-context") or "none")),
        Pin("cluster", server),
        Pin("namespace", namespace),
    ))  # fmt: skip


async def _package(where: _Where, name: str, starts: str) -> Effect:
    try:
        found, size = await files.aside(files.fingerprint, where.cwd / name, _MOST)
    except OSError:
        return Effect(loose=(f"{name}: there is none in the folder", starts))
    return Effect((Pin(name, f"{size} bytes, sha256 {found}"),), (starts,))


async def _npm(where: _Where) -> Effect:
    found = await _package(where, "package.json", "the package's other files, and its scripts")
    try:
        data = await files.aside(files.read_regular, where.cwd / "package.json", _MOST)
        names = msgspec.json.decode(data, type=dict[str, Any])
        said = f"{names.get('name')} {names.get('version')}"
    except (OSError, ValueError, RecursionError):
        return found
    return Effect((Pin("package", said), *found.pins), found.loose)


async def _cargo(where: _Where) -> Effect:
    return await _package(where, "Cargo.toml", "the other files of the package, and what its build starts")


async def _terraform(where: _Where) -> Effect:
    del where
    return Effect(loose=("the plan, unless a file of it is an argument", "the state, and what providers do"))


_READERS: dict[str, _Reader] = {
    "git": _git,
    "gh": _gh,
    "kubectl": _kubectl,
    "npm": _npm,
    "pnpm": _npm,
    "yarn": _npm,
    "cargo": _cargo,
    "terraform": _terraform,
    "tofu": _terraform,
}


async def _asked(argv: Sequence[str], where: _Where) -> Any:
    """Run a tool that answers in JSON; None when it does not, in time."""
    try:
        done = await run(argv, cwd=where.cwd, env=where.env, deadline=DEADLINE, max_out=_MOST)
        return msgspec.json.decode(done.out) if done.code == 0 and not done.timed_out else None
    except (OSError, ValueError, RecursionError):
        return None


def _taken_apart(words: Sequence[str], valued: frozenset[str]) -> tuple[list[str], list[tuple[str, str]]]:
    """Part plain words from options with their values; of those in `valued` the next word is the value."""
    plain, options = list[str](), list[tuple[str, str]]()
    left = iter(words)
    for word in left:
        name, equals, value = word.partition("=")
        if not word.startswith("-") or word == "-":
            plain.append(word)
        elif equals:
            options.append((name, value))
        else:
            options.append((word, next(left, "") if word in valued else ""))
    return plain, options


def _at(value: dict[str, Any], list_: str, inner: str, key: str) -> str:
    """Give `value[list_][0][inner][key]`, or nothing."""
    try:
        return str(value[list_][0][inner].get(key) or "")
    except (KeyError, IndexError, TypeError, AttributeError):
        return ""
