"""Names of keys become what xterm sends for them, all or none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from looop.core.keys import ALL_AS_SEQUENCES, DISAMBIGUATE, NAMES, KeyModes, encode, is_escape
from looop.core.problem import Exit, Problem

PLAIN = KeyModes()
APPLICATION = KeyModes(application_cursor=True)
KITTY = KeyModes(kitty=DISAMBIGUATE)


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("Enter", b"\r"),
        ("Esc", b"\x1b"),
        ("Tab", b"\t"),
        ("S-Tab", b"\x1b[Z"),
        ("BSpace", b"\x7f"),
        ("Space", b" "),
        ("C-Space", b"\0"),
        ("M-Enter", b"\x1b\r"),
        ("Up", b"\x1b[A"),
        ("Down", b"\x1b[B"),
        ("Right", b"\x1b[C"),
        ("Left", b"\x1b[D"),
        ("Home", b"\x1b[H"),
        ("End", b"\x1b[F"),
        ("C-Up", b"\x1b[1;5A"),
        ("C-Left", b"\x1b[1;5D"),
        ("M-Left", b"\x1b[1;3D"),
        ("S-Right", b"\x1b[1;2C"),
        ("C-M-S-End", b"\x1b[1;8F"),
        ("PageUp", b"\x1b[5~"),
        ("PageDown", b"\x1b[6~"),
        ("C-PageUp", b"\x1b[5;5~"),
        ("Insert", b"\x1b[2~"),
        ("Delete", b"\x1b[3~"),
        ("F1", b"\x1bOP"),
        ("F4", b"\x1bOS"),
        ("S-F1", b"\x1b[1;2P"),
        ("F5", b"\x1b[15~"),
        ("F12", b"\x1b[24~"),
        ("C-F12", b"\x1b[24;5~"),
        ("C-c", b"\x03"),
        ("C-C", b"\x03"),
        ("C-[", b"\x1b"),
        ("C-\\", b"\x1c"),
        ("C-_", b"\x1f"),
        ("C-?", b"\x7f"),
        ("M-x", b"\x1bx"),
        ("C-M-x", b"\x1b\x18"),
        ("S-a", b"A"),
        ("x", b"x"),
        ("-", b"-"),
        ("C--", b"\x1f"),
        ("é", "é".encode()),
        ("M-é", b"\x1b\xc3\xa9"),
    ],
)
def test_a_key_is_sent_as_xterm_sends_it(name: str, sent: bytes) -> None:
    assert encode([name], PLAIN) == sent


@pytest.mark.parametrize(
    "name", ["enter", "ENTER", "return", "escape", "pgup", "ctrl-c", "Alt-X", "backspace"]
)
def test_names_are_taken_in_any_case_and_under_common_other_names(name: str) -> None:
    assert encode([name], PLAIN)


@pytest.mark.parametrize(("name", "sent"), [("Up", b"\x1bOA"), ("Home", b"\x1bOH"), ("C-Up", b"\x1b[1;5A")])
def test_the_application_mode_of_cursor_keys_changes_what_has_no_modifier(name: str, sent: bytes) -> None:
    assert encode([name], APPLICATION) == sent


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("Esc", b"\x1b[27u"),
        ("Enter", b"\r"),
        ("S-Enter", b"\x1b[13;2u"),
        ("C-c", b"\x1b[99;5u"),
        ("C-S-c", b"\x1b[99;6u"),
        ("M-x", b"\x1b[120;3u"),
        ("C-Space", b"\x1b[32;5u"),
        ("S-Tab", b"\x1b[9;2u"),
        ("a", b"a"),
        ("A", b"A"),
        ("Up", b"\x1b[A"),
        ("C-F3", b"\x1b[13;5~"),
    ],
)
def test_kittys_protocol_makes_ambiguous_keys_plain(name: str, sent: bytes) -> None:
    assert encode([name], KITTY) == sent


def test_a_program_that_wants_every_key_as_a_sequence_gets_it() -> None:
    assert encode(["Enter", "a"], KeyModes(kitty=DISAMBIGUATE | ALL_AS_SEQUENCES)) == b"\x1b[13u\x1b[97u"


@pytest.mark.parametrize(
    ("name", "hint"), [("Entr", "Enter"), ("C-Lft", "C-Left"), ("pagup", "PageUp"), ("F13", "F1")]
)
def test_a_name_that_is_none_is_refused_with_the_nearest_one(name: str, hint: str) -> None:
    with pytest.raises(Problem) as caught:
        encode(["a", name], PLAIN)
    assert (caught.value.exit_code, caught.value.kind) == (Exit.USAGE, "no-key")
    assert hint.lower() in caught.value.text.lower()


@pytest.mark.parametrize("name", ["", "\x1b", "\x1b[A", "C-", "S-", "hello", "X-a", "\x9b", "a\nb"])
def test_no_text_and_no_sequence_passes_for_a_key(name: str) -> None:
    with pytest.raises(Problem) as caught:
        encode([name], PLAIN)
    assert caught.value.text.isprintable()


def test_too_many_keys_are_refused() -> None:
    with pytest.raises(Problem, match="too many"):
        encode(["a"] * 1001, PLAIN)


@given(st.text(max_size=20))
def test_any_word_is_a_key_or_a_problem(word: str) -> None:
    try:
        sent = encode([word], PLAIN)
    except Problem:
        return
    assert 1 <= len(sent) <= 12


def test_all_names_that_help_shows_are_keys() -> None:
    assert all(encode([name], PLAIN) for name in NAMES)


def test_esc_is_known_by_all_its_names() -> None:
    escapes = ("C-Esc", "S-Esc", "ctrl-[", "Control-3", "C-S-[")
    assert [is_escape(name) for name in escapes] == [True] * 5
    assert not is_escape("no-key")
    assert [is_escape(name) for name in ("Esc", "escape", "C-[", "M-Esc", "Enter")] == [True] * 3 + [
        False
    ] * 2
