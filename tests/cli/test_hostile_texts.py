"""What others wrote is data on its way to a terminal: every verb that only reads, on a profile that attacks.

The verbs come from the table of verbs and their arguments from the parser, so new verbs are covered, too.
"""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

import pytest
import trio
import trio.testing

from looop.cli import app, completion, places, show
from looop.cli.completion import FOLDERS, NOTHING, Verb
from looop.cli.console import FakeCall
from looop.cli.tab import Thing
from looop.core.problem import Exit, Problem
from looop.core.quote import visible
from looop.engine.call import RunLocally, Tty
from looop.engine.unattended import Unattended
from looop.store.paths import Profile
from support.evil import EVIL, NAME, evil_engine, evil_profile
from support.lived import NOW, RUN
from support.verbs import Looop, Said

ENDLESS = {"watch", "events", "log", "ls", "wait", "expect", "wait-idle"}
"""They follow or wait, some with certain flags alone: they are stopped when they have shown what there is."""

LOOKS = 4
"""Times that such a verb is found waiting before it counts as having nothing to show."""

FEW = 10
"""Ways to call a verb that come first: without arguments, with those that are there, with each flag."""

PAINTED = re.compile(r"\x1b\[(?:[0-9;]*m|[HJK]|2J)")
"""What looop itself writes to paint: colours, and a picture over the one before."""

THINGS = {  # all others are called tea
    "flags": "7",
    "all-flags": "7",
    "proposals": "7",
    "runs": RUN,
    "stories": RUN,
    "runners": "claude",
    NOTHING: "x",
    FOLDERS: ".",
}
ODD_WORDS = (EVIL.replace("\0", ""), f"goals/{NAME}.md", f"--{NAME}", f"tea@{NAME}")
SKIPPED = {
    "hook": "reads what an agent reports, and shows nothing",
    "complete": "has a test of its own below",
}
WHOLE = {"goal show", "sensor show", "log", "shot", "watch", "journal", "expect"}
"""They show whole texts, whose lines are their own."""

RAW = {"--raw"}
"""Flags by which a person asks for the bytes as they are."""


def reading() -> list[Verb]:
    """Give the verbs that change nothing."""
    found = [it for it in completion.grammar().verbs if not places.VERBS[it.name].changes]
    assert len(found) > 25
    return [it for it in found if it.name not in SKIPPED]


def calls(verb: Verb) -> Iterator[list[str]]:
    """Give ways to call a verb: with what there is, with each flag, and with words that attack."""
    words = verb.name.split()
    known = [THINGS.get(it, "tea") if not it.startswith("=") else it[1:].split(",")[0] for it in verb.places]
    flags = [it.name for it in verb.flags if it.value is None and it.name not in RAW]
    yield words
    for flag in ["", *flags]:
        yield [*words, *known, *[flag] * bool(flag)]
    for thing in ("goals/tea.md", "sessions/tea", "11:50", "pulse"):
        yield [*words, thing]
    for odd in ODD_WORDS:
        yield [*words, odd]
        yield [*words, *known, odd]
        yield [*words, odd, "--json"]


def unsafe(said: Said, *, painted: bool = False) -> list[str]:
    """Give the lines of what was said that would do something to a terminal."""
    text = said.out + said.err
    text = PAINTED.sub("", text).replace("\r\n", "\n") if painted else text
    return [line for line in text.split("\n") if visible(line) != line]


def forged(said: Said, verb: Verb) -> list[str]:
    """Give the lines that a text made, where only looop makes lines."""
    lines = [] if verb.name in WHOLE else (said.out + said.err).split("\n")
    return [line for line in lines if line.startswith("looop: forged")]


def relayed() -> list[Verb]:
    """Give those that an engine may run."""
    return [verb for verb in reading() if places.VERBS[verb.name].place is not places.Place.LOCAL]


def named(verb: Verb) -> str:
    return verb.name.replace(" ", "-") or "bare"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Profile:
    """Make one profile for all: nothing here changes it."""
    return evil_profile(tmp_path_factory.mktemp("evil"))


@pytest.fixture
def evil(made: Profile, monkeypatch: pytest.MonkeyPatch) -> Profile:
    monkeypatch.setattr("time.time", lambda: NOW)
    return made


async def said(looop: Looop, argv: list[str], *, terminal: bool = False) -> Said:
    """Run a verb; one that follows is stopped once nothing but the clock moves."""
    call = FakeCall(
        env={"PATH": "/nowhere", "HOME": "/nowhere"}, tty=Tty(terminal, terminal, terminal, 100, 30)
    )
    result: list[Said] = []

    async def run() -> None:
        with suppress(RunLocally):
            result.append(await looop(*argv, call=call))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(run)
        for _ in range(LOOKS if ENDLESS & set(argv) else 0):
            await trio.testing.wait_all_tasks_blocked(0.01)
            if result or call.stdout:
                nursery.cancel_scope.cancel()
                break
        if ENDLESS & set(argv):
            nursery.cancel_scope.cancel()
    return result[0] if result else Said(0, call)


@pytest.mark.parametrize("verb", reading(), ids=named)
async def test_a_verb_on_hostile_files_moves_no_terminal(evil: Profile, verb: Verb) -> None:
    for argv in calls(verb):
        answer = await said(Looop(evil), argv)
        assert unsafe(answer) == [], argv
        assert forged(answer, verb) == [], argv


@pytest.mark.parametrize("verb", relayed(), ids=named)
async def test_nor_does_one_that_an_engine_runs(evil: Profile, verb: Verb) -> None:
    engine = evil_engine()
    engine.questions = Unattended(evil)
    for argv in calls(verb):
        answer = await said(Looop(evil, engine), argv)
        assert unsafe(answer) == [], argv
        assert forged(answer, verb) == [], argv


@pytest.mark.parametrize("verb", relayed(), ids=named)
async def test_on_a_terminal_only_looops_own_painting_passes(evil: Profile, verb: Verb) -> None:
    engine = evil_engine()
    engine.questions = Unattended(evil)
    for argv in islice(calls(verb), FEW):
        answer = await said(Looop(evil, engine), argv, terminal=True)
        assert unsafe(answer, painted=True) == [], argv


@pytest.mark.parametrize("verb", relayed(), ids=named)
async def test_json_is_ascii_whatever_it_tells_of(evil: Profile, verb: Verb) -> None:
    for argv in islice(calls(verb), FEW):
        answer = await said(Looop(evil, evil_engine()), [*(it for it in argv if it != "--json"), "--json"])
        assert (answer.out + answer.err).isascii(), argv
        for row in answer.out.splitlines():
            json.loads(row)


@pytest.mark.parametrize("kind", Thing)
async def test_a_shell_is_offered_plain_words_alone(evil: Profile, kind: Thing) -> None:
    for looop in (Looop(evil), Looop(evil, evil_engine())):
        answer = await said(looop, ["complete", kind])
        assert re.fullmatch(r"(?:[A-Za-z0-9][A-Za-z0-9._/-]*\n)*", answer.out), answer.out
        assert answer.err == ""


async def test_a_problem_of_any_words_moves_no_terminal() -> None:
    call = FakeCall()
    await app.tell(call, Problem(Exit.NO, "kind", EVIL), json=False)
    await show.news(call, EVIL)
    assert unsafe(Said(0, call)) == []
    assert call.stderr.count("forged") == 2


def test_the_texts_attack() -> None:
    assert unsafe(Said(0, FakeCall(stdout=EVIL))) != []
    assert unsafe(Said(0, FakeCall(stdout=EVIL)), painted=True) != []
