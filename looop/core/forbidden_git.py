"""What of `git push` can't be undone: what it overwrites or removes, and branches that are protected.

In: git's arguments. Out: yes or no. An alias that git's own configuration holds can't be seen here; one that
the command line defines is spelled out by `wrapped`.
"""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from looop.core.argv import after, letters, longs, names, options, split
from looop.core.rules import Where

GIT = options(
    values="-C -c --git-dir --work-tree --namespace --super-prefix --config-env --attr-source",
    bare="-p --paginate -P --no-pager --no-replace-objects --bare --literal-pathspecs --glob-pathspecs "
    "--noglob-pathspecs --icase-pathspecs --no-optional-locks --no-lazy-fetch --no-advice --exec-path "
    "--html-path --man-path --info-path -v --version -h --help",
)
_VALUES = names("--repo --receive-pack --exec -o --push-option --recurse-submodules")
_LONG = names(
    "--verbose --quiet --repo --all --branches --mirror --delete --tags --dry-run --porcelain --force "
    "--force-with-lease --force-if-includes --recurse-submodules --thin --receive-pack --exec --set-upstream "
    "--progress --prune --no-verify --follow-tags --signed --atomic --push-option --ipv4 --ipv6"
)
_OVERWRITES = frozenset({"--force", "--force-with-lease", "--mirror", "--delete", "--prune"})
_ALL = frozenset({"--all", "--branches"})
_CURRENT = frozenset({"HEAD", "@"})


def overwrites(args: Sequence[str], _where: Where) -> bool:
    """Tell whether this push may rewrite or remove what is on the other side."""
    return any(_overwrites(push) for push in _pushes(args))


def protected(args: Sequence[str], where: Where) -> bool:
    """Tell whether this push goes to a protected branch; of a bare one, only if `where` knows the branch."""
    return any(_hits(name, where) for push in _pushes(args) for name in _targets(push))


def current(args: Sequence[str]) -> tuple[str, ...] | None:
    """Give git's options before `push`, if what this pushes depends on the branch that is checked out."""
    for at in after(args, [{"push"}], GIT):
        if any(name in _CURRENT for name in _targets(args[at:])):
            return tuple(args[: at - 1])
    return None


def _pushes(args: Sequence[str]) -> list[Sequence[str]]:
    return [args[at:] for at in after(args, [{"push"}], GIT)]


def _overwrites(push: Sequence[str]) -> bool:
    given, words = split(push, _VALUES)
    return (
        bool(_OVERWRITES & longs(given, _LONG))
        or bool(letters(given, _VALUES) & {"f", "d"})
        or any(spec.startswith("+") or (spec.startswith(":") and spec != ":") for spec in words[1:])
    )


def _targets(push: Sequence[str]) -> list[str]:
    """Name the branches on the other side: `*` for all, HEAD for the one that is checked out here."""
    given, words = split(push, _VALUES)
    long = longs(given, _LONG)
    if _ALL & long:
        return ["*"]
    specs, found = list(words[1:]), list[str]()
    while specs:
        spec = specs.pop(0).removeprefix("+")
        if spec == "tag" and specs:
            specs.pop(0)
        else:
            found.append("*" if spec == ":" else _branch(spec.rpartition(":")[2] or spec.rstrip(":")))
    return found if words[1:] or "--tags" in long else ["HEAD"]


def _branch(name: str) -> str:
    return name.removeprefix("refs/").removeprefix("heads/")


def _hits(name: str, where: Where) -> bool:
    if name in _CURRENT:
        return where.branch is not None and _hits(f"heads/{where.branch}", where)
    name = name.removeprefix("heads/")
    if "*" in name:
        return not name.startswith("tags/")
    return any(fnmatchcase(name, pattern) for pattern in where.protected)
