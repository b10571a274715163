"""Clones of confined workers: whole repositories, which looop finds, judges, bundles and brings back."""

import subprocess
from pathlib import Path

import pytest
from msgspec.structs import replace

from looop.child import clone, sandbox
from looop.child.walls import SESSIONS, Walls, Who
from looop.core.problem import Problem
from looop.store import clones, files, sandboxes
from looop.store.config import Config
from looop.store.paths import Profile
from looop.store.sandboxes import CLONE, Box
from support import repositories
from support.folder import names
from support.profiles import made_in
from support.repositories import commit, run

pytestmark = [pytest.mark.process, pytest.mark.needs("bwrap"), pytest.mark.needs("git")]


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    return made_in(tmp_path)


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return repositories.variables(tmp_path)


@pytest.fixture
def mail(tmp_path: Path) -> Path:
    """Give a person's repository: a name of its own, an origin beside it, and a hook."""
    place = repositories.made(tmp_path / "mail")
    run(tmp_path, "init", "-q", "--bare", "origin.git")
    run(place, "remote", "add", "origin", "../origin.git")
    run(place, "push", "-q", "origin", "main")
    run(place, "config", "user.name", "Ada")
    run(place, "config", "user.email", "ada@example.org")
    (place / ".git/hooks").mkdir(exist_ok=True)
    (place / ".git/hooks/post-checkout").write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    (place / ".git/hooks/post-checkout").chmod(0o755)
    return place


@pytest.fixture
async def box(profile: Profile, mail: Path, env: dict[str, str]) -> Box:
    files.private_dir(profile.sandboxes / "fix", below=profile.data)
    return await clone.ensure(profile, "fix", mail, env, generation="01A")


def all_of(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def test_it_is_a_whole_repository_and_nothing_of_the_source_is_written(
    tmp_path: Path, profile: Profile, mail: Path, env: dict[str, str]
) -> None:
    files.private_dir(profile.sandboxes / "fix", below=profile.data)
    before = all_of(mail)
    box = await clone.ensure(profile, "fix", mail, env)
    work = sandboxes.place(profile, box)
    assert all_of(mail) == before
    assert (box.kind, box.branch, (work / "first").read_text()) == (CLONE, "looop/fix/1", "x")
    assert run(work, "branch", "--show-current") == "looop/fix/1"
    assert run(work, "remote", "get-url", "origin") == f"{mail}/../origin.git"
    assert run(work, "remote", "get-url", "source") == str(mail)
    assert run(work, "config", "--local", "user.email") == "ada@example.org"
    assert run(work, "branch", "-r").split() == ["origin/main", "source/main"]
    assert not (work / ".git/hooks").exists()
    assert not (tmp_path / "sprung").exists()
    assert [it.name for it in (work / ".git/objects").iterdir()] == ["info", "pack"] or not any(
        (work / ".git/objects/pack").iterdir()
    )


async def test_it_is_found_by_its_folder_and_asking_again_gives_the_same(
    profile: Profile, mail: Path, env: dict[str, str], box: Box
) -> None:
    (found,) = clones.found(profile)
    assert replace(found, made=0.0) == replace(box, made=0.0, common="")
    assert await sandbox.ensure(profile, "fix", mail / ".", env) == found
    assert clones.living(profile, "fix") == (profile.sandboxes / "fix" / "mail",)
    assert sandboxes.listed(profile) == ()


def worker(profile: Profile, env: dict[str, str], script: str) -> tuple[int, str]:
    """Run a script in the clone, in the cell of its session."""
    who = Who(SESSIONS, "fix", write=(str(profile.sandboxes / "fix"),))
    cwd = profile.sandboxes / "fix" / "mail"
    start = Walls(profile, Config(), env).confined(who, ["sh", "-c", script], env, cwd)
    did = subprocess.run(start.argv, env=start.env, capture_output=True, text=True, check=False)
    return did.returncode, did.stdout + did.stderr


WORK = (
    "echo x > work && git add work && git commit -q -m work && git commit -q --amend -m better"
    " && git checkout -q -b side HEAD~ && echo y > y && git add y && git commit -q -m y"
    " && git rebase -q looop/fix/1 && git branch -q -f looop/fix/1 && git checkout -q looop/fix/1"
    " && git branch -q -d side && git status --porcelain && git log --format='%an %s' -3"
)


async def test_a_worker_commits_amends_branches_and_rebases_in_its_cell_and_pushes_nothing(
    tmp_path: Path, profile: Profile, env: dict[str, str], box: Box
) -> None:
    del box
    before = all_of(tmp_path / "mail") | all_of(tmp_path / "origin.git")
    assert worker(profile, env, WORK) == (0, "Ada y\nAda better\nx add first\n")
    assert worker(profile, env, "git push origin HEAD:other")[0] != 0
    assert worker(profile, env, "git push source HEAD:other")[0] != 0
    assert all_of(tmp_path / "mail") | all_of(tmp_path / "origin.git") == before


async def test_commits_that_are_nowhere_else_keep_it_and_a_person_takes_them_from_a_bundle(
    tmp_path: Path, profile: Profile, mail: Path, env: dict[str, str], box: Box
) -> None:
    worker(profile, env, WORK)
    (kept,) = await sandbox.remove(profile, box, env)
    assert kept.startswith("2 commits are in no other place: ")
    assert "`looop sandbox fix --bundle FILE`" in kept
    assert await clone.bundle_to(profile, box, tmp_path / "bundle", env)
    run(mail, "fetch", "-q", str(tmp_path / "bundle"), "looop/fix/1:taken")
    assert run(mail, "log", "--format=%s", "-2", "taken") == "y\nbetter"
    assert await sandbox.remove(profile, box, env) == ()
    assert names(profile.sandboxes) == [".removed", "fix@mail.json"]


async def test_what_was_pushed_is_removed_bundled_and_restored(
    profile: Profile, mail: Path, env: dict[str, str], box: Box
) -> None:
    work = sandboxes.place(profile, box)
    tip = commit(work, "work")
    run(work, "push", "-q", "origin", "HEAD")
    assert await sandbox.remove(profile, box, env) == ()
    (gone,) = sandboxes.listed(profile)
    assert (gone.kind, gone.tip, gone.bundle, work.exists()) == (CLONE, tip, "fix@mail.bundle", False)
    assert clones.found(profile) == ()
    await sandbox.restore(profile, gone, env)
    assert (run(work, "rev-parse", "looop/fix/1"), run(work, "status", "--porcelain")) == (tip, "")
    assert run(work, "remote", "get-url", "source") == str(mail)
    assert (sandboxes.listed(profile), len(clones.found(profile))) == ((), 1)
    assert names(profile.sandboxes / ".removed") == []


async def test_one_without_commits_leaves_no_bundle(profile: Profile, env: dict[str, str], box: Box) -> None:
    assert not await clone.bundle_to(profile, box, profile.data / "bundle", env)
    assert await sandbox.remove(profile, box, env) == ()
    (gone,) = sandboxes.listed(profile)
    assert (gone.bundle, names(profile.sandboxes / ".removed")) == ("", [])
    await sandbox.restore(profile, gone, env)
    assert (sandboxes.place(profile, box) / "first").exists()


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo y > first", "1 file in it is new or changed: first"),
        ("echo y > new", "1 file in it is new or changed: new"),
        ("echo y > first; git stash -q", "it has a stash"),
        ("git checkout -q --detach; git commit -q --allow-empty -m x", "1 commit is in no other place: "),
        ("git commit -q --allow-empty -m x; git tag t; git reset -q --hard HEAD~", "1 commit is in no other"),
        ("rm .git/HEAD", "git can't tell what is in it"),
        ("rm .git/objects/info/alternates", "git can't tell what is in it"),
        ("rm .git/looop.json", "nothing tells which repository it is a clone of"),
        ("mv .git g; ln -s g .git", "its .git is no folder of its own"),
        ("mv .git g; echo gitdir: g > .git", "its .git is no folder of its own"),
        ("echo /tmp > .git/commondir", "its .git is no folder of its own"),
    ],
)
async def test_what_would_be_lost_or_can_not_be_told_keeps_it(
    profile: Profile, env: dict[str, str], box: Box, script: str, why: str
) -> None:
    assert worker(profile, env, script)[0] == 0
    (found,) = clones.found(profile)
    kept = await sandbox.remove(profile, found, env)
    assert any(reason.startswith(why) for reason in kept), kept
    assert sandboxes.place(profile, box).is_dir()


