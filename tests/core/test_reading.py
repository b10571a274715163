"""What a sensor printed becomes a signal, or an error that never wakes twice."""

import pytest

from looop.core.reading import Snapshot, parse
from looop.core.world import Reading


def test_a_plain_value_counts_whole() -> None:
    assert parse("s", b"[1, 2]\n") == Reading("s", [1, 2])
    assert parse("s", b'{"prs": 3}') == Reading("s", {"prs": 3})


def test_in_an_envelope_only_the_signal_counts() -> None:
    assert parse("s", b'{"signal": 3, "detail": "long"}') == Reading("s", 3, "long")
    assert parse("s", b'{"signal": 3, "more": 1}') == Reading("s", 3, {"more": 1})
    assert parse("s", b'{"detail": "only context"}').signal is None


@pytest.mark.parametrize(
    ("out", "says"),
    [
        (b"", "printed nothing"),
        (b" \n", "printed nothing"),
        (b"\xff\xfe", "not UTF-8"),
        (b'"\xff"', "not UTF-8"),
        (b"1\n2\n", "several"),
        (b"NaN", "NaN"),
        (b"-Infinity", "NaN"),
        (b"hello", "did not print one JSON value"),
        (b"[" * 100_000, "JSON"),
    ],
)
def test_what_is_not_one_json_value_is_a_normalised_error(out: bytes, says: str) -> None:
    reading = parse("s", out)
    assert reading.error is not None
    assert says in reading.error
    assert reading.news == {"error": reading.error}


def test_brackets_are_counted_outside_of_texts_only() -> None:
    assert parse("s", b'["' + b"[" * 500 + b'\\"["]').error is None
    assert "deep" in (parse("s", b"[" * 101 + b"]" * 101).error or "")
    assert parse("s", b"[" * 100 + b"]" * 100).error is None


def test_a_hostile_text_is_counted_in_no_time() -> None:
    assert parse("s", b'"' + b'\\"' * 1_000_000).error is not None


def test_a_kept_reading_is_given_back_as_it_was() -> None:
    kept = Snapshot({"a": 1}, "more", "failed")
    assert kept.reading("mail", untrusted=True) == Reading("mail", {"a": 1}, "more", "failed", untrusted=True)
