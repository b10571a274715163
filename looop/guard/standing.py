"""Whether the shims come first where it counts: in a shell such as an agent starts for its commands.

In: the folder of shims, a session's environment. Out: a `Standing`. A login shell may put other folders
before it, or make a PATH of its own; then the guard is bypassed, and that is said instead of believed.
"""

import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from looop.child import spawn
from looop.core.rules import Standing
from looop.guard.script import MARK

DEADLINE = 5.0
"""Seconds that the shell has, with all that the person's own start files do."""

_SAID = "looop-path:"
_ASK = f"printf '\\n{_SAID}%s\\n' \"$PATH\""
_MOST = 1 << 20
_NAMED = 3

Run = Callable[..., Awaitable[spawn.Ended]]


async def look(folder: Path, env: Mapping[str, str], cwd: Path, run: Run = spawn.run) -> Standing:
    """Ask the person's shell, as a login shell, for its PATH, and look who comes first there."""
    shell = shell_of(env)
    try:
        ended = await run([shell, "-lc", _ASK], cwd=cwd, env=env, deadline=DEADLINE, max_out=_MOST)
    except OSError as error:
        return Standing("unknown", f"{shell} can't be started ({error.strerror})")
    if ended.timed_out:
        return Standing("unknown", f"{shell} -l has not answered within {DEADLINE:g} s")
    lines = ended.out.decode(errors="surrogateescape").splitlines()
    path = next((it.removeprefix(_SAID) for it in reversed(lines) if it.startswith(_SAID)), None)
    if path is None:
        return Standing("unknown", f"{shell} -l did not tell its PATH")
    return judged(folder, path, f"{shell} -l")


def judged(folder: Path, path: str, who: str) -> Standing:
    """Say what `who` finds, whose PATH this is: for each shim, whether the real program comes first."""
    first = {name: _first(name, path) for name in os.listdir(folder) if name != MARK}  # noqa: PTH208
    here = os.path.realpath(folder)
    past = sorted(name for name, at in first.items() if at and os.path.realpath(at) != here)
    if not past:
        return Standing("on")
    named = ", ".join(past[:_NAMED]) + (f" and {len(past) - _NAMED} more" if len(past) > _NAMED else "")
    return Standing("bypassed", f"{who} finds {first[past[0]]} before looop's shims: {named}")


def shell_of(env: Mapping[str, str]) -> str:
    """Name the person's shell."""
    given = env.get("SHELL", "")
    return given if given.startswith("/") else "/bin/sh"


def _first(name: str, path: str) -> str | None:
    found = (at for at in path.split(os.pathsep) if at and _there(os.path.join(at, name)))  # noqa: PTH118
    return next(found, None)


def _there(place: str) -> bool:
    return os.path.isfile(place) and os.access(place, os.X_OK)  # noqa: PTH113 - a string of PATH's
