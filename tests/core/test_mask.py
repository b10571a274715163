"""The mask: which values are taken out of texts, in which forms, and that nothing else is touched."""

import base64
import json
from dataclasses import dataclass
from enum import Enum
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from looop.core.document import Document
from looop.core.mask import NOTHING, Mask
from looop.core.reading import Snapshot
from looop.core.world import Reading, World

TOKEN = 'ghp_"quoted\\back/slash+über>>>???'
MASK = Mask.of({"GH_TOKEN": TOKEN})
SHOWN = "[secret GH_TOKEN]"
VALUES = st.text(st.characters(exclude_categories=()), min_size=8, max_size=40)


@pytest.mark.parametrize(
    "form",
    [
        TOKEN,
        json.dumps(TOKEN)[1:-1],
        json.dumps(TOKEN, ensure_ascii=False)[1:-1],
        quote(TOKEN, safe=""),
        quote(TOKEN),
        base64.b64encode(TOKEN.encode()).decode().rstrip("="),
        base64.urlsafe_b64encode(TOKEN.encode()).decode().rstrip("="),
    ],
)
def test_a_secret_is_found_in_each_form_that_texts_give_it(form: str) -> None:
    assert MASK.text(f"a {form} b {form}") == f"a {SHOWN} b {SHOWN}"


def test_bytes_that_are_no_text_stay_around_it() -> None:
    assert MASK.data(b"\xff" + TOKEN.encode() + b"\xfe") == b"\xff" + SHOWN.encode() + b"\xfe"


def test_a_secret_that_is_no_text_is_found_in_each_form_too() -> None:
    raw = b"p\xe4ssw\xf6rd-1\xef"
    mask = Mask.of({"GH_TOKEN": raw.decode(errors="surrogateescape")})
    for form in (raw, quote(raw).encode(), base64.b64encode(raw).rstrip(b"="), raw + b"\xa6\xa6"):
        assert mask.data(form).replace(b"\xa6", b"") == SHOWN.encode()
    assert mask.text(f"a {raw.decode(errors='replace')} b") == f"a {SHOWN} b"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EDITOR", "some-value-of-a-harmless-name"),
        ("GH_TOKEN", "short12"),
        ("FEATURE_AUTH", "disabled"),
        ("DB_PASSWORD", "postgres"),
        ("DB_PASSWORD", "xxxxxxxxxxxx"),
        ("APP_CREDENTIALS", "/home/ada/.config/app.json"),
        ("DATABASE_URL", "postgres://localhost:5432/app"),
    ],
)
def test_what_is_no_secret_stays(name: str, value: str) -> None:
    text = f"look at {value}, please"
    assert Mask.of({name: value}).text(text) is text


def test_the_password_of_an_address_is_one_under_any_name() -> None:
    mask = Mask.of({"UPSTREAM": "https://ada:p%40ss-word-1@git.example/x"})
    said = "https://ada:[secret UPSTREAM]@git.example/x and [secret UPSTREAM]"
    assert mask.text("https://ada:p%40ss-word-1@git.example/x and p@ss-word-1") == said


def test_of_two_secrets_of_which_one_holds_the_other_the_longer_one_is_taken_whole() -> None:
    mask = Mask.of({"A_TOKEN": "abcdefgh", "B_TOKEN": "abcdefgh-ijkl"})
    assert mask.text("abcdefgh-ijkl abcdefgh") == "[secret B_TOKEN] [secret A_TOKEN]"


def test_each_line_of_a_key_is_masked_but_not_its_headline() -> None:
    lines = [
        "-----BEGIN PRIVATE KEY-----",
        "MIIEvQIBADANBgkqhkiG9w0B",
        "AQEFAASCBKcwggSjAgEAAoIB",
        "-----END",
    ]
    key = "\n".join(lines)
    shown = Mask.of({"SIGNING_KEY": key}).text("| -----BEGIN PRIVATE KEY-----\n| MIIEvQIBADANBgkqhkiG9w0B\n")
    assert shown == "| -----BEGIN PRIVATE KEY-----\n| [secret SIGNING_KEY]\n"


