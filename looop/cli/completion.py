"""The grammar that completions are made of, taken off the parser: verbs, flags, and what Tab offers for each.

In: `places.VERBS` and the verbs' own signatures. Out: a `Grammar`, of which each shell's script is made; only
the names of things are asked for when Tab is pressed. Neighbours: `completion_bash` and the other two.
"""

from dataclasses import dataclass
from typing import Any, get_args

from cyclopts.argument import Argument

from looop.cli import app, places
from looop.cli.tab import Tab

NOTHING = "-"
FOLDERS = "/"
"""What an argument is written as in the scripts, beside a kind for `complete` and `=` with fixed words."""

_HELP = "Show how to use it."


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag as it is offered, every name it has, what it says, and what its value is; None: it has none."""

    name: str
    names: tuple[str, ...]
    help: str
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb ("": a bare `looop`), and what stands behind it.

    `more` is for all arguments behind `places`, "" if there are none.
    """

    name: str
    summary: str
    flags: tuple[Flag, ...]
    places: tuple[str, ...]
    more: str

    @property
    def valued(self) -> tuple[tuple[str, str], ...]:
        """Every spelling of a flag that takes a value, with what that is."""
        return tuple((name, flag.value) for flag in self.flags if flag.value for name in flag.names)


@dataclass(frozen=True, slots=True)
class Grammar:
    """All that a script knows. `first` and what is in `groups` are words with their summaries."""

    first: tuple[tuple[str, str], ...]
    groups: dict[str, tuple[tuple[str, str], ...]]
    verbs: tuple[Verb, ...]


def grammar() -> Grammar:
    """Read the parser; every verb is imported for it."""
    verbs = tuple(_verb(name) for name in _shown())
    groups = {
        group: tuple((it.name.split()[1], it.summary) for it in verbs if it.name.startswith(f"{group} "))
        for group in places.GROUPS
    }
    single = ((it.name, it.summary) for it in verbs if it.name and " " not in it.name)
    both = ((group, _first_line(app.find(group).help)) for group in places.GROUPS)
    return Grammar((*single, *both), groups, verbs)


def _shown() -> list[str]:
    return [name for name, info in places.VERBS.items() if name not in places.GROUPS and not info.hidden]


def _verb(name: str) -> Verb:
    command = app.find(name)
    found = [it for it in command.assemble_argument_collection(parse_docstring=True) if it.parse and it.show]
    named = [it for it in found if it.name.startswith("-")]
    placed = [it for it in found if not it.name.startswith("-")]
    repeats = bool(placed) and placed[-1].is_var_positional()
    tokens = tuple(_token(it) for it in placed)
    shared = () if name else (Flag("--version", ("--version", "-V"), "Print the version."),)
    return Verb(
        name,
        _first_line(command.help),
        (*(_flag(it) for it in named), Flag("--help", ("--help", "-h"), _HELP), *shared),
        tokens[:-1] if repeats else tokens,
        tokens[-1] if repeats else "",
    )


def _flag(argument: Argument) -> Flag:
    takes = argument.token_count()[0] > 0
    shown = max(argument.names, key=len)
    return Flag(shown, argument.names, argument.parameter.help or "", _token(argument) if takes else None)


def _token(argument: Argument) -> str:
    tab = _note(argument.field_info.annotation) or Tab(words=tuple(argument.get_choices() or ()))
    if tab.thing is not None:
        return tab.thing
    if tab.words:
        return "=" + ",".join(tab.words)
    return FOLDERS if tab.folders else NOTHING


def _note(annotation: Any) -> Tab | None:
    """Find the note, however deep: `Annotated[GoalName | None, Parameter(…)]`."""
    for inner in (*getattr(annotation, "__metadata__", ()), *get_args(annotation)):
        found = inner if isinstance(inner, Tab) else _note(inner)
        if found is not None:
            return found
    return None


def _first_line(text: str) -> str:
    return text.partition("\n")[0]
