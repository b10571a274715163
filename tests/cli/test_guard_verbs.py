"""`guard test`, `guard rules`, and what `guard run` does for whom."""

import os
from pathlib import Path

import pytest

from looop.child.environ import own_binary
from looop.cli.console import FakeCall
from looop.core.guarded import Guard
from looop.engine.call import Caller, Kind
from looop.guard import shims
from looop.store.paths import Profile
from support.profiles import config_in
from support.verbs import Looop

CHILD = Caller(Kind.CHILD, 7)


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    folder = tmp_path / "programs"
    folder.mkdir()
    for name in ("git", "rm"):
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    return folder


def _call(programs: Path, caller: Caller, **env: str) -> FakeCall:
    return FakeCall(env={"PATH": str(programs), **env}, cwd=str(programs), caller=caller)


async def test_a_command_that_would_be_held_is_told_with_its_rule_and_exit_code_5(looop: Looop) -> None:
    said = await looop("guard", "test", "--", "git", "push", "-f", "--json")
    assert (said.code, said.err) == (5, "")
    assert said.out.startswith("It would be held by git-push-force: ")


async def test_a_command_that_would_run_is_told_with_exit_code_0(looop: Looop) -> None:
    said = await looop("guard", "test", "--json", "--", "git", "status")
    assert said.code == 0
    assert said.value == {
        "v": 1,
        "held": False,
        "said": "It would run: no rule holds it.",
        "rule": None,
        "why": None,
        "watched": True,
    }


async def test_a_test_without_a_command_says_how_it_is_given(looop: Looop) -> None:
    assert (await looop("guard", "test", "--json")).problem == (2, "no-command")


async def test_the_branch_that_is_checked_out_counts_for_a_bare_push(looop: Looop, tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    (repo / ".git").mkdir(parents=True)
    (repo / "below").mkdir()
    (repo / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    tree = tmp_path / "tree"
    tree.mkdir()
    (repo / ".git" / "worktrees" / "tree").mkdir(parents=True)
    (repo / ".git" / "worktrees" / "tree" / "HEAD").write_text("ref: refs/heads/looop/tea\n")
    (tree / ".git").write_text(f"gitdir: {repo}/.git/worktrees/tree\n")

    async def held(cwd: Path, *argv: str, **env: str) -> bool:
        call = FakeCall(cwd=str(cwd), env=env)
        return (await looop("guard", "test", "--", *argv, call=call)).code == 5

    assert await held(repo, "git", "push")
    assert await held(repo / "below", "git", "push", "origin", "HEAD")
    assert await held(tree, "git", "-C", str(repo), "push")
    assert await held(tree, "git", "-C", "../repo", "push")
    assert await held(tree, "git", f"--git-dir={repo}/.git", "push")
    assert await held(tree, "git", "push", GIT_DIR=f"{repo}/.git")
    assert not await held(tree, "git", "push")
    assert not await held(repo, "git", "push", "origin", "feature")
    assert not await held(tmp_path, "git", "push")


async def test_rules_are_listed_as_config_has_them(no_profile: Profile, tmp_path: Path) -> None:
    config_in(
        tmp_path,
        {"guard": {"off": ["root"], "add": [{"name": "s3", "match": ["aws", "s3"]}], "protected": ["prod"]}},
    )
    view = (await Looop(no_profile)("guard", "rules", "--json")).value
    rules = {rule["name"]: rule for rule in view["rules"]}
    assert not rules["root"]["on"]
    assert rules["s3"]["added"]
    assert rules["s3"]["on"]
    assert "aws" in view["programs"]
    assert "sudo" not in view["programs"]
    assert view["protected"] == ["prod"]


async def test_a_person_is_not_asked(looop: Looop, programs: Path) -> None:
    call = _call(programs, Caller(Kind.PERSON, 7))
    assert (await looop("guard", "run", "--", "git", "push", "-f", call=call)).code == 0
    assert call.became == [(str(programs / "git"), (str(programs / "git"), "push", "-f"))]


def asks(call: FakeCall) -> bool:
    """Whether a person is asked for the command, in place of running it."""
    ((_, words),) = call.became
    return words[1:3] == ("guard", "ask")


async def test_what_looop_started_asks_a_person_instead(looop: Looop, programs: Path) -> None:
    call = _call(programs, CHILD, LOOOP_SESSION_ID="tea")
    await looop("guard", "run", "--", "git", "push", "-f", call=call)
    ((program, words),) = call.became
    assert (program, words[1:]) == (own_binary(), ("guard", "ask", "--", "git", "push", "-f"))


async def test_what_no_rule_holds_is_run_for_it(looop: Looop, programs: Path) -> None:
    call = _call(programs, CHILD, LOOOP_SESSION_ID="tea")
    await looop("guard", "run", "--", "git", "push", "origin", "feature", call=call)
    assert [argv[1:] for _, argv in call.became] == [("push", "origin", "feature")]


async def test_the_rules_that_its_shims_were_written_for_count_and_no_variable(
    looop: Looop, programs: Path
) -> None:
    call = _call(programs, CHILD, LOOOP_GUARD='{"off": ["*"]}')
    await looop("guard", "run", "--", "git", "push", "-f", call=call)
    assert asks(call)
    shims.write(looop.profile, Guard(off=("git-push-force",)), "/bin/looop")
    call = _call(programs, CHILD)
    await looop("guard", "run", "--", "git", "push", "-f", call=call)
    assert not asks(call)


async def test_a_session_may_clear_its_own_sandboxes_and_no_other_ones(looop: Looop, programs: Path) -> None:
    boxes = looop.profile.sandboxes
    for name in ("tea", "tea-1"):
        (boxes / name).mkdir(parents=True)

    async def held(target: Path) -> bool:
        call = _call(programs, CHILD, LOOOP_SESSION_ID="tea")
        await looop("guard", "run", "--", "rm", "-rf", str(target), call=call)
        return asks(call)

    assert not await held(boxes / "tea" / "mail")
    for other in (boxes / "tea-1" / "mail", boxes / "tea", boxes, looop.profile.goals, looop.profile.data):
        assert await held(other), other


async def test_what_is_not_there_is_told_as_a_shell_would(looop: Looop, programs: Path) -> None:
    call = _call(programs, CHILD)
    said = await looop("guard", "run", "--", "npm", "ci", call=call)
    assert (said.code, said.err) == (127, "npm: not found\n")


async def test_what_cannot_be_executed_is_a_126(
    looop: Looop, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = _call(programs, CHILD)

    def become(program: str, argv: object) -> int:
        raise OSError(8, os.strerror(8))

    monkeypatch.setattr(call, "become", become)
    said = await looop("guard", "run", "--", "git", "status", call=call)
    assert said.code == 126
    assert said.err.startswith(str(programs / "git"))
