"""One tick, one line, whatever the agent wrote."""

from datetime import UTC, datetime

from looop.core.line import added, flat, stamped


def test_bullet_and_date_are_stripped_and_several_lines_joined() -> None:
    before = "- 2026-11-21 10:00 earlier\n"
    after = before + "- 2026-11-22 09:00 looked at CI\n* noted it\n"
    assert added(before, after) == "looked at CI; noted it"


def test_a_line_without_a_newline_before_it_is_found() -> None:
    assert added("- a", "- a\n- b") == "b"


def test_a_rewritten_journal_counts_by_its_new_lines() -> None:
    assert added("- one\n- two\n", "- two\n- three\n") == "three"


def test_the_same_text_again_counts() -> None:
    assert added("- same\n", "- same\n- same\n") == "same"


def test_nothing_added_is_empty() -> None:
    assert added("- a\n", "- a\n\n   \n") == ""


def test_control_characters_and_length_are_tamed() -> None:
    assert flat("a\x1b[31mb\tc\n") == "a [31mb c"
    assert len(flat("x" * 600)) == 500


def test_a_stamped_line_has_the_local_minute() -> None:
    assert (
        stamped("did it\nwell", datetime(2026, 11, 22, 9, 5, tzinfo=UTC)) == "- 2026-11-22 09:05 did it well"
    )
