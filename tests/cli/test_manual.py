"""The manual and the help say what the parser does, for people and for machines."""

import pytest

from looop.cli import app, places
from looop.core.problem import Exit
from looop.store.paths import Profile
from support.verbs import Looop

SHOWN = [name for name, info in places.VERBS.items() if name not in places.GROUPS and not info.hidden]


async def test_the_manual_names_the_live_paths_every_verb_and_every_exit_code(
    looop: Looop, profile: Profile
) -> None:
    text = (await looop("help")).out
    assert str(profile.data) in text
    assert str(profile.config) in text
    assert [name for name in SHOWN if f"looop {name}" not in text] == []
    assert [code for code in Exit if f"{int(code):>3}  " not in text] == []
    assert max(map(len, text.splitlines())) <= 120


async def test_help_for_machines_holds_verbs_flags_codes_and_schemas(looop: Looop) -> None:
    value = (await looop("help", "--json")).value
    assert [verb["name"] for verb in value["verbs"]] == SHOWN
    assert value["exit_codes"].keys() == {str(int(code)) for code in Exit}
    promised = {verb["prints"] for verb in value["verbs"]} - {None}
    assert promised <= value["schemas"].keys()
    for verb in value["verbs"]:
        takes_json = any("--json" in flag["names"] for flag in verb["arguments"])
        assert takes_json == (verb["prints"] is not None), verb["name"]


@pytest.mark.parametrize("name", [*SHOWN, *places.GROUPS])
async def test_help_of_a_verb_names_each_of_its_flags(looop: Looop, name: str) -> None:
    said = await looop("help", *name.split()) if name else await looop("help", "--json")
    assert said.code == 0
    for argument in app.find(name).assemble_argument_collection() if name not in places.GROUPS else ():
        if argument.parse:
            assert (argument.names[0] in said.out) == argument.show, argument.names


async def test_help_breaks_a_paragraph_only_where_the_terminal_ends(looop: Looop) -> None:
    words = (await looop("help", "flag")).out.partition("With --wait")[2].partition("\n\n")[0]
    assert [line for line in words.splitlines()[:-1] if len(line) < 60] == []


@pytest.mark.parametrize("name", [name for name in SHOWN if name])
async def test_the_help_flag_gives_the_same_help(looop: Looop, name: str) -> None:
    assert (await looop(*name.split(), "--help")).out == (
        await looop("help", *name.split())
    ).out or name == "help"
    assert (await looop(*name.split(), "-h")).code == 0


async def test_help_of_no_verb_says_which_was_meant(looop: Looop) -> None:
    assert (await looop("help", "gaols")).code == Exit.USAGE
    assert "`looop goals`" in (await looop("help", "gaols")).err
