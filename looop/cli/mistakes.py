"""Mistakes on the command line and troubles below it, each as one sentence with a kind and an exit code.

In: cyclopts' errors, OSErrors and the store's own. Out: a `Problem`.
"""

from collections.abc import Iterable
from typing import TypeAlias

from cyclopts import CycloptsError

from looop.cli.places import VERBS
from looop.cli.show import line
from looop.core.ids import nearest
from looop.core.problem import Exit, Problem
from looop.store.faults import CorruptLedger, Unreadable

_LONGEST = 300

Trouble: TypeAlias = Problem | OSError | Unreadable | CorruptLedger
TROUBLE = (Problem, OSError, Unreadable, CorruptLedger)
"""What a person or a disk can cause, as opposed to a fault of looop's own."""

_KINDS = {
    "UnknownOptionError": "unknown-flag",
    "MissingArgumentError": "missing-argument",
    "CoercionError": "bad-value",
    "ValidationError": "bad-value",
    "UnusedCliTokensError": "too-many-arguments",
    "RepeatArgumentError": "repeated-flag",
}


def unknown_verb(verb: str) -> Problem:
    """Say that there is no such verb, and which one may have been meant."""
    meant = nearest(verb, [name for name, info in VERBS.items() if name and not info.hidden])
    hint = f"did you mean `looop {meant}`?" if meant else "`looop help` lists them."
    return Problem(Exit.USAGE, "unknown-verb", f"there is no verb {quoted(verb)}: {hint}")


def usage_problem(verb: str, error: CycloptsError) -> Problem:
    """Say what is wrong with a verb's arguments, and where its help is."""
    name = type(error).__name__
    if name == "UnusedCliTokensError" and error.unused_tokens:
        said = f"{quoted(error.unused_tokens[0])} is one argument too many."
    elif name == "MissingArgumentError" and error.argument is not None:
        word = error.argument.name
        said = f"{word} needs a value." if word.startswith("-") else f"{word} is missing."
    else:
        error.verbose = False
        said = line(str(error)[: 4 * _LONGEST], _LONGEST)
    command = f"looop {verb}".strip()
    return Problem(Exit.USAGE, _KINDS.get(name, "usage"), f"{said} See `{command} --help`.")


def problem_of(error: Trouble) -> Problem:
    """Give the problem that a verb's error is: its own, or what the disk said about which file."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, Unreadable):
        return Problem(Exit.NO, "unreadable", f"{error}: make it readable and try again.")
    if isinstance(error, CorruptLedger):
        return Problem(Exit.NO, "corrupt-ledger", str(error))
    where = f"{line(str(error.filename))}: " if error.filename else ""
    return Problem(Exit.NO, "disk", f"{where}{error.strerror or error}. `looop doctor` looks closer.")


def quoted(text: str) -> str:
    """Quote a person's word in a sentence, cut when it is absurdly long."""
    return f'"{line(text[:200], 60)}"'


def missing(kind: str, noun: str, word: str, there: Iterable[str], hint: str) -> Problem:
    """Say that there is no such thing, and which one may have been meant."""
    meant = nearest(word, there)
    asked = f'did you mean "{line(meant, 60)}"?' if meant else f"{hint}."
    return Problem(Exit.MISSING, kind, f"There is no {noun} {quoted(word)}: {asked}")
