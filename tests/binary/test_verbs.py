"""Every verb of the native file, as its own manual lists them: run, asked for help, and called wrongly."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from looop import __version__
from looop.cli.examples import EXAMPLES
from support import every
from support.person import Person, person
from support.tested import LOOOP

pytestmark = [pytest.mark.binary, pytest.mark.process, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def looop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    with person(tmp_path_factory.mktemp("verbs"), EDITOR="true", VISUAL="true") as them:
        yield them


def test_every_verb_does_it_or_says_in_a_sentence_why_not(looop: Person) -> None:
    assert "".join(every.problems(looop, every.words(verb)) for verb in every.verbs(looop)) == ""


def test_every_verb_does_it_in_a_living_loop_with_a_session(looop: Person) -> None:
    ending = ("down", "kill", "uninstall", "prune")
    looop("up")
    try:
        names = sorted(every.verbs(looop), key=lambda verb: (verb in ending, verb))
        live = [name for name in names if name not in {"up", "restart", "resume"}]
        looop("start-session", "review", "--command", "echo ok; cat")
        assert (
            "".join(every.problems(looop, every.words(verb)) for verb in live if verb != "start-session")
            == ""
        )
    finally:
        looop.call("down", "--all", "--now")


OF_COMMANDS = {"guard ask", "guard test"}
"""Verbs that take a command and its flags, known or not, for what they are about."""


def test_every_verb_has_help_with_its_example(looop: Person) -> None:
    lacking = []
    for verb in filter(None, every.verbs(looop)):
        ran = looop.call(*verb.split(), "--help")
        told = " ".join(ran.stdout.split())
        if (ran.returncode, ran.stderr) != (0, "") or " ".join(EXAMPLES[verb].split()) not in told:
            lacking.append((verb, ran))
    assert lacking == []


def test_every_verb_called_wrongly_says_so_and_exits_2(looop: Person) -> None:
    wrong = []
    for verb in set(every.verbs(looop)) - OF_COMMANDS:
        ran = looop.call(*verb.split(), "--no-such-flag")
        said = ran.stderr.startswith("looop: ") and "Traceback" not in ran.stderr
        if (ran.returncode, ran.stdout, said) != (2, "", True):
            wrong.append((verb, ran))
    assert wrong == []


def test_an_unknown_verb_and_a_bad_value_are_usage_errors(looop: Person) -> None:
    for argv in (("tidy-up",), ("journal", "--tail", "many"), ("resize", "review", "big"), ("goal", "make")):
        ran = looop.call(*argv)
        assert (ran.returncode, ran.stdout) == (2, "")
        assert ran.stderr.startswith("looop: ")


@pytest.mark.parametrize("word", ["version", "--version", "-V"])
def test_the_version_is_told(looop: Person, word: str) -> None:
    assert looop(word) == f"looop {__version__}\n"


def test_the_manual_is_the_checkouts(looop: Person) -> None:
    told = json.loads(looop("help", "--json"))
    assert told["version"] == __version__
    assert told["data"] == str(looop.profile.data)
    assert looop("help").startswith("looop")
    assert Path(LOOOP[0]).is_file()
