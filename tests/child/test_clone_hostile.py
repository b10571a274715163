"""Clones as a hostile worker leaves them: looop lists, judges, bundles, removes, and nothing starts."""

import subprocess
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from looop.child import clone, sandbox
from looop.core.problem import Problem
from looop.store import clones, files, sandboxes
from looop.store.paths import Profile
from looop.store.sandboxes import Box
from support import repositories
from support.profiles import made_in
from support.repositories import commit, run

pytestmark = [pytest.mark.process, pytest.mark.needs("bwrap"), pytest.mark.needs("git")]

SECRET = "s3cret"
KEYS = (
    *("core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "core.askPass", "core.gitProxy"),
    *("core.alternateRefsCommand", "diff.external", "diff.d.textconv", "diff.d.command", "gpg.program"),
    *("filter.f.clean", "filter.f.smudge", "filter.f.process", "uploadpack.packObjectsHook"),
)
HOOKS = ("post-checkout", "reference-transaction", "post-index-change", "pre-auto-gc", "post-rewrite")


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    return made_in(tmp_path)


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return repositories.variables(tmp_path)


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    path = tmp_path / "trap"
    path.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\ncat\n")
    path.chmod(0o755)
    return path


@pytest.fixture
async def box(tmp_path: Path, profile: Profile, env: dict[str, str]) -> Box:
    files.private_dir(profile.sandboxes / "fix", below=profile.data)
    return await clone.ensure(profile, "fix", repositories.made(tmp_path / "mail"), env)


@pytest.fixture
def work(profile: Profile, box: Box, trap: Path) -> Path:
    """Give the clone, with a commit, in which whatever git can be told to start leads to the trap."""
    place = sandboxes.place(profile, box)
    (place / ".gitattributes").write_text("* filter=f diff=d\n")
    commit(place, "work")
    (place / "first").touch()
    for key in KEYS:
        run(place, "config", key, str(trap))
    run(place, "config", "core.hooksPath", str(place / ".git/hooks"))
    run(place, "config", "filter.f.required", "true")
    (place / ".git/hooks").mkdir()
    for name in HOOKS:
        (place / ".git/hooks" / name).symlink_to(trap)
    return place


async def everything(profile: Profile, env: dict[str, str], file: Path) -> tuple[str, ...]:
    """Have looop do all it does with clones; why it keeps this one."""
    (box,) = clones.every(profile, "fix")
    with suppress(Problem):
        await clone.bundle_to(profile, box, file, env)
    return await sandbox.remove(profile, box, env)


async def test_settings_hooks_and_filters_start_nothing(
    tmp_path: Path, profile: Profile, env: dict[str, str], work: Path
) -> None:
    assert await everything(profile, env, tmp_path / "bundle")
    assert not (tmp_path / "sprung").exists()
    subprocess.run(["git", "-C", str(work), "status"], env=env, check=False, capture_output=True)
    assert (tmp_path / "sprung").exists()


async def test_what_they_would_start_in_a_cell_can_write_nothing_outside_of_it(
    tmp_path: Path, profile: Profile, env: dict[str, str], work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("looop.child.git._OFF", {})  # as if a git had a setting that looop does not know
    assert await everything(profile, env, tmp_path / "bundle")
    assert not (tmp_path / "sprung").exists()
    assert work.is_dir()


async def test_a_submodule_with_settings_of_its_own_starts_nothing(
    tmp_path: Path, profile: Profile, env: dict[str, str], work: Path, trap: Path
) -> None:
    for key in (*KEYS, "core.hooksPath", "filter.f.required"):
        run(work, "config", "--unset", key)
    run(work, "submodule", "add", "-q", str(repositories.made(tmp_path / "part")))
    run(work, "commit", "-q", "-m", "part")
    commit(work / "part", "inner")
    for key in KEYS:
        run(work / "part", "config", key, str(trap))
    (tmp_path / "sprung").unlink()  # by the calls above, which nothing held
    kept = await everything(profile, env, tmp_path / "bundle")
    assert any("submodule part" in reason for reason in kept), kept
    assert not (tmp_path / "sprung").exists()


async def test_objects_borrowed_from_where_a_worker_may_not_look_are_not_read(
    tmp_path: Path, profile: Profile, env: dict[str, str], box: Box
) -> None:
    place = sandboxes.place(profile, box)
    (tmp_path / ".gnupg").mkdir()
    hidden = repositories.made(tmp_path / ".gnupg/notes")
    secret = commit(hidden, "secret", SECRET)
    with (place / ".git/objects/info/alternates").open("a") as file:
        file.write(f"{hidden}/.git/objects\n")
    (place / ".git/refs/heads/looop/fix/1").write_text(f"{secret}\n")
    assert run(place, "show", "HEAD:secret") == SECRET  # so a git outside of a cell would
    kept = await everything(profile, env, tmp_path / "bundle")
    assert kept[0].startswith("git can't tell")
    assert not (tmp_path / "bundle").exists()


@pytest.mark.parametrize("form", ["file", "link", "folder of links"])
async def test_a_git_folder_that_leads_elsewhere_is_not_followed(
    tmp_path: Path, profile: Profile, env: dict[str, str], work: Path, form: str
) -> None:
    (work / ".git").rename(work / "git")
    if form == "file":
        (work / ".git").write_text(f"gitdir: {work}/git\n")
    elif form == "link":
        (work / ".git").symlink_to(work / "git")
    else:
        (work / ".git").mkdir()
        for path in (work / "git").iterdir():
            (work / ".git" / path.name).symlink_to(path)
    assert await everything(profile, env, tmp_path / "bundle")
    assert not (tmp_path / "sprung").exists()


LIES: tuple[dict[str, object], ...] = (
    {"repository": "/etc\x1b]0;x\x07"},
    {"repository": "relative"},
    {"repository": "/a\0b"},
    {"branch": "-f"},
    {"branch": "looop/fix/$(touch x)"},
    {"base": "--upload-pack=x"},
)


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: next(iter(lie)))
async def test_what_a_clone_says_of_itself_is_believed_only_where_it_could_be_true(
    profile: Profile, env: dict[str, str], box: Box, lie: dict[str, object]
) -> None:
    place = sandboxes.place(profile, box)
    mark = msgspec.to_builtins(box) | lie
    (place / ".git" / clones.MARK).write_bytes(msgspec.json.encode(mark))
    (found,) = clones.found(profile)
    assert (found.session, found.name, found.repository, found.branch) == ("fix", "mail", "", "")
    assert await sandbox.remove(profile, found, env) == ("nothing tells which repository it is a clone of",)


async def test_it_can_pass_neither_for_another_session_s_nor_for_a_removed_one(
    profile: Profile, box: Box
) -> None:
    mark = msgspec.structs.replace(
        box, session="other", name="x", removed=1.0, bundle="y", admin="/etc", kind="worktree", told=True
    )
    clones.mark(sandboxes.place(profile, box), mark)
    (found,) = clones.found(profile)
    assert (found.session, found.name, found.removed, found.bundle) == ("fix", "mail", None, "")
    assert (found.admin, found.kind, found.told, found.common) == ("", "clone", False, "")
