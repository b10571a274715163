"""Who is put into which cell: the one seam between looop and what confines on this machine.

In: CONFIG (`confine`, `grants`, `writable`), the environment, what is to run. Out: a command and variables
that run it confined, or as they were where nothing confines; a Problem where `require` can't be had.
Neighbours: `core.cell` is the value, `bubblewrap` and `sandboxexec` make it true.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from looop.child import agent_state, scope
from looop.child.environ import frozen, own_binary, own_places
from looop.core import credentials
from looop.core.cell import Cell, Level
from looop.core.problem import Exit, Problem
from looop.store import files
from looop.store.config import GROUPS, OFF, REQUIRE, Config
from looop.store.paths import Profile

if sys.platform == "darwin":
    from looop.child import sandboxexec as cells
else:
    from looop.child import bubblewrap as cells

TICKS, SENSORS, SESSIONS, CHECKS = GROUPS

_TRIAL = 10.0  # seconds that making a cell may take
_WHERE = "/usr/bin:/bin:/usr/local/bin:/run/current-system/sw/bin"
_INSIDE = Path(__file__).with_name("inside.py")


@dataclass(frozen=True, slots=True)
class Confined:
    """A command as it is started. `scoped`: as `child.scope` says."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    scoped: bool = False


@dataclass(frozen=True, slots=True)
class Who:
    """Whom a cell is for: one of the four groups, its own name, the agents whose state it needs."""

    group: str
    name: str
    agents: tuple[str, ...] = ()
    given: tuple[str, ...] = ()  # names of variables that a person wrote into CONFIG for it
    write: tuple[str, ...] = ()
    over: tuple[tuple[str, str], ...] = ()  # what is seen there in the place of what, in order
    keep: tuple[str, ...] = ()  # within `write`
    door: str | None = None
    terminal: bool = False


class Walls:
    """The walls of a profile, by CONFIG as it is now. `env` is the environment of looop itself.

    What was built once is remembered, so let one live for a beat or a start and no longer.
    """

    def __init__(self, profile: Profile, config: Config, env: Mapping[str, str]) -> None:
        self._profile = profile
        self._config = config
        self._env = env
        self._level: Level | None = None
        self._built: dict[tuple[object, ...], tuple[Mapping[str, str], Confined]] = {}

    def level(self) -> Level:
        """Tell what confines here, or why nothing does. The first call may take a tenth of a second."""
        if self._level is None:
            off = Level(None, "CONFIG's `confine` is off")
            self._level = off if self._config.confine == OFF else level(self._env.get("PATH", ""))
        return self._level

    def wanted(self) -> bool:
        """Tell whether programs are confined, or may not run without."""
        return self.level().by is not None or self._config.confine == REQUIRE

    def confined(self, who: Who, argv: Sequence[str], env: Mapping[str, str], cwd: Path) -> Confined:
        """Give what to start in place of `argv`. Problem REFUSED `not-confined` where that can't be."""
        found = self.level()
        if found.by is None:
            if self._config.confine == REQUIRE:
                text = f"Nothing runs, since CONFIG's `confine` is `require`, and this is {found}."
                raise Problem(Exit.REFUSED, "not-confined", text)
            return Confined(tuple(argv), env)
        cell = self._cell(who, env, cwd)
        inside = (*_inside(), *argv) if who.terminal else argv
        return replace(cell, argv=(*cell.argv, *inside), scoped=cells.SCOPED)

    def _cell(self, who: Who, env: Mapping[str, str], cwd: Path) -> Confined:
        """Build a cell for whoever may do the same; its `argv` still lacks the command."""
        granted = self._granted(who)
        writable = self._writable(who, env.get("HOME", ""))
        terms = (granted, writable, who.given, who.write, who.keep, who.over, who.door, cwd)
        before, built = self._built.get(terms, ({}, None))
        if built is None or before is not env:
            built = self._build(who, env, granted, writable, cwd)
            self._built[terms] = env, built
        return built

    def _build(
        self, who: Who, env: Mapping[str, str], granted: frozenset[str], writable: tuple[str, ...], cwd: Path
    ) -> Confined:
        home, data = env.get("HOME", ""), str(self._profile.data)
        agents = tuple(sorted(granted & credentials.AGENTS.keys()))
        ours = (home, data, str(self._profile.config))
        kept = cells.environment(credentials.without(env, granted, who.given))
        state = agent_state.ready(self._profile, agents, kept, copies=cells.COPIES)
        files.scratch(self._profile.nothing, b"")
        cell = Cell(
            data=data,
            nothing=str(self._profile.nothing),
            write=(*filter(self._straight, who.write), *state.write, *writable),
            keep=(*filter(self._straight, who.keep), *state.keep),
            apart=state.apart,
            hide=tuple(path for path in credentials.hidden(home, env, granted) if not _above(path, ours)),
            show=(home, str(self._profile.config), *own_places()),
            over=who.over,
            door=who.door,
            runtime=env.get("XDG_RUNTIME_DIR") or f"/run/user/{os.geteuid()}",
        )
        program = _program(self._env.get("PATH", "")) or cells.PROGRAM
        return Confined(tuple(cells.prefix(program, cell, str(cwd))), {**kept, **state.variables})

    def _straight(self, path: str) -> bool:
        """Tell whether a path in DATA is what it says: a worker may have put a link in its place."""
        data = str(self._profile.data)
        if not path.startswith(f"{data}/"):
            return True
        return os.path.realpath(path) == os.path.realpath(data) + path.removeprefix(data)

    def _granted(self, who: Who) -> frozenset[str]:
        granted = {name for name, whom in self._config.grants.items() if _meant(whom, who)}
        return frozenset(granted | set(who.agents))

    def _writable(self, who: Who, home: str) -> tuple[str, ...]:
        found = (path for path, whom in self._config.writable.items() if _meant(whom, who))
        return tuple(f"{home}{path[1:]}" if path.startswith("~/") else path for path in found)


