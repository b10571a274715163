"""What a shim is: a small script of `/bin/sh` in the place of a guarded program.

In: a program's name, the patterns that matter of its arguments, whom to ask. Out: the script's text. It uses
what every `/bin/sh` has built in, so that a command that can't be held costs little more than that shell.
"""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

MARK = ".looop-guard"
"""Stands in each folder of shims: none is taken for a real program's, another looop's neither."""

_HEAD = "# looop's guard in front of"

_ASK = """\
{indent}LOOOP_DATA_DIR={data}
{indent}LOOOP_CONFIG={config}
{indent}export LOOOP_DATA_DIR LOOOP_CONFIG
{indent}[ -x {binary} ] && exec {binary} guard run{hidden} -- {name} "$@"
{indent}echo "{name}: held, since looop can't be asked: "{binary}" is gone." >&2
{indent}exit 126
"""

# The names begin with looop_: a variable that the caller exported would be changed for the program too.
_LOOK = """\
for looop_it; do
    case $looop_it in
    {patterns})
{ask}        ;;
    esac
done
"""

# Plain names, given in a folder of a sandbox, stay in it; all else that clears folders is judged exactly. A
# shell believes PWD only where that is the folder it is in; that no link leads there is seen without a fork.
_LOOK_RM = """\
looop_clears= looop_plain=1
for looop_it; do
    case $looop_it in
    '' | . | .. | */*) looop_plain= ;;
    esac
    case $looop_it in
    {patterns}) looop_clears=1 ;;
    esac
done
if [ -n "$looop_clears" ]; then
    looop_it=$PWD
    case $looop_it/ in
    */./* | */../*) looop_plain= ;;
    {sandboxes}/?*/*) ;;
    *) looop_plain= ;;
    esac
    while [ -n "$looop_plain" ] && [ "$looop_it" != {sandboxes} ]; do
        [ -L "$looop_it" ] && looop_plain=
        looop_it=${{looop_it%/*}}
    done
    if [ -z "$looop_plain" ]; then
{ask}    fi
fi
"""

_FIND = """\
looop_left=$PATH:
while [ -n "$looop_left" ]; do
    looop_it=${{looop_left%%:*}}
    looop_left=${{looop_left#*:}}
    looop_it=${{looop_it:-.}}
    if [ -x "$looop_it/{name}" ] && [ ! -d "$looop_it/{name}" ] && [ ! -e "$looop_it/{mark}" ]; then
        exec "$looop_it/{name}" "$@"
    fi
done
echo "{name}: not found" >&2
exit 127
"""


@dataclass(frozen=True, slots=True)
class Terms:
    """What all scripts of a folder share: full paths. `hidden` is where a cell keeps the originals."""

    binary: str
    data: str
    config: str
    sandboxes: str
    hidden: str = ""


def script(name: str, patterns: Sequence[str], terms: Terms) -> str:
    """Write the shim of one program."""
    if tuple(patterns) == ("*",):  # always held, or a rule of a person's own: nothing to look for
        looks = _ask(name, terms, "")
        return f"{_head(name)}{looks}"
    template = _LOOK_RM if name == "rm" else _LOOK
    looks = template.format(
        patterns=" | ".join(patterns),
        ask=_ask(name, terms, " " * 8),
        sandboxes=shlex.quote(terms.sandboxes),
    )
    return f"{_head(name)}{looks}{_hidden(name, terms)}{_FIND.format(name=name, mark=MARK)}"


def is_shim(head: bytes) -> bool:
    """Tell by its first bytes whether a file is one, wherever it lies."""
    return head.startswith(f"#!/bin/sh\n{_HEAD}".encode())


def _head(name: str) -> str:
    return (
        f"#!/bin/sh\n{_HEAD} {name}, written anew by looop whenever its rules change.\n"
        "# `looop guard rules` lists them. A seatbelt, not a wall: a full path goes around it.\n"
    )


def _ask(name: str, terms: Terms, indent: str) -> str:
    hidden = f" --hidden {shlex.quote(terms.hidden)}" if terms.hidden else ""
    return _ASK.format(
        indent=indent,
        name=name,
        hidden=hidden,
        binary=shlex.quote(terms.binary),
        data=shlex.quote(terms.data),
        config=shlex.quote(terms.config),
    )


def _hidden(name: str, terms: Terms) -> str:
    if not terms.hidden:
        return ""
    place = shlex.quote(f"{terms.hidden}/{name}")
    return f'[ -x {place} ] && exec {place} "$@"\n'
