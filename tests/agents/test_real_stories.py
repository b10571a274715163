"""Whole stories with real agents in sessions: set up by interview, asked and answered, ended and resumed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support import leftovers
from support.agents import Agent, Bench, Claude, Pi
from support.driving import Driven, driven
from support.fake_model import Bash, Say
from support.waiting import until

TICK = "You are one tick of looop"
SETUP = "interview the person about what to watch"
TEA = "the tea is warm"

START = f"looop start-session setup --meta --goal setup {SETUP!r} && echo '- asked for setup' >> journal.md"
QUESTION = "What shall I watch?"
DRAFT = (
    'cd "$LOOOP_DATA_DIR/sessions/setup/draft" && mkdir -p goals/archive && mv goals/setup.md goals/archive/'
    f" && printf -- '---\\ngoal: {TEA}\\n---\\n' > goals/tea.md && looop propose --wait -m 'tea'"
)
NOTE = "echo '- it is' >> goals/tea.md; echo '- looked at the tea' >> journal.md"

STORY = {
    f"{TEA}\n": (Bash(NOTE), Say("Noted.")),
    TICK: (Bash(START), Say("The session was asked for.")),
    SETUP: (
        Bash(f"looop flag '{QUESTION}' --wait"),
        Bash(DRAFT),
        Bash("looop done -m 'the tea is watched'"),
        Say("Done."),
    ),
}


@pytest.fixture
def fresh(agent: Agent, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(agent, tmp_path, fresh=True)
    bench.configure(busy_interval=2)
    yield bench
    assert leftovers.processes() == []


@pytest.mark.parametrize("agent", [Claude], indirect=True, ids=["claude"])
def test_a_fresh_profile_is_set_up_by_an_agent_that_interviews_and_works_on(fresh: Bench) -> None:
    with driven(fresh, scripts=STORY) as looop:
        looop("up")
        until(lambda: QUESTION in looop("ls"), "the interview's question")
        looop("answer", "setup", "the tea, please")
        until(lambda: "looop approve" in looop(), "the proposal")
        assert told(looop, "the tea, please") == 1
        assert "goals/tea.md" in looop("approve", "setup")
        until(lambda: "ended(0), done" in looop("ls"), "the end of the interview")
        until(lambda: "looked at the tea" in looop("journal"), "a tick that works on the new goal")
        assert (fresh.data / "goals/archive/setup.md").exists()
        assert (fresh.data / "goals/tea.md").read_text().endswith("- it is\n")


@pytest.mark.parametrize("agent", [Pi], indirect=True, ids=["pi"])
def test_an_answer_that_comes_late_is_typed_once_and_the_worker_goes_on(bench: Bench) -> None:
    script = (
        Bash("looop flag 'Which colour?' --wait; echo code=$?"),
        Say("I wait."),
        Bash("looop done -m painted"),
        Say("Done."),
    )
    with driven(bench, *script, LOOOP_FLAG_WAIT_MAX="2") as looop:
        looop("start-session", "w", "paint the door")
        until(lambda: "I wait." in looop("shot", "w"), "the end of the worker's turn")
        assert "code=124" in looop.model.requests[-1].text
        looop.until("flagged")
        assert "typed" in looop("answer", "w", "sea blue")
        assert "ended(0), done: painted" in looop("wait", "w")
        assert told(looop, "sea blue") == 1


def test_a_session_that_was_killed_goes_on_with_its_conversation(bench: Bench) -> None:
    with driven(bench, Say("The door is green."), Say("It was green.")) as looop:
        looop("start-session", "w", "paint the door")
        looop.until("idle")
        looop("kill", "w")
        looop("resume", "w")
        looop("wait-idle", "w", "--settle", "2s")
        looop("send", "w", "which colour was it?")
        until(lambda: "It was green." in looop("shot", "w"), "the answer:" + looop("shot", "w"), 20)
        asked = looop.model.requests[-1]
        assert asked.turn == 1
        assert "paint the door" in asked.text
        assert "which colour was it?" in asked.text


def told(looop: Driven, words: str) -> int:
    """Count how often words stand in what the worker was told so far; ticks may have asked since."""
    ours = [request.text for request in looop.model.requests if "# YOUR TASK" in request.text]
    return ours[-1].count(words)
