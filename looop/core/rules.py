"""The guard's words: what a rule is, what CONFIG's `guard` may change of them, where a command would run.

Values only. Neighbours: `core.forbidden` is the table of rules, `core.guarded` judges by it.
"""

import posixpath
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

PROTECTED = ("main", "master", "trunk", "production", "release", "release/*")
"""Branches that nothing is pushed to without a person; CONFIG's `guard.protected` names others instead."""

ALL = "*"


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


class Guard(msgspec.Struct, frozen=True, omit_defaults=True):
    """CONFIG's `guard`: rules to leave out and to add, protected branches, what `rm -r` may clear.

    `off` takes the names of rules, or `*` for all that are built in. `protected` are patterns of branches, in
    place of `PROTECTED`; `clear` are folders, each a full path or one below `~/`.
    """

    off: tuple[str, ...] = ()
    add: tuple[Added, ...] = ()
    protected: tuple[str, ...] = PROTECTED
    clear: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shims:
    """The folder that comes first in PATH, and what a cell sees in the place of what, in this order."""

    folder: Path
    over: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether the guard is met by what a session starts: `on`, `off`, `bypassed` or `unknown`, and why."""

    word: str
    said: str = ""


@dataclass(frozen=True, slots=True)
class Rules:
    """Which rules count: the built-in ones but `off`, and those that were added."""

    off: frozenset[str] = frozenset()
    added: tuple[Added, ...] = ()

    @classmethod
    def of(cls, guard: Guard) -> "Rules":
        """Take them from CONFIG."""
        return cls(frozenset(guard.off), guard.add)

    def on(self, name: str, *, built_in: bool) -> bool:
        """Tell whether a rule counts."""
        return name not in self.off and not (built_in and ALL in self.off)


@dataclass(frozen=True, slots=True)
class Where:
    """What the answer may depend on beside the words. All folders are full paths; `~` is `home`.

    Below `clears` a recursive `rm` is nobody's business, but for what is in `keeps`, or is one of these or
    around one; the deepest folder of both decides. `branch` is the one that a bare `git push` would push;
    None if nobody looked. `real` gives a path without links; without looking, it knows `..` alone.
    """

    cwd: str
    clears: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()
    protected: tuple[str, ...] = PROTECTED
    home: str = ""
    branch: str | None = None
    real: Callable[[str], str] = posixpath.normpath
