"""`up`, `down` and `tick` tell what was seen; the engine itself is tested in its own room."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from looop.child.proc import Proc
from looop.cli.console import FakeCall
from looop.core.phase import Phase
from looop.core.problem import Exit, Problem
from looop.engine import ask, foreground, shutdown, startup
from looop.engine.ask import Answer
from looop.engine.call import RunLocally, Tty
from looop.engine.shutdown import Stopped
from looop.engine.startup import Seen
from looop.store import config, files
from looop.store.paths import Profile
from support.verbs import FakeEngine, Looop


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, str]]:
    """Give the environments of the pulses that were started, none of which is real."""
    envs: list[Mapping[str, str]] = []

    async def up(profile: Profile, *, env: Mapping[str, str]) -> Seen:
        envs.append(env)
        return Seen(already=len(envs) > 1)

    async def status(path: object, *argv: str) -> Answer:
        assert argv == ("status", "--json")
        live = Looop(_Answering.profile, FakeEngine(Phase(pid=7, runner="codex", costs_known=False)))
        return Answer(0, (await live("status", "--json")).out)

    monkeypatch.setattr(startup, "up", up)
    monkeypatch.setattr(ask, "ask", status)
    return envs


class _Answering:
    profile: Profile


def _proc(pid: int) -> Proc:
    return Proc(pid, 1, pid, pid, 2, "D")


def stopping(monkeypatch: pytest.MonkeyPatch, stopped: Stopped) -> None:
    async def down(profile: Profile, *, now: bool, sessions: bool) -> Stopped:
        return stopped

    monkeypatch.setattr(shutdown, "down", down)


async def test_up_makes_the_profile_and_says_what_was_seen(
    no_profile: Profile, started: list[Mapping[str, str]]
) -> None:
    _Answering.profile = no_profile
    call = FakeCall(env={"PATH": "/nowhere"})
    said = await Looop(no_profile)("up", "--json", call=call)
    assert said.code == 0
    assert (said.value["already"], said.value["phase"]["pid"]) == (False, 7)
    assert files.present(no_profile.playbook)
    assert started == [{"PATH": "/nowhere"}]
    assert "`looop init`" in said.err
    assert "money caps can't hold" in said.err


async def test_a_second_up_says_that_it_was_up(profile: Profile, started: list[Mapping[str, str]]) -> None:
    _Answering.profile = profile
    looop = Looop(profile)
    assert "is up" in (await looop("up")).out
    assert "was up already" in (await looop("up")).out


@pytest.mark.parametrize(("runner", "who"), [("codex", "It"), ("rehearsal", "here"), ("auto", "here")])
async def test_an_up_says_in_one_line_what_confines_what_it_runs(
    profile: Profile, started: list[Mapping[str, str]], runner: str, who: str
) -> None:
    _Answering.profile = profile
    config.set_keys(profile, runner=runner)
    said = await Looop(profile)("up")
    assert len([line for line in said.err.splitlines() if f"{who} is NOT confined" in line]) == 1


async def test_an_up_tells_programs_what_confines_too(
    profile: Profile, started: list[Mapping[str, str]]
) -> None:
    _Answering.profile = profile
    assert (await Looop(profile)("up", "--json")).value["confined"].startswith("NOT confined")


async def test_the_first_up_on_a_terminal_asks_for_consent(
    profile: Profile, started: list[Mapping[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    _Answering.profile = profile
    monkeypatch.setattr("looop.cli.consent.installed", lambda _: ("claude",))
    monkeypatch.setattr("shutil.which", lambda *_, **__: "/bin/claude")
    call = FakeCall(tty=Tty(stdin=True, stdout=True, stderr=True), answers=["y", "", ""])
    assert (await Looop(profile)("up", call=call)).code == 0
    assert config.load(profile, {}).runner == "claude"
    assert len(started) == 1


async def test_an_up_whose_person_says_no_rehearses(
    profile: Profile, started: list[Mapping[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    _Answering.profile = profile
    monkeypatch.setattr("looop.cli.consent.installed", lambda _: ("claude",))
    monkeypatch.setattr("shutil.which", lambda *_, **__: "/bin/claude")
    call = FakeCall(tty=Tty(stdin=True, stdout=True, stderr=True), answers=["n"])
    assert (await Looop(profile)("up", call=call)).code == 0
    assert config.load(profile, {}).runner == "auto"
    assert len(started) == 1


async def test_an_up_that_finds_no_agent_asks_nothing(
    profile: Profile, started: list[Mapping[str, str]]
) -> None:
    _Answering.profile = profile
    call = FakeCall(env={"PATH": "/nowhere"}, tty=Tty(stdin=True, stdout=True, stderr=True))
    assert (await Looop(profile)("up", call=call)).code == 0
    assert "Do you agree" not in call.stderr


async def test_an_up_that_fails_says_the_engines_reason(
    profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def up(*_: Any, **__: Any) -> Seen:
        raise Problem(Exit.NO, "engine-failed", "The engine could not start.")

    monkeypatch.setattr(startup, "up", up)
    assert (await Looop(profile)("up", "--json")).problem == (Exit.NO, "engine-failed")


@pytest.mark.parametrize(
    ("stopped", "code", "out", "err"),
    [
        (Stopped(ran=True), 0, "has ended", ""),
        (Stopped(ran=False), 0, "Nothing was running", ""),
        (Stopped(ran=True, survivors=(_proc(5), _proc(6))), 1, "has ended", "pid 5, pid 6"),
        (Stopped(ran=True, trouble="DATA/.up could not be removed"), 1, "has ended", "stays wanted"),
    ],
)
async def test_down_says_what_ended_and_what_did_not(
    no_profile: Profile,
    monkeypatch: pytest.MonkeyPatch,
    stopped: Stopped,
    code: int,
    out: str,
    err: str,
) -> None:
    stopping(monkeypatch, stopped)
    said = await Looop(no_profile)("down", "--all")
    assert said.code == code
    assert out in said.out
    assert err in said.err
    value = (await Looop(no_profile)("down", "--now", "--json")).value
    assert value["survivors"] == [process.pid for process in stopped.survivors]


async def test_a_running_pulse_is_asked_for_a_beat(relayed: Looop, engine: FakeEngine) -> None:
    said = await relayed("tick")
    assert said.out == "nothing to do\n"
    assert "`looop init`" in said.err
    await relayed("tick", "--force")
    assert engine.forced == [False, True]


async def test_a_dry_run_is_the_callers_own_also_while_a_pulse_runs(relayed: Looop) -> None:
    with pytest.raises(RunLocally):
        await relayed("tick", "--dry-run")


async def test_without_a_pulse_the_tick_runs_here_and_runs_its_agents_verbs(
    looop: Looop, profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    verbs = []

    async def tick(profile: Profile, call: Any, run_verb: Any, *, dry_run: bool, force: bool) -> int:
        inner = FakeCall()
        verbs.append((dry_run, force, await run_verb(("goals", "--json"), inner, FakeEngine())))
        assert msgspec.json.decode(inner.stdout)["v"] == 1
        return 1

    monkeypatch.setattr(foreground, "tick", tick)
    assert (await looop("tick", "--force")).code == 1
    assert verbs == [(False, True, 0)]
