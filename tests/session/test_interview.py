"""The setup interview on a real terminal: what it asks, what it refuses, and what it writes works."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from looop.core.goal import is_goal
from looop.session import draft
from looop.store.paths import Profile
from support.profiles import made_in
from support.typist import Typist

pytestmark = pytest.mark.process

SEEDS = Path(__file__).parents[2] / "seeds"
STAND_IN = """#!/bin/sh
# Stands for looop's verbs: notes each call, and answers a proposal as the test has said.
echo "$*" >> "$LOOOP_DATA_DIR/calls"
[ "$1" = propose ] || exit 0
turn=$(grep -c propose "$LOOOP_DATA_DIR/calls")
[ -f "$LOOOP_DATA_DIR/decide-$turn" ] || exit 124
exec "$STAND_IN_PYTHON" "$LOOOP_DATA_DIR/decide.py" "$(cat "$LOOOP_DATA_DIR/decide-$turn")"
"""
DECIDE = """
import os, sys
import msgspec, trio
from looop.engine import proposals
from looop.loop.clock import Clock
from looop.loop.fleet import NoFleet
from looop.loop.site import Site
from looop.session import draft
from looop.store import config, paths
from looop.store.questions import Answer
profile = paths.locate(os.environ, "/")
site = Site(profile, config.Config(), {}, lambda line: None, Clock(), NoFleet())
folder = profile.sessions / "setup"
said = sys.argv[1]
number = len(list(folder.glob("answer-*"))) + 1
asked = draft.digest(profile, folder)
landed = None
if said == "yes":
    landed = trio.run(proposals.land, site, folder, number, "setup")
if said == "torn":
    landed = "it could not land: torn"
