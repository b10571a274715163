"""The manual as a page for man(1), in the macros of man(7): `help --man`.

In: what `help --json` says, and the guide's words. Out: roff, the same bytes on every machine. Neighbours:
`manual`, `guide`.
"""

import re
import textwrap
from collections.abc import Iterable, Iterator

from looop.cli import guide, manual
from looop.cli.manual import FlagHelp, HelpView, VerbHelp
from looop.store.config import Config

_WIDTH = 60
"""Columns of the source's lines, before anything is escaped."""

_TITLE = re.compile(r"[A-Z][A-Z ,]+")
_ROW = re.compile(r" *(\S(?:.*?\S)?) {2,}(\S.*)")
_PATH = re.compile(r" *[~/]\S+")
_CONTROL = re.compile(r"^(?=[.'])", re.MULTILINE)
_ESCAPES = {"\\": "\\e", "-": "\\-", "^": "\\(ha", "~": "\\(ti", "`": "\\(ga", "'": "\\(aq", '"': "\\(dq"}

_NAME = "a small control loop for a person's work"

_PLACES = (
    ("LOOOP_DATA_DIR", "Another folder for the memory: another, separate loop. Default: "),
    ("LOOOP_CONFIG", "Another file for CONFIG. Default: "),
)
_MORE = (
    ("LOOOP_SESSION_ID", "Set for what runs in a session: its id."),
    ("LOOOP_BIN", "Set for agents, sensors and sessions: the looop that started them."),
    ("XDG_STATE_HOME, XDG_CONFIG_HOME", "Where ~/.local/state and ~/.config are instead."),
    ("NO_COLOR", "Help is printed without colours."),
    ("VISUAL, EDITOR", "What `looop goal edit` opens."),
)


def page(view: HelpView) -> str:
    """Write the page."""
    by_name = {verb.name: verb for verb in view.verbs}
    lines = [
        f'.TH LOOOP 1 "" "looop {escaped(view.version)}" "User Commands"',
        ".SH NAME",
        f"looop \\- {escaped(_NAME)}",
        ".SH SYNOPSIS",
        *(".B looop", ".RI [ verb ]", ".RI [ argument ...]", ".RI [ flag ...]"),
        ".SH DESCRIPTION",
        *_blocks(guide.IDEA),
        ".SH VERBS",
    ]
    for title, names in guide.GROUPS.items():
        lines += [
            f".SS {escaped(title.capitalize())}",
            *(row for name in names for row in _verb(by_name[name])),
        ]
    lines += [*_blocks(guide.RULES), *_blocks(guide.files(view.data, view.config))]
    lines += [
        ".SH EXIT STATUS",
        *(row for code, said in view.exit_codes.items() for row in _item(code, said)),
    ]
    lines += [".SH ENVIRONMENT", *_environment(view)]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Write text so that roff shows it as it is: no escape, no request, no typographic quotes."""
    plain = "".join(_ESCAPES.get(char, char) for char in text)
    return _CONTROL.sub(r"\\&", "".join(map(_character, plain)))


def _character(char: str) -> str:
    return char if char.isascii() else f"\\[u{ord(char):04X}]"


def _blocks(text: str) -> Iterator[str]:
    """Write the guide's words: capitals head a section, two columns are a list, the rest is prose."""
    fresh = True  # no paragraph begins right behind a section's head
    for kind, lines in _parts(text):
        if kind is _TITLE:
            yield f".SH {escaped(lines[0])}"
        elif kind is _ROW and (row := _ROW.fullmatch(lines[0])):
            yield from _item(row[1], row[2])
        elif lines:
            yield from ([] if fresh else [".PP"])
            if kind is _PATH:
                yield f".B {escaped(lines[0].strip())}"
            else:
                yield from _prose(" ".join(map(str.strip, lines)))
        fresh = kind is _TITLE or (fresh and not lines)


def _parts(text: str) -> Iterator[tuple[re.Pattern[str] | None, list[str]]]:
    """Take the guide apart: a title, a row, a path alone; or the lines of one paragraph, with no pattern."""
    prose: list[str] = []
    for line in (*text.split("\n"), ""):
        kind = next((it for it in (_TITLE, _PATH, _ROW) if it.fullmatch(line)), None)
        if kind or not line or (prose and _indent(line) < _indent(prose[-1])):
            yield None, prose
            prose = []
        if kind:
            yield kind, [line]
        elif line:
            prose.append(line)
    yield None, prose


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _prose(text: str) -> Iterator[str]:
    """Break lines where a page's source should; man fills them anew."""
    return map(escaped, textwrap.wrap(text, _WIDTH, break_on_hyphens=False, break_long_words=False))


def _verb(verb: VerbHelp) -> Iterator[str]:
    yield ".TP"
    yield f".B {escaped(f'looop {manual.usage(verb)}'.rstrip())}"
    yield from _prose(verb.summary)
    for paragraph in filter(None, verb.about.split("\n")):
        yield from (".br", *_prose(paragraph))
    flags = [it for it in verb.arguments if it.help]
    if flags:
        yield ".RS"
        for flag in flags:
            yield from _item(_spelled(flag), flag.help)
        yield ".RE"
    if verb.example:
        yield from (".IP", "Example:", f".B {escaped(verb.example)}")


def _spelled(flag: FlagHelp) -> str:
    return ", ".join(sorted(flag.names, key=len))


def _item(term: str, said: str) -> Iterator[str]:
    yield from (".TP", f".B {escaped(term)}", *_prose(said))


def _environment(view: HelpView) -> Iterator[str]:
    for (name, said), place in zip(_PLACES, (view.data, view.config), strict=True):
        yield from _item(name, f"{said}{place}")
    keys = (f"LOOOP_{name.upper()}" for name in Config.__struct_fields__ if name != "format")
    yield from _item(", ".join(keys), "Each overrides the key of its name in CONFIG.")
    yield from _items(_MORE)


def _items(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    for term, said in pairs:
        yield from _item(term, said)
