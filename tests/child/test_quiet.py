"""git that looop runs: whatever a repository's settings name, none of it is started."""

import os
import subprocess
from pathlib import Path

import pytest

from looop.child.quiet import Tree, git, said
from looop.core.problem import Problem

pytestmark = pytest.mark.process


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GIT_DIR": "/nowhere", "GIT_PAGER": "x"}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Make a repository in which every look that git takes could run something."""
    place = tmp_path / "mail"
    plain = ["git", "-C", str(place), "-c", "user.name=x", "-c", "user.email=x@y"]
    subprocess.run(["git", "init", "-q", str(place)], check=True)
    (place / "a").write_text("one\n")
    (place / ".gitattributes").write_text("a filter=e=vil diff=evil\n")
    subprocess.run([*plain, "add", "."], check=True)
    subprocess.run([*plain, "commit", "-q", "-m", "x"], check=True)
    touch = tmp_path / "touch"
    touch.write_text(f'#!/bin/sh\necho "$0 $*" >> {tmp_path}/ran\ncat\n')
    touch.chmod(0o755)
    (place / ".git" / "hooks").mkdir(exist_ok=True)
    for hook in ("post-checkout", "post-index-change", "reference-transaction"):
        (place / ".git" / "hooks" / hook).symlink_to(touch)
    for key in (
        "core.fsmonitor",
        "core.pager",
        "core.sshCommand",
        "diff.external",
        "diff.evil.textconv",
        "diff.evil.command",
        "filter.e=vil.clean",
        "filter.e=vil.smudge",
        "filter.e=vil.process",
        "gpg.program",
    ):
        subprocess.run(["git", "-C", str(place), "config", key, str(touch)], check=True)
    for key in ("filter.e=vil.required", "log.showSignature", "submodule.recurse"):
        subprocess.run(["git", "-C", str(place), "config", key, "true"], check=True)
    (place / "a").write_text("two\n")
    return place


LOOKS = ("status --porcelain", "diff", "diff HEAD", "log -p", "show", "worktree add ../other", "stash list")


@pytest.mark.parametrize("look", LOOKS)
async def test_nothing_of_a_repository_runs_when_it_is_looked_at(
    tmp_path: Path, repository: Path, env: dict[str, str], look: str
) -> None:
    ended = await git(repository, *look.split(), env=env)
    assert ended.code == 0, said(ended)
    assert not (tmp_path / "ran").exists()


async def test_the_same_looks_of_a_git_that_is_not_held_run_something(
    tmp_path: Path, repository: Path, env: dict[str, str]
) -> None:
    subprocess.run(["git", "-C", str(repository), "status"], env={**env, "GIT_DIR": ".git"}, check=False)
    assert (tmp_path / "ran").exists()


async def test_a_worktrees_settings_are_the_recorded_repositorys_not_those_that_lie_in_it(
    tmp_path: Path, repository: Path, env: dict[str, str]
) -> None:
    await git(repository, "worktree", "add", str(tmp_path / "box"), env=env)
    tree = Tree(tmp_path / "box", repository / ".git" / "worktrees" / "box", repository / ".git")
    other = tmp_path / "other"
    subprocess.run(["git", "init", "-q", "--bare", str(other)], check=True)
    subprocess.run(["git", "-C", str(other), "config", "evil.mark", "yes"], check=True)
    (tmp_path / "box" / ".git").write_text(f"gitdir: {other}\n")
    (tree.git / "commondir").write_text(str(other))
    assert (await git(tree, "config", "evil.mark", env=env)).code == 1
    assert (await git(tmp_path / "box", "config", "evil.mark", env=env)).out == b"yes\n"


async def test_no_network_is_used(tmp_path: Path, repository: Path, env: dict[str, str]) -> None:
    ended = await git(repository, "ls-remote", str(tmp_path), env=env)
    assert ended.code != 0
    assert "not allowed" in said(ended)


async def test_without_git_it_is_said(tmp_path: Path) -> None:
    with pytest.raises(Problem) as none:
        await git(tmp_path, "status", env={"PATH": "/nowhere"})
    assert none.value.kind == "no-git"
