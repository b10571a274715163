"""Where the words of a command stand, in every reading of options that are not known."""

import pytest

from looop.core.argv import Options, after, firsts, lengths, options

KNOWN = options(values="-C --git-dir -t", bare="-v --quiet")


@pytest.mark.parametrize(
    ("args", "places"),
    [
        (["push"], (0,)),
        (["-v", "push"], (1,)),
        (["-C", "/x", "push"], (2,)),
        (["--unknown", "a", "b"], (1, 2)),
        (["--", "-v"], (1,)),
        (["--"], ()),
        (["-v"], ()),
    ],
)
def test_the_first_word_is_found_in_each_reading(args: list[str], places: tuple[int, ...]) -> None:
    assert firsts(args, 0, KNOWN) == places


@pytest.mark.parametrize(
    ("option", "found"),
    [
        ("--git-dir=/x", (1,)),
        ("--git-dir", (2,)),
        ("--quiet", (1,)),
        ("--new", (1, 2)),
        ("-vt", (2,)),
        ("-tx", (1,)),
        ("-vv", (1,)),
        ("-vz", (1, 2)),
    ],
)
def test_letters_that_stand_together_are_read_one_by_one(option: str, found: tuple[int, ...]) -> None:
    assert tuple(lengths(option, KNOWN)) == found


def test_behind_the_words_go_on_the_arguments() -> None:
    assert after(["-v", "s3", "--x", "rm", "y"], [{"s3"}, {"r*"}], KNOWN) == (4,)
    assert after(["s3"], [{"s3"}, {"rm"}], Options()) == ()
