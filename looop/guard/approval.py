"""The pins of a command: all that must be the same when it runs as it was when a person looked at it.

In: what a worker wants, looop's own variables. Out: a `Command`; read again from itself before it runs. What
it reads it only compares, and nothing that the worker names is started. Neighbour: `effects` asks the tools.
"""

import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from looop.child import view
from looop.child.environ import environment
from looop.child.git import subdued
from looop.core.command import Command, Pin, Wanted, checked, kept_back, of_ours, passed, visible
from looop.core.digest import digest_bytes
from looop.core.problem import Exit, Problem
from looop.core.secret import looks_secret
from looop.guard import effects
from looop.store import files

LARGEST_FILE = 256 << 20
"""Bytes of a file that is digested; a larger one is not pinned, and that is said."""

MOST_FILES = 200

_SHEBANG = re.compile(rb"#![ \t]*([^ \t\n]+)(?:[ \t]+(?:-S[ \t]*)?([^ \t\n]+))?")
_HEAD = 256


async def asked(wanted: Wanted, env: Mapping[str, str]) -> Command:
    """Read what a worker wants, with `env` as looop's own variables.

    Problem REFUSED `other-view` when the folder or a file is another one for the worker than for looop, which
    would run it; NO `no-program`, `no-folder`; as `core.command.checked` says. Problem NO `gone` without it.
    """
    checked(wanted.argv)
    try:
        theirs = await files.aside(view.variables, wanted.pid)
    except OSError as error:
        raise Problem(Exit.NO, "gone", "The call that asked can't be looked at: ask again.") from error
    request = Command(
        argv=wanted.argv,
        cwd=await files.aside(_folder, wanted.cwd),
        program="",
        env=passed(theirs, base(env)),
        stdin=digest_bytes(wanted.stdin) if wanted.stdin else None,
        notes=tuple(_notes(wanted, kept_back(theirs, base(env)))),
    )
    await files.aside(_as_seen, wanted, request)
    return await again(request, env)


async def again(command: Command, env: Mapping[str, str]) -> Command:
    """Read the same anew. Problem NO `no-program` or `no-folder` when it could not run any more."""
    its = variables(command, env)
    program = await files.aside(_program, command, its)
    pins, loose = await files.aside(_pins, command, program, its)
    found = await effects.effect(command.argv, Path(command.cwd), its)
    return Command(
        argv=command.argv,
        cwd=command.cwd,
        program=program,
        env=command.env,
        stdin=command.stdin,
        notes=command.notes,
        pins=(*pins, *found.pins),
        loose=(*loose, *found.loose),
    )


def base(env: Mapping[str, str]) -> dict[str, str]:
    """Give the clean variables of a command that looop runs for a person: none of any session's."""
    return environment(env)


def variables(command: Command, env: Mapping[str, str]) -> dict[str, str]:
    """Give what the command is run with."""
    return subdued({**base(env), **command.env})


def _notes(wanted: Wanted, kept: Sequence[str]) -> Iterator[str]:
    if kept:
        yield f"variables of the session that the command is not given: {', '.join(kept)}"
    if wanted.endless:
        yield "its input was still open and is not waited for: the command is given what came, or none"


def _as_seen(wanted: Wanted, command: Command) -> None:
    """Refuse what would be something else outside than where it was asked for."""
    if not view.same_folder(wanted.pid, command.cwd):
        raise _other_view(command.cwd)
    for path in _named(command):
        real = os.path.realpath(path)
        if os.path.isfile(real) and not view.same_file(wanted.pid, real):  # noqa: PTH113 - a name of any kind
            raise _other_view(str(path))


def _folder(given: str) -> str:
    real = os.path.realpath(given)
    if not os.path.isdir(real):  # noqa: PTH112 - as it is
        raise Problem(
            Exit.NO,
            "no-folder",
            f"Outside of the session there is no folder {visible(given)[:300]}: work in one that is.",
        )
    return real


