"""The agent's program as a night would start it: asked for its version, with the PATH that `up` has kept.

In: CONFIG, the PATH, the few variables that a login without a terminal has. Out: a grade and a sentence. A
version is no tick: nothing is asked of an AI. A command of a person's own is only looked for.
"""

import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path

from looop.child import spawn, tree
from looop.child.environ import environment
from looop.cli.findings import Grade
from looop.cli.show import line
from looop.core import runners
from looop.core.runners import Runner
from looop.store import config, searchpath
from looop.store.config import Config
from looop.store.paths import Profile

DEADLINE = 30.0
"""Seconds for a version: an agent written for Node takes several on a slow machine."""

_KEPT = ("HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS")
_SHELL = frozenset(
    "|&;<>()$`\\\"'*?[]#~=%{}!"
)  # a first word with one of these is more than a program's name
_WIDE = 200


async def start(profile: Profile, settings: Config, env: Mapping[str, str]) -> tuple[Grade, str]:
    """Start the agreed runner's program in the environment of unattended work, and see it end well."""
    if not config.consented(settings) or settings.runner == runners.REHEARSAL:
        return Grade.FINE, "no agent is used, so none is tried"
    runner = runners.known(settings.runners).get(settings.runner)
    if runner is None:
        return Grade.BAD, f"CONFIG names no runner {line(settings.runner, 60)}"
    around = surroundings(profile, env, runner)
    program = runners.PROGRAMS.get(settings.runner)
    if program is None or runner.tick != runners.BUILT_IN[settings.runner].tick:
        return _looked_for(runner, around["PATH"])
    return await _tried(program, profile, around)


def surroundings(profile: Profile, env: Mapping[str, str], runner: Runner) -> dict[str, str]:
    """Give the environment that a unit's agent has: the PATH that was kept, and no more of a shell."""
    kept = {name: value for name, value in env.items() if name in _KEPT or name.startswith("LC_")}
    path = searchpath.recall(profile) or env.get("PATH", "")
    return environment({**kept, "PATH": path}, **runner.env)


def _looked_for(runner: Runner, path: str) -> tuple[Grade, str]:
    """Look for a command's first word, where it is plainly a program's name."""
    try:
        words = shlex.split(runner.tick)
    except ValueError:
        words = []
    word = next((word for word in words if not _sets(word)), "")
    if not word or _SHELL.intersection(word):
        return Grade.NOTE, f"a command of your own, not tried: {line(runner.tick, 80)}"
    if shutil.which(word, path=path):
        return Grade.FINE, f"{line(word, 60)} is found (a command of your own, not started)"
    # A shell's own words, such as `exec`, are no programs.
    return Grade.NOTE, f"{line(word, 60)} is no program on the PATH of unattended work: {_advice(path)}"


def _sets(word: str) -> bool:
    name, equals, _ = word.partition("=")
    return bool(equals) and name.isidentifier()


async def _tried(program: str, profile: Profile, env: Mapping[str, str]) -> tuple[Grade, str]:
    if not shutil.which(program, path=env["PATH"]):
        return Grade.BAD, f"{program} is not on the PATH of unattended work: {_advice(env['PATH'])}"
    tree.become_subreaper()
    cwd = profile.data if profile.data.is_dir() else Path("/")
    # By sh, as a tick is: it says in words what a missing interpreter or library is to the kernel.
    argv = ["/bin/sh", "-c", f"exec {program} --version"]
    ended = await spawn.run(argv, cwd=cwd, env=env, deadline=DEADLINE, max_out=1 << 16)
    if ended.code == 0:
        return Grade.FINE, f"{program} starts unattended: {_first(ended.out) or 'no version told'}"
    said = _last(ended.err) or _last(ended.out)
    return Grade.BAD, f"`{program} --version` {_how(ended)} unattended" + (f": {said}" if said else "")


def _how(ended: spawn.Ended) -> str:
    if ended.timed_out:
        return f"did not end within {DEADLINE:g} s"
    return f"ended with exit {ended.code}" if ended.code is not None else f"ended by signal {ended.signal}"


def _advice(path: str) -> str:
    return f"`looop up` from a terminal that finds it keeps its PATH (now {line(path, _WIDE)})"


def _first(data: bytes) -> str:
    return line(data.decode(errors="replace").strip().partition("\n")[0], _WIDE)


def _last(data: bytes) -> str:
    return line(data.decode(errors="replace").strip().rpartition("\n")[2], _WIDE)
