"""Commands that start another: `env X=1 git push -f`, `xargs rm -rf`, `git -c alias.p='push -f' p`.

In: a command's words. Out: these, and those of each command within, as far as the words alone tell.
A shell's text (`sh -c`) stays closed: what it starts is found on PATH, and so by the guard.
"""

import posixpath
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from looop.core.argv import Options, firsts, is_option, options
from looop.core.forbidden_git import GIT

_MOST = 256
"""Commands within one that are looked at; there are several where an option has two readings."""


@dataclass(frozen=True, slots=True)
class _Wrapper:
    """One such program: its options, and how many words of its own come before the command."""

    known: Options
    own: int = 0


_WRAPPERS = {
    "env": _Wrapper(options("-u --unset -C --chdir -S --split-string -a --argv0", "-i -0 -v --null --debug")),
    "command": _Wrapper(options(bare="-p")),
    "builtin": _Wrapper(options()),
    "exec": _Wrapper(options("-a", "-c -l")),
    "nice": _Wrapper(options("-n --adjustment")),
    "ionice": _Wrapper(options("-c --class -n --classdata -p --pid", "-t --ignore")),
    "nohup": _Wrapper(options()),
    "setsid": _Wrapper(options(bare="-c --ctty -f --fork -w --wait")),
    "stdbuf": _Wrapper(options("-i --input -o --output -e --error")),
    "time": _Wrapper(options("-f --format -o --output", "-p -v -a --append --portability --verbose --quiet")),
    "timeout": _Wrapper(
        options("-k --kill-after -s --signal", "-f -p -v --foreground --preserve-status --verbose"), own=1
    ),
    "xargs": _Wrapper(
        options(
            "-a -d -E -I -L -n -P -s --arg-file --delimiter --max-lines --max-args --max-procs --max-chars",
            "-0 -r -t -x -p -o --null --no-run-if-empty --verbose --exit --interactive --open-tty",
        )
    ),
    "busybox": _Wrapper(options()),
}


def commands(argv: Sequence[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Give each command that these words would run, the outer one first: its program, its arguments."""
    todo, left = [tuple(argv)], _MOST
    while todo and left:
        left -= 1
        words = todo.pop(0)
        if not words or not words[0]:
            continue
        name, args = posixpath.basename(words[0]), words[1:]
        yield name, args
        todo += _within(name, args)


def _within(name: str, args: tuple[str, ...]) -> list[tuple[str, ...]]:
    if name == "git":
        return list(_aliased(args))
    wrapper = _WRAPPERS.get(name)
    if wrapper is None:
        return []
    inner = [args[_skipped(args, at, name) + wrapper.own :] for at in firsts(args, 0, wrapper.known)]
    return inner + (list(_split_string(args)) if name == "env" else [])


def _skipped(args: Sequence[str], at: int, name: str) -> int:
    while name == "env" and at < len(args) and ("=" in args[at] or args[at] == "-"):
        at += 1
    return at


def _split_string(args: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for at, arg in enumerate(args):
        if arg in {"-S", "--split-string"} and at + 1 < len(args):
            yield (*("env", *_words(args[at + 1])), *args[at + 2 :])
        elif arg.startswith("--split-string="):
            yield (*("env", *_words(arg.partition("=")[2])), *args[at + 1 :])
        elif not is_option(arg):
            return


def _aliased(args: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Spell out an alias that the command line itself defines. Each spelling has one definition less."""
    for at in firsts(args, 0, GIT):
        for place in range(at - 1):
            key, _, value = args[place + 1].partition("=")
            if args[place] != "-c" or key.lower() != f"alias.{args[at].lower()}":
                continue
            if value.startswith("!"):
                yield (*_words(value[1:]), *args[at + 1 :])
            else:
                left = (*args[:place], *args[place + 2 : at])
                yield ("git", *left, *_words(value), *args[at + 1 :])


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:  # an open quote: the program will not understand it either
        return text.split()
