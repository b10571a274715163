"""What a session is started with: whose command, which brief, which environment, and who agreed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from looop.core.problem import Exit, Problem
from looop.core.runners import BUILT_IN, Runner
from looop.core.sessions import Start
from looop.session import draft, starting
from looop.session.handing import Owed
from looop.store import files, questions, sessions
from looop.store.config import Config
from support.folder import names
from support.hosting import Hosting

MINE = Runner(
    tick="think", interactive="work {{prompt_file}} {{conversation}}", resume="again {{conversation}}"
)
MUTE = Runner(tick="think")


@pytest.fixture
def at(tmp_path: Path) -> Hosting:
    return Hosting(tmp_path, runner="mine", runners={"mine": MINE, "mute": MUTE})


def _start(at: Hosting, **order: Any) -> starting.Plan:
    return starting.first(at.profile, Start(**{"id": "a", "prompt": "do it", **order}), at.settings, at.env)


async def test_the_command_is_the_runners_with_its_places_filled(at: Hosting) -> None:
    async with at.served():
        view = await at.start(command="")
        order = at.terminals.spawned[0]
        brief = sessions.prompt_file(at.profile, "a", view.generation)
        entry = sessions.find(at.profile, "a")
        assert entry is not None
        assert order.command == f"work {brief} {entry.meta.conversation}"
        assert len(entry.meta.conversation) == 36
        assert (order.cwd, order.columns, order.lines) == (at.profile.data, 120, 40)


async def test_the_brief_is_the_contract_and_then_the_task(at: Hosting) -> None:
    async with at.served():
        view = await at.start(prompt="Mend the fence.")
    brief = sessions.prompt_file(at.profile, "a", view.generation).read_text()
    assert brief.startswith("# YOUR CONTRACT\n")
    assert brief.endswith("# YOUR TASK\n| Mend the fence.\n")


async def test_a_task_of_any_characters_is_written(at: Hosting) -> None:
    async with at.served():
        view = await at.start(prompt="half a character: \ud800")
    assert (
        sessions.prompt_file(at.profile, "a", view.generation)
        .read_bytes()
        .endswith(b"| half a character: <U+D800>\n")
    )


async def test_the_size_and_the_cap_are_configs(tmp_path: Path) -> None:
    at = Hosting(tmp_path, session_size="90x30", session_log_max_bytes=1000)
    async with at.served():
        await at.start()
    order = at.terminals.spawned[0]
    assert (order.columns, order.lines, order.log_max) == (90, 30, 1000)


async def test_a_size_beyond_reason_is_brought_back(tmp_path: Path) -> None:
    assert starting.size_of(Config(session_size="9999x40")) == (500, 40)


async def test_the_environment_is_the_engines_with_the_callers_own(at: Hosting) -> None:
    at.env |= {"TMUX": "/tmp/x", "LINES": "10", "TERM": "dumb", "LANG": "C"}
    theirs = {"LANG": "de_DE.UTF-8", "LC_ALL": "C", "DISPLAY": ":1", "THEIRS": "x", "LOOOP_SESSION_ID": "z"}
    async with at.served():
        view = await at.start(env=theirs)
    env = at.terminals.spawned[0].env
    assert (env["LANG"], env["LC_ALL"], env["DISPLAY"], env["KEPT"]) == ("de_DE.UTF-8", "C", ":1", "yes")
    assert (env["TERM"], env["LOOOP_SESSION_ID"]) == ("xterm-256color", "a")
    assert (env["LOOOP_DATA_DIR"], env["LOOOP_CONFIG"]) == (str(at.profile.data), str(at.profile.config))
    assert env["LOOOP_GENERATION"] == view.generation
    assert not {"TMUX", "LINES", "COLUMNS", "THEIRS", "LOOOP_SECRET"} & env.keys()


async def test_the_runners_variables_are_added(tmp_path: Path) -> None:
    runner = Runner(tick="think", interactive="work", env={"MODEL": "small"})
    at = Hosting(tmp_path, runner="mine", runners={"mine": runner})
    async with at.served():
        await at.start(command="")
    assert at.terminals.spawned[0].env["MODEL"] == "small"


def test_a_command_of_ones_own_needs_nobodys_consent(tmp_path: Path) -> None:
    plan = _start(Hosting(tmp_path), command="htop")
    assert (plan.runner, plan.template) == ("", "htop")


def test_auto_is_nobodys_consent(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"nobody has agreed to one yet.*looop init") as caught:
        _start(Hosting(tmp_path))
    assert (caught.value.exit_code, caught.value.kind) == (Exit.NO, "no-consent")


def test_an_agent_that_was_not_agreed_to_is_refused_though_another_was(at: Hosting) -> None:
    with pytest.raises(Problem, match="Nobody has agreed to run claude") as caught:
        _start(at, runner="claude")
    assert caught.value.kind == "no-consent"


def test_an_agent_that_a_person_wrote_into_config_is_agreed_to(tmp_path: Path) -> None:
    at = Hosting(tmp_path, runner="mine", runners={"mine": MINE, "pi": BUILT_IN["pi"]})
    (tmp_path / "pi").write_text("#!/bin/sh\n")
    (tmp_path / "pi").chmod(0o700)
    assert _start(at, runner="pi", env={"PATH": str(tmp_path)}).runner == "pi"


def test_an_agent_that_is_missing_is_said_to_be(tmp_path: Path) -> None:
    at = Hosting(tmp_path, runner="pi")
    with pytest.raises(Problem, match="pi is not installed") as caught:
        _start(at, env={"PATH": str(tmp_path)})
    assert caught.value.kind == "missing-runner"


def test_an_unknown_runner_is_told_the_nearest(at: Hosting) -> None:
    with pytest.raises(Problem, match="did you mean mine"):
        _start(at, runner="mien")


def test_a_runner_without_an_interactive_command_is_said_to_have_none(at: Hosting) -> None:
    with pytest.raises(Problem, match="mute has no `interactive` command"):
        _start(at, runner="mute")


@pytest.mark.parametrize(("given", "kind"), [("pulse", "reserved"), ("a b", "bad-name"), ("", "bad-name")])
def test_an_id_that_can_not_be_is_refused(at: Hosting, given: str, kind: str) -> None:
    with pytest.raises(Problem) as caught:
        _start(at, id=given)
    assert caught.value.kind == kind


def test_the_goal_of_the_same_name_is_the_sessions(at: Hosting) -> None:
    (at.profile.goals / "a.md").write_text("x")
    (at.profile.goals / "b.md").write_text("x")
    assert (_start(at).goal, _start(at, goal="b").goal, _start(at, id="c").goal) == ("a.md", "b.md", None)


def test_a_goal_that_is_not_there_is_a_mistake(at: Hosting) -> None:
    with pytest.raises(Problem, match=r"There is no goal b\.md") as caught:
        _start(at, goal="b")
    assert caught.value.exit_code is Exit.MISSING


async def test_restart_keeps_task_and_command_and_begins_a_new_conversation(at: Hosting) -> None:
    async with at.served() as host:
        await at.start(command="", prompt="Mend the fence.")
        view = await host.restart("a", {})
        first, second = sessions.find(at.profile, "a@1"), sessions.find(at.profile, "a")
        assert first is not None
        assert second is not None
        assert first.meta.conversation != second.meta.conversation
        assert second.meta.template == first.meta.template
        assert (second.meta.number, second.meta.resumed) == (2, False)
    assert sessions.prompt_file(at.profile, "a", view.generation).read_text().endswith("Mend the fence.\n")


async def test_resume_goes_on_with_the_same_conversation(at: Hosting) -> None:
    async with at.served() as host:
        await at.start(command="", prompt="Mend the fence.")
        await at.finish(1)
        view = await host.resume("a", {})
        first, second = sessions.find(at.profile, "a@1"), sessions.find(at.profile, "a")
        assert first is not None
        assert second is not None
        assert second.meta.conversation == first.meta.conversation
        assert second.meta.resumed
        assert at.terminals.spawned[1].command == f"again {first.meta.conversation}"
        assert view.generation == second.meta.generation


async def test_a_meta_session_gets_a_draft_to_work_in(at: Hosting) -> None:
    async with at.served():
        await at.start(command="", meta=True)
        assert (at.folder() / draft.DRAFT).is_dir()


async def test_a_resumed_meta_session_keeps_its_draft(at: Hosting) -> None:
    async with at.served() as host:
        await at.start(command="", meta=True)
        (at.folder() / draft.DRAFT / "mine.md").write_text("half done")
        await at.finish(1)
        at.terminals.refuse = "no terminals left"
        with pytest.raises(Problem, match="no terminals left"):
            await host.resume("a", {})
        await host.resume("a", {})
    assert (at.folder() / draft.DRAFT / "mine.md").read_text() == "half done"


async def test_a_draft_that_a_crash_left_behind_is_found_by_the_next_resume(
    at: Hosting, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at.served() as host:
        await at.start(command="", meta=True)
        (at.folder() / draft.DRAFT / "mine.md").write_text("half done")
        await at.finish(1)
        with monkeypatch.context() as crashed:
            crashed.setattr(starting, "carry", lambda *_: None)
            await host.resume("a", {})
        assert not (at.folder() / draft.DRAFT).exists()
        await at.finish(1)
        await host.resume("a", {})
    assert (at.folder() / draft.DRAFT / "mine.md").read_text() == "half done"


@dataclass
class Owes:
    """Somebody who knows of one answer."""

    answers: tuple[Owed, ...]
    heard: list[tuple[tuple[int, ...], str]] = field(default_factory=list)

    def owed(self) -> tuple[Owed, ...]:
        return self.answers

    async def told(self, numbers: tuple[int, ...], how: str) -> tuple[int, ...]:
        self.heard.append((numbers, how))
        return numbers


async def test_a_new_generation_is_told_what_the_last_one_did_not_live_to_hear(at: Hosting) -> None:
    async with at.served() as host:
        await at.start()
        place = questions.place_of(at.profile, "a")
        assert place is not None
        asked, _ = questions.ask(at.profile, place, "Which colour?")
        answer = questions.answer(at.profile, place, asked.number, "green", "person")
        await at.finish()
        host.owing = owes = Owes((Owed(place, answer),))
        at.terminals.refuse = "no terminals left"
        with pytest.raises(Problem):
            await at.start()
        assert owes.heard == []
        view = await at.start()
        assert owes.heard == [((asked.number,), "brief")]
    assert "green" in sessions.prompt_file(at.profile, "a", view.generation).read_text()


async def test_a_disk_that_fails_starts_nothing(at: Hosting, monkeypatch: pytest.MonkeyPatch) -> None:
    async with at.served() as host:
        durable_set = files.durable_set

        def failing(those: Sequence[tuple[Path, bytes]]) -> None:
            durable_set(those[:-1])
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(files, "durable_set", failing)
        with pytest.raises(Problem, match="No space left") as caught:
            await at.start()
        assert (caught.value.kind, host.living, at.terminals.spawned) == ("not-started", 0, [])
    assert names(at.profile.sessions) == ["pulse"]
