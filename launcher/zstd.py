"""The zstd library that the launcher unpacks with: one C file, compiled as the launcher is, for any machine.

In: `ZSTD_SOURCE`, a folder that holds `zstd.c` and `zstd.h`; without it the source of the PyPI package
`zstandard`, which carries them, at the version and digest that `requirements.txt` names. Out: an object
file, and where its header is.
"""

import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path

LOCK = Path(__file__).with_name("requirements.txt")
_PINNED = re.compile(r"^zstandard==(\S+).*?(?=^\S)", re.MULTILINE | re.DOTALL)
_PARTS = ("LICENSE", "zstd.h", "zstd_errors.h", "zstd.c")
_FLAGS = (
    "-Os",
    "-g0",
    "-c",
    "-ffunction-sections",
    "-fdata-sections",
    "-DZSTD_DISABLE_ASM=1",
    "-DDEBUGLEVEL=0",
)


def source(work: Path) -> Path:
    """Give the folder that holds `zstd.c`."""
    if given := os.environ.get("ZSTD_SOURCE"):
        return Path(given)
    return work / "zstd" if (work / "zstd" / _PARTS[-1]).exists() else _downloaded(work)


def compiled(work: Path, compiler: Sequence[str]) -> tuple[Path, Path]:
    """Compile the library into `work`; the object, and the folder of its header."""
    folder, target = source(work), work / "zstd.o"
    mapped = f"-ffile-prefix-map={folder}=zstd"
    subprocess.run([*compiler, *_FLAGS, mapped, str(folder / "zstd.c"), "-o", str(target)], check=True)
    return target, folder


def _downloaded(work: Path) -> Path:
    """Fetch the source as pip fetches packages, with its digest checked, and open it."""
    pinned = _PINNED.search(LOCK.read_text(encoding="utf-8") + "\n.")
    if pinned is None:
        raise SystemExit(f"{LOCK} names no zstandard.")
    wanted = work / "zstandard.txt"
    wanted.write_text(pinned[0], encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run(
        [*pip, "--no-binary", "zstandard", "--require-hashes", "-d", work, "-r", wanted], check=True
    )
    (work / "zstd").mkdir(exist_ok=True)
    with tarfile.open(work / f"zstandard-{pinned[1]}.tar.gz") as pack:
        for name in _PARTS:
            member = pack.extractfile(f"zstandard-{pinned[1]}/zstd/{name}")
            if member is None:
                raise SystemExit(f"zstandard {pinned[1]} holds no zstd/{name}.")
            (work / "zstd" / name).write_bytes(member.read())
    return work / "zstd"
