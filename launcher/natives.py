"""The parts of a bundle that no Python package knows of, with their licences: libraries, C, the bootloader.

In: paths of shared libraries, names of Debian packages. Out: `Native`s for `licences.collect`. What Debian's
package of a library says is taken from its copyright file, with the common licences that this refers to.
Elsewhere than on Debian a build names its natives itself.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from importlib import metadata
from pathlib import Path

from launcher.licences import TEXTS, Native, NoTextError

DOCUMENTS = Path("/usr/share/doc")
COMMON = Path("/usr/share/common-licenses")

_REFERRED = re.compile(r"/usr/share/common-licenses/([A-Za-z]+(?:-[0-9.]*[0-9])?)")
_SHORT = {
    "libc6": "LGPL-2.1-or-later",
    "libgcc-s1": "GPL-3.0-or-later WITH GCC-exception-3.1",
    "libstdc++6": "GPL-3.0-or-later WITH GCC-exception-3.1",
    "libzstd-dev": "BSD-3-Clause",
    "musl-dev": "MIT",
}
_SEE = "see its text"


def of_bundle(binaries: Iterable[tuple[str, str, str]], zstd: Path) -> tuple[Native, ...]:
    """Name all that a bundle holds beside Python and its packages; `binaries` are PyInstaller's, as they are.

    `zstd` is the folder of the library's source. Where there is no dpkg, on macOS say, nobody knows whose a
    library is: what comes from outside Python and its packages ends the build then, unless the variable
    NATIVES is `listed`: it is named with its place, for a build that ships nothing without that place.
    """
    outside = sorted({path for _, source, _ in binaries if _is_outside(path := Path(source))})
    always = (_bootloader(), Native("zstd", _zstd_version(zstd), "BSD-3-Clause", (zstd / "LICENSE",)))
    if os.environ.get("NATIVES") == "listed":
        return (*always, *(_listed(path) for path in outside))
    if shutil.which("dpkg-query") is None:
        if outside:
            raise NoTextError(f"{outside[0]}: whose is it? Without dpkg name it as a Native.")
        return always
    linked = ("libc6", *(["musl-dev"] if shutil.which("musl-gcc") else []))
    libraries = [it for it in of_libraries(outside) if it.name not in linked]
    return (*always, *map(debian, linked), *libraries)


def debian(package: str, *, note: str = "") -> Native:
    """Name what Debian's package of this name says of itself. NoTextError when it is not installed."""
    copyright_file = DOCUMENTS / package / "copyright"
    try:
        version = _said(["dpkg-query", "--show", "--showformat=${Version}", package]).strip()
        text = copyright_file.read_text(errors="replace")
    except (OSError, subprocess.CalledProcessError) as error:
        raise NoTextError(
            f"{package}: {copyright_file} is not there: install the package ({error})."
        ) from None
    common = sorted({COMMON / name for name in _REFERRED.findall(text)})
    texts = (copyright_file, *(path for path in common if path.is_file()))
    return Native(package, version, _SHORT.get(package, _SEE), texts, note)


def of_libraries(libraries: Iterable[Path]) -> tuple[Native, ...]:
    """Name the Debian packages that these files are from, each once, sorted. NoTextError for a stray one."""
    owners = {owner for library in libraries for owner in [_owner(library)]}
    return tuple(debian(owner) for owner in sorted(owners))


def _bootloader() -> Native:
    """Name the C program that starts Python in the bundle."""
    it = metadata.distribution("pyinstaller")
    texts = sorted(
        Path(str(it.locate_file(path))) for path in it.files or () if path.name.startswith("COPYING")
    )
    return Native(
        "pyinstaller",
        it.version,
        "GPL-2.0-or-later WITH Bootloader-exception",
        tuple(texts[:1]),
        "Its bootloader alone is in the program; the exception lets that be shipped with any licence.",
    )


def _is_outside(path: Path) -> bool:
    """Tell whether neither a Python package nor a Python of its own has brought this library."""
    if "site-packages" in path.parts or "dist-packages" in path.parts:
        return False
    own = [Path(prefix).resolve() for prefix in (sys.prefix, sys.base_prefix) if prefix != "/usr"]
    return not any(path.resolve().is_relative_to(prefix) for prefix in own)


def _listed(library: Path) -> Native:
    return Native(library.name, "", f"of {library.resolve()}", (TEXTS / "listed.txt",))


def _zstd_version(folder: Path) -> str:
    """Read it from the header, which has it in three numbers."""
    text = (folder / "zstd.h").read_text(encoding="utf-8")
    numbers = dict(re.findall(r"#define ZSTD_VERSION_(MAJOR|MINOR|RELEASE) +(\d+)", text))
    return ".".join(numbers[part] for part in ("MAJOR", "MINOR", "RELEASE"))


def _owner(library: Path) -> str:
    """Ask dpkg for a file under each name that it may have: /lib is a link to /usr/lib today."""
    real = library.resolve()
    for path in dict.fromkeys((real, library, Path("/", *real.parts[2:]), Path("/usr", *real.parts[1:]))):
        try:
            return _said(["dpkg-query", "--search", str(path)]).partition(":")[0]
        except (OSError, subprocess.CalledProcessError):
            continue
    raise NoTextError(f"{library}: no package of Debian owns it: name its licence as a Native.")


def _said(argv: Sequence[str]) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout
