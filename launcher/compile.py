"""Compile the launcher: one static C program, from the files beside this one and a table made on the spot.

In: a target, a folder to work in, perhaps a compiler, more sources and flags. Out: the program, and what is
to be said of it. The same sources, table and compiler give the same bytes. `--stub` makes one without a
Python program inside, for tests and for looking: it runs the Python that LAUNCHER_TEST_PYTHON names.
"""

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from launcher import table

HERE = Path(__file__).parent
SOURCES = tuple(
    f"{noun}.c"
    for noun in (
        *("main", "inside", "places", "relay", "engine", "person"),
        *("address", "wire", "run", "output", "signals", "platform"),
    )
)
STUB = HERE.parent / "tests" / "launcher" / "bundle_stub.c"
_STRICT = ("-std=c11", "-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Werror")
_LINUX = ("-D_GNU_SOURCE", "-Wl,--build-id=none", "-Wl,--gc-sections")
_MACOS = ("-D_DARWIN_C_SOURCE", "-Wl,-dead_strip")  # not tested
_SMALL = ("-Os", "-g0", "-s", "-ffunction-sections", "-fdata-sections")
_NO_COMPILER = (
    "No C compiler was found: install musl-tools (Debian: `apt-get install musl-tools`; macOS: "
    "`xcode-select --install`), or name one in CC."
)


@dataclass(frozen=True)
class Compiled:
    """A launcher. One that is not `static` needs the C library of the machine that it was built on."""

    path: Path
    compiler: tuple[str, ...]
    static: bool

    def __str__(self) -> str:
        how = "static" if self.static else "linked dynamically: install musl-tools for a static one"
        return f"{self.path}: {self.path.stat().st_size} bytes, {how} ({shlex.join(self.compiler)})"


def find_compiler() -> tuple[str, ...]:
    """Give what CC says, else musl's, else the system's; SystemExit that names what to install."""
    if given := os.environ.get("CC"):
        return tuple(shlex.split(given))
    for name in ("musl-gcc", "cc"):
        if shutil.which(name):
            return (name,)
    raise SystemExit(_NO_COMPILER)


def compile_launcher(
    target: Path,
    *,
    work: Path,
    compiler: Sequence[str] | None = None,
    defines: Mapping[str, str] = {},
    extra_sources: Sequence[Path] = (),
    extra_flags: Sequence[str] = (),
) -> Compiled:
    """Make `target`. `extra_sources` must hold a `bundle_exec`; CalledProcessError when the compiler fails.

    Static whenever the compiler's name speaks of musl. `work` gets the table, and must exist.
    """
    command = tuple(compiler or find_compiler())
    (work / "table.h").write_text(table.header())
    musl = any("musl" in word for word in command)
    subprocess.run(
        [
            *command,
            *_STRICT,
            *_SMALL,
            *(_MACOS if sys.platform == "darwin" else _LINUX),
            *(("-static",) if musl else ()),
            *(f"-D{name}={value}" for name, value in sorted(defines.items())),
            f"-ffile-prefix-map={work}=.",
            f"-ffile-prefix-map={HERE}=.",
            f"-I{work}",
            f"-I{HERE}",
            *(str(HERE / name) for name in SOURCES),
            *map(str, extra_sources),
            *extra_flags,
            "-o",
            str(target),
        ],
        check=True,
        env={**os.environ, "LC_ALL": "C", "SOURCE_DATE_EPOCH": os.environ.get("SOURCE_DATE_EPOCH", "0")},
    )
    return Compiled(target, command, static=_is_static(target))


def _is_static(program: Path) -> bool:
    """Tell whether a program names no loader: an ELF file (little-endian, 64 bits) without a PT_INTERP."""
    image = program.read_bytes()
    if image[:6] != b"\x7fELF\x02\x01":
        return False
    at, size, count = (int.from_bytes(image[i : i + n], "little") for i, n in ((32, 8), (54, 2), (56, 2)))
    kinds = (int.from_bytes(image[at + size * i :][:4], "little") for i in range(count))
    return 3 not in kinds  # noqa: PLR2004 - PT_INTERP


def main() -> None:
    """Compile what the command line says, and say what came of it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("-o", dest="target", type=Path, required=True, metavar="FILE")
    parser.add_argument("--stub", action="store_true", required=True, help="without a Python program inside")
    parser.add_argument("-D", dest="defines", action="append", default=[], metavar="NAME=VALUE")
    given = parser.parse_args()
    defines = dict(define.split("=", 1) for define in given.defines)
    with tempfile.TemporaryDirectory() as work:
        print(compile_launcher(given.target, work=Path(work), defines=defines, extra_sources=[STUB]))


if __name__ == "__main__":
    main()
