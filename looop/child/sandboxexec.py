"""Cells on macOS, by sandbox-exec: a profile of rules that the kernel applies to a program and its children.

In: a `Cell`. Out: the words that, before a command, run it inside. Not tested: written from the manual pages
of sandbox-exec and sandbox(7) and from the profiles that macOS itself carries; nobody has run it. Weaker than
`bubblewrap`: no processes of its own, one /tmp for all, and paths hidden by refusal, so that they are
seen to be there. Apple calls the program deprecated and ships it.
"""

import os
from collections.abc import Iterable, Mapping

from looop.core.cell import Cell

PROGRAM = "sandbox-exec"
SCOPED = False
COPIES = False
"""Not tested: claude names its item in the keychain after CLAUDE_CONFIG_DIR, so it would be logged out."""

_RULES = """(version 1)
(allow default)
(deny file-write*)
(allow file-write* (literal "/dev/null") (literal "/dev/zero") (literal "/dev/tty") (literal "/dev/ptmx")
  (regex #"^/dev/ttys[0-9]+$") (regex #"^/dev/fd/"))
(allow file-write* (subpath "/private/tmp") (subpath "/private/var/tmp") (subpath "/private/var/folders"))
(deny mach-lookup (global-name "com.apple.SecurityServer") (global-name "com.apple.secd")
  (global-name "com.apple.coreservices.appleevents") (global-name "com.apple.pasteboard.1"))
(deny appleevent-send)
(deny process-info* (target others))
(deny signal (target others))
(allow signal (target children) (target same-sandbox))
"""


def prefix(program: str, cell: Cell, cwd: str) -> list[str]:
    """Give what stands before a command to run it in a cell, with `cwd` as its folder."""
    enter = 'cd "$1" && shift && exec "$@"'
    return [program, "-p", profile(cell), "/bin/sh", "-c", enter, "sh", cwd]


def trial(program: str) -> list[str]:
    """Give a command that succeeds where cells can be made, and says why not where they can't."""
    return [*prefix(program, Cell(data="/"), "/"), "/bin/sh", "-c", ":"]


def environment(env: Mapping[str, str]) -> dict[str, str]:
    """Give the variables of a program inside: as they were, since /tmp is everybody's."""
    return dict(env)


def profile(cell: Cell) -> str:
    """Write the rules of one cell. The last rule that fits decides, so nothing may be allowed after `hide`.

    `cell.show` needs no rule: what is not hidden can be read.
    """
    doors = f"{cell.data}/doors"
    parts = [
        _RULES,
        _rule("allow file-write*", cell.write),
        _rule("deny file-write*", (*cell.keep, *cell.apart)),
        _rule("deny file-read* file-write* network-outbound", cell.hide),
        _rule("deny network-outbound", (doors, cell.runtime) if cell.runtime else (doors,)),
        _rule("allow network-outbound", () if cell.door is None else (cell.door,)),
    ]
    return "".join(parts)


def _rule(what: str, paths: Iterable[str]) -> str:
    # The kernel compares real paths: /tmp is a link there.
    lines = "".join(f"  (subpath {_quoted(os.path.realpath(path))})\n" for path in paths)
    return f"({what}\n{lines})\n" if lines else ""


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
