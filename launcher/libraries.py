"""The libraries of the bundle: stripped, and with the C library and its loader beside them.

In: the folder that PyInstaller made, and this very Python's own libraries. Out: a folder that needs nothing
of the machine it runs on: its loader is started by name and finds all else in `lib/`. On macOS: stripped.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

_GLIBC = re.compile(r"lib(c|m|dl|rt|util|pthread|resolv)\.so\.\d+$")
_LOADER = re.compile(r"ld-linux[^/]*\.so\.\d+$")


def loader() -> Path | None:
    """Find the loader that this Python runs under; None where there is none to take along, as on macOS."""
    return next((path for path in _mapped() if _LOADER.search(path.name)), None)


def complete(folder: Path) -> str | None:
    """Put loader and C library into `folder`/lib; the loader's path below `folder`, or None without one."""
    found = loader()
    if found is None:
        return None
    for path in (found, *_glibc(found)):
        shutil.copyfile(path.resolve(), folder / "lib" / path.name)
        (folder / "lib" / path.name).chmod(0o700)
    return f"lib/{found.name}"


def strip(folder: Path) -> None:
    """Take what only debuggers read out of all libraries; the program, which carries an archive, is left."""
    libraries = [path for path in sorted(folder.rglob("*")) if ".so" in path.suffixes and path.is_file()]
    subprocess.run(["strip", "--strip-unneeded", *libraries], check=True)


def _glibc(found: Path) -> Iterator[Path]:
    """Name the parts of the C library: in the folder of the one that this Python has loaded."""
    libc = next((path for path in _mapped() if path.name == "libc.so.6"), None)
    if libc is None:
        raise SystemExit(f"This Python runs under {found}, and its libc.so.6 is not to be found.")
    return (path for path in sorted(libc.parent.iterdir()) if _GLIBC.fullmatch(path.name))


def _mapped() -> Iterator[Path]:
    """Name the files that this process has loaded."""
    if sys.platform != "linux":
        return
    seen = set[str]()
    for line in Path("/proc/self/maps").read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        name = line.partition("/")[2]
        if name and name not in seen and os.access(f"/{name}", os.R_OK):
            seen.add(name)
            yield Path(f"/{name}")
