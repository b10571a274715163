"""The environment of a child: the user's own again, plus the few `LOOOP_*` that this child is meant to have.

In: the environment that looop itself was started with. Out: a new one; ours is never changed.
"""

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from looop import __version__

_LIBRARY_PATHS = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_OURS = "LOOOP_"
_BOOTLOADER = ("_PYI_", "PYINSTALLER_")
_BUILD = 12  # digits of the payload's digest that tell one build of a version from another


def frozen() -> bool:
    """Whether this is the single native binary rather than a Python installation."""
    return bool(getattr(sys, "frozen", False))


def own_command(*args: str) -> list[str]:
    """Give the argv that runs this program again: the outer file when frozen, else this very Python."""
    if frozen():
        return [own_binary(), *args]
    return [sys.executable, "-P", "-m", "looop", *args]


def own_binary() -> str:
    """Give the one file that a script can run as looop: `LOOOP_BIN` of a frozen program, else the script.

    Unfrozen, `LOOOP_BIN` is not believed: it may be another looop's, whose child we are.
    """
    if frozen():
        given = os.environ.get("LOOOP_BIN", "")
        return given if os.access(given, os.X_OK) else _inner_launcher()
    beside = Path(sys.executable).parent / "looop"
    return str(beside) if os.access(beside, os.X_OK) else shutil.which("looop") or "looop"


def own_places() -> tuple[str, ...]:
    """Give the folders and files that this program, and a `looop` that its children call, are read from."""
    if frozen():
        return (own_binary(), str(Path(sys.executable).parent))
    return (sys.prefix, sys.base_prefix, *(place for place in sys.path if place.startswith("/")))


def pinned(command: Sequence[str]) -> list[str]:
    """Give a command of looop's own so that it starts this very build, though the outer file was replaced.

    The launcher that lies in the unpacked program does that; once that has been removed, the outer file.
    """
    inner = _inner_launcher()
    return [inner, *command[1:]] if frozen() and os.access(inner, os.X_OK) else list(command)


def build() -> str:
    """Tell this program from any other: its version, and when frozen what it was packed as."""
    return f"{__version__}+{Path(sys.executable).parent.name[:_BUILD]}" if frozen() else __version__


def restored(base: Mapping[str, str]) -> dict[str, str]:
    """Give the user's own environment, without what the start of a frozen program put into it."""
    env = {name: value for name, value in base.items() if not name.startswith(_BOOTLOADER)}
    for name in _LIBRARY_PATHS:
        _restore(env, name)
    return env


def environment(base: Mapping[str, str], **extra: str) -> dict[str, str]:
    """Make a child's environment of `base` and `extra`.

    All `LOOOP_*` of `base` are dropped, and what PyInstaller's bootloader set is undone: the libraries of a
    frozen program must not reach the user's programs. `LOOOP_BIN` is always set, and where PATH knows no
    `looop` its folder is put last, so that it hides nobody's `python3`.
    """
    env = {name: value for name, value in restored(base).items() if not name.startswith(_OURS)}
    env |= {"LOOOP_BIN": own_binary()} | extra
    path = env.get("PATH") or os.defpath
    folder = str(Path(env["LOOOP_BIN"]).parent)
    found = shutil.which("looop", path=path)
    env["PATH"] = path if found or not Path(folder).is_absolute() else f"{path}{os.pathsep}{folder}"
    return env


def led(env: Mapping[str, str], folder: Path | None) -> dict[str, str]:
    """Put a folder first in an environment's PATH, and nowhere else in it; None: leave it as it is."""
    if folder is None:
        return dict(env)
    others = [it for it in (env.get("PATH") or os.defpath).split(os.pathsep) if it != str(folder)]
    return {**env, "PATH": os.pathsep.join([str(folder), *others])}


def _inner_launcher() -> str:
    return str(Path(sys.executable).parent / "bin" / "looop")


def _restore(env: dict[str, str], name: str) -> None:
    # Our launcher starts the program without this variable. Where a bootloader set it all the same, ours or
    # that of a frozen program whose child we are, the user's value is kept under this name.
    original = env.pop(f"{name}_ORIG", None)
    if original is not None:
        env[name] = original
    elif frozen() and env.get(name, "").startswith(str(Path(sys.executable).parent)):
        del env[name]
