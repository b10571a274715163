"""The guard's judgement: which rule a command falls under, if any.

In: a command's words, the rules that count, where it would run. Out: the first `Rule`, or None. Pure, and
a seatbelt: it knows words, not what a program makes of its own configuration or of a script that it is given.
"""

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase

from looop.core import forbidden_git
from looop.core.argv import NONE, after, is_option
from looop.core.forbidden import TABLE
from looop.core.ids import nearest
from looop.core.rules import ALL, Added, Guard, Rule, Rules, Where
from looop.core.wrapped import commands

__all__ = ["Added", "Guard", "Rule", "Rules", "Where", "asks_branch", "hot", "judge", "known", "mistake"]

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
_LITERAL = re.compile(r"(?!-)[A-Za-z0-9_.:@%+,/-]+", re.ASCII)
_PROGRAM = re.compile(r"(?!looop\Z)[A-Za-z0-9_][A-Za-z0-9_.+-]{0,63}", re.ASCII)


def judge(argv: Sequence[str], rules: Rules, where: Where) -> Rule | None:
    """Give the rule that holds this command; None if it may run.

    A push that names no branch is judged only if `where.branch` says which one is checked out: ask
    `asks_branch` first whether that matters.
    """
    for name, args in commands(argv):
        for entry in TABLE:
            on = name in entry.programs and rules.on(entry.rule.name, built_in=True)
            if on and entry.test(args, where):
                return entry.rule
        for added in rules.added:
            if rules.on(added.name, built_in=False) and _matches(added.match, (name, *args)):
                return Rule(added.name, added.why)
    return None


def asks_branch(argv: Sequence[str]) -> tuple[str, ...] | None:
    """Give git's options before `push`, if the answer depends on the branch that is checked out there."""
    for name, args in commands(argv):
        if name == "git" and (before := forbidden_git.current(args)) is not None:
            return before
    return None


def known(rules: Rules) -> tuple[Rule, ...]:
    """List all rules, built in and added, whether on or off."""
    return (*(entry.rule for entry in TABLE), *(Rule(added.name, added.why) for added in rules.added))


def mistake(guard: Guard) -> str | None:
    """Say what is wrong with CONFIG's `guard` beyond its shape, to be read after its place."""
    built_in = {entry.rule.name for entry in TABLE}
    names = {*built_in, *(added.name for added in guard.add), ALL}
    for at, name in enumerate(guard.off):
        if name not in names:
            meant = nearest(name, names)
            hint = f" (did you mean `{meant}`?)" if meant else ", see `looop guard rules`"
            return f".off[{at}]` is {name!r}, and there is no such rule{hint}"
    for at, added in enumerate(guard.add):
        if not _NAME.fullmatch(added.name) or added.name in built_in:
            return f".add[{at}].name` must be a name of its own, of small letters, digits and dashes"
        if not added.match or not _PROGRAM.fullmatch(added.match[0]) or not all(added.match):
            return f".add[{at}].match` must be a program's name and words of its arguments, in a list"
    for at, folder in enumerate(guard.clear):
        if not folder.startswith(("/", "~/")) or "\0" in folder:
            return f".clear[{at}]` must be a full path, or one that begins with ~/"
    return None


def hot(rules: Rules) -> dict[str, tuple[str, ...]]:
    """Give each program that a rule is about, with the patterns of a shell's `case` that matter of it.

    If none of its arguments is like any of them, `judge` would say None; `*` alone is all there is to say.
    """
    found: dict[str, set[str]] = {}
    for entry in TABLE:
        if rules.on(entry.rule.name, built_in=True):
            for program in entry.programs:
                found.setdefault(program, set()).update(entry.hot)
    for added in rules.added:
        if rules.on(added.name, built_in=False):
            found.setdefault(added.match[0], set()).add(_hot(added.match))
    return {
        program: ("*",) if "*" in patterns else tuple(sorted(patterns))
        for program, patterns in sorted(found.items())
    }


def _hot(match: Sequence[str]) -> str:
    """Give the last word that has to be there as it is; a word of wildcards stands for any."""
    return next((it for it in reversed(match[1:]) if _LITERAL.fullmatch(it)), "*")


def _matches(match: Sequence[str], words: Sequence[str]) -> bool:
    """Tell whether the words are these, in order; a `*` at the end stands for any number of them."""
    options = [it for it in match if is_option(it)]
    if not all(any(fnmatchcase(word, it) for word in words[1:]) for it in options):
        return False
    plain = [it for it in match if not is_option(it)]
    if plain[-1] == "*":
        plain.pop()
    return bool(after(words, [{it} for it in plain], NONE))
