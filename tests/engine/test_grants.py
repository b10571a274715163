"""An approved command runs once, outside, as it was shown, whoever dies at whatever moment."""

import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio

from looop.child import spawn
from looop.core.command import Moment, Offer, Wanted
from looop.core.problem import Problem
from looop.engine import grants as module
from looop.engine.grants import Grants
from looop.session.fake_house import FakeHouse
from looop.store import grants, questions
from looop.store.paths import Profile
from looop.store.questions import Place
from support.profiles import made_in

pytestmark = pytest.mark.process

NUMBER = 7


class Killed(BaseException):
    """Stands for SIGKILL: nothing in the code under test catches it."""


class Asked:
    """A profile with a session, and a command of it that notes each of its runs."""

    def __init__(self, folder: Path) -> None:
        self.profile: Profile = made_in(folder)
        FakeHouse(self.profile).start("fix")
        place = questions.place_of(self.profile, "fix")
        assert place is not None
        self.place: Place = place
        self.work = folder / "work"
        self.work.mkdir()
        self.runs = folder / "runs"
        (folder / "bin").mkdir()
        self.ship = folder / "bin" / "ship"
        self.says("echo out; echo err >&2; exit 3")
        self.env = {"PATH": f"{folder}/bin:{os.environ['PATH']}", "HOME": str(folder), "OURS": "1"}

    def says(self, body: str) -> None:
        self.ship.write_text(f"#!/bin/sh\necho run >> {self.runs}\n{body}\n")
        self.ship.chmod(0o755)

    @property
    def count(self) -> int:
        return len(self.runs.read_text().split()) if self.runs.exists() else 0

    def engine(self) -> Grants:
        return Grants(self.profile, self.env)

    async def offer(self, stdin: bytes = b"", argv: tuple[str, ...] = ("ship", "it")) -> Offer:
        caller = subprocess.Popen(["sleep", "1000"], cwd=self.work)
        try:
            wanted = Wanted(argv, str(self.work), caller.pid, stdin)
            return await self.engine().offer(self.place, wanted)
        finally:
            caller.kill()
            caller.wait()

    def answer(self, **more: Any) -> questions.Answer:
        return questions.Answer(NUMBER, "approved", 0.0, "ann", approved=True, command=True, **more)


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    return Asked(tmp_path)


async def test_it_runs_outside_with_its_input_and_what_it_wrote_is_kept(asked: Asked) -> None:
    asked.says("pwd; cat; echo $OURS$LOOOP_SESSION_ID; echo err >&2; exit 3")
    offer = await asked.offer(b"given\n")
    ran = await asked.engine().run(asked.place, NUMBER, offer.token)
    assert (ran.code, ran.whole, asked.count) == (3, True, 1)
    assert ran.said.startswith("ship it ran: exit code 3. The end of its output:\n| ")
    outcome = await asked.engine().outcome(asked.place, asked.answer(landed=ran.said, code=3))
    assert outcome.out.decode().splitlines() == [str(asked.work), "given", "1"]
    assert (outcome.err, outcome.code, outcome.said) == (b"err\n", 3, "")


