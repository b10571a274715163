"""What a confined worker has to write to in order to commit, and nothing else of the repository."""

import subprocess
from pathlib import Path

import pytest

from looop.child import sandbox
from looop.child.walls import SESSIONS, Walls, Who
from looop.store import sandboxes
from looop.store.config import Config
from looop.store.paths import Profile
from support import repositories
from support.folder import names
from support.profiles import made_in
from support.repositories import run

pytestmark = [pytest.mark.process, pytest.mark.needs("bwrap")]


class Cell:
    """A session's cell, in which of its repository may be changed what `sandbox.writable` names."""

    def __init__(self, profile: Profile, path: Path, work: Path) -> None:
        names = {f"GIT_{who}_{what}": "x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        self._work, self._env = work, repositories.variables(path) | names
        inside, closed = sandbox.writable(profile, "fix")
        self._who = Who(SESSIONS, "fix", write=tuple(map(str, inside)), keep=tuple(map(str, closed)))
        self._walls = Walls(profile, Config(), self._env)

    def run(self, script: str) -> "subprocess.CompletedProcess[str]":
        start = self._walls.confined(self._who, ["sh", "-c", script], self._env, self._work)
        return subprocess.run(start.argv, env=start.env, capture_output=True, text=True, check=False)


@pytest.fixture
async def cell(tmp_path: Path) -> Cell:
    profile, env = made_in(tmp_path), repositories.variables(tmp_path)
    mail = repositories.made(tmp_path / "mail")
    box = await sandbox.ensure(profile, "fix", mail, env)
    await sandbox.ensure(profile, "other", mail, env)
    return Cell(profile, tmp_path, sandboxes.place(profile, box))


async def test_a_worker_commits_rewrites_and_switches_in_its_cell(tmp_path: Path, cell: Cell) -> None:
    did = cell.run(
        "echo x > work && git add work && git commit -q -m work && git commit -q --amend -m better"
        " && git checkout -q -b looop/fix/side && git reset -q --hard looop/fix/1"
        " && git status --porcelain && git log --format=%s -1"
    )
    assert (did.returncode, did.stdout, did.stderr) == (0, "better\n", "")
    assert run(tmp_path / "mail", "log", "--format=%s", "-1", "looop/fix/1") == "better"


async def test_a_rebase_works_though_git_grumbles(tmp_path: Path, cell: Cell) -> None:
    did = cell.run(
        "git commit -q --allow-empty -m a && git checkout -q -b looop/fix/2 HEAD~ && echo b > b && git add b"
        " && git commit -q -m b && git rebase -q looop/fix/1"
    )
    assert did.returncode == 0
    assert "packed-refs.lock" in did.stderr  # where git looks for refs to delete; it needs none
    log = run(tmp_path / "mail", "log", "--format=%s", "-3", "looop/fix/2")
    assert log == "b\na\nadd first"


ATTACKS = (
    "echo x > $M/hooks/post-commit",
    "mkdir $M/worktrees/new",
    "git config core.fsmonitor x",
    "git config --worktree core.fsmonitor x",
    "echo x > $M/info/exclude",
    "git branch -f main HEAD",
    "git branch -f looop/other/1 HEAD",
    "git update-ref refs/remotes/origin/main HEAD",
    "echo $M > $M/objects/info/alternates",
    "touch $M/objects/pack/x",
    "echo gitdir: /tmp > .git",
    "rm .git",
    "mv .git other",
    "echo /tmp > $M/worktrees/mail/commondir",
    "rm $M/worktrees/mail/commondir",
    "echo x > $M/worktrees/mail/config.worktree",
    "rm -r $M/worktrees/mail1",
    "echo x > first-of-all && cp first-of-all $M/packed-refs",
)


async def test_nothing_that_others_run_or_have_can_be_written(tmp_path: Path, cell: Cell) -> None:
    before = _all(tmp_path / "mail" / ".git")
    done = [it for it in ATTACKS if cell.run(f"M={tmp_path}/mail/.git; {it}").returncode == 0]
    assert done == []
    assert _all(tmp_path / "mail" / ".git") == before


def _all(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): path.read_bytes() for path in found if path.name != "index"}


async def test_what_was_made_ready_leads_git_nowhere_new(tmp_path: Path, cell: Cell) -> None:
    del cell
    assert names(tmp_path / "mail" / ".git" / "refs" / "heads" / "looop") == ["fix", "other"]
    assert run(tmp_path / "mail", "status", "--porcelain") == ""
