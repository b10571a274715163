"""The table of verbs, the parser and the help say the same; both ways."""

import subprocess
import sys

import pytest

from looop.cli import app, guide, places, verbs
from looop.cli.places import EITHER, LOCAL, VERBS
from support.source import ROOT


def test_every_verb_of_the_table_is_parsed_and_every_parsed_verb_is_in_the_table() -> None:
    parsed = (set(verbs.COMMANDS) - {verbs.WAITING}) | {"", *places.GROUPS}
    assert parsed == set(VERBS)


def test_the_parser_knows_no_word_that_the_table_lacks() -> None:
    flags = {"--help", "-h"}
    root = app.app()
    words = {name for name in root if name not in flags}
    words |= {f"{group} {name}" for group in places.GROUPS for name in root[group] if name not in flags}
    assert words - {verbs.WAITING} == set(VERBS) - {""}


def test_the_manual_names_every_verb_once() -> None:
    named = [name for names in guide.GROUPS.values() for name in names]
    shown = [name for name, info in VERBS.items() if name not in places.GROUPS and not info.hidden]
    assert sorted(named) == sorted(shown)


def test_every_verb_with_json_has_a_schema_and_every_schema_a_verb() -> None:
    with_json = {
        name
        for name in VERBS
        if name not in places.GROUPS
        for argument in app.find(name).assemble_argument_collection()
        if "--json" in argument.names
    }
    assert with_json == set(verbs.VIEWS)


@pytest.mark.parametrize("name", [name for name in VERBS if name not in places.GROUPS])
def test_every_verb_says_in_one_line_what_it_does(name: str) -> None:
    summary = app.find(name).help.partition("\n")[0]
    assert 10 < len(summary) < 110
    assert summary.endswith((".", ")."))


@pytest.mark.parametrize(
    ("argv", "where"),
    [
        ((), EITHER),
        (("--json",), EITHER),
        (("status",), EITHER),
        (("status", "--json"), EITHER),
        (("status", "--help"), LOCAL),
        (("goal", "new", "x", "-h"), LOCAL),
        (("goal", "new", "x", "--", "-h"), EITHER),
        (("up",), LOCAL),
        (("tick",), EITHER),
        (("goal",), LOCAL),
        (("goal", "--json"), LOCAL),
        (("goal", "nwe"), LOCAL),
        (("sensor", "run", "x"), LOCAL),
        (("gaol",), LOCAL),
        (("--version",), LOCAL),
        (("-h",), LOCAL),
        (("waiting",), LOCAL),
        (("",), EITHER),
    ],
)
def test_a_call_runs_where_its_verb_belongs(argv: tuple[str, ...], where: places.Place) -> None:
    assert places.place(argv) is where


def test_a_flag_behind_two_dashes_is_an_argument() -> None:
    assert not places.asks(("goal", "new", "x", "--", "--json"), "--json")
    assert places.asks(("goals", "--json"), "--json")


@pytest.mark.process
@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_closed_stream_is_opened_on_nothing_before_a_file_can_take_its_number(number: int) -> None:
    code = (
        "import os; from looop.cli import places; places.open_streams(); "
        f"assert os.path.samestat(os.fstat({number}), os.stat(os.devnull)); "
        f"assert os.get_inheritable({number})"
    )
    closed = ["/bin/sh", "-c", f'exec "$0" -c "$1" {number}>&-', sys.executable, code]
    assert subprocess.run(closed, check=False, cwd=ROOT).returncode == 0
