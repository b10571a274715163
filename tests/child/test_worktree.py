"""A worker's worktree: its own, the same when asked again, without hooks, never removed with work in it."""

import os
import subprocess
from pathlib import Path

import pytest

from looop.child import worktree
from looop.core.problem import Problem

pytestmark = pytest.mark.process


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GIT_DIR": "/nowhere"}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    place = tmp_path / "mail"
    git = ["git", "-C", str(place), "-c", "user.name=x", "-c", "user.email=x@y"]
    subprocess.run(["git", "init", "-q", str(place)], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    hook = place / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/hooked\n")
    hook.chmod(0o755)
    return place


async def test_a_worktree_is_made_once_and_without_hooks(
    tmp_path: Path, repository: Path, env: dict[str, str]
) -> None:
    made = await worktree.make(repository, tmp_path / "box", "looop/fix", env)
    assert made == worktree.Worktree(tmp_path / "box" / "mail", "looop/fix")
    assert (made.path / ".git").is_file()
    assert await worktree.make(repository, tmp_path / "box", "other", env) == made
    assert not (tmp_path / "hooked").exists()


async def test_what_is_not_committed_keeps_its_worktree(
    tmp_path: Path, repository: Path, env: dict[str, str]
) -> None:
    made = await worktree.make(repository, tmp_path / "box", "looop/fix", env)
    (made.path / "draft").write_text("work")
    assert await worktree.clear(tmp_path / "box", env) == (made.path,)
    (made.path / "draft").unlink()
    assert await worktree.clear(tmp_path / "box", env) == ()
    assert not (tmp_path / "box").exists()


@pytest.mark.parametrize(
    ("branch", "kind"), [("-f", "bad-branch"), ("a..b", "bad-branch"), ("a", "no-repository")]
)
async def test_what_can_not_be_made_says_why(
    tmp_path: Path, env: dict[str, str], branch: str, kind: str
) -> None:
    with pytest.raises(Problem) as refused:
        await worktree.make(tmp_path, tmp_path / "box", branch, env)
    assert refused.value.kind == kind
