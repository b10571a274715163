"""Real agents in real sessions: started, watched, driven and ended by verbs, their states named right."""

import json
import os
import signal

import pytest

from support.agents import Bench, Claude, Pi
from support.driving import driven
from support.fake_model import Bash, Hang, Say

WORK = (Bash("sleep 2; echo one > reports/one"), Say("All is done."))
AGAIN = (Bash("sleep 1"), Say("Done once more."))


def test_a_worker_that_finished_its_turn_is_idle_and_takes_the_next(bench: Bench) -> None:
    with driven(bench, *WORK, *AGAIN) as looop:
        looop("start-session", "w", "do the thing")
        shown = looop.until("idle")
        assert shown["source"] == ("hook" if bench.agent is Claude else "screen")
        assert (shown["news"], shown["agent"]) == (1, bench.agent.name)
        assert "All is done." in looop("shot", "w")
        looop("send", "w", "and again")
        assert looop("expect", "w", "Done once more", "--timeout", "60s") == "Done once more\n"
        looop("wait-idle", "w")
        shown = looop.until("idle")
        assert shown["news"] == 2
        assert (bench.data / "reports/one").read_text() == "one\n"


def test_a_worker_that_is_killed_from_outside_is_ended_and_says_so(bench: Bench) -> None:
    with driven(bench, Hang()) as looop:
        looop("start-session", "w", "do the thing")
        shown = looop.until("working")
        os.kill(shown["pids"][1], signal.SIGKILL)
        assert looop.run("wait", "w").returncode == 137
        view = next(it for it in json.loads(looop("ls", "--json"))["sessions"] if it["id"] == "w")
        assert (view["state"], view["code"], view["outside"]) == ("ended", 137, True)


def test_a_worker_that_is_killed_by_a_person_reads_killed(bench: Bench) -> None:
    with driven(bench, Hang()) as looop:
        looop("start-session", "w", "do the thing")
        looop.until("working")
        looop("kill", "w")
        assert looop.explain()["state"] == "killed"


@pytest.mark.parametrize("agent", [Claude], indirect=True, ids=["claude"])
def test_a_worker_at_a_permission_dialog_is_asking_until_it_is_answered(bench: Bench) -> None:
    tick = "claude -p --output-format stream-json --verbose"
    bench.configure(
        runner="careful", runners={"careful": {"tick": tick, "interactive": "claude 'do the thing'"}}
    )
    with driven(bench, *WORK) as looop:
        looop("start-session", "w", "do the thing")
        shown = looop.until("asking")
        assert (shown["source"], shown["said"]) == ("screen", "it asks for permission")
        looop("key", "w", "Enter")
        assert looop.until("idle")["news"] == 2


@pytest.mark.parametrize("agent", [Claude], indirect=True, ids=["claude"])
@pytest.mark.parametrize(
    ("lacking", "words"),
    [("projects", "trust"), ("customApiKeyResponses", "API key"), ("hasCompletedOnboarding", "login")],
)
def test_claude_at_its_first_dialogs_is_asking(bench: Bench, lacking: str, words: str) -> None:
    with driven(bench, *WORK) as looop:
        del looop.config[lacking]
        looop.agree()
        looop("start-session", "w", "do the thing")
        assert words in looop.until("asking")["said"]


@pytest.mark.parametrize("agent", [Pi], indirect=True, ids=["pi"])
def test_pi_at_its_trust_dialog_is_asking(bench: Bench) -> None:
    (bench.data / ".pi").mkdir()
    (bench.data / ".pi" / "settings.json").write_text("{}")
    with driven(bench, *WORK) as looop:
        looop("start-session", "w", "do the thing")
        assert "trust" in looop.until("asking")["said"]
        looop("key", "w", "Enter")
        looop.until("idle")
