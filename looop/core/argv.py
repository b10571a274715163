"""Read the arguments of other programs: which are options, which are their values, which are words.

In: arguments, and what is known of a program's options. Out: where its words stand. An option that nobody
knows may take the next argument or not, so there may be several readings; what asks here wants all of them.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True, slots=True)
class Options:
    """Options of one program: those that take the next argument as their value, and those that never do."""

    values: frozenset[str] = frozenset()
    bare: frozenset[str] = frozenset()


NONE = Options()


def options(values: str = "", bare: str = "") -> Options:
    """Make a table of options from their names, each as it is typed, with blanks between."""
    return Options(names(values), names(bare))


def names(text: str) -> frozenset[str]:
    """Make a set of the names in a text with blanks between."""
    return frozenset(text.split())


def after(args: Sequence[str], words: Iterable[Collection[str]], known: Options) -> tuple[int, ...]:
    """Give where the arguments go on behind these words, in each reading in which they are the first ones.

    Each word is given as all that may stand for it, `*` and `?` as in a shell. Options may stand before and
    between them.
    """
    places = {0}
    for word in words:
        stands = [at for start in places for at in firsts(args, start, known)]
        places = {at + 1 for at in stands if any(fnmatchcase(args[at], it) for it in word)}
    return tuple(sorted(places))


def firsts(args: Sequence[str], start: int, known: Options) -> tuple[int, ...]:
    """Give where the first argument from `start` on that is no option may stand, one place a reading."""
    found, seen, todo = set[int](), set[int](), [start]
    while todo:
        at = todo.pop()
        if at in seen or at >= len(args):
            continue
        seen.add(at)
        if args[at] == "--":
            found.update({at + 1} if at + 1 < len(args) else ())
        elif is_option(args[at]):
            todo += [at + length for length in lengths(args[at], known)]
        else:
            found.add(at)
    return tuple(sorted(found))


def lengths(option: str, known: Options) -> tuple[int, ...]:
    """Give how many arguments an option makes up: 1, or 2 with its value; both when that is not known."""
    if "=" in option or option in known.bare:
        return (1,)
    if option in known.values:
        return (2,)
    if option.startswith("--"):
        return (1, 2)
    for place, letter in enumerate(option[1:], 2):
        if f"-{letter}" in known.values:
            return (2,) if place == len(option) else (1,)
        if f"-{letter}" not in known.bare:
            return (1, 2)
    return (1,)


def is_option(arg: str) -> bool:
    """Tell whether an argument looks like an option; a lone dash is a file."""
    return arg.startswith("-") and arg != "-"


def split(args: Sequence[str], values: Collection[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Part the arguments of one verb into options and words, where all options with values are known.

    A value that is an argument of its own is neither; behind `--` all are words.
    """
    found, words, at = list[str](), list[str](), 0
    while at < len(args):
        if args[at] == "--":
            return tuple(found), (*words, *args[at + 1 :])
        if not is_option(args[at]):
            words.append(args[at])
            at += 1
            continue
        found.append(args[at])
        at += 2 if _takes_next(args[at], values) else 1
    return tuple(found), tuple(words)


def _takes_next(option: str, values: Collection[str]) -> bool:
    if option.startswith("--"):
        return option in values
    taking = next((at for at, letter in enumerate(option) if at and f"-{letter}" in values), None)
    return taking == len(option) - 1


def letters(options: Iterable[str], values: Collection[str]) -> frozenset[str]:
    """Give the short options in these, bundled ones apart: of `-fu` both f and u, of `-ofu` only o."""
    found = set[str]()
    for option in options:
        if option.startswith("--"):
            continue
        for letter in option[1:]:
            found.add(letter)
            if f"-{letter}" in values:
                break
    return frozenset(found)


def longs(options: Iterable[str], known: Collection[str]) -> frozenset[str]:
    """Give the long options that these may mean, each without its value; a unique beginning is enough.

    `known` are all long options of the verb, since what is short for one may be short for another.
    """
    given = {option.partition("=")[0] for option in options if option.startswith("--")}
    return frozenset(
        meant for name in given for meant in ([name] if name in known else known) if meant.startswith(name)
    )
