"""A push is bound to the commits that it sends, to where they go, and to what stands there."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from looop.guard import pushes

pytestmark = pytest.mark.process

Git = Callable[..., str]


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    who = {
        "GIT_AUTHOR_NAME": "x",
        "GIT_AUTHOR_EMAIL": "x",
        "GIT_COMMITTER_NAME": "x",
        "GIT_COMMITTER_EMAIL": "x",
    }
    return {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **who}


@pytest.fixture
def git(tmp_path: Path, env: dict[str, str]) -> Git:
    """Run git in a clone, on branch main, of a repository beside it."""

    def run(*argv: str, at: str = "clone") -> str:
        done = subprocess.run(
            ["git", "-C", str(tmp_path / at), *argv], env=env, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    (tmp_path / "there").mkdir()
    run("init", "-q", "--bare", "-b", "main", at="there")
    run("clone", "-q", str(tmp_path / "there"), "clone", at=".")
    run("checkout", "-q", "-b", "main")
    run("commit", "-q", "--allow-empty", "-m", "one")
    run("push", "-q", "-u", "origin", "main")
    run("commit", "-q", "--allow-empty", "-m", "two")
    return run


async def pins(tmp_path: Path, env: dict[str, str], *argv: str) -> dict[str, str]:
    found = await pushes.effect(("git", *argv), tmp_path / "clone", env)
    return {pin.what: pin.state for pin in found.pins}


async def test_commit_address_and_the_remotes_ref_are_pinned(
    tmp_path: Path, env: dict[str, str], git: Git
) -> None:
    found = await pins(tmp_path, env, "push", "--force", "origin", "main")
    assert found == {
        "git's hooks": "are not run",
        "pushes to": str(tmp_path / "there"),
        "sends main": git("rev-parse", "main"),
        "there, main is at": git("rev-parse", "main~"),
    }
    git("push", "-q", "origin", "main")
    after = await pins(tmp_path, env, "push", "--force", "origin", "main")
    assert after["there, main is at"] == git("rev-parse", "main")


@pytest.mark.parametrize(
    ("argv", "sends", "there"),
    [
        (["push"], "sends HEAD", "there, main is at"),
        (["push", "origin", "HEAD:refs/heads/next"], "sends HEAD", "there, next is at"),
        (["push", "origin", "+main:stable"], "sends main", "there, stable is at"),
        (["push", "origin", ":main"], "deletes main", "there, main is at"),
        (["push", "--delete", "origin", "main"], "deletes main", "there, main is at"),
        (["push", "-o", "main", "origin", "nothing"], "sends nothing", "there, nothing is at"),
    ],
)
async def test_each_way_to_say_it_is_read(
    tmp_path: Path, env: dict[str, str], git: Git, argv: list[str], sends: str, there: str
) -> None:
    assert {sends, there} <= (await pins(tmp_path, env, *argv)).keys()


@pytest.mark.parametrize("argv", [["--all"], ["--mirror"], ["origin", "refs/*:refs/*"], ["--tags"]])
async def test_where_all_is_sent_all_is_pinned(
    tmp_path: Path, env: dict[str, str], git: Git, argv: list[str]
) -> None:
    before = await pins(tmp_path, env, "push", *argv)
    git("tag", "new")
    after = await pins(tmp_path, env, "push", *argv)
    assert before["all branches and tags"] != after["all branches and tags"]


async def test_a_remote_elsewhere_is_not_asked_and_that_is_said(
    tmp_path: Path, env: dict[str, str], git: Git
) -> None:
    git("remote", "add", "far", "https://me:pass@127.0.0.1:1/x.git")
    git("update-ref", "refs/remotes/far/main", "main~")
    found = await pushes.effect(("git", "push", "far", "main"), tmp_path / "clone", env)
    states = {pin.what: pin.state for pin in found.pins}
    assert states["there, main was at"] == f"{git('rev-parse', 'main~')}, as of the last fetch"
    assert "where main stands at far now: nobody there was asked" in found.loose
    assert "pass" not in states["pushes to"]
    git("remote", "set-url", "far", "https://me:word@127.0.0.1:1/x.git")
    assert (await pins(tmp_path, env, "push", "far", "main"))["pushes to"] != states["pushes to"]


async def test_what_the_repository_would_start_is_shown(
    tmp_path: Path, env: dict[str, str], git: Git
) -> None:
    git("config", "core.sshCommand", "sh -c evil")
    git("config", "http.extraHeader", "Authorization: s3cret")
    found = await pins(tmp_path, env, "push")
    assert found["the repository's setting core.sshcommand"] == "sh -c evil"
    assert "s3cret" not in str(found)


async def test_another_repository_is_followed_or_not_pinned(
    tmp_path: Path, env: dict[str, str], git: Git
) -> None:
    argv = ("git", "-C", "clone", "push", "origin", "main")
    assert "sends main" in {pin.what for pin in (await pushes.effect(argv, tmp_path, env)).pins}
    elsewhere = ("git", f"--git-dir={tmp_path}/clone/.git", "push", "origin", "main")
    assert (await pushes.effect(elsewhere, tmp_path, env)).loose
