"""Help shows an example for every verb, and each example is one that the parser takes."""

import shlex

import pytest

from looop.cli import app, places
from looop.cli.console import FakeCall
from looop.cli.examples import EXAMPLES


def test_every_verb_that_is_shown_has_an_example() -> None:
    groups = {verb.partition(" ")[0] for verb in places.VERBS if " " in verb}
    shown = {verb for verb, info in places.VERBS.items() if verb and not info.hidden} - groups
    assert set(EXAMPLES) == shown


@pytest.mark.parametrize("verb", EXAMPLES)
def test_the_example_is_a_call_of_its_verb(verb: str) -> None:
    argv = shlex.split(EXAMPLES[verb].partition(" | ")[0].partition(" > ")[0])
    assert argv[0] == "looop"
    assert places.name(places.normal(tuple(argv[1:]))) == verb
    assert not app.parse(tuple(argv[1:])).help


async def test_help_prints_it() -> None:
    call = FakeCall()
    await app.show_help(call, ["goal", "new", "--help"])
    assert EXAMPLES["goal new"] in call.stdout
