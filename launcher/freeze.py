"""From what PyInstaller collected to the one file: the steps of `looop.spec`, and what they rely on.

In: PyInstaller's findings and the folder that it made. Out: `dist/looop`, and a word about it. What is relied
on inside PyInstaller is checked first, so that another version ends the build with a sentence.
"""

import importlib.metadata
import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

import PyInstaller

from launcher import compile as compiling
from launcher import libraries, licences, natives, pack, zstd

PYINSTALLER = "6.22.3"
OPTIMIZE = 1  # 2 takes away the docstrings that `--help` is made of
EXCLUDED = [
    *("tkinter", "test", "unittest", "pydoc", "pdb", "doctest", "lib2to3", "setuptools", "distutils", "pip"),
    *("multiprocessing", "asyncio", "sqlite3", "curses", "readline", "xmlrpc", "pygments", "PIL"),
    *("_codecs_cn", "_codecs_hk", "_codecs_iso2022", "_codecs_jp", "_codecs_kr", "_codecs_tw"),
]
"""What looop never imports. `decimal` stays: cyclopts needs it for each usage error."""

_RELIED_ON = (b"_PYI_PARENT_PROCESS_LEVEL", b"_PYI_ARCHIVE_FILE", b"_PYI_LINUX_PROCESS_NAME")
"""The words by which `launcher/bundle.c` tells the bootloader that the library path has been seen to."""

Entry = tuple[str, str, str]


def check() -> None:
    """End the build with a sentence when a part of it is not the one that this was written for."""
    version = importlib.metadata.version("pyinstaller")
    if version != PYINSTALLER:
        raise SystemExit(f"looop.spec was written for PyInstaller {PYINSTALLER}, and this is {version}.")
    bootloaders = list((Path(PyInstaller.__file__).parent / "bootloader").glob("*/run"))
    if not any(all(word in path.read_bytes() for word in _RELIED_ON) for path in bootloaders):
        raise SystemExit("PyInstaller's bootloader does not know the variables that launcher/bundle.c sets.")
    compiling.find_compiler()  # before the long part
    if os.environ.get("PYTHONHASHSEED") != "0":
        print("looop.spec: without PYTHONHASHSEED=0 each build has bytes of its own.", file=sys.stderr)


def own_modules(root: Path) -> list[str]:
    """Name all modules of looop: verbs are imported by name, which no analysis sees."""
    paths = sorted(path.relative_to(root).with_suffix("") for path in (root / "looop").rglob("*.py"))
    return [".".join(path.parts).removesuffix(".__init__") for path in paths]


def entry(scripts: Iterable[Entry]) -> list[Entry]:
    """Keep our own script of those that PyInstaller would run: its runtime hooks cost more than a verb."""
    return [script for script in scripts if script[0] == "__main__"]


def texts(binaries: Iterable[Entry], work: Path) -> list[Entry]:
    """Collect the licences of all that is in the bundle; where each text belongs in it."""
    folder = work / "licences"
    licences.collect(folder, native=natives.of_bundle(binaries, zstd.source(work)))
    return licences.entries(folder)


def finish(folder: Path, work: Path, target: Path) -> None:
    """Make the one file of the folder; `work` keeps what was made on the way."""
    libraries.strip(folder)
    loader = libraries.complete(folder)
    command = compiling.find_compiler()
    library, header = zstd.compiled(work, command)
    launcher = compiling.compile_launcher(
        work / "launcher",
        work=work,
        compiler=command,
        defines={"LOADER": f'"{loader or "looop"}"'},
        extra_sources=[*(compiling.HERE / f"{name}.c" for name in ("bundle", "cache", "payload")), library],
        extra_flags=[f"-I{header}"],
    )
    (folder / "bin").mkdir()
    shutil.copy(launcher.path, folder / "bin" / "looop")
    time = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    digest = pack.single_file(launcher.path, folder, target, time=time)
    print(f"{launcher}\n{target}: {target.stat().st_size} bytes\nsha256 {digest}")