@pytest.mark.parametrize("step", ["before", "spent", "running", "ended"])
async def test_killed_at_any_step_it_never_runs_twice(
    asked: Asked, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    offer = await asked.offer()
    real = {"before": grants.spend, "spent": spawn.run, "running": spawn.run, "ended": grants.finish}[step]

    def dies(*args: Any) -> Any:
        if step == "ended":
            real(*args)  # type: ignore[operator]
        raise Killed

    async def dies_running(*args: Any, **named: Any) -> Any:
        if step == "running":
            await real(*args, **named)  # type: ignore[operator]
        raise Killed

    with monkeypatch.context() as patch:
        if step in {"spent", "running"}:
            patch.setattr(module, "run", dies_running)
        else:
            patch.setattr(grants, {"before": "spend", "ended": "finish"}[step], dies)
        with pytest.raises(Killed):
            await asked.engine().run(asked.place, NUMBER, offer.token)
    before = asked.count
    assert before == (1 if step in {"running", "ended"} else 0)
    later = [await asked.engine().run(asked.place, NUMBER, offer.token) for _ in range(2)]
    assert later[0] == later[1]
    assert asked.count == (1 if step == "before" else before)
    if step in {"spent", "running"}:
        assert (later[0].code, "not known whether it ran" in later[0].said) == (1, True)
    else:
        assert later[0].code == 3


async def test_what_may_have_run_is_never_said_not_to_have_run(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer = await asked.offer()
    assert grants.spend(asked.profile, asked.place, NUMBER, offer.token, module.moment())
    asked.says("changed by its own run")
    assert "not known whether it ran" in (await asked.engine().run(asked.place, NUMBER, offer.token)).said


async def test_an_approval_is_spent_once_however_many_try(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer = await asked.offer()
    monkeypatch.setattr(grants, "spent", lambda *_: False)  # both looked before either spent it
    ran = [(await asked.engine().run(asked.place, NUMBER, offer.token)).code for _ in range(2)]
    assert (asked.count, ran) == (1, [3, 3])
    (grants.folder(asked.place) / f"{NUMBER}.ended").unlink()
    assert (await asked.engine().run(asked.place, NUMBER, offer.token)).code == 1
    assert asked.count == 1


async def test_cut_off_in_the_middle_it_is_ended_and_not_known_to_have_run(
    asked: Asked, tmp_path: Path
) -> None:
    asked.says(f"echo $$ > {tmp_path}/pid; sleep 1000")
    offer = await asked.offer()
    async with _running(asked, offer):
        with trio.fail_after(30):
            while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text().strip():
                await trio.sleep(0.01)
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists()
    ran = await asked.engine().run(asked.place, NUMBER, offer.token)
    assert (ran.code, asked.count) == (1, 1)


@asynccontextmanager
async def _running(asked: Asked, offer: Offer) -> AsyncIterator[None]:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(asked.engine().run, asked.place, NUMBER, offer.token)
        yield
        nursery.cancel_scope.cancel()


async def test_what_changed_between_approval_and_run_does_not_run(asked: Asked) -> None:
    offer = await asked.offer()
    asked.says("evil")
    ran = await asked.engine().run(asked.place, NUMBER, offer.token)
    assert (ran.code, asked.count) == (5, 0)
    assert "it is not what was approved any more: program" in ran.said


async def test_an_input_that_was_exchanged_does_not_run(asked: Asked) -> None:
    offer = await asked.offer(b"given")
    (kept,) = grants.folder(asked.place).glob("*.in")
    kept.write_bytes(b"other")
    assert (await asked.engine().run(asked.place, NUMBER, offer.token)).code == 5
    assert asked.count == 0


async def test_a_request_that_was_exchanged_does_not_run(asked: Asked) -> None:
    offer = await asked.offer()
    (kept,) = grants.folder(asked.place).glob("*.json")
    kept.write_bytes(kept.read_bytes().replace(b'"it"', b'"ut"'))
    assert (await asked.engine().run(asked.place, NUMBER, offer.token)).code == 5
    assert asked.count == 0


async def test_a_change_is_asked_anew_and_says_what_changed(asked: Asked) -> None:
    offer = await asked.offer(b"given")
    assert await asked.engine().changed(asked.place, offer.token) is None
    asked.says("other")
    fresh = await asked.engine().changed(asked.place, offer.token)
    assert fresh is not None
    assert "changed since it was approved: program " in fresh.text
    assert fresh.token.partition("-")[0] == offer.token.partition("-")[0]
    assert await asked.engine().changed(asked.place, fresh.token) is None
    assert (await asked.engine().run(asked.place, NUMBER, fresh.token)).whole


async def test_a_request_older_than_a_day_is_asked_anew(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer = await asked.offer()
    now = module.moment()
    late = Moment(now.wall - 60, now.boot, now.awake + module.EXPIRY + 60)  # asleep, with a clock set back
    monkeypatch.setattr(module, "moment", lambda: late)
    fresh = await asked.engine().changed(asked.place, offer.token)
    assert fresh is not None
    assert "older than a day" in fresh.text
    assert await asked.engine().changed(asked.place, fresh.token) is None


async def test_an_approval_that_waited_for_more_than_a_day_runs_nothing(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer = await asked.offer()
    now = module.moment()
    monkeypatch.setattr(module, "moment", lambda: Moment(now.wall + module.EXPIRY + 60, "other boot", 1.0))
    assert (await asked.engine().run(asked.place, NUMBER, offer.token)).code == 5
    assert asked.count == 0


async def test_a_command_that_takes_too_long_is_ended(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    asked.says("echo begun; exec sleep 1000")
    offer = await asked.offer()
    monkeypatch.setattr(module, "RUN_DEADLINE", 0.3)
    ran = await asked.engine().run(asked.place, NUMBER, offer.token)
    assert (ran.code, ran.whole) == (143, False)
    assert "was ended after" in ran.said


async def test_much_output_is_cut_and_does_not_stop_it(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_KEPT", 1000)
    asked.says("head -c 300000 /dev/zero | tr '\\0' x; exit 4")
    offer = await asked.offer()
    ran = await asked.engine().run(asked.place, NUMBER, offer.token)
    outcome = await asked.engine().outcome(asked.place, asked.answer(landed=ran.said, code=ran.code))
    assert (outcome.code, outcome.out) == (4, b"x" * 1000)


async def test_a_full_disk_at_the_end_is_no_second_run(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    offer = await asked.offer()
    monkeypatch.setattr(grants, "finish", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
    engine = asked.engine()
    assert [(await engine.run(asked.place, NUMBER, offer.token)).code for _ in range(2)] == [3, 3]
    assert asked.count == 1


async def test_a_denial_and_a_command_that_did_not_run_end_with_five(asked: Asked) -> None:
    denied = questions.Answer(NUMBER, "denied: not today", 0.0, "ann", approved=False, command=True)
    outcome = await asked.engine().outcome(asked.place, denied)
    assert (outcome.code, outcome.said) == (5, "a person has denied: not today")
    outcome = await asked.engine().outcome(asked.place, asked.answer(landed="it was not run: why", code=5))
    assert (outcome.code, outcome.said, outcome.out) == (5, "it was not run: why", b"")


async def test_what_can_not_be_read_is_not_offered(asked: Asked) -> None:
    asked.ship.unlink()
    with pytest.raises(Problem) as refused:
        await asked.offer()
    assert refused.value.kind == "no-program"


async def test_an_approved_push_sends_what_was_shown_and_runs_no_hook(asked: Asked, tmp_path: Path) -> None:
    who = {f"GIT_{part}_{what}": "x" for part in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}

    def git(*argv: str) -> str:
        env = {**os.environ, **who, "HOME": str(tmp_path)}
        done = subprocess.run(["git", *argv], cwd=asked.work, env=env, check=True, capture_output=True)
        return done.stdout.decode().strip()

    git("init", "-q", "-b", "main")
    git("init", "-q", "--bare", str(tmp_path / "there"))
    git("commit", "-q", "--allow-empty", "-m", "one")
    git("remote", "add", "origin", str(tmp_path / "there"))
    git("config", "core.fsmonitor", f"touch {tmp_path}/sprung;")
    hook = asked.work / ".git/hooks/pre-push"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    hook.chmod(0o755)
    offer = await asked.offer(argv=("git", "push", "origin", "main"))
    assert f"pinned: sends main: {git('rev-parse', 'main')}" in offer.text
    assert (await asked.engine().run(asked.place, NUMBER, offer.token)).code == 0
    assert git("--git-dir", str(tmp_path / "there"), "rev-parse", "main") == git("rev-parse", "main")
    assert not (tmp_path / "sprung").exists()