answer = Answer(number, said, 1.0, "person", "", asked, said in ("yes", "torn"), landed)
(folder / f"answer-{number}.json").write_bytes(msgspec.json.encode(answer))
sys.exit(0)
"""


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    made = made_in(tmp_path)
    made.playbook.write_text((SEEDS / "PLAYBOOK.md").read_text())
    (made.goals / "setup.md").write_text((SEEDS / "goals" / "setup.md").read_text())
    folder = made.sessions / "setup"
    folder.mkdir()
    draft.fill(made, folder)
    (made.data / "looop").write_text(STAND_IN)
    (made.data / "looop").chmod(0o700)
    (made.data / "decide.py").write_text(DECIDE)
    return made


def decide(profile: Profile, *verdicts: str) -> None:
    """Say what a person decides in each call of propose; nothing means 124."""
    for turn, verdict in enumerate(verdicts, 1):
        if verdict:
            (profile.data / f"decide-{turn}").write_text(verdict)


def interview(profile: Profile, session: str = "setup") -> Typist:
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(profile.data.parent),
        "LOOOP_DATA_DIR": str(profile.data),
        "LOOOP_BIN": str(profile.data / "looop"),
        "LOOOP_SESSION_ID": session,
        "STAND_IN_PYTHON": sys.executable,
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    return Typist([sys.executable, "-m", "looop", "__interview", "prompt.md"], env, profile.data)


def repository(folder: Path) -> Path:
    folder.mkdir(parents=True)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(["git", "init", "-q", "-b", "trunk", str(folder)], check=True, **quiet)  # type: ignore[call-overload]
    return folder


def through(person: Typist, **answers: tuple[str, ...]) -> None:
    """Answer every question: Enter where nothing else is said."""
    for word, key in (
        ("morning", "aim"),
        ("git repositories", "folders"),
        ("GitHub", "github"),
        ("web pages", "pages"),
        ("commands", "commands"),
        ("What else should hold", "goals"),
        ("What comes first", "priorities"),
        ("never happen", "never"),
    ):
        person.expect(word)
        for line in answers.get(key, ()):
            person.expect("> ")
            person.type(line)
        if key != "aim" or not answers.get(key):
            person.expect("> ")
            person.type("")
        if key in {"folders", "commands"} and answers.get(key):
            person.expect("How often")
            person.expect("> ")
            person.type("5m")


def draft_of(profile: Profile) -> Path:
    return profile.sessions / "setup" / "draft"


def reading(script: Path) -> dict[str, object]:
    ended = subprocess.run([str(script)], capture_output=True, check=True, timeout=60)
    value = json.loads(ended.stdout)
    assert isinstance(value, dict)
    return value


def calls(profile: Profile) -> list[str]:
    return (profile.data / "calls").read_text().splitlines()


def test_it_says_that_it_is_no_ai(profile: Profile) -> None:
    with interview(profile) as person:
        person.expect("not an AI")


def test_answers_become_working_sensors_goals_and_a_playbook(profile: Profile) -> None:
    place = repository(profile.data.parent / "code")
    decide(profile, "yes")
    with interview(profile) as person:
        through(
            person,
            aim=("my code is pushed",),
            folders=(str(place),),
            commands=("echo '\"quoted\" $HOME'",),
            goals=("letters are answered",),
            priorities=("reviews",),
            never=("selling the house",),
        )
        person.expect("sensor git-code works")
        person.expect("+2. reviews")
        person.expect("Propose it?")
        person.type("")
        person.expect("Done: your answers have landed")
        assert person.end() == 0
    made = draft_of(profile)
    assert calls(profile) == ["propose --wait", "done -m the person's answers have landed"]
    assert reading(made / "sensors" / "git-code.sh")["signal"] == {
        "branch": "trunk",
        "head": "none",
        "clean": True,
        "ahead": None,
        "behind": None,
    }
    assert reading(made / "sensors" / "command-echo-quoted-home.sh")["detail"] == {
        "command": "echo '\"quoted\" $HOME'",
        "says": '"quoted" $HOME',
    }
    assert "interval=5m" in (made / "sensors" / "git-code.sh").read_text()
    goal = (made / "goals" / "my-code-is-pushed.md").read_text()
    assert is_goal(goal)
    assert "watch: git-code, command-echo-quoted-home\n" in goal
    assert is_goal((made / "goals" / "letters-are-answered.md").read_text())
    assert (made / "goals" / "archive" / "setup.md").exists()
    assert not (made / "goals" / "setup.md").exists()
    playbook = (made / "PLAYBOOK.md").read_text()
    assert "- Never without the person: selling the house\n" in playbook
    assert "setup comes first" not in playbook
    assert profile.playbook.read_text() == playbook
    assert os.access(profile.sensors / "git-code.sh", os.X_OK)


@pytest.mark.parametrize(
    "name", ["a'b", "$(touch hacked)", "`id`", 'say "hi"', "-rf", "naïve 日本", "a\\b", "{x} @often@ %s"]
)
def test_a_hostile_folder_name_is_only_a_name(profile: Profile, name: str) -> None:
    place = repository(profile.data.parent / "w" / name)
    with interview(profile) as person:
        through(person, folders=(str(place),))
        person.expect("works:")
        person.expect("Propose it?")
    (script,) = (draft_of(profile) / "sensors").glob("git-*.sh")
    signal_ = reading(script)["signal"]
    assert isinstance(signal_, dict)
    assert signal_["clean"] is True
    assert not list(profile.data.parent.rglob("hacked"))


def test_nonsense_is_asked_again(profile: Profile) -> None:
    with interview(profile) as person:
        person.expect("> ")
        person.type("x" * 900)
        person.expect("write at most 500")
        person.type("\u202efine")
        person.expect("can't be seen")
        person.type("...")
        person.expect("says nothing")
        person.type("all is well")
        person.expect("git repositories")
        for wrong, said in (
            ("relative/path", "Write the whole path"),
            ("/no/such/folder", "There is no folder"),
            (str(profile.data.parent), "is no git repository"),
        ):
            person.type(wrong)
            person.expect(said)
        person.type("")
        person.expect("GitHub")
        person.type("not a repository")
        person.expect("Write owner/name")
        person.type("")
        person.expect("web pages")
        person.type("javascript:alert(1)")
        person.expect("Write a whole address")
        person.type("")
        person.expect("commands")
        person.type("no-such-program-here")
        person.expect("can't be run")
        person.type("true")
        person.type("")
        person.expect("How often")
        person.type("soon")
        person.expect("Write a duration")
        person.type("1s")
        person.expect("Not more often")


def test_help_and_back(profile: Profile) -> None:
    with interview(profile) as person:
        person.expect("> ")
        person.type("?")
        person.expect("It becomes your first goal")
        person.type("first")
        person.expect("git repositories")
        person.type("back")
        person.expect("[first]")
        person.type("second")
        person.expect("git repositories")
        person.type("back")
        person.expect("[second]")


def test_ctrl_c_leaves_and_keeps_the_answers(profile: Profile) -> None:
    with interview(profile) as person:
        person.expect("> ")
        person.type("first")
        person.expect("git repositories")
        person.press(b"\x03")
        person.expect("Your answers are kept")
        assert person.end() == 130
    with interview(profile) as person:
        person.expect("this goes on where you left")
        person.expect("git repositories")


def test_a_new_generation_goes_on_after_a_kill(profile: Profile) -> None:
    with interview(profile) as person:
        person.expect("> ")
        person.type("first")
        person.expect("git repositories")
        os.kill(person.pid, signal.SIGKILL)
        person.end()
    folder = profile.sessions / "setup"
    folder.rename(profile.sessions / "setup@1")
    folder.mkdir()
    draft.fill(profile, folder)
    with interview(profile) as person:
        person.expect("git repositories")
        person.type("back")
        person.expect("[first]")


def test_waiting_goes_on_until_somebody_decides(profile: Profile) -> None:
    decide(profile, "", "", "yes")
    with interview(profile) as person:
        through(person)
        person.expect("Propose it?")
        person.type("yes")
        person.expect("Done:")
        assert person.end() == 0
    assert calls(profile).count("propose --wait") == 3


def test_a_denial_says_why_and_asks_again(profile: Profile) -> None:
    decide(profile, "no pages, please", "yes")
    with interview(profile) as person:
        through(person)
        person.expect("Propose it?")
        person.type("")
        person.expect("It did not land: no pages, please")
        through(person, aim=("better",))
        person.expect("+goal: better")
        person.expect("Propose it?")
        person.type("")
        person.expect("Done:")
        assert person.end() == 0


def test_the_same_proposal_can_be_made_again_after_a_denial(profile: Profile) -> None:
    decide(profile, "not now", "yes")
    with interview(profile) as person:
        for said in ("It did not land: not now", "Done:"):
            through(person)
            person.expect("Propose it?")
            person.type("")
            person.expect(said)
        assert person.end() == 0
    assert calls(profile).count("propose --wait") == 2


def test_an_approved_proposal_that_could_not_land_is_made_again(profile: Profile) -> None:
    decide(profile, "torn", "yes")
    with interview(profile) as person:
        through(person)
        person.expect("Propose it?")
        person.type("")
        person.expect("It did not land: it could not land: torn")
        through(person)
        person.expect("Propose it?")
        person.type("")
        person.expect("Done:")
        assert person.end() == 0


def test_before_the_yes_no_policy_file_has_changed(profile: Profile) -> None:
    before = {path: path.read_bytes() for path in profile.data.rglob("*.md") if "sessions" not in path.parts}
    with interview(profile) as person:
        through(person)
        person.expect("Propose it?")
    after = {path: path.read_bytes() for path in profile.data.rglob("*.md") if "sessions" not in path.parts}
    assert after == before


def test_what_has_landed_already_is_not_proposed_again(profile: Profile) -> None:
    decide(profile, "yes")
    with interview(profile) as person:
        through(person, aim=("all is well",))
        person.expect("Propose it?")
        person.type("")
        assert person.end() == 0
    with interview(profile) as person:
        person.expect("landed already")
        person.type("")
        assert person.end() == 0


def test_a_worker_without_a_draft_is_told_that_rules_can_not_work(profile: Profile) -> None:
    (profile.sessions / "build").mkdir()
    with interview(profile, "build") as person:
        person.expect("not an AI: rehearsal is no AI and can't do a worker's task")
        assert person.end() == 1
    assert calls(profile)[0].startswith("done --failed -m ")


def test_the_end_of_the_input_ends_it(profile: Profile) -> None:
    with interview(profile) as person:
        person.expect("> ")
        person.press(b"\x04")
        person.expect("the input has ended")
        assert person.end() == 1
