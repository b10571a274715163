"""The first Python code of the frozen program: from here on imports come out of one mapped file.

It takes the place of PyInstaller's own bootstrap, whose importer opens and inflates an archive for each
module. In: `modules` beside the libraries, as `modules.py` wrote it. Out: an importer. What is mapped stays
there for as long as the process lives, whoever empties the cache.
"""

import fcntl
import marshal
import mmap
import os
import posix
import sys
from _frozen_importlib import ModuleSpec
from _frozen_importlib_external import PathFinder

TYPE_CHECKING = False  # importing `typing` would cost more than all the rest
if TYPE_CHECKING:
    from types import CodeType, ModuleType

FOLDER = sys._MEIPASS  # type: ignore[attr-defined]  # noqa: SLF001 - PyInstaller's word for where `lib` is


class Modules:
    """Finds and loads what the file holds; extension modules are left to Python's own finder."""

    def __init__(self, folder: str) -> None:
        with open(f"{folder}/modules", "rb") as file:  # noqa: PTH123 - pathlib is in that file
            self._data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        end = 8 + int.from_bytes(self._data[:8], "little")
        self._rows = marshal.loads(self._data[8:end])
        self._data = self._data[end:]
        self._folder = folder

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> ModuleSpec | None:
        """Say where a module is; None for what is not in the file."""
        row = self._rows.get(name)
        if row is None:
            return None
        package, place = row[0], f"{self._folder}/{name.replace('.', '/')}"
        origin = f"{place}/__init__.py" if package else f"{place}.py"
        spec = ModuleSpec(name, self, origin=origin)  # type: ignore[arg-type] # `Loader` asks for more
        spec.has_location = True
        if package:
            spec.submodule_search_locations = [place]
        return spec

    def create_module(self, _spec: ModuleSpec) -> None:
        """Leave it to Python to make the module."""

    def exec_module(self, module: "ModuleType") -> None:
        """Run a module's code."""
        exec(self.get_code(module.__name__), module.__dict__)

    def get_code(self, name: str) -> "CodeType":
        """Give a module's code."""
        _, start, end = self._rows[name]
        code: CodeType = marshal.loads(self._data[start:end])
        return code

    def get_source(self, _name: str) -> None:
        """Give no source: tracebacks name lines without showing them."""


# What bundle.c hid from the loader, before anything reads the environment.
for name in ("LD_PRELOAD", "LD_AUDIT"):
    if f"_LOOOP_{name}" in os.environ:
        os.environ[name] = os.environ.pop(f"_LOOOP_{name}")
# While this lives no other version takes the folder away: `collect` in cache.c looks. Not inherited.
fcntl.flock(posix.open(f"{FOLDER}/..", posix.O_RDONLY | posix.O_CLOEXEC), fcntl.LOCK_SH)
sys.frozen = True  # type: ignore[attr-defined]
sys.meta_path.insert(sys.meta_path.index(PathFinder), Modules(FOLDER))
