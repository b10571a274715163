"""What keeps a sandbox: each kind of work that would be lost or out of sight, and only that."""

from collections.abc import Callable
from pathlib import Path
from subprocess import CalledProcessError

import pytest

from looop.child import sandbox, unsaved
from looop.store import sandboxes
from support import repositories
from support.profiles import made_in
from support.repositories import commit, run

pytestmark = pytest.mark.process


def _untracked(work: Path, _: Path) -> None:
    (work / "new").write_text("x")


def _changed(work: Path, _: Path) -> None:
    (work / "first").write_text("y")


def _staged(work: Path, _: Path) -> None:
    (work / "new").write_text("x")
    run(work, "add", "new")


def _committed(work: Path, _: Path) -> None:
    commit(work, "one")
    commit(work, "two")


def _detached(work: Path, _: Path) -> None:
    run(work, "checkout", "-q", "--detach")
    commit(work, "one")


def _left_behind(work: Path, _: Path) -> None:
    commit(work, "one")
    run(work, "checkout", "-q", "--detach", "main")


def _on_another_sandboxs(work: Path, _: Path) -> None:
    commit(work, "one")
    run(work, "branch", "looop/other/1")


def _stashed(work: Path, _: Path) -> None:
    (work / "first").write_text("y")
    run(work, "stash", "-q")


def _merging(work: Path, main: Path) -> None:
    commit(main, "third", "a")
    (work / "third").write_text("b")
    run(work, "add", "third")
    run(work, "commit", "-q", "-m", "b")
    run(main, "branch", "keep", "looop/fix/1")
    with pytest.raises(CalledProcessError):
        run(work, "merge", "main")
    run(work, "add", "third")


def _submodule(work: Path, main: Path) -> Path:
    repositories.made(main.parent / "lib")
    run(work, "submodule", "--quiet", "add", str(main.parent / "lib"), "lib")
    run(work, "commit", "-q", "-m", "lib")
    run(main, "merge", "-q", "looop/fix/1")
    return work / "lib"


def _submodule_dirty(work: Path, main: Path) -> None:
    (_submodule(work, main) / "new").write_text("x")


def _submodule_ahead(work: Path, main: Path) -> None:
    lib = _submodule(work, main)
    run(lib, "checkout", "-q", "-b", "side")
    commit(lib, "one")
    run(lib, "checkout", "-q", "main")


def _submodule_stashed(work: Path, main: Path) -> None:
    lib = _submodule(work, main)
    (lib / "first").write_text("y")
    run(lib, "stash", "-q")


def _locked(work: Path, _: Path) -> None:
    run(work, "worktree", "lock", ".")


KEPT: tuple[tuple[Callable[[Path, Path], None], str], ...] = (
    (_untracked, "1 file in it is new or changed: new"),
    (_changed, "1 file in it is new or changed: first"),
    (_staged, "1 file in it is new or changed: new"),
    (_committed, "2 commits are on no other branch: "),
    (_detached, "1 commit is on no other branch: "),
    (_left_behind, "1 commit is on no other branch: "),
    (_on_another_sandboxs, "1 commit is on no other branch: "),
    (_stashed, "1 stash of its branch: see `git stash list`"),
    (_merging, "a merge is under way in it"),
    (_submodule_dirty, "1 file in its submodule lib is new or changed: new"),
    (_submodule_ahead, "1 commit of its submodule lib is not pushed"),
    (_submodule_stashed, "its submodule lib has a stash"),
    (_locked, "it is locked (`git worktree lock`)"),
)


@pytest.mark.parametrize(("work", "reason"), KEPT, ids=lambda it: getattr(it, "__name__", ""))
async def test_work_keeps_its_sandbox(
    tmp_path: Path, work: Callable[[Path, Path], None], reason: str
) -> None:
    profile, env = made_in(tmp_path), repositories.variables(tmp_path)
    main = repositories.made(tmp_path / "mail")
    box = await sandbox.ensure(profile, "fix", main, env)
    work(sandboxes.place(profile, box), main)
    kept = await sandbox.remove(profile, box, env)
    assert any(it.startswith(reason) for it in kept), kept
    assert sandboxes.place(profile, box).is_dir()
    assert sandboxes.listed(profile) == (box,)


def _ignored(work: Path, main: Path) -> None:
    (main / ".git" / "info" / "exclude").write_text("built\n")
    (work / "built").write_text("x")


def _merged(work: Path, main: Path) -> None:
    commit(work, "one")
    run(main, "merge", "-q", "looop/fix/1")


def _pushed(work: Path, main: Path) -> None:
    commit(work, "one")
    run(main.parent, "init", "-q", "--bare", "far")
    run(main, "remote", "add", "origin", str(main.parent / "far"))
    run(work, "push", "-q", "origin", "HEAD:refs/heads/feature")


def _clean_submodule(work: Path, main: Path) -> None:
    _submodule(work, main)


def _anothers_stash(_: Path, main: Path) -> None:
    (main / "first").write_text("y")
    run(main, "stash", "-q")


def _folder_gone(work: Path, _: Path) -> None:
    work.rename(work.with_name("away"))


@pytest.mark.parametrize(
    "work", [_ignored, _merged, _pushed, _clean_submodule, _anothers_stash, _folder_gone]
)
async def test_what_would_not_be_lost_keeps_nothing(
    tmp_path: Path, work: Callable[[Path, Path], None]
) -> None:
    profile, env = made_in(tmp_path), repositories.variables(tmp_path)
    main = repositories.made(tmp_path / "mail")
    box = await sandbox.ensure(profile, "fix", main, env)
    work(sandboxes.place(profile, box), main)
    assert await sandbox.remove(profile, box, env) == ()
    assert not sandboxes.place(profile, box).exists()


async def test_what_git_can_not_tell_is_a_reason(tmp_path: Path) -> None:
    profile, env = made_in(tmp_path), repositories.variables(tmp_path)
    box = await sandbox.ensure(profile, "fix", repositories.made(tmp_path / "mail"), env)
    tree = sandbox.tree(profile, box)
    (tree.git / "index").write_bytes(b"broken")
    kept = await unsaved.reasons(tree, box.branch, env)
    assert kept[0].startswith("git can't tell what is in it (")


async def test_a_worktree_that_was_led_elsewhere_runs_nothing_when_it_is_judged(tmp_path: Path) -> None:
    profile, env = made_in(tmp_path), repositories.variables(tmp_path)
    box = await sandbox.ensure(profile, "fix", repositories.made(tmp_path / "mail"), env)
    tree = sandbox.tree(profile, box)
    evil = repositories.made(tmp_path / "evil")
    (tmp_path / "touch").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    (tmp_path / "touch").chmod(0o755)
    run(evil, "config", "core.fsmonitor", str(tmp_path / "touch"))
    run(evil, "config", "filter.x.clean", str(tmp_path / "touch"))
    (tree.work / ".gitattributes").write_text("* filter=x\n")
    (tree.work / "first").write_text("y")
    (tree.work / ".git").write_text(f"gitdir: {evil}/.git\n")
    (tree.git / "commondir").write_text(f"{evil}/.git\n")
    assert await sandbox.remove(profile, box, env)
    assert not (tmp_path / "ran").exists()
