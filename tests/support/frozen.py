"""The one native file under test, in a folder and a cache of a test's own, and other builds of it.

In: the file that TESTED_LOOOP names. Out: copies that may be replaced, removed, emptied of their cache, and
people who use them. A build differs by one more file in its payload, so it has another digest.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from launcher import pack
from looop.child.proc import Proc
from support import tested
from support.person import Person, person

TRAILER = 107  # bytes of the last line


def file() -> Path:
    """Give the file under test."""
    if tested.FILE is None:
        pytest.fail("TESTED_LOOOP names no file: `make test-binary` builds one and sets it")
    return tested.FILE


@dataclass(frozen=True)
class Own:
    """A copy of the file, with its cache, and somebody who uses both."""

    file: Path
    cache: Path
    looop: Person

    @property
    def folder(self) -> Path:
        """Where the present file's program lies once it was unpacked."""
        return self.cache / tested.digest(self.file)

    def folders(self) -> set[Path]:
        """Give the programs that are unpacked now, and what is left of others."""
        return {path for path in self.cache.iterdir() if path.is_dir()}

    def become(self, other: Path) -> None:
        """Put another file in the place of this one, as an installer does."""
        fresh = self.file.with_name("fresh")
        shutil.copy(other, fresh)
        fresh.replace(self.file)


@contextmanager
def own(folder: Path, **env: str) -> Iterator[Own]:
    """Give a copy of the file, and a person whose profile it keeps; nothing of it is left then."""
    copy, cache = folder / "app" / "looop", folder / "cache"
    copy.parent.mkdir()
    shutil.copy(file(), copy)
    try:
        with person(folder, program=(str(copy),), XDG_CACHE_HOME=str(cache), **env) as looop:
            yield Own(copy, cache / "looop", looop)
    finally:
        shutil.rmtree(cache, ignore_errors=True)  # 40 MB, and pytest keeps what it is not told about
        shutil.rmtree(copy.parent)


def runs_from(process: Proc) -> Path:
    """Give the folder of the program that a process is."""
    argv = Path(f"/proc/{process.pid}/cmdline").read_text(errors="replace").split("\0")
    return Path(
        next(part for part in argv if Path(part).name == "looop" and len(Path(part).parent.name) == 64)
    ).parent


def another_build(unpacked: Path, folder: Path, target: Path) -> Path:
    """Pack what was unpacked, with one file more, behind the launcher of the file under test."""
    shutil.copytree(unpacked, folder)
    (folder / "lib" / "another").write_text("another build\n")
    whole = file().read_bytes()
    launcher = folder.with_name("launcher")
    launcher.write_bytes(whole[: len(whole) - TRAILER - int(whole[-TRAILER:].split(b" ")[1], 16)])
    pack.single_file(launcher, folder, target, time=0)
    shutil.rmtree(folder)
    launcher.unlink()
    return target
