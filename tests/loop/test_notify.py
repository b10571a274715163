"""What a notification's text may do to the program that shows it: nothing."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from looop.core.quote import visible
from looop.loop import notify
from looop.loop.notify import harmless
from support.looping import Looping


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("build: May I push?", "build: May I push?"),
        ("--action=x=y", "looop: --action=x=y"),
        ("@/etc/passwd", "looop: @/etc/passwd"),
        ("<b>now</b> <img src=x>", "looop: ‹b›now‹/b› ‹img src=x›"),
        ("a\nb\x1b]0;t\x07", "a‹U+000A›b‹U+001B›]0;t‹U+0007›"),
        ("", "looop: "),
    ],
)
def test_a_text_is_one_line_of_text(text: str, shown: str) -> None:
    assert harmless(text) == shown


@given(st.text(st.characters(exclude_categories=()), max_size=2000))
def test_no_text_is_an_option_a_file_or_markup(text: str) -> None:
    line = harmless(text)
    assert line[0].isalnum()
    assert not set("<>\n") & set(line)
    assert visible(line) == line
    assert len(line) <= notify.LONGEST
    line.encode()


@pytest.mark.process
async def test_a_program_gets_it_in_its_environment_and_on_stdin_never_through_a_shell(
    tmp_path: Path,
) -> None:
    loop = Looping(tmp_path)

    text = "$(touch made) `touch made`; touch made #(touch made) 'x' \"y\""
    loop.configure(notify='printf %s "$LOOOP_TEXT" >text; cat >stdin')
    assert await notify.notify(loop.beats._around.site(), text)
    assert (loop.profile.data / "text").read_text() == harmless(text)
    assert (loop.profile.data / "stdin").read_text() == f"{harmless(text)}\n"
    assert list(tmp_path.rglob("made")) == []