def _program(command: Command, its: Mapping[str, str]) -> str:
    """Find the program as looop itself would: by its own PATH, never by the session's."""
    name = command.argv[0]
    if "/" in name:
        found = os.path.join(command.cwd, name)  # noqa: PTH118 - may be anything
        usable = os.path.isfile(found) and os.access(found, os.X_OK)  # noqa: PTH113 - as above
    else:
        folders = [it for it in its.get("PATH", os.defpath).split(os.pathsep) if it.startswith("/")]
        found = shutil.which(name, path=os.pathsep.join(folders)) or ""
        usable = bool(found)
    if not usable:
        raise Problem(
            Exit.NO,
            "no-program",
            f"looop itself finds no program {visible(name)[:200]} to run: look at its PATH.",
        )
    return found


def _pins(command: Command, program: str, its: Mapping[str, str]) -> tuple[list[Pin], list[str]]:
    here = os.stat(command.cwd)  # noqa: PTH116 - as it is
    pins = [Pin("folder", f"{command.cwd}, device {here.st_dev}, inode {here.st_ino}")]
    loose = list[str]()
    for what, path in _started(program, its):
        _pin_file(what, path, pins, loose)
    if command.stdin is not None:
        pins.append(Pin("input", f"sha256 {command.stdin}"))
    for path in _named(command)[:MOST_FILES]:
        _pin_file("file", path, pins, loose)
    if len(_named(command)) > MOST_FILES:
        loose.append(f"the files after the first {MOST_FILES}")
    pins += [Pin(f"variable {name}", _shown(name, value)) for name, value in _heeded(its).items()]
    name = Path(command.argv[0]).name
    loose.append(
        f"what {name} itself reads and starts: its settings, what the folder's files name, the network"
    )
    return pins, loose


def _started(program: str, its: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    """Give the files that the kernel starts: the program, and a script's interpreter."""
    yield "program", Path(program)
    head, _ = files.read_head(Path(os.path.realpath(program)), _HEAD)
    if (found := _SHEBANG.match(head)) is None:
        return
    interpreter = os.fsdecode(found[1])
    if Path(interpreter).name == "env" and found[2]:
        interpreter = shutil.which(os.fsdecode(found[2]), path=its.get("PATH")) or interpreter
    yield "interpreter", Path(interpreter)


def _named(command: Command) -> list[Path]:
    """Give what arguments name, whole or behind a `=` or `@`, and is there: files and folders."""
    words = (part for word in command.argv[1:] for part in (word, *_parts(word)))
    paths = dict.fromkeys(Path(command.cwd, part) for part in words if part and "\n" not in part)
    return [path for path in paths if os.path.exists(path) and path != Path(command.cwd)]  # noqa: PTH110


def _parts(word: str) -> Iterator[str]:
    value = word.partition("=")[2] if "=" in word else word
    yield value
    yield value.removeprefix("@")
    if word.startswith("-") and not word.startswith("--"):
        yield word[2:].removeprefix("@")


def _pin_file(what: str, path: Path, pins: list[Pin], loose: list[str]) -> None:
    real = Path(os.path.realpath(path))
    name = f"{path}" if real == path else f"{path} (that is {real})"
    try:
        found, size = files.fingerprint(real, LARGEST_FILE)
        pins.append(
            Pin(f"{what} {path}", f"{f'at {real}, ' if real != path else ''}{size} bytes, sha256 {found}")
        )
    except files.NotRegular as error:
        loose.append(f"what is in {name}, which is {error.what}")
    except OSError as error:
        loose.append(f"{what} {name}: {error.strerror}")


def _heeded(its: Mapping[str, str]) -> dict[str, str]:
    ours = subdued({})
    return {name: value for name, value in of_ours(its).items() if name not in ours}


def _shown(name: str, value: str) -> str:
    return f"*** sha256 {digest_bytes(os.fsencode(value))}" if looks_secret(name) else value


def _other_view(path: str) -> Problem:
    return Problem(
        Exit.REFUSED,
        "other-view",
        f"{visible(path)[:300]} is not the same outside of the session as in it: work in your sandbox, where "
        "both see the same.",
    )
