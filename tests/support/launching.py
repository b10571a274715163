"""Launchers for tests: the C program without a Python program inside, compiled once for each set of numbers.

What it does not relay is run by the Python that LAUNCHER_TEST_PYTHON names; without that it exits with
`RUN_IT_HERE`.
"""

import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from launcher.compile import STUB, compile_launcher

RUN_IT_HERE = 77
"""What a client process exits with when the verb must run in the caller's process."""

ROOT = Path(__file__).parents[2]
WITH_PYTHON = {"LAUNCHER_TEST_PYTHON": sys.executable, "PYTHONPATH": str(ROOT)}
"""The environment in which a launcher is whole."""


class Launchers:
    """The launchers of one test session, below a folder of theirs; all of one compiler and its flags."""

    def __init__(self, folder: Path, compiler: Sequence[str] = (), flags: Sequence[str] = ()) -> None:
        self._folder, self._compiler, self._flags = folder, compiler, flags
        self._made: dict[tuple[tuple[str, str], ...], Path] = {}

    def __call__(self, **defines: str) -> Path:
        """Give the launcher with these numbers of `table.h` replaced."""
        key = tuple(sorted(defines.items()))
        if key not in self._made:
            self._made[key] = self.made_of(**defines)
        return self._made[key]

    def with_flags(self, *flags: str, compiler: Sequence[str] = ()) -> "Launchers":
        """Give launchers that are compiled otherwise."""
        return Launchers(self._folder, compiler, flags)

    def made_of(self, *sources: Path, **defines: str) -> Path:
        """Compile one with more sources."""
        work = Path(tempfile.mkdtemp(dir=self._folder))
        compile_launcher(
            work / "looop",
            work=work,
            compiler=self._compiler,
            defines=defines,
            extra_sources=[STUB, *sources],
            extra_flags=self._flags,
        )
        return work / "looop"

    def set(self, settings: str) -> Path:
        """Give the launcher with `NAME=VALUE,…` as the Python client spells it, times in seconds."""
        pairs = (setting.partition("=") for setting in settings.split(",") if setting)
        return self(**dict(_define(name, value) for name, _, value in pairs))


def into(path: Path, env: Mapping[str, str]) -> dict[str, str]:
    """Give the environment in which a launcher finds the engine at `path`."""
    assert path.name == ".sock"
    return {**env, "LOOOP_DATA_DIR": str(path.parent)}


def _define(name: str, value: str) -> tuple[str, str]:
    if name in {"PROTOCOL", "OLDEST"}:
        return name, value
    return f"{name}_MS", str(round(1000 * float(value)))
