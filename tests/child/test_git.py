"""Git that looop runs for itself starts nothing that a repository names."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from looop.child import git, worktree

pytestmark = pytest.mark.process

Git = Callable[..., str]


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}


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
        *("core.alternateRefsCommand", "credential.helper", "gpg.program"),
    ):
        run("config", key, str(trap))
    run("config", "filter.x=y.z.required", "true")
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
]


@pytest.mark.parametrize("argv", READS, ids=" ".join)
async def test_reading_springs_no_trap(
    tmp_path: Path, hostile: Path, env: dict[str, str], argv: tuple[str, ...]
) -> None:
    plain = {**env, "GIT_SSH_COMMAND": str(tmp_path / "trap"), "GIT_TRACE": str(tmp_path / "sprung")}
    await git.read(plain, hostile, *argv)
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
    found = {key for key, _ in await git.programs(env, hostile)}
    assert {"core.sshcommand", "credential.helper", "url.https://evil/.pushinsteadof"} <= found
    assert "core.bare" not in found
