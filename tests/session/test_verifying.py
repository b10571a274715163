"""The check of a session's work: run once after a good end, never twice, and its verdict is news."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from looop.child import clone, sandbox
from looop.core.cell import Level
from looop.core.sessions import SessionView
from looop.core.verdict import PERSON, Check, Verdict
from looop.session.verifying import Verifier
from looop.store import files, sessions, verdicts, written
from support import repositories
from support.hosting import Hosting, eventually
from support.leaks import SECRET, leaks

pytestmark = pytest.mark.process


class Checking(Hosting):
    """A host and who checks what is over on it."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        super().__init__(folder, **settings)
        self.env = {**repositories.variables(folder), "GH_TOKEN": "x", "LC_ALL": "C"}

    @asynccontextmanager
    async def checked(self) -> AsyncIterator[Verifier]:
        async with self.served() as host, trio.open_nursery() as nursery:
            verifier = Verifier(self.profile, host, env=self.env, settings=lambda: self.settings)
            await nursery.start(verifier.serve)
            yield verifier
            nursery.cancel_scope.cancel()

    async def begin(self, verify: str, name: str = "a", **order: Any) -> SessionView:
        return await self.start(name, **{"verify": verify, "verify_from": PERSON, **order})

    async def verdict(self, words: str, name: str = "a") -> SessionView:
        await eventually(lambda: self.host.get(name).verdict == words, f"the verdict {words!r}")
        return self.host.get(name)

    @property
    def ran(self) -> str:
        path = self.profile.data.parent / "ran"
        return path.read_text() if path.exists() else ""


@pytest.fixture
def at(tmp_path: Path) -> Checking:
    return Checking(tmp_path)


def mark(at: Hosting) -> str:
    return f"echo x >> {at.profile.data.parent}/ran"


async def test_a_check_that_passes_verifies_and_is_news_once(at: Checking) -> None:
    async with at.checked():
        await at.begin(f"{mark(at)}; echo fine; echo yes >&2")
        before = (await at.finish()).news
        pokes = at.pokes
        view = await at.verdict("verified")
        assert (view.news, view.news_name, view.state.value) == (before + 1, "verified", "ended")
        await eventually(lambda: at.pokes > pokes, "the loop to be woken")
        explained = await at.host.explain("a")
        assert (explained.verdict, explained.checked) == ("verified", "fine\nyes\n")
    async with at.checked():
        assert at.host.get("a") == view
        assert (await at.verdict("verified")).news == before + 1
    assert at.ran == "x\n"


@pytest.mark.parametrize(
    ("command", "words"),
    [("exit 3", "failed(3)"), ("kill -9 $$", "failed(137)"), ("no-such-program-here", "failed(127)")],
)
async def test_a_check_that_fails_says_how(at: Checking, command: str, words: str) -> None:
    async with at.checked():
        await at.begin(command)
        await at.finish()
        assert (await at.verdict(words)).news_name == words


async def test_what_a_check_said_is_kept_without_secrets(at: Checking) -> None:
    at.env["GH_TOKEN"] = SECRET
    (at.profile.data.parent / "kept").write_text(f"refused for {SECRET}")
    async with at.checked():
        await at.begin(f"cat {at.profile.data.parent}/kept; exit 3")
        await at.finish()
        await at.verdict("failed(3)")
        assert (await at.host.explain("a")).checked == "refused for [secret GH_TOKEN]"
    assert leaks(at.profile.data, SECRET) == []


async def test_a_check_has_a_deadline_and_takes_what_it_started_along(tmp_path: Path) -> None:
    at = Checking(tmp_path, verify_timeout=0.3)
    async with at.checked():
        await at.begin("sleep 1000 & sleep 1000")
        await at.finish()
        await at.verdict("timed out")


async def test_done_counts_and_a_worker_that_failed_or_was_killed_is_not_checked(at: Checking) -> None:
    async with at.checked():
        for name in ("done", "failed", "code", "killed", "plain"):
            await at.begin(mark(at) if name != "plain" else "", name)
        await at.host.done("done", "done", "all of it")
        await at.host.done("failed", "failed", "no")
        await at.finish(1, "code")
        await at.host.kill("killed")
        await at.finish(0, "plain")
        await at.verdict("verified", "done")
        for name in ("failed", "code", "killed", "plain"):
            view = await at.host.ended(name)
            assert view.verdict == "not verified"
    assert at.ran == "x\n"


