"""What a command depends on is pinned: changed in between, it is not the same command any more."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from looop.core.command import Command, Wanted, differences, text
from looop.core.problem import Problem
from looop.guard import approval, effects

pytestmark = pytest.mark.process

Script = Callable[[str, str], Path]


@pytest.fixture
def bin_(tmp_path: Path) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


@pytest.fixture
def env(tmp_path: Path, bin_: Path) -> dict[str, str]:
    return {"PATH": f"{bin_}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path)}


@pytest.fixture
def script(bin_: Path) -> Script:
    def write(name: str, body: str) -> Path:
        path = bin_ / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
        return path

    return write


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def caller(work: Path) -> Iterator[Callable[..., int]]:
    """Start a process that works in the folder, with the variables given: it stands for the call."""
    begun: list[subprocess.Popen[bytes]] = []

    def start(cwd: Path = work, **env: str) -> int:
        begun.append(subprocess.Popen(["/bin/sleep", "1000"], cwd=cwd, env=env))
        return begun[-1].pid

    yield start
    for process in begun:
        process.kill()
        process.wait()


def pinned(command: Command) -> dict[str, str]:
    return {pin.what: pin.state for pin in command.pins}


async def differs(asked: Command, env: dict[str, str]) -> bool:
    """Tell whether it would not run any more, or as something else."""
    with suppress(Problem):
        return bool(differences(asked, await approval.again(asked, env)))
    return True


@pytest.mark.parametrize(
    "spoil",
    [
        lambda work, _: (work / "a.tgz").write_text("other"),
        lambda work, _: (work / "b.tgz").write_text("other"),
        lambda work, _: (work / "c.tgz").write_text("other"),
        lambda work, _: (work / "late.tgz").write_text("it was not there before"),
        lambda work, _: (work / "a.tgz").unlink(),
        lambda work, _: (work.rename(work.with_name("moved")), work.mkdir()),
        lambda _, ship: ship.write_text("#!/bin/sh\nevil\n"),
        lambda _, ship: ship.unlink(),
    ],
)
async def test_whatever_is_changed_in_between_is_noticed(
    work: Path,
    env: dict[str, str],
    script: Script,
    caller: Callable[..., int],
    spoil: Callable[[Path, Path], object],
) -> None:
    ship = script("ship", "true")
    for name in ("a", "b", "c"):
        (work / f"{name}.tgz").write_text(name)
    argv = ("ship", "a.tgz", "--file=b.tgz", "-F@c.tgz", "-x", "late.tgz")
    asked = await approval.asked(Wanted(argv, str(work), caller(), b"input"), env)
    assert differences(asked, await approval.again(asked, env)) == ()
    spoil(work, ship)
    assert await differs(asked, env)


async def test_a_script_is_pinned_with_its_interpreter_and_a_folder_is_not(
    work: Path, env: dict[str, str], script: Script, caller: Callable[..., int]
) -> None:
    script("ship", "true")
    (work / "dist").mkdir()
    found = await approval.asked(Wanted(("ship", "dist"), str(work), caller()), env)
    assert {what.partition(" ")[0] for what in pinned(found)} >= {"folder", "program", "interpreter"}
    assert f"NOT pinned: what is in {work / 'dist'}, which is a folder" in text(found)


async def test_the_program_is_looops_own_and_never_the_sessions(
    work: Path, tmp_path: Path, env: dict[str, str], script: Script, caller: Callable[..., int]
) -> None:
    ship = script("ship", "true")
    evil = work / "ship"
    evil.write_text("#!/bin/sh\nevil\n")
    evil.chmod(0o755)
    found = await approval.asked(Wanted(("ship",), str(work), caller(PATH=f"{work}:.")), env)
    assert found.program == str(ship)
    with pytest.raises(Problem) as refused:
        await approval.asked(Wanted(("nothing-like-it",), str(work), caller()), env)
    assert refused.value.kind == "no-program"


async def test_variables_are_passed_shown_or_named_and_secrets_are_masked(
    work: Path, env: dict[str, str], script: Script, caller: Callable[..., int]
) -> None:
    script("ship", "true")
    pid = caller(KUBECONFIG="/k", GIT_SSH_COMMAND="evil", LD_PRELOAD="")
    found = await approval.asked(Wanted(("ship",), str(work), pid), {**env, "GH_TOKEN": "s3cret"})
    assert pinned(found)["variable KUBECONFIG"] == "/k"
    assert pinned(found)["variable GH_TOKEN"].startswith("*** sha256 ")
    assert "s3cret" not in text(found)
    assert "variables of the session that the command is not given: GIT_SSH_COMMAND" in text(found)
    runs_with = approval.variables(found, env)
    assert runs_with["PATH"] == approval.base(env)["PATH"]
    assert (runs_with["KUBECONFIG"], "GIT_SSH_COMMAND" in runs_with) == ("/k", False)
    other = await approval.again(found, {**env, "GH_TOKEN": "another"})
    assert [it.partition(" was ")[0] for it in differences(found, other)] == ["variable GH_TOKEN"]


async def test_a_folder_that_is_another_one_for_the_session_is_refused(
    work: Path, tmp_path: Path, env: dict[str, str], script: Script, caller: Callable[..., int]
) -> None:
    script("ship", "true")
    with pytest.raises(Problem) as refused:
        await approval.asked(Wanted(("ship",), str(work), caller(tmp_path)), env)
    assert refused.value.kind == "other-view"


async def test_a_file_that_the_session_can_not_see_is_refused(
    work: Path,
    env: dict[str, str],
    script: Script,
    caller: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script("ship", "true")
    (work / "a.tgz").write_text("outside")
    monkeypatch.setattr("looop.child.view.same_file", lambda _pid, path: not path.endswith("a.tgz"))
    with pytest.raises(Problem) as refused:
        await approval.asked(Wanted(("ship", "a.tgz"), str(work), caller()), env)
    assert refused.value.kind == "other-view"


async def test_a_merge_is_bound_to_the_pull_requests_commit(
    work: Path, tmp_path: Path, env: dict[str, str], script: Script, caller: Callable[..., int]
) -> None:
    said = tmp_path / "said"
    said.write_text('{"headRefOid": "abc1", "baseRefName": "main", "url": "https://x/pull/7"}')
    script("gh", f'echo "$@" >> {tmp_path}/asked; cat {said}')
    argv = ("gh", "pr", "merge", "--body", "8", "7", "-R", "a/b", "--squash")
    found = await approval.asked(Wanted(argv, str(work), caller()), env)
    assert (pinned(found)["its commit"], pinned(found)["pull request"]) == ("abc1", "https://x/pull/7")
    assert (tmp_path / "asked").read_text() == "pr view 7 --repo a/b --json headRefOid,baseRefName,url\n"
    said.write_text('{"headRefOid": "abc2", "baseRefName": "main", "url": "https://x/pull/7"}')
    assert differences(found, await approval.again(found, env)) == ("its commit was abc1 and is abc2",)


async def test_a_tool_that_says_nothing_in_time_is_not_waited_for_and_that_is_said(
    work: Path,
    env: dict[str, str],
    script: Script,
    caller: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script("gh", "sleep 1000")
    monkeypatch.setattr(effects, "DEADLINE", 0.1)
    found = await approval.asked(Wanted(("gh", "pr", "merge", "7"), str(work), caller()), env)
    assert "the pull request's commit: gh could not be asked" in found.loose


async def test_kubectl_is_bound_to_context_cluster_and_namespace(
    work: Path, env: dict[str, str], script: Script, caller: Callable[..., int]
) -> None:
    view = (
        '{"current-context": "prod", "contexts": [{"context": {"namespace": "shop"}}],'
        ' "clusters": [{"cluster": {"server": "https://k8s"}}]}'
    )
    script("kubectl", f"echo '{view}'")
    plain = await approval.asked(Wanted(("kubectl", "delete", "pod", "x"), str(work), caller()), env)
    own = await approval.asked(
        Wanted(("kubectl", "-n", "mine", "delete", "pod", "x"), str(work), caller()), env
    )
    names = ("context", "cluster", "namespace")
    assert [pinned(plain)[it] for it in names] == ["prod", "https://k8s", "shop"]
    assert [pinned(own)[it] for it in names] == ["prod", "https://k8s", "mine"]


async def test_a_package_is_bound_to_its_description(
    work: Path, env: dict[str, str], script: Script, caller: Callable[..., int]
) -> None:
    script("npm", "true")
    (work / "package.json").write_text('{"name": "x", "version": "1.0"}')
    found = await approval.asked(Wanted(("npm", "publish"), str(work), caller()), env)
    assert pinned(found)["package"] == "x 1.0"
    (work / "package.json").write_text('{"name": "x", "version": "1.1"}')
    changed = differences(found, await approval.again(found, env))
    assert changed[0] == "package was x 1.0 and is x 1.1"
