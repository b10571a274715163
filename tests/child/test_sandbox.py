"""Sandboxes: one per session and repository, never removed with work in it, brought back whole."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from looop.child import sandbox
from looop.core.problem import Problem
from looop.store import clones, files, sandboxes
from looop.store.paths import Profile
from looop.store.sandboxes import Box
from support import repositories
from support.folder import names
from support.profiles import made_in
from support.repositories import commit, run

pytestmark = pytest.mark.process


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    return made_in(tmp_path)


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return repositories.variables(tmp_path)


@pytest.fixture
def mail(tmp_path: Path) -> Path:
    return repositories.made(tmp_path / "mail")


@pytest.fixture
async def box(profile: Profile, mail: Path, env: dict[str, str]) -> Box:
    return await sandbox.ensure(profile, "fix", mail, env, generation="01A")


async def test_a_sandbox_is_made_once_on_a_branch_of_its_session(
    profile: Profile, mail: Path, env: dict[str, str], box: Box
) -> None:
    path = profile.sandboxes / "fix" / "mail"
    assert sandboxes.place(profile, box) == path
    assert run(path, "branch", "--show-current") == "looop/fix/1"
    assert (box.base, box.generation) == (run(mail, "rev-parse", "main"), "01A")
    assert await sandbox.ensure(profile, "fix", mail / ".", env) == box
    assert sandboxes.listed(profile) == (box,)
    other = await sandbox.ensure(profile, "other", mail, env, branch="word")
    assert other.branch == "looop/other/word"
    assert clones.living(profile, "other") == (profile.sandboxes / "other" / "mail",)


async def test_two_repositories_of_one_name_have_a_sandbox_each(
    tmp_path: Path, profile: Profile, env: dict[str, str], box: Box
) -> None:
    (tmp_path / "b").mkdir()
    second = await sandbox.ensure(profile, "fix", repositories.made(tmp_path / "b" / "mail"), env)
    assert (box.name, second.name) == ("mail", "mail-2")


async def test_a_session_with_an_odd_name_has_a_branch_that_git_takes(
    profile: Profile, mail: Path, env: dict[str, str]
) -> None:
    for name in ("a..b", "a.", "a.lock", "a.lock."):
        box = await sandbox.ensure(profile, name, mail, env)
        assert sandboxes.place(profile, box).is_dir()


async def test_what_an_interrupted_call_has_left_is_completed(
    profile: Profile, mail: Path, env: dict[str, str], box: Box
) -> None:
    sandboxes.write(profile, replace(box, admin=""))
    files.remove_tree(sandboxes.place(profile, box))
    assert await sandbox.ensure(profile, "fix", mail, env) == box
    assert (sandboxes.place(profile, box) / "first").exists()


@pytest.mark.parametrize("word", ["-f", "a..b", "a/b", "x.lock", ""])
async def test_a_branch_that_can_not_be_is_refused(
    profile: Profile, mail: Path, env: dict[str, str], word: str
) -> None:
    with pytest.raises(Problem) as refused:
        await sandbox.ensure(profile, "fix", mail, env, branch=word)
    assert refused.value.kind == "bad-branch"
    assert sandboxes.listed(profile) == ()


async def test_what_is_no_repository_or_empty_says_so(
    tmp_path: Path, profile: Profile, env: dict[str, str]
) -> None:
    run(tmp_path, "init", "-q", "empty")
    for path, kind in ((tmp_path, "no-repository"), (tmp_path / "empty", "no-commit")):
        with pytest.raises(Problem) as none:
            await sandbox.ensure(profile, "fix", path, env)
        assert none.value.kind == kind


async def test_a_clean_one_goes_and_comes_back_as_it_was(
    profile: Profile, mail: Path, env: dict[str, str], box: Box
) -> None:
    path = sandboxes.place(profile, box)
    tip = commit(path, "work")
    run(mail, "merge", "-q", "looop/fix/1")
    assert await sandbox.remove(profile, box, env) == ()
    assert not path.exists()
    assert names(mail / ".git" / "worktrees") == []
    (gone,) = sandboxes.listed(profile)
    assert (gone.tip, run(mail, "rev-parse", "looop/fix/1")) == (tip, tip)
    assert await sandbox.remove(profile, gone, env) == ()
    back = await sandbox.restore(profile, gone, env)
    assert (path / "work").read_text() == "x"
    assert run(path, "rev-parse", "looop/fix/1") == tip
    assert (back.removed, names(profile.sandboxes / ".removed")) == (None, [])


async def test_it_comes_back_from_its_bundle_when_its_branch_has_gone(
    profile: Profile, mail: Path, env: dict[str, str], box: Box
) -> None:
    path = sandboxes.place(profile, box)
    tip = commit(path, "work")
    run(mail, "branch", "keep", tip)
    assert await sandbox.remove(profile, box, env) == ()
    run(mail, "branch", "-q", "-D", "keep", "looop/fix/1")
    run(mail, "reflog", "expire", "--expire=now", "--all")
    run(mail, "gc", "-q", "--prune=now")
    (gone,) = sandboxes.listed(profile)
    await sandbox.restore(profile, gone, env)
    assert (path / "work").read_text() == "x"
    assert run(path, "rev-parse", "HEAD") == tip


async def test_a_removal_that_was_cut_off_is_gone_on_with(
    profile: Profile, mail: Path, env: dict[str, str], box: Box
) -> None:
    gone = sandboxes.write(profile, replace(box, removed=1.0))
    assert await sandbox.remove(profile, gone, env) == ()
    assert not sandboxes.place(profile, box).exists()
    assert names(mail / ".git" / "worktrees") == []


async def test_what_was_removed_is_forgotten_after_two_weeks_but_for_its_branch(
    profile: Profile, mail: Path, env: dict[str, str], box: Box
) -> None:
    run(mail, "branch", "keep", commit(sandboxes.place(profile, box), "work"))
    await sandbox.remove(profile, box, env)
    (gone,) = sandboxes.listed(profile)
    assert names(profile.sandboxes / ".removed") == [gone.bundle]
    removed = gone.removed or 0.0
    assert sandboxes.forget(profile, removed + sandboxes.KEPT) == ()
    assert sandboxes.forget(profile, removed + sandboxes.KEPT + 1) == ("fix@mail",)
    assert (sandboxes.listed(profile), names(profile.sandboxes / ".removed")) == ((), [])
    assert run(mail, "rev-parse", "looop/fix/1")