async def test_a_check_that_a_crash_cut_off_is_not_known_and_never_run_again(at: Checking) -> None:
    async with at.checked() as verifier:
        await at.begin(f"{mark(at)}; sleep 1000")
        await at.finish()
        await eventually(lambda: at.ran, "the check to run")
        assert verifier.running == 1
        assert at.host.get("a").verdict == "being checked"
    async with at.checked():
        view = await at.verdict("not known")
        assert view.news_name == "not known"
        assert verdicts.read(at.folder()) is not None
    assert at.ran == "x\n"


async def test_a_crash_right_before_the_check_or_the_verdict_ends_it_too(at: Checking) -> None:
    async with at.served():
        await at.begin(mark(at))
        await at.begin(mark(at), "b")
        await at.finish()
        await at.finish(name="b")
    begun = Check(mark(at), 1.0)
    at.folder().joinpath(verdicts.FILE).write_bytes(msgspec.json.encode(begun))
    done = Check(mark(at), 1.0, Verdict.FAILED, 2.0, 4)
    at.folder("b").joinpath(verdicts.FILE).write_bytes(msgspec.json.encode(done))
    async with at.checked():
        await at.verdict("not known")
        await at.verdict("failed(4)", "b")
    assert at.ran == ""


async def test_what_ended_while_no_engine_lived_is_checked_by_the_next(at: Checking) -> None:
    async with at.served():
        await at.begin(mark(at))
        key = at.key()
    at.terminals.finish(key, 0)
    async with at.checked():
        await at.verdict("verified")


async def test_stopping_all_cuts_a_check_off(at: Checking) -> None:
    async with at.checked() as verifier:
        await at.begin(f"{mark(at)}; sleep 1000")
        await at.finish()
        await eventually(lambda: at.ran, "the check to run")
        verifier.stop()
        await at.verdict("not known")
        assert not verifier.running


async def test_a_check_runs_in_the_sandbox_with_a_clean_environment(at: Checking, tmp_path: Path) -> None:
    mail = repositories.made(tmp_path / "mail")
    await sandbox.ensure(at.profile, "a", mail, at.env)
    async with at.checked():
        await at.begin("pwd; cat; env", env={"PATH": at.env["PATH"] + ":/own", "SSH_AUTH_SOCK": "/s"})
        await at.finish()
        await at.verdict("verified")
        said = (await at.host.explain("a")).checked
    where, *env = said.splitlines()
    assert Path(where) == at.profile.sandboxes / "a" / "mail"
    assert any(line.startswith(f"PATH={at.env['PATH']}:/own") for line in env)
    assert "LOOOP_SESSION_ID=a" in env
    names = {line.partition("=")[0] for line in env}
    assert not names & {"GH_TOKEN", "SSH_AUTH_SOCK", "KEPT"}


async def test_a_restart_while_a_check_runs_keeps_the_verdict_with_its_own_generation(at: Checking) -> None:
    go = at.profile.data.parent / "go"
    async with at.checked():
        first = await at.begin(f"{mark(at)}; until test -e {go}; do sleep 0.01; done")
        await at.finish()
        await eventually(lambda: at.ran, "the check to run")
        second = await at.host.restart("a", {})
        go.touch()
        exact = sessions.exact("a", first.generation)
        await eventually(lambda: at.host.get(exact).verdict == "verified", "the first's verdict")
        assert at.host.get("a").generation == second.generation
        assert at.host.get("a").verdict == "not verified"
        assert not files.present(at.folder() / verdicts.FILE)


async def test_a_goals_check_is_used_as_it_is_when_a_generation_begins(at: Checking) -> None:
    files.private_dir(at.profile.goals)
    goal = at.profile.goals / "a.md"
    goal.write_text("---\ngoal: all is well\nverify: exit 5\n---\n")
    async with at.checked():
        await at.start()
        goal.write_text("---\ngoal: all is well\nverify: true\n---\n")
        await at.finish()
        await at.verdict("failed(5)")
        await at.host.restart("a", {})
        await at.finish()
        await at.verdict("verified")


