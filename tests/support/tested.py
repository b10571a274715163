"""The looop under test where a test runs it as a process: this checkout's, or the file in TESTED_LOOOP.

In: the variable TESTED_LOOOP, the path of the one native file (`make test-binary` sets it). Out: how to run
it, and what its environment must have beside that. A frozen one is unpacked once for all tests, into .cache/.
"""

import os
import sys
from pathlib import Path

from looop import __version__

ROOT = Path(__file__).parents[2]
FILE = Path(os.environ["TESTED_LOOOP"]).absolute() if os.environ.get("TESTED_LOOOP") else None
"""The native file; None when the checkout is tested."""

LOOOP = (str(FILE),) if FILE else (sys.executable, "-P", "-m", "looop")
"""What to put before a verb."""

FOLDER = FILE.parent if FILE else Path(sys.executable).parent
"""Where a PATH finds it as `looop`."""

ENVIRONMENT = {"XDG_CACHE_HOME": str(ROOT / ".cache" / "tested")} if FILE else {"PYTHONPATH": str(ROOT)}
"""What finds it, or keeps what it unpacks: private homes would each get a copy of the whole program."""


def build(file: Path | None = FILE) -> str:
    """Give what this looop calls its build (`looop.child.environ.build`): a test may act in its place."""
    return f"{__version__}+{digest(file)[:12]}" if file else __version__


def digest(file: Path) -> str:
    """Give the digest that names the folder which a native file is unpacked to: in its last line."""
    return file.read_bytes().rsplit(b" ", 2)[1].decode()


def is_call(pid: int, word: str) -> bool:
    """Whether a process is looop, called with this word: by Python, the launcher, or the loader after it."""
    try:
        argv = os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes()).split("\0")
    except OSError:
        return False
    names = [Path(part).name for part in argv]
    return "looop" in names and word in argv[names.index("looop") :]
