"""The guard's words: what a rule is, what CONFIG's `guard` may change of them, where a command would run.

Values only. Neighbours: `core.forbidden` is the table of rules, `core.guarded` judges by it.
"""

import posixpath
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

PROTECTED = ("main", "master", "trunk", "production", "release", "release/*")
"""Branches that nothing is pushed to without a person; CONFIG's `guard.protected` names others instead."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Why a command is held; `name` is what `guard.off` calls it, `why` goes on after "because"."""

    name: str
    why: str


class Added(msgspec.Struct, frozen=True):
    """A rule of a person's own. `match` is a program and its words; `*` and `?` stand for any, as in a shell.

    Options are passed over, where `match` doesn't name them itself.
    """

    name: str
    match: tuple[str, ...]
    why: str = "CONFIG's `guard` names it"


class Guard(msgspec.Struct, frozen=True):
    """CONFIG's `guard`: rules to leave out and to add, protected branches, what `rm -r` may clear."""

    off: tuple[str, ...] = ()
    add: tuple[Added, ...] = ()
    protected: tuple[str, ...] = PROTECTED
    clear: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """Which rules count: the built-in ones but `off`, and those that were added."""

    off: frozenset[str] = frozenset()
    added: tuple[Added, ...] = ()

    @classmethod
    def of(cls, guard: Guard) -> "Rules":
        """Take them from CONFIG."""
        return cls(frozenset(guard.off), guard.add)


@dataclass(frozen=True, slots=True)
class Where:
    """What the answer may depend on beside the words. All folders are full paths; `~` is `home`.

    Below `clears` a recursive `rm` is nobody's business. `branch` is the one that a bare `git push` would
    push; None if nobody looked. `real` gives a path without links; without looking, it knows `..` alone.
    """

    cwd: str
    clears: tuple[str, ...] = ()
    protected: tuple[str, ...] = PROTECTED
    home: str = ""
    branch: str | None = None
    real: Callable[[str], str] = posixpath.normpath
