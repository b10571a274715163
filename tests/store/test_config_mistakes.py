"""A mistake in CONFIG or a variable is told with its place; nothing half-right is ever used."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from looop.core.problem import Exit, Problem
from looop.store import config
from looop.store.config import Config
from support.profiles import config_in


def mistake(folder: Path, text: str | bytes | dict[str, Any], **env: str) -> str:
    with pytest.raises(Problem) as caught:
        config.load(config_in(folder, text), env)
    assert (caught.value.exit_code, caught.value.kind) == (Exit.USAGE, "bad-config")
    return caught.value.text


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"interval": 5,\n "runner": claude}', "line 2, column 12"),
        ("", "line 1, column 1"),
        ('{"interval": 5,}', "line 1, column 16"),
        ('{"interval": 5} {}', "line 1, column 17"),
        ("// a comment\n{}", "line 1, column 1"),
    ],
)
def test_what_is_not_json_is_told_with_line_and_column(tmp_path: Path, text: str, place: str) -> None:
    said = mistake(tmp_path, text)
    assert f"{tmp_path / 'looop.json'} is not JSON ({place}" in said


def test_what_is_not_utf8_is_told(tmp_path: Path) -> None:
    assert "is not UTF-8" in mistake(tmp_path, b'{"runner": "\xff"}')
    assert "is not UTF-8" in mistake(tmp_path, '{"runner": "\\ud800"}')


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    profile = config_in(tmp_path, b'\xef\xbb\xbf{"interval": 5}')
    assert config.load(profile, {}).interval == 5.0


@pytest.mark.parametrize("text", ["[]", "3", '"x"', "null"])
def test_what_is_no_object_is_told(tmp_path: Path, text: str) -> None:
    assert "must hold one JSON object" in mistake(tmp_path, text)


@pytest.mark.parametrize("text", ['{"interval": NaN}', '{"interval": -Infinity}'])
def test_a_number_that_json_does_not_have_is_told(tmp_path: Path, text: str) -> None:
    assert "is no number in JSON" in mistake(tmp_path, text)


def test_a_key_that_stands_twice_is_told(tmp_path: Path) -> None:
    assert "`interval` stands twice" in mistake(tmp_path, '{"interval": 5, "interval": 60}')


@pytest.mark.parametrize("text", ["[" * 100_000, '{"max_sessions": ' + "9" * 5000 + "}"])
def test_json_that_no_reader_can_hold_is_told(tmp_path: Path, text: str) -> None:
    assert "too long or is nested too deeply" in mistake(tmp_path, text)


def test_an_unknown_key_names_the_nearest(tmp_path: Path) -> None:
    assert "`$.intervall` is no key that looop knows (did you mean `interval`?)" in mistake(
        tmp_path, {"intervall": 5}
    )


def test_an_unknown_key_of_a_runner_is_named_by_its_path(tmp_path: Path) -> None:
    said = mistake(tmp_path, {"runners": {"x": {"tick": "x", "interactiv": "y"}}})
    assert "`$.runners.x.interactiv`" in said
    assert "did you mean `interactive`?" in said


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"interval": "soon"}, "`$.interval` must be a number of seconds from 0"),
        ({"interval": None}, "`$.interval` must be a number of seconds from 0"),
        ({"interval": True}, "`$.interval` must be a number of seconds from 0"),
        (
            {"interval": -1},
            '`$.interval` must be a number of seconds from 0, or a duration such as "10m", not -1',
        ),
        ({"interval": [5]}, "not a list"),
        ({"max_sessions": 1.5}, "`$.max_sessions` must be a whole number from 0, not 1.5"),
        ('{"max_sessions": -1e400}', "`$.max_sessions` must be a whole number from 0"),
        ({"max_sessions": -1}, "`$.max_sessions` must be a whole number from 0, not -1"),
        ({"max_daily_usd": -0.5}, "`$.max_daily_usd` must be an amount in dollars from 0, or null, not -0.5"),
        ({"max_daily_usd": "2"}, "`$.max_daily_usd` must be an amount in dollars"),
        ({"tmux": 1}, "`$.tmux` must be true or false, not 1"),
        ({"runner": 5}, "`$.runner` must be a text, not 5"),
        ({"notify": 5}, "`$.notify` must be a text or null, not 5"),
        ({"session_size": "wide"}, '`$.session_size` must be columns and lines such as "120x40", not "wide"'),
        ({"session_size": "0x40"}, "`$.session_size`"),
        ({"session_size": "120x40\n"}, "`$.session_size`"),
        ({"sensors": "never"}, '`$.sensors` must be "ask" or "auto", not "never"'),
        ({"sensors": "auto\n"}, "`$.sensors`"),
        ({"guard": 3}, "`$.guard` must be an object, not 3"),
        ({"guard": {"of": []}}, "`$.guard.of` is no key that looop knows (did you mean `off`?)"),
        ({"guard": {"off": "root"}}, '`$.guard.off` must be a list, not "root"'),
        ({"guard": {"off": [3]}}, "`$.guard.off[0]` must be a text, not 3"),
        ({"guard": {"off": ["rot"]}}, "`$.guard.off[0]` is 'rot', and there is no such rule"),
        ({"guard": {"add": [{"name": "x"}]}}, "`$.guard.add[0].match` is missing"),
        ({"guard": {"add": [{"name": "root", "match": ["x"]}]}}, "`$.guard.add[0].name` must be a name of"),
        ({"guard": {"add": [{"name": "x", "match": []}]}}, "`$.guard.add[0].match` must be a program's name"),
        ({"guard": {"add": [{"name": "x", "match": ["*"]}]}}, "`$.guard.add[0].match` must be a program's"),
        ({"guard": {"add": [{"name": "x", "match": ["looop"]}]}}, "`$.guard.add[0].match` must be a"),
        ({"guard": {"clear": ["build"]}}, "`$.guard.clear[0]` must be a full path"),
        ({"runners": 3}, "`$.runners` must be an object, not 3"),
        ({"runners": {"x": "claude"}}, '`$.runners.x` must be an object, not "claude"'),
        ({"runners": {"x": {}}}, "`$.runners.x.tick` is missing"),
        ({"runners": {"x": {"tick": 3}}}, "`$.runners.x.tick` must be a text, not 3"),
        ({"runners": {"x": {"tick": "x", "env": {"A": 1}}}}, "`$.runners.x.env.A` must be a text, not 1"),
        ({"prices": {"codex": {"input": 1}}}, "`$.prices.codex.output` is missing"),
        ({"runner": "x" * 5000, "interval": "y" * 5000}, "…"),
        ({"format": "1"}, "`$.format` must be a whole number"),
    ],
)
def test_a_wrong_value_is_told_with_its_path(tmp_path: Path, given: str | dict[str, Any], said: str) -> None:
    text = mistake(tmp_path, given)
    assert said in text
    assert len(text) < 400


def test_every_key_but_the_format_has_its_variable(tmp_path: Path) -> None:
    for field in msgspec.structs.fields(Config):
        wrong = {f"LOOOP_{field.name.upper()}": "{" if field.name != "session_size" else "?"}
        texts = {"runner", "notify", "sandbox_setup"}
        if field.name in texts | {"format"}:
            config.load(config_in(tmp_path, {}), wrong)
        else:
            assert f"LOOOP_{field.name.upper()}" in mistake(tmp_path, {}, **wrong)


def test_a_wrong_variable_is_named_with_its_path(tmp_path: Path) -> None:
    said = mistake(tmp_path, {}, LOOOP_RUNNERS='{"x": {"tick": 3}}')
    assert "The environment's `LOOOP_RUNNERS.x.tick` must be a text, not 3" in said


def test_a_variable_that_is_no_unicode_is_told_in_unicode(tmp_path: Path) -> None:
    assert r'must be a whole number from 0, not "\udcff"' in mistake(
        tmp_path, {}, LOOOP_MAX_SESSIONS="\udcff"
    )


def test_an_output_format_that_no_parser_reads_is_told(tmp_path: Path) -> None:
    runners = {"mine": {"tick": "my-agent", "output": "cluade"}}
    assert "`$.runners.mine.output` is 'cluade', and looop reads claude" in mistake(
        tmp_path, {"runners": runners}
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"confine": "maybe"}, '"auto", "require" or "off"'),
        ({"grants": {"gitub": ["sensors"]}}, "names 'gitub'"),
        ({"grants": {"gh": ["everybody"]}}, "gives something to 'everybody'"),
        ({"grants": {"gh": ["sensors/"]}}, "gives something to 'sensors/'"),
        ({"grants": {"gh": "sensors"}}, "a list of texts"),
        ({"writable": {"src": ["sessions"]}}, "names 'src'"),
    ],
)
def test_a_wall_that_would_not_stand_as_written_is_refused(
    tmp_path: Path, content: dict[str, Any], words: str
) -> None:
    assert words in mistake(tmp_path, content)


def test_walls_that_stand_as_written_are_taken(tmp_path: Path) -> None:
    given: dict[str, Any] = {
        "grants": {"ssh": ["sessions/tea", "checks"], "MY_TOKEN": ["ticks"]},
        "writable": {"~/x": ["sessions"], "/srv": ["sensors/mail"]},
    }
    found = config.load(config_in(tmp_path, given), {})
    assert (found.grants, found.writable) == (given["grants"], given["writable"])
