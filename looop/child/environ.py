"""The environment of a child: the user's own again, plus the few `LOOOP_*` that this child is meant to have.

In: the environment that looop itself was started with. Out: a new one; ours is never changed.
"""

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

_LIBRARY_PATHS = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_OURS = ("LOOOP_", "_PYI_", "PYINSTALLER_")


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
    if frozen() and (given := os.environ.get("LOOOP_BIN")):
        return given
    beside = Path(sys.executable).parent / "looop"
    return str(beside) if os.access(beside, os.X_OK) else shutil.which("looop") or "looop"


def environment(base: Mapping[str, str], **extra: str) -> dict[str, str]:
    """Make a child's environment of `base` and `extra`.

    All `LOOOP_*` of `base` are dropped, and what PyInstaller's bootloader set is undone: the libraries of a
    frozen program must not reach the user's programs. `LOOOP_BIN` is always set, and where PATH knows no
    `looop` its folder is put last, so that it hides nobody's `python3`.
    """
    env = {name: value for name, value in base.items() if not name.startswith(_OURS)}
    for name in _LIBRARY_PATHS:
        _restore(env, name)
    env |= {"LOOOP_BIN": own_binary()} | extra
    path = env.get("PATH") or os.defpath
    folder = str(Path(env["LOOOP_BIN"]).parent)
    found = shutil.which("looop", path=path)
    env["PATH"] = path if found or not Path(folder).is_absolute() else f"{path}{os.pathsep}{folder}"
    return env


def _restore(env: dict[str, str], name: str) -> None:
    # The bootloader keeps the user's value under this name; without one, a frozen program's own value goes.
    original = env.pop(f"{name}_ORIG", None)
    if original is not None:
        env[name] = original
    elif frozen():
        env.pop(name, None)
