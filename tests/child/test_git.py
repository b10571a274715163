"""git that looop runs for itself: whatever a repository names, none of it is started."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from looop.child import worktree
from looop.child.git import Tree, git, programs, said
from looop.core.problem import Problem

pytestmark = pytest.mark.process

Git = Callable[..., str]


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GIT_PAGER": str(tmp_path / "trap")}


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    """Give a program that leaves a mark, and does what a filter or pager must."""
    path = tmp_path / "trap"
    path.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\ncat\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def hostile(tmp_path: Path, env: dict[str, str], trap: Path) -> Path:
    """Make a repository whose hooks and settings name the trap wherever git would start something."""
    place = tmp_path / "hostile"

    def run(*argv: str) -> None:
        subprocess.run(["git", "-C", str(place), *argv], env=env, check=True, capture_output=True)

    place.mkdir()
    run("init", "-q", "-b", "main")
    (place / "a.txt").write_text("one\n")
    (place / ".gitattributes").write_text("*.txt filter=x=y.z diff=d\n")
    run("add", ".")
    run("-c", "user.name=x", "-c", "user.email=x@y", "commit", "-q", "-m", "one")
    for key in (
        *("core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "core.askPass", "diff.external"),
        *("filter.x=y.z.clean", "filter.x=y.z.smudge", "filter.x=y.z.process", "diff.d.textconv"),
        *("core.alternateRefsCommand", "credential.helper", "gpg.program", "diff.d.command"),
        *("remote.there.uploadpack", "remote.other.vcs"),
    ):
        run("config", key, str(trap))
    for key in ("filter.x=y.z.required", "log.showSignature", "submodule.recurse"):
        run("config", key, "true")
    for name in ("post-checkout", "reference-transaction", "post-index-change", "pre-push"):
        hook = place / ".git/hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(trap.read_text())
        hook.chmod(0o755)
    (place / "a.txt").write_text("two\n")
    return place


READS = [
    ("rev-parse", "HEAD"),
    ("config", "--list"),
    ("for-each-ref",),
    ("ls-remote", "."),
    ("ls-remote", "ssh://nobody@127.0.0.1:1/x"),
    ("ls-remote", "ext::touch sprung"),
    ("ls-remote", "there"),
    ("ls-remote", "other"),
]


@pytest.mark.parametrize("argv", READS, ids=" ".join)
async def test_reading_springs_no_trap(
    tmp_path: Path, hostile: Path, env: dict[str, str], argv: tuple[str, ...]
) -> None:
    plain = {**env, "GIT_SSH_COMMAND": str(tmp_path / "trap"), "GIT_TRACE": str(tmp_path / "sprung")}
    await git(hostile, *argv, env=plain, as_asked=True)
    assert not (tmp_path / "sprung").exists()


async def test_a_worktree_of_it_springs_no_trap(tmp_path: Path, hostile: Path, env: dict[str, str]) -> None:
    found = await worktree.look(hostile, env)
    (tmp_path / "box").mkdir()
    await worktree.make(found, tmp_path / "box" / "mail", "looop/fix/1", found.head, env)
    assert (tmp_path / "box" / "mail" / "a.txt").read_text() == "one\n"
    assert not (tmp_path / "sprung").exists()


async def test_the_traps_are_real(tmp_path: Path, hostile: Path, env: dict[str, str]) -> None:
    argv = ["git", "-C", str(hostile), "worktree", "add", "-q", str(tmp_path / "other")]
    subprocess.run(argv, env=env, check=False, capture_output=True)
    assert (tmp_path / "sprung").exists()


async def test_a_persons_own_filter_works(tmp_path: Path, env: dict[str, str]) -> None:
    place = tmp_path / "own"
    place.mkdir()

    def run(*argv: str) -> None:
        subprocess.run(["git", "-C", str(place), *argv], env=env, check=True, capture_output=True)

    run("init", "-q")
    run("config", "--global", "filter.up.smudge", "tr a-z A-Z")
    (place / ".gitattributes").write_text("*.txt filter=up\n")
    (place / "a.txt").write_text("low\n")
    run("add", ".")
    run("-c", "user.name=x", "-c", "user.email=x@y", "commit", "-q", "-m", "one")
    found = await worktree.look(place, env)
    (tmp_path / "box").mkdir()
    await worktree.make(found, tmp_path / "box" / "own", "looop/fix/1", found.head, env)
    assert (tmp_path / "box" / "own" / "a.txt").read_text() == "LOW\n"


async def test_what_a_repository_would_start_or_send_elsewhere_is_listed(
    hostile: Path, env: dict[str, str]
) -> None:
    config = hostile / "more"
    config.write_text('[url "https://evil/"]\n\tpushInsteadOf = https://good/\n')
    subprocess.run(["git", "-C", str(hostile), "config", "include.path", str(config)], env=env, check=True)
    found = {key for key, _ in await programs(env, hostile)}
    assert {"core.sshcommand", "credential.helper", "url.https://evil/.pushinsteadof"} <= found
    assert "core.bare" not in found


LOOKS = ("status --porcelain", "diff", "diff HEAD", "log -p", "show", "worktree add ../other", "stash list")


@pytest.mark.parametrize("look", LOOKS)
async def test_nothing_of_a_repository_runs_when_it_is_looked_at(
    tmp_path: Path, hostile: Path, env: dict[str, str], look: str
) -> None:
    ended = await git(hostile, *look.split(), env=env)
    assert ended.code == 0, said(ended)
    assert not (tmp_path / "sprung").exists()


async def test_a_worktrees_settings_are_the_recorded_repositorys_not_those_that_lie_in_it(
    tmp_path: Path, hostile: Path, env: dict[str, str]
) -> None:
    await git(hostile, "worktree", "add", str(tmp_path / "box"), env=env)
    tree = Tree(tmp_path / "box", hostile / ".git" / "worktrees" / "box", hostile / ".git")
    other = tmp_path / "other"
    subprocess.run(["git", "init", "-q", "--bare", str(other)], check=True)
    subprocess.run(["git", "-C", str(other), "config", "evil.mark", "yes"], check=True)
    (tmp_path / "box" / ".git").write_text(f"gitdir: {other}\n")
    (tree.git / "commondir").write_text(str(other))
    assert (await git(tree, "config", "evil.mark", env=env)).code == 1
    assert (await git(tmp_path / "box", "config", "evil.mark", env=env)).out == b"yes\n"


async def test_no_network_is_used(tmp_path: Path, hostile: Path, env: dict[str, str]) -> None:
    ended = await git(hostile, "ls-remote", str(tmp_path), env=env)
    assert ended.code != 0
    assert "not allowed" in said(ended)


async def test_only_a_read_as_asked_lists_a_repository_on_this_machine(
    tmp_path: Path, hostile: Path, env: dict[str, str]
) -> None:
    named = env | {"GIT_DIR": str(hostile / ".git")}
    assert (await git(tmp_path, "rev-parse", "HEAD", env=named)).code != 0
    assert (await git(tmp_path, "rev-parse", "HEAD", env=named, as_asked=True)).code == 0
    listed = await git(hostile, "ls-remote", str(hostile), "HEAD", env=env, as_asked=True)
    assert listed.out.endswith(b"\tHEAD\n")


async def test_without_git_it_is_said(tmp_path: Path) -> None:
    with pytest.raises(Problem) as none:
        await git(tmp_path, "status", env={"PATH": "/nowhere"})
    assert none.value.kind == "no-git"