def agents_of(runner: str, command: str) -> tuple[str, ...]:
    """Tell whose state a command needs: its runner's, and that of each agent that it names as a word."""
    words = {word.rpartition("/")[2] for word in command.replace('"', " ").replace("'", " ").split()}
    return tuple(sorted(name for name in credentials.AGENTS if name == runner or name in words))


class _Failed(Exception):  # noqa: N818 - a fact about the machine, and maybe about this moment alone
    """No cell could be made; the text says why."""


def level(path: str) -> Level:
    """Try whether this machine can confine. A success is remembered, a failure tried again by the next."""
    program = _program(path)
    if program is None:
        return Level(None, f"`{cells.PROGRAM}` is not installed")
    try:
        return _tried(program, _stamp(program))
    except _Failed as failed:
        return Level(None, f"`{Path(program).name}` is installed and can't confine here ({failed})")


@lru_cache(maxsize=8)
def _tried(program: str, stamp: tuple[int, int]) -> Level:
    del stamp
    if said := _failure(program):
        raise _Failed(said)
    possible = scope.possible()
    return Level(
        Path(program).name, "" if possible else "this kernel can't keep programs from them", possible
    )


def _failure(program: str) -> str | None:
    """Make a cell as any other is made; what went wrong."""

    def run() -> "subprocess.CompletedProcess[bytes]":
        command = cells.trial(program)
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_TRIAL, check=False, cwd="/"
        )

    try:
        done = scope.within(run) if cells.SCOPED else run()
    except (OSError, subprocess.SubprocessError) as error:
        return str(error)
    if not done.returncode:
        return None
    said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
    return said or f"exit code {done.returncode}"


def _program(path: str) -> str | None:
    return shutil.which(cells.PROGRAM, path=path) or shutil.which(cells.PROGRAM, path=_WHERE)


def _stamp(program: str) -> tuple[int, int]:
    try:
        found = os.stat(program)  # noqa: PTH116 - text in, numbers out
    except OSError:
        return (0, 0)
    return (found.st_ino, found.st_mtime_ns)


def _meant(whom: Collection[str], who: Who) -> bool:
    return bool({who.group, f"{who.group}/{who.name}"} & set(whom))


def _above(path: str, ours: Collection[str]) -> bool:
    return any(f"{one}/".startswith(f"{path.rstrip('/')}/") for one in ours)


def _inside() -> list[str]:
    return [own_binary(), "__inside"] if frozen() else [sys.executable, "-I", "-S", str(_INSIDE)]