def test_a_name_can_not_forge_anything() -> None:
    shown = Mask.of({"x]\n# NOW_TOKEN": "a-secret-value"}).text("a-secret-value")
    assert shown == "[secret x____NOW_TOKEN]"


def test_several_environments_count_together() -> None:
    mask = Mask.of({"A_TOKEN": "first-secret"}, {"B_TOKEN": "second-secret"})
    assert mask.text("first-secret second-secret") == "[secret A_TOKEN] [secret B_TOKEN]"


def test_without_a_secret_every_value_is_itself() -> None:
    reading = Reading("x", {"a": [1, "b"]})
    assert NOTHING.value(reading) is reading
    assert Mask.of({"GH_TOKEN": ""}).text("") == ""


def test_a_value_is_masked_wherever_a_text_stands_in_it() -> None:
    reading = Reading("x", {TOKEN: [TOKEN, 5, None, True, (TOKEN,)]}, f"a {TOKEN}", TOKEN)
    masked = MASK.value(World(Document("PLAYBOOK.md", TOKEN, "d"), (), (reading,)))
    assert masked == World(
        Document("PLAYBOOK.md", SHOWN, "d"),
        (),
        (Reading("x", {SHOWN: [SHOWN, 5, None, True, (SHOWN,)]}, f"a {SHOWN}", SHOWN),),
    )
    assert masked.items()["sensor:x"].short == json.dumps({"error": SHOWN}, separators=(",", ":"))
    assert MASK.value(Snapshot(signal=TOKEN)) == Snapshot(signal=SHOWN)


def test_what_is_nested_too_deep_ends_no_beat() -> None:
    deep: Any = [TOKEN]
    for _ in range(5000):
        deep = [deep]
    assert "nested too deep" in str(MASK.value(deep))
    while isinstance(deep, list):  # let go of it level by level: at once would need as much stack
        deep = deep.pop()


def test_a_number_that_is_a_secret_becomes_a_text() -> None:
    assert Mask.of({"DOOR_PASS": "1234567890"}).value({"n": 1234567890, "m": 12}) == {
        "n": "[secret DOOR_PASS]",
        "m": 12,
    }


@given(VALUES, st.text(max_size=30), st.text(max_size=30))
def test_no_value_is_left_in_any_text(value: str, before: str, after: str) -> None:
    mask = Mask.of({"GH_TOKEN": value})
    masked = mask.text(before + value + after)
    if mask.text(value) == SHOWN:  # else it is harmless, or blanks around it are not its own
        assert value.strip() not in masked.replace(SHOWN, "")
        assert mask.text(value.strip()) == SHOWN


@dataclass(frozen=True, slots=True)
class _Odd:
    text: str
    data: bytes = b"raw"
    none: None = None


def test_what_is_no_text_is_handed_on() -> None:
    assert MASK.value(_Odd(TOKEN)) == _Odd(SHOWN)


def test_without_secrets_nothing_is_touched() -> None:
    assert NOTHING.data(b"\xff" + TOKEN.encode()) == b"\xff" + TOKEN.encode()


def test_a_value_that_is_no_text_stays_itself_among_masked_ones() -> None:
    class Colour(Enum):
        RED = "red"

    assert MASK.value([Colour.RED, TOKEN]) == [Colour.RED, SHOWN]


def test_half_a_character_is_masked_where_json_spells_it() -> None:
    mask = Mask.of({"GH_TOKEN": "\ud800-of-json-alone"})
    assert mask.text(r"it is \ud800-of-json-alone") == f"it is {SHOWN}"
    assert mask.data("it is \ud800-of-json-alone".encode(errors="surrogatepass")) == f"it is {SHOWN}".encode()
