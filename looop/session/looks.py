"""A second look at an answer: is it there, can it be watched? And the first run of a sensor made from it.

In: an answer that makes sense. Out: the answer as it is kept, or `Nonsense`, a sentence that says what is
wrong and how to go on. Every program has a deadline and gets no terminal. `session.interview` asks.
"""

import os
import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import trio

from looop.child import spawn
from looop.core.interview import Nonsense, Sort
from looop.core.quote import flat
from looop.core.reading import parse

DEADLINE = 30.0
"""Seconds of one look."""

SENSOR_DEADLINE = 60.0
_MAX_OUT = 8192
_PROGRAMS = {
    Sort.FOLDER: ("git", "git is not installed: install it first, or press Enter for none."),
    Sort.GITHUB: (
        "gh",
        "gh is not installed: get it at https://cli.github.com and run `gh auth login`; Enter for none now.",
    ),
    Sort.URL: ("curl", "curl is not installed: install it first, or press Enter for none."),
}


def look(sort: Sort, answer: str, env: Mapping[str, str], home: Path) -> str:
    """Look whether it is there; the answer to keep. Nonsense when it is not."""
    program, advice = _PROGRAMS.get(sort, ("", ""))
    if program and shutil.which(program, path=env.get("PATH")) is None:
        raise Nonsense(advice)
    if sort is Sort.FOLDER:
        return _folder(answer, env, home)
    if sort is Sort.GITHUB:
        _tried(["gh", "repo", "view", answer, "--json", "name"], env, home, f"gh can't see {answer}")
    elif sort is Sort.URL:
        _tried(
            ["curl", "-sSL", "-g", "-o", os.devnull, "--max-time", "20", "--url", answer], env, home, answer
        )
    elif sort is Sort.COMMAND:
        _tried(["/bin/sh", "-c", answer], env, home, "It")
    return answer


def try_sensor(path: Path, env: Mapping[str, str]) -> str:
    """Run a sensor once; what it says, in one line. Nonsense when that is no reading."""
    ended = _run([str(path)], env, path.parent, SENSOR_DEADLINE)
    if ended.code != 0:
        raise Nonsense(_how(ended))
    reading = parse(path.name, ended.out)
    if reading.error:
        raise Nonsense(reading.error)
    return flat(ended.out.decode(errors="replace").strip(), 200)


def _folder(answer: str, env: Mapping[str, str], home: Path) -> str:
    place = Path(str(home) + answer[1:] if answer == "~" or answer.startswith("~/") else answer)
    if not place.is_absolute():
        raise Nonsense("Write the whole path, beginning with / or ~/.")
    place = Path(os.path.normpath(place))
    if not place.is_dir():
        raise Nonsense(f"There is no folder {place}.")
    _tried(["git", "-C", str(place), "rev-parse", "--git-dir"], env, home, f"{place} is no git repository")
    return str(place)


def _tried(argv: list[str], env: Mapping[str, str], cwd: Path, what: str) -> None:
    ended = _run(argv, env, cwd, DEADLINE)
    if ended.timed_out or (ended.code != 0 and argv[0] != "/bin/sh"):
        raise Nonsense(f"{what}: {_how(ended)}")
    if ended.code in {126, 127}:  # sh's own: not executable, not found
        raise Nonsense(f"That can't be run: {_how(ended)}")


def _run(argv: list[str], env: Mapping[str, str], cwd: Path, deadline: float) -> spawn.Ended:
    # A person's own command may print without end: none of it is kept, and its deadline ends it.
    limits = {"max_out": 0, "on_out": _drop} if argv[0] == "/bin/sh" else {"max_out": _MAX_OUT}
    try:
        return trio.run(partial(spawn.run, argv, cwd=cwd, env=env, deadline=deadline, **limits))
    except OSError as error:
        raise Nonsense(f"{argv[0]} could not be started: {error.strerror or error}.") from error


async def _drop(_data: bytes) -> None:
    await trio.lowlevel.checkpoint()


def _how(ended: spawn.Ended) -> str:
    if ended.timed_out:
        return "it took too long."
    said = ended.err.decode(errors="replace").strip().rpartition("\n")[2]
    how = f"exit {ended.code}" if ended.code is not None else f"signal {ended.signal}"
    return f"{flat(said, 300)} ({how})" if said else f"{how}, without a word."
