"""Consent: what would run is shown, a person answers, and only then a name stands in CONFIG."""

import json

import pytest

from looop.cli.console import FakeCall
from looop.core.problem import Exit
from looop.engine.call import Caller, Kind, Tty
from looop.store import config, files
from looop.store.paths import Profile
from support.verbs import Looop

TERMINAL = Tty(stdin=True, stdout=True, stderr=True)


@pytest.fixture(autouse=True)
def _agents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name, path: f"/bin/{name}" if path == name else None)


def at_terminal(*answers: str, path: str = "claude") -> FakeCall:
    return FakeCall(env={"PATH": path}, tty=TERMINAL, answers=list(answers))


async def test_the_commands_the_danger_and_the_limits_are_shown_before_the_question(
    looop: Looop, profile: Profile
) -> None:
    call = at_terminal("n")
    assert (await looop("init", call=call)).code == Exit.NO
    asked = call.stderr.index("Do you agree?")
    for words in ("claude -p", "skip the agent's own permission questions", "NOT confined", "120", "300"):
        assert call.stderr.index(words) < asked
    assert config.load(profile, {}).runner == "auto"


@pytest.mark.parametrize("answer", ["", "n", "no", "yep", "maybe"])
async def test_anything_but_yes_is_no(looop: Looop, profile: Profile, answer: str) -> None:
    assert (await looop("init", call=at_terminal(answer))).code == Exit.NO
    assert not config.consented(config.load(profile, {}))


async def test_yes_writes_the_name_that_was_shown_and_the_caps(looop: Looop, profile: Profile) -> None:
    profile.config.write_text(json.dumps({"interval": 42}))
    call = at_terminal("y", "lots", "5", "$2.50")
    assert (await looop("init", call=call)).code == 0
    found = config.load(profile, {})
    assert (found.runner, found.max_daily_usd, found.warn_daily_usd, found.interval) == ("claude", 5, 2.5, 42)


async def test_an_empty_answer_leaves_a_cap_as_it_is(looop: Looop, profile: Profile) -> None:
    config.set_keys(profile, max_daily_usd=7.0)
    await looop("init", call=at_terminal("YES", "", ""))
    assert config.load(profile, {}).max_daily_usd == 7


async def test_without_a_terminal_only_a_named_agent_with_yes_counts(looop: Looop, profile: Profile) -> None:
    for argv in ((), ("--yes",), ("--runner", "claude")):
        call = FakeCall(env={"PATH": "claude"})
        assert (await looop("init", *argv, "--json", call=call)).problem == (Exit.USAGE, "not-agreed")
    call = FakeCall(env={"PATH": "claude"})
    said = await looop("init", "--runner", "claude", "--yes", "--json", call=call)
    assert said.value["said"].startswith("Agreed: looop asks claude")
    assert config.consented(config.load(profile, {}))


async def test_a_script_agrees_to_the_first_agent_and_to_no_other(looop: Looop, profile: Profile) -> None:
    def script(path: str) -> FakeCall:
        return FakeCall(env={"PATH": path}, caller=Caller(Kind.STRANGER, 9))

    for _ in range(2):
        assert (await looop("init", "--runner", "claude", "--yes", call=script("claude"))).code == 0
    said = await looop("init", "--runner", "pi", "--yes", "--json", call=script("pi"))
    assert said.problem == (Exit.REFUSED, "not-yours")
    assert config.load(profile, {}).runner == "claude"


async def test_an_unknown_agent_is_answered_with_the_nearest(looop: Looop) -> None:
    said = await looop("init", "--runner", "cluade", "--yes")
    assert said.code == Exit.USAGE
    assert "did you mean claude?" in said.err


async def test_an_agent_that_is_not_installed_is_not_agreed_to(looop: Looop, profile: Profile) -> None:
    said = await looop("init", "--runner", "claude", "--yes", "--json", call=FakeCall(env={"PATH": "pi"}))
    assert said.code == Exit.NO
    assert config.load(profile, {}).runner == "auto"


async def test_without_any_agent_init_says_which_ones_it_knows(looop: Looop) -> None:
    said = await looop("init", call=at_terminal("y", path="none"))
    assert said.code == Exit.NO
    assert "claude" in said.err


async def test_a_runner_of_the_persons_own_is_shown_as_it_stands_in_config(
    looop: Looop, profile: Profile
) -> None:
    profile.config.write_text(
        json.dumps({"runners": {"mine": {"tick": "my \x1b[2Jagent", "env": {"A": "1"}}}})
    )
    call = at_terminal("y", "", "")
    assert (await looop("init", "--runner", "mine", call=call)).code == 0
    assert "my agent" in call.stderr
    assert "A=1" in call.stderr


async def test_init_makes_the_profile(no_profile: Profile) -> None:
    said = await Looop(no_profile)("init", "--runner", "rehearsal", "--yes")
    assert said.code == 0
    assert files.present(no_profile.playbook)
    assert "confined" not in said.err
