"""What somebody wants typed into a terminal is text and can't press keys."""

import pytest

from looop.core import input_text
from looop.core.problem import Exit, Problem


def refused(text: str) -> str:
    with pytest.raises(Problem) as caught:
        input_text.checked(text)
    assert (caught.value.exit_code, caught.value.kind) == (Exit.USAGE, "bad-text")
    return caught.value.text


def test_lines_tabs_and_letters_are_typed_with_plain_newlines() -> None:
    assert input_text.checked("a\tb\r\ngrün\n") == "a\tb\ngrün\n".encode()


@pytest.mark.parametrize("char", ["\x1b", "\r", "\x03", "\x7f", "\x9b", "\0"])
def test_what_presses_a_key_is_refused_and_the_verb_for_keys_named(char: str) -> None:
    assert f"U+{ord(char):04X}: `looop key`" in refused(f"ls{char}")


def test_half_a_character_is_refused() -> None:
    assert "not valid UTF-8" in refused("\ud800")


def test_the_limit_counts_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(input_text, "LONGEST", 4)
    assert input_text.checked("üü") == "üü".encode()
    assert "has 6 bytes, and 4 is the most" in refused("üüü")
