"""What the real agents do on a terminal is named right: at work, done, at a dialog, broken off, refused."""

import json
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from looop.core import first_run
from looop.core.runners import BUILT_IN, fill
from looop.core.sessions import State
from looop.session import hooks
from support import leftovers
from support.agents import BIN, Agent, Claude, Pi
from support.fake_model import LOGIN_EXPIRED, Bash, Fail, Hang, Say, Step, Tool, playing
from support.profiles import profile_in
from support.staged import Stage, staged

KEY = "not-a-key"
WORK = (Bash("sleep 2; echo one > reports/one"), Say("Done."))
CAREFUL = "claude 'do the thing'"


class Desk:
    """A HOME and a folder to work in, as this user would have them after agreeing to everything."""

    def __init__(self, tmp_path: Path) -> None:
        self.tmp = tmp_path
        self.home = tmp_path / "home"
        self.cwd = tmp_path / "desk"
        self.cwd.mkdir()
        self.config: dict[str, object] = {
            "hasCompletedOnboarding": True,
            "lastOnboardingVersion": "2.1.197",
            "theme": "dark",
            "bypassPermissionsModeAccepted": True,
            "customApiKeyResponses": {"approved": [KEY], "rejected": []},
            "projects": {
                str(self.cwd): {"hasTrustDialogAccepted": True, "hasCompletedProjectOnboarding": True}
            },
        }

    @contextmanager
    def staged(self, agent: Agent, command: str, *steps: Step) -> Iterator[Stage]:
        with playing(*steps) as model:
            env = {
                "PATH": f"{BIN}:{os.defpath}",
                "HOME": str(self.home),
                "LANG": "C.UTF-8",
                "TMPDIR": str(self.tmp),
                "IS_SANDBOX": "1",
                **agent.environment(self.home, model.url),
                **BUILT_IN[agent.name].env,
            }
            (self.home / ".claude.json").write_text(json.dumps(self.config))
            with staged(command, env, self.cwd, self.tmp) as stage:
                yield stage
        assert leftovers.processes() == []

    def built_in(self, agent: Agent) -> str:
        """Give the command that looop itself would run, with its hooks."""
        prompt = self.tmp / "prompt.md"
        prompt.write_text("do the thing")
        filled = fill(BUILT_IN[agent.name].interactive, str(prompt), "7d9f2f0c-5b0e-4a39-9a54-0d1f1f3a7b11")
        return hooks.prepare(profile_in(self.tmp / "profile"), self.tmp, agent.name, filled)

    def reporting(self) -> str:
        """Give a command that asks for permission, with the hooks."""
        path = self.tmp / "hook.json"
        path.write_bytes(hooks.settings())
        return f"claude --settings {shlex.quote(str(path))} 'do the thing'"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path.resolve())


def test_an_agent_that_has_finished_its_turn_is_idle_and_that_is_news_once(desk: Desk, agent: Agent) -> None:
    with desk.staged(agent, desk.built_in(agent), *WORK) as stage:
        stage.until(State.WORKING)
        stage.until(State.IDLE, "hook" if agent is Claude else "screen")
        stage.watch(13)  # claude redraws its footer about ten seconds later
        assert stage.news() == [State.IDLE], stage.states


def test_what_is_typed_after_a_turn_is_work_until_the_next_is_done(desk: Desk, agent: Agent) -> None:
    with desk.staged(agent, desk.built_in(agent), *WORK, Bash("sleep 2"), Say("Again.")) as stage:
        stage.until(State.IDLE)
        stage.press("and again")
        stage.watch(0.5)
        stage.press("\r")
        assert stage.evidence.state is State.WORKING
        stage.until(State.IDLE)
        assert "Again." in str(stage)
        assert stage.news() == [State.IDLE, State.IDLE], stage.states


def test_a_turn_that_a_person_breaks_off_ends_idle_though_no_hook_tells(desk: Desk, agent: Agent) -> None:
    with desk.staged(agent, desk.built_in(agent), Bash("sleep 60"), Hang()) as stage:
        stage.until(State.WORKING)
        stage.watch(5)
        assert stage.evidence.state is State.WORKING
        stage.press("\x1b")
        stage.until(State.IDLE, "screen")


