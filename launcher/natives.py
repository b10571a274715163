"""The parts of a bundle that no Python package knows of, with their licences: libraries, C, the bootloader.

In: paths of shared libraries, names of Debian packages. Out: `Native`s for `licences.collect`. What Debian's
package of a library says is taken from its copyright file, with the common licences that this refers to.
Elsewhere than on Debian a build names its natives itself.
"""

import re
import subprocess
from collections.abc import Iterable, Sequence
from importlib import metadata
from pathlib import Path

from launcher.licences import Native, NoTextError

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


def bootloader() -> Native:
    """Name PyInstaller's bootloader, the C program that starts Python in the bundle."""
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
