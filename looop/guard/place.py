"""Where a command would run, as the rules see it: what may be cleared, which branch is checked out.

In: a profile, a folder, an environment, a session's id or none. Out: a `Where`. Files alone are read; git is
not run, since a repository's own configuration could make it run anything.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from looop.core.guarded import Guard, Where, asks_branch
from looop.store import files
from looop.store.paths import Profile

_TEMPORARY = ("/tmp", "/var/tmp", "/var/folders")  # noqa: S108 - what lies there is nobody's for long
_REF = "ref: refs/heads/"
_SMALL = 4096


def where(
    profile: Profile,
    guard: Guard,
    argv: Sequence[str],
    *,
    cwd: str,
    env: Mapping[str, str],
    session: str | None,
) -> Where:
    """Look around for a command. `session` None: as for one whose sandboxes are all there are."""
    home = env.get("HOME", "")
    before = asks_branch(argv)
    return Where(
        cwd=cwd,
        clears=(_sandboxes(profile, session), *_TEMPORARY, *guard.clear),
        keeps=tuple(filter(None, (str(profile.data), str(profile.config), home))),
        protected=guard.protected,
        home=home,
        branch=None if before is None else branch(before, cwd, env),
        real=os.path.realpath,
    )


def branch(before: Sequence[str], cwd: str, env: Mapping[str, str]) -> str | None:
    """Name the branch that is checked out for a git with these options; None if that can't be seen."""
    folder, place = cwd, env.get("GIT_DIR")
    for option, value in zip(before, (*before, "")[1:], strict=True):
        if option == "-C":
            folder = os.path.join(folder, value)  # noqa: PTH118 - a string, as git takes it
        elif option == "--git-dir":
            place = value
        elif option.startswith("--git-dir="):
            place = option.partition("=")[2]
    found = Path(folder, place) if place else _repository(Path(folder))
    head = _line(found / "HEAD") if found else ""
    return head.removeprefix(_REF) if head.startswith(_REF) else None


def _sandboxes(profile: Profile, session: str | None) -> str:
    return str(profile.sandboxes if session is None else profile.sandboxes / session)


def _repository(folder: Path) -> Path | None:
    """Find a repository's own folder from a folder inside; a worktree has a file that names it."""
    for place in (folder, *folder.parents):
        git = place / ".git"
        if git.is_dir():
            return git
        if line := _line(git).partition("gitdir: ")[2]:
            return place / line
    return None


def _line(place: Path) -> str:
    try:
        return files.read_regular(place, _SMALL).decode(errors="replace").partition("\n")[0].strip()
    except OSError:
        return ""
