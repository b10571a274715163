"""What another process sees: its variables, and whether a path is the same thing there as here.

In: a pid. Out: values. On Linux from /proc; a confined process may see other files under the same names. On
macOS nobody is told (Not tested): no variables, and every path counts as the same.
"""

import os
import sys
from pathlib import Path


def variables(pid: int) -> dict[str, str]:
    """Give what a process was started with. OSError when it has gone or is not ours to look at."""
    if sys.platform == "darwin":
        return {}
    entries = os.fsdecode(Path(f"/proc/{pid}/environ").read_bytes()).split("\0")
    return dict(entry.split("=", 1) for entry in entries if "=" in entry)


def same_folder(pid: int, folder: str) -> bool:
    """Tell whether the folder that a process works in is what we find under this name."""
    return sys.platform == "darwin" or _same(f"/proc/{pid}/cwd", folder)


def same_file(pid: int, path: str) -> bool:
    """Tell whether a process finds under this name what we find. `path` is absolute, without links."""
    return sys.platform == "darwin" or _same(f"/proc/{pid}/root{path}", path)


def _same(theirs: str, ours: str) -> bool:
    try:
        return os.path.samestat(os.stat(theirs), os.stat(ours))  # noqa: PTH116 - /proc's links are no paths
    except OSError:
        return False
