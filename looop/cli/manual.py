"""The manual: `help`, for people in words and for machines as JSON, with the paths of this very profile.

In: the verbs as the parser has them, so that help can't promise what is not there. Out: text, or verbs with
their flags, exit codes and the schemas of what they print. Neighbour: `manpage`, which is made of the same.
"""

from pathlib import Path
from types import UnionType
from typing import Annotated, Any, TypeAlias

import msgspec
from cyclopts import Parameter

from looop import __version__
from looop.cli import app, guide, places, verbs
from looop.cli.examples import EXAMPLES
from looop.cli.inject import FLAG, ACall, AProfile, Json
from looop.cli.mistakes import unknown_verb
from looop.cli.show import emit
from looop.core.problem import Exit, Problem
from looop.store.paths import Profile

EXIT_CODES = {
    Exit.DONE: "done",
    Exit.NO: "no: it was tried, or looked at, and is not so",
    Exit.USAGE: "the command line or CONFIG is wrong",
    Exit.MISSING: "there is no such thing",
    Exit.UNREACHABLE: "the engine was lost",
    Exit.REFUSED: "a rule forbids it",
    Exit.TIMEOUT: "the time was up",
}


Man: TypeAlias = Annotated[bool, FLAG, Parameter(help="Print the manual as a page for man(1).")]

_COLUMN, _WIDEST = 32, 110
"""Where the manual's second column begins, further on behind a longer usage; and where a line ends."""


class FlagHelp(msgspec.Struct, frozen=True):
    """One argument or flag of a verb."""

    names: tuple[str, ...]
    type: str
    required: bool
    help: str = ""


class VerbHelp(msgspec.Struct, frozen=True):
    """One verb. `prints` names the schema of what it prints with `--json`, if it can.

    `about` is what help says beyond the summary, a line for each paragraph.
    """

    name: str
    summary: str
    place: str
    changes: bool
    person_only: bool
    arguments: tuple[FlagHelp, ...] = ()
    prints: str | None = None
    about: str = ""
    example: str = ""


class HelpView(msgspec.Struct, frozen=True):
    """What `help --json` prints. `schemas` are JSON Schemas by name."""

    version: str
    data: str
    config: str
    verbs: tuple[VerbHelp, ...]
    exit_codes: dict[str, str]
    schemas: dict[str, Any]
    v: int = 1


async def help_(*verb: str, call: ACall, profile: AProfile, man: Man = False, json: Json = False) -> int:
    """Print the manual, or how to use one VERB."""
    name = " ".join(verb)
    if man:
        return await _man(call, alone=not (name or json))
    if name and name not in places.VERBS:
        raise unknown_verb(name)
    if name and not json:
        await app.show_help(call, verb)
        return int(Exit.DONE)
    view = _view(profile, name)
    await emit(call, view, _manual(profile, view) if not json else "", json=json)
    return int(Exit.DONE)


async def _man(call: ACall, *, alone: bool) -> int:
    """Print the page, which says the same on every machine: its paths are those of a fresh installation."""
    if not alone:
        raise Problem(Exit.USAGE, "bad-value", "The manual page is of all verbs: give --man alone.")
    from looop.cli import manpage  # noqa: PLC0415 - it reads this module

    everywhere = Profile(data=Path("~/.local/state/looop"), config=Path("~/.config/looop.json"))
    await call.out(manpage.page(_view(everywhere, "")))
    return int(Exit.DONE)


def _view(profile: Profile, only: str) -> HelpView:
    shown = (
        [only]
        if only
        else [name for name, it in places.VERBS.items() if name not in places.GROUPS and not it.hidden]
    )
    views = {name: verbs.load(where) for name, where in verbs.VIEWS.items() if name in shown}
    _, schemas = msgspec.json.schema_components(views.values(), ref_template="#/schemas/{name}")
    return HelpView(
        __version__,
        str(profile.data),
        str(profile.config),
        tuple(_verb(name, views.get(name)) for name in shown),
        {str(int(code)): words for code, words in EXIT_CODES.items()},
        schemas,
    )


def _verb(name: str, view: type | None) -> VerbHelp:
    info = places.VERBS[name]
    command = app.find(name)
    summary, _, about = command.help.partition("\n")
    return VerbHelp(
        name,
        summary,
        info.place.name.lower(),
        info.changes,
        info.person,
        tuple(
            FlagHelp(argument.names, _type(argument.hint), argument.required, argument.parameter.help or "")
            for argument in command.assemble_argument_collection(parse_docstring=True)
            if argument.parse and argument.show
        ),
        view.__name__ if view else None,
        "\n".join(" ".join(paragraph.split()) for paragraph in about.strip().split("\n\n")),
        EXAMPLES.get(name, ""),
    )


def _type(hint: object) -> str:
    return str(hint) if isinstance(hint, UnionType) else getattr(hint, "__name__", str(hint))


def _manual(profile: Profile, view: HelpView) -> str:
    by_name = {verb.name: verb for verb in view.verbs}
    parts = [guide.IDEA]
    for title, names in guide.GROUPS.items():
        parts.append("\n".join([title, *(_row(by_name[name]) for name in names)]))
    codes = [f"  {code:>3}  {words}" for code, words in view.exit_codes.items()]
    parts += [
        guide.RULES,
        guide.files(str(profile.data), str(profile.config)),
        "EXIT CODES\n" + "\n".join(codes),
    ]
    return "\n\n".join(part.strip("\n") for part in [f"looop {view.version}", *parts])


def _row(verb: VerbHelp) -> str:
    typed = f"  looop {usage(verb)}".rstrip()
    fits = max(len(typed) + 2, _COLUMN) + len(verb.summary) <= _WIDEST
    between = " " * max(2, _COLUMN - len(typed)) if fits else "\n" + " " * 8
    return typed + between + verb.summary


def usage(verb: VerbHelp) -> str:
    """Give a verb with its arguments and flags, as it is typed."""
    words = [verb.name, *(_shown(argument) for argument in verb.arguments if argument.names != ("--json",))]
    return " ".join(word for word in words if word)


def _shown(argument: FlagHelp) -> str:
    name = min(argument.names, key=len)
    if not name.startswith("-"):
        return name if argument.required else f"[{name}]"
    value = "" if argument.type == "bool" else f" {name.lstrip('-')[:1].upper()}"
    return f"[{name}{value}]"