def test_a_turn_that_the_api_refuses_is_news(desk: Desk, agent: Agent) -> None:
    refused = Fail(400, "invalid_request_error", "no")
    with desk.staged(agent, desk.built_in(agent), refused, refused, refused) as stage:
        evidence = stage.until(State.IDLE)
        assert evidence.source == "screen" or "failed" in evidence.said


def test_claude_without_its_hooks_is_idle_by_its_screen(desk: Desk) -> None:
    with desk.staged(Claude, "claude --dangerously-skip-permissions 'do the thing'", *WORK) as stage:
        stage.until(State.WORKING, "title")
        stage.until(State.IDLE, "screen")


def test_claude_at_a_permission_dialog_is_asking_by_its_own_report(desk: Desk) -> None:
    with desk.staged(Claude, desk.reporting(), *WORK) as stage:
        assert "permission" in stage.until(State.ASKING, "hook").said
        stage.watch(12)
        assert stage.evidence.state is State.ASKING
        stage.press("\r")
        stage.until(State.WORKING, "title")
        stage.until(State.IDLE, "hook")
        assert stage.news() == [State.ASKING, State.IDLE], stage.states


def test_claude_at_a_permission_dialog_is_asking_by_its_screen(desk: Desk) -> None:
    with desk.staged(Claude, CAREFUL, *WORK) as stage:
        stage.until(State.ASKING, "screen")
        stage.press("\x1b")
        stage.until(State.IDLE, "screen")


def test_claude_with_a_question_is_asking_even_where_it_skips_permissions(desk: Desk) -> None:
    option = {"label": "Red", "description": "a colour"}
    asked = {
        "questions": [
            {
                "question": "Which colour?",
                "header": "Colour",
                "multiSelect": False,
                "options": [option, {"label": "Blue", "description": "another"}],
            }
        ]
    }
    with desk.staged(Claude, desk.built_in(Claude), Tool("AskUserQuestion", asked), Say("Red.")) as stage:
        stage.until(State.ASKING)
        stage.shows("2. Blue")
        stage.press("\r")
        stage.until(State.IDLE, "hook")
        assert "Red." in str(stage)
        assert stage.news() == [State.ASKING, State.IDLE], stage.states


@pytest.mark.parametrize(
    ("lacking", "command", "words"),
    [
        ("projects", CAREFUL, "trust"),
        ("customApiKeyResponses", CAREFUL, "API key"),
        ("bypassPermissionsModeAccepted", "claude --dangerously-skip-permissions x", "skip permissions"),
        ("hasCompletedOnboarding", CAREFUL, "set-up"),
    ],
)
def test_claude_at_each_first_dialog_is_asking_and_doctor_would_have_said_so(
    desk: Desk, lacking: str, command: str, words: str
) -> None:
    del desk.config[lacking]
    assert len(first_run.claude(desk.config, str(desk.cwd), key=KEY)) == 1
    with desk.staged(Claude, command, *WORK) as stage:
        assert words in stage.until(State.ASKING, "screen").said
        stage.watch(3)
        assert stage.news() == [State.ASKING], stage.states


def test_claude_asks_for_nothing_where_nothing_was_found(desk: Desk) -> None:
    assert first_run.claude(desk.config, str(desk.cwd), key=KEY) == ()


def test_pi_that_asks_whether_to_trust_a_folder_is_asking_and_doctor_would_have_said_so(desk: Desk) -> None:
    (desk.cwd / ".pi").mkdir()
    (desk.cwd / ".pi" / "settings.json").write_text("{}")
    assert len(first_run.pi(None, str(desk.cwd), has_own=True)) == 1
    with desk.staged(Pi, "pi 'do the thing'", *WORK) as stage:
        assert "trust" in stage.until(State.ASKING, "screen").said
        stage.press("\r")
        stage.until(State.IDLE, "screen")
    trusted = json.loads((desk.home / "pi" / "trust.json").read_text())
    assert first_run.pi(trusted, str(desk.cwd), has_own=True) == ()


def test_pi_whose_login_has_expired_is_asking(desk: Desk) -> None:
    with desk.staged(Pi, "pi 'do the thing'", LOGIN_EXPIRED, LOGIN_EXPIRED) as stage:
        assert "login" in stage.until(State.ASKING, "screen").said
