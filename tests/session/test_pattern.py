"""A caller's pattern is RE2's: linear for any text, and refused with a reason where it can't be."""

import pytest

from looop.core.problem import Exit, Problem
from looop.session import pattern


async def test_a_pattern_that_stalls_backtracking_engines_is_searched_at_once() -> None:
    wanted = pattern.compile("(a+)+$")
    assert await wanted.look(b"a" * 1_000_000 + b"!") is None
    found = await wanted.look(b"a" * 100_000)
    assert found is not None
    assert found.end == 100_000


@pytest.mark.parametrize(
    "text", ["(a", "[z-a]", r"(a)\1", "(?=x)", "(?<!x)y", "*", "a{1,2000}", "(?P<x", "\udc80"]
)
def test_what_re2_can_not_do_is_refused_with_its_reason(text: str) -> None:
    with pytest.raises(Problem) as caught:
        pattern.compile(text)
    assert (caught.value.exit_code, caught.value.kind) == (Exit.USAGE, "bad-pattern")
    assert caught.value.text.isprintable()


@pytest.mark.parametrize("text", ["((a{0,100}){0,100}){0,100}", "x" * 5000, r"(\pL{1,50}x?){1,20}$"])
def test_a_pattern_that_needs_much_memory_is_refused(text: str) -> None:
    with pytest.raises(Problem):
        pattern.compile(text)


def test_borders_of_lines_and_groups_are_as_people_expect() -> None:
    found = pattern.compile(r"^(\w+) (x)?(\d+)$").search(b"first\nline 12\nlast")
    assert found == pattern.Match(6, 13, "line 12", ("line", None, "12"))


def test_a_search_begins_where_it_is_told_and_sees_what_is_before() -> None:
    assert pattern.compile("^b").search(b"ab", 1) is None
    assert pattern.compile("b").search(b"abab", 2) == pattern.Match(3, 4, "b", ())


def test_a_character_is_one_character_and_bytes_that_are_none_match_nothing() -> None:
    assert pattern.compile("^.$").search("ü".encode()) is not None
    assert pattern.compile("a.b").search(b"a\xffb") is None


async def test_a_slow_search_runs_beside_everything_else() -> None:
    assert await pattern.compile("(.{0,50}){0,3}!").look(b"a" * 60_000) is None