async def test_where_nothing_confines_it_is_kept_and_that_is_said(
    tmp_path: Path, profile: Profile, env: dict[str, str], box: Box
) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "bwrap").write_text("#!/bin/sh\nexit 1\n")
    (folder / "bwrap").chmod(0o755)
    env = env | {"PATH": f"{folder}:{env['PATH']}"}
    (kept,) = await sandbox.remove(profile, box, env)
    assert kept.startswith("looop runs git on what a worker wrote only in a cell, and this is NOT confined")
    with pytest.raises(Problem) as none:
        await clone.bundle_to(profile, box, tmp_path / "bundle", env)
    assert none.value.kind == "not-confined"


async def test_a_link_in_a_clone_s_place_is_neither_found_nor_made_writable(
    tmp_path: Path, profile: Profile, env: dict[str, str], box: Box
) -> None:
    del box
    (tmp_path / "elsewhere/.git").mkdir(parents=True)
    assert worker(profile, env, f"mv ../mail ../kept; ln -s {tmp_path}/elsewhere ../mail")[0] == 0
    assert [it.name for it in clones.found(profile)] == ["kept"]
    who = Who(SESSIONS, "fix", write=(str(profile.sandboxes / "fix/mail"),))
    script = f"echo x > {tmp_path}/elsewhere/made"
    start = Walls(profile, Config(), env).confined(who, ["sh", "-c", script], env, profile.data)
    assert subprocess.run(start.argv, env=start.env, capture_output=True, check=False).returncode != 0
    assert not (tmp_path / "elsewhere/made").exists()


async def test_one_that_its_worker_removed_is_forgotten(
    profile: Profile, env: dict[str, str], box: Box
) -> None:
    sandboxes.write(profile, replace(box, told=True))
    files.remove_tree(sandboxes.place(profile, box))
    assert await sandbox.remove(profile, box, env) == ()
    assert clones.every(profile) == ()


async def test_something_else_in_its_place_is_not_overwritten(
    profile: Profile, env: dict[str, str], box: Box
) -> None:
    await sandbox.remove(profile, box, env)
    (gone,) = sandboxes.listed(profile)
    (profile.sandboxes / "fix/mail").mkdir(parents=True)
    with pytest.raises(Problem) as there:
        await sandbox.restore(profile, gone, env)
    assert there.value.kind == "in-the-way"
    assert sandboxes.listed(profile) == (gone,)


async def test_the_next_one_takes_no_name_that_was_used(
    tmp_path: Path, profile: Profile, mail: Path, env: dict[str, str], box: Box
) -> None:
    (tmp_path / "b").mkdir()
    other = repositories.made(tmp_path / "b/mail")
    assert (await clone.ensure(profile, "fix", other, env)).name == "mail-2"
    await sandbox.remove(profile, box, env)
    files.private_dir(profile.sandboxes / "fix", below=profile.data)
    assert (await clone.ensure(profile, "fix", mail, env)).name == "mail-3"