@pytest.mark.parametrize("giver", ["goal", "looop"])
async def test_a_check_that_an_ai_wrote_waits_for_approval_of_its_text(
    at: Checking, giver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("looop.session.verifying._AGAIN", 0.05)
    digest = written.digest_of_check(mark(at))
    written.note(at.profile, digest, "goals/a.md", "tick-1")
    async with at.checked() as verifier:
        await at.begin(mark(at), verify_from=giver)
        news = (await at.finish()).news
        view = await at.verdict("awaits approval")
        assert (view.news, verifier.running, at.ran) == (news, 0, "")
        await at.begin(mark(at), "mine", verify_from=PERSON)
        await at.finish(name="mine")
        await at.verdict("verified", "mine")
        assert written.approve(at.profile, digest)
        await at.verdict("verified")


async def test_a_book_of_what_an_ai_wrote_that_is_damaged_runs_nothing(at: Checking) -> None:
    files.private_dir(at.profile.pulse)
    (at.profile.pulse / "written.json").write_text("no")
    async with at.checked():
        await at.begin(mark(at), verify_from="goal")
        await at.finish()
        await eventually(lambda: at.said, "the trouble to be told")
        at.host.around.bell.ring()
        await trio.testing.wait_all_tasks_blocked(0.05)
    assert (at.ran, len(at.said)) == ("", 1)


async def test_a_session_whose_folder_went_meanwhile_is_tried_once(at: Checking) -> None:
    async with at.served():
        await at.begin(mark(at))
        await at.finish()
        files.remove_tree(at.folder())
        verifier = Verifier(at.profile, at.host, env=at.env, settings=lambda: at.settings)
        async with trio.open_nursery() as nursery:
            await nursery.start(verifier.serve)
            await trio.testing.wait_all_tasks_blocked(0.05)
            assert not verifier.running
            nursery.cancel_scope.cancel()
    assert at.ran == ""


@pytest.mark.needs("bwrap")
async def test_a_check_changes_its_sandbox_alone(tmp_path: Path) -> None:
    at = Checking(tmp_path, confine="auto")
    mail = repositories.made(tmp_path / "mail")
    await sandbox.ensure(at.profile, "a", mail, at.env)
    tries = ("$LOOOP_DATA_DIR/x", f"{mail}/x", "$HOME/x", f"{mail}/.git/hooks/x", ".git")
    async with at.checked():
        await at.begin("; ".join(["touch made", *(f"echo x > {it} && echo {it}" for it in tries), "true"]))
        await at.finish()
        await at.verdict("verified")
    assert (at.profile.sandboxes / "a" / "mail" / "made").exists()
    check = verdicts.read(at.folder())
    assert check is not None
    assert check.said.count("Read-only file system") == len(tries)


@pytest.mark.needs("bwrap")
async def test_a_check_runs_in_a_clone_and_changes_no_git_folder_there(tmp_path: Path) -> None:
    at = Checking(tmp_path, confine="auto")
    files.private_dir(at.profile.sandboxes / "a", below=at.profile.data)
    await clone.ensure(at.profile, "a", repositories.made(tmp_path / "mail"), at.env)
    async with at.checked():
        await at.begin("touch made; git log --format=%s; touch .git/config || echo closed")
        await at.finish()
        await at.verdict("verified")
        said = (await at.host.explain("a")).checked
    assert "add first" in said
    assert said.endswith("closed\n")
    assert (at.profile.sandboxes / "a" / "mail" / "made").exists()


async def test_a_check_that_can_not_be_confined_as_it_must_be_is_not_begun(tmp_path: Path) -> None:
    at = Checking(tmp_path, confine="require")
    async with at.served() as host, trio.open_nursery() as nursery:
        await at.begin(mark(at))
        await at.finish()
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("looop.child.walls.level", lambda _: Level(None, "of a test"))
            verifier = Verifier(at.profile, host, env=at.env, settings=lambda: at.settings)
            await nursery.start(verifier.serve)
            await eventually(lambda: at.said, "the reason to be told")
            assert (at.ran, verdicts.read(at.folder())) == ("", None)
            nursery.cancel_scope.cancel()
