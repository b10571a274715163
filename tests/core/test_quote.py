"""Quoting and capping of foreign text."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from looop.core.quote import PREFIX, Quoted, flat, name, quote, share, size, visible
from support.reader import SEEN

ANY = st.text(alphabet=st.characters(exclude_categories=()), max_size=300)
KEPT = "\t\n\u200c\u200d"


def test_everything_that_can_not_be_seen_is_spelled_out() -> None:
    every = map(chr, range(0x110000))
    unseen = [c for c in every if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}]
    silent = [hex(ord(c)) for c in unseen if c not in KEPT and c not in SEEN and visible(c) == c]
    assert silent == []


def test_ordinary_text_in_any_script_stays_as_it_is() -> None:
    text = "naïve\tGröße 数据 👩\u200d🚀❤\ufe0f می\u200cخواهم – «ok» \ufffd\n"
    assert visible(text) == text


def test_an_escape_is_told_by_its_code_point() -> None:
    assert visible("\x1b[2J\u202e\udcff") == "<U+001B>[2J<U+202E><U+DCFF>"


@given(ANY)
@example("a\r# HEAD\n\u2028## x\x85y\n\n")
def test_every_line_of_a_quote_begins_with_the_bar(text: str) -> None:
    quoted = quote(text, 10_000)
    assert all(line.startswith(PREFIX) for line in quoted.text.splitlines())


@given(ANY, st.integers(0, 400))
def test_a_quote_fits_its_limit_and_counts_what_it_lacks(text: str, limit: int) -> None:
    quoted = quote(text, limit)
    assert size(quoted.text) <= limit or quoted == Quoted(PREFIX)
    shown = quoted.text.removeprefix(PREFIX).replace(f"\n{PREFIX}", "\n")
    whole = visible(text)
    assert whole.startswith(shown)
    if not quoted.missing:
        assert shown == whole.removesuffix("\n")


@given(st.text("aö数 \n", max_size=200), st.integers(0, 400))
def test_what_is_shown_and_what_is_missing_add_up_to_the_text(text: str, limit: int) -> None:
    quoted = quote(text, limit)
    shown = quoted.text.removeprefix(PREFIX).replace(f"\n{PREFIX}", "\n")
    assert not quoted.missing or size(shown) + quoted.missing == size(text)


def test_as_much_as_fits_is_shown() -> None:
    assert quote("abc\ndef\n", 9) == Quoted("| abc\n| d", 3)
    assert quote("abc\ndef\n", 11) == Quoted("| abc\n| def")
    assert quote("öö", 5) == Quoted("| ö", 2)


@given(ANY, st.integers(30, 400))
def test_a_flat_text_is_one_line_within_its_limit(text: str, limit: int) -> None:
    line = flat(text, limit)
    assert len(line.splitlines()) <= 1
    assert size(line) <= limit


def test_a_flat_text_counts_what_was_cut_of_it() -> None:
    assert flat("x" * 1000, 40) == "x" * 17 + "… (+983 bytes)"


@pytest.mark.parametrize("plain", ["setup.md", "goal:setup.md", "sensor:today", "a-b_c.9"])
def test_a_plain_name_is_shown_bare(plain: str) -> None:
    assert name(plain) == plain


@pytest.mark.parametrize(
    ("odd", "shown"),
    [
        ("a b", '"a b"'),
        ("x\n# NOW", '"x<U+000A># NOW"'),
        ('x" (run 1) "', '"x<U+0022> (run 1) <U+0022>"'),
        ("", '""'),
        ("größe.md", '"größe.md"'),
        ("-rf", '"-rf"'),
    ],
)
def test_any_other_name_is_shown_in_quotes(odd: str, shown: str) -> None:
    assert name(odd) == shown


@given(ANY)
def test_a_name_is_short_and_on_one_line(text: str) -> None:
    shown = name(text * 20)
    assert len(shown.splitlines()) == 1
    assert size(shown) <= 122


@given(st.lists(st.integers(0, 5000), max_size=40), st.integers(0, 3000), st.integers(0, 20_000))
def test_shares_never_exceed_the_total_and_leave_nothing_over(
    sizes: list[int], each: int, total: int
) -> None:
    level = share(sizes, each, total)
    taken = [min(part, level) for part in sizes]
    assert level <= each
    assert sum(taken) <= total
    if level < each and sizes:
        assert total - sum(taken) < len(sizes)


def test_small_parts_stay_whole_when_a_large_one_is_cut() -> None:
    assert share([10, 10, 1000], 500, 120) == 100


def test_a_hostile_text_costs_no_more_than_what_is_shown_of_it() -> None:
    assert quote("\0" * 5_000_000, 8 * 1024).missing == 5_000_000 - (8 * 1024 - size(PREFIX)) // 8


def test_where_not_even_a_letter_fits_all_of_it_is_missing() -> None:
    assert quote("word", size(PREFIX)) == Quoted("", 4)
