"""What a figure was measured on: the facts of this machine, for whoever compares two tables.

In: nothing. Out: pairs of a name and a fact. What can't be told is said to be unknown.
"""

import os
import platform
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from looop import __version__

ROOT = Path(__file__).parents[1]
UNKNOWN = "unknown"


def facts() -> Iterator[tuple[str, str]]:
    """Tell them, the load of now among them."""
    yield "CPU", _found("/proc/cpuinfo", r"^model name\s*:\s*(.+)$")
    yield "cores", str(len(os.sched_getaffinity(0)))
    kilobytes = _found("/proc/meminfo", r"^MemTotal:\s*(\d+)", "0")
    yield "memory", f"{int(kilobytes) / (1 << 20):.0f} GiB"
    yield "kernel", f"{platform.system()} {platform.release().partition('-')[0]} {platform.machine()}"
    yield "Python", f"{platform.python_implementation()} {platform.python_version()}"
    yield "filesystem", _filesystem(Path(tempfile.gettempdir()))
    yield "tmux", _said("tmux", "-V")
    yield "script", _said("script", "--version")
    yield "bubblewrap", _said("bwrap", "--version")
    yield "looop", f"{__version__}, {_said('git', '-C', str(ROOT), 'describe', '--always', '--dirty')}"
    yield "load at start", ", ".join(f"{load:.2f}" for load in os.getloadavg()) + " (1, 5, 15 minutes)"


def _found(path: str, pattern: str, otherwise: str = UNKNOWN) -> str:
    try:
        found = re.search(pattern, Path(path).read_text(), re.MULTILINE)
    except OSError:
        return otherwise
    return found[1].strip() if found else otherwise


def _said(*argv: str) -> str:
    try:
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip() or UNKNOWN
    except FileNotFoundError:
        return "not installed"
    except subprocess.CalledProcessError:
        return UNKNOWN


def _filesystem(folder: Path) -> str:
    """Name the type of what a folder lies on: the mount whose place is the longest part of its path."""
    real, best, kind = folder.resolve(), Path("/"), UNKNOWN
    try:
        mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    except OSError:
        return UNKNOWN
    for _, place, type_, *_ in mounts:
        if real.is_relative_to(place) and len(place) >= len(str(best)):
            best, kind = Path(place), type_
    return f"{kind} (at {best})"
