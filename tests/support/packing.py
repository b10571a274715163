"""Native files with a few lines of sh in place of the program: launcher and unpacking are the real ones.

In: what shall lie in the file beside `looop`. Out: a file to run, and a home to run it in, whose cache is the
only place that it may touch. The zstd library is compiled once for a checkout, into .cache/.
"""

import hashlib
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from launcher import compile as compiling
from launcher import pack, zstd
from support.tested import ROOT, digest

PATIENCE = 60.0
PARTS = ("bundle", "cache", "payload")
PROGRAM = """#!/bin/sh
printf '%s\\n' "$0" "$LOOOP_BIN" "$@"
"""


@dataclass(frozen=True)
class Ran:
    """What a run came to; `lines`: the program's own path, its LOOOP_BIN, its arguments."""

    code: int
    lines: tuple[str, ...]
    err: str

    @property
    def folder(self) -> Path:
        """Where the program lay."""
        return Path(self.lines[0]).parent


@dataclass(frozen=True)
class Home:
    """Somebody's home, and the file that they run."""

    folder: Path
    file: Path
    env: dict[str, str] = field(default_factory=dict)

    @property
    def cache(self) -> Path:
        return self.folder / ".cache" / "looop"

    @property
    def unpacked(self) -> Path:
        """The folder of this very file's program."""
        return self.cache / digest(self.file)

    def environment(self, **env: str) -> dict[str, str]:
        return {"PATH": os.defpath, "HOME": str(self.folder), **self.env, **env}

    def start(self, *argv: str | bytes, **env: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [self.file, *argv],
            env=self.environment(**env),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="surrogateescape",
        )

    def run(self, *argv: str | bytes, **env: str) -> Ran:
        return ended(self.start(*argv, **env))

    def left(self) -> list[str]:
        """Name what lies in the cache."""
        return sorted(path.name for path in self.cache.iterdir() if path.name != ".lock")


def ended(process: "subprocess.Popen[str]") -> Ran:
    """Wait for its end."""
    out, err = process.communicate(timeout=PATIENCE)
    return Ran(process.returncode, tuple(out.splitlines()), err)


def bare_launcher(folder: Path) -> Path:
    """Compile the launcher with its unpacking, for a program that needs no loader of ours."""
    command = compiling.find_compiler()
    library, header = _zstd(command)
    compiling.compile_launcher(
        folder / "launcher",
        work=folder,
        compiler=command,
        defines={"LOADER": '"looop"'},
        extra_sources=[*(compiling.HERE / f"{name}.c" for name in PARTS), library],
        extra_flags=[f"-I{header}"],
    )
    return folder / "launcher"


def packed(launcher: Path, target: Path, parts: Mapping[str, bytes]) -> Path:
    """Make the file of a launcher and what it shall carry."""
    folder = target.with_name(f"{target.name}.folder")
    for name, content in {"looop": PROGRAM.encode(), **parts}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (folder / "looop").chmod(0o700)
    pack.single_file(launcher, folder, target, time=0)
    return target


def _zstd(command: tuple[str, ...]) -> tuple[Path, Path]:
    key = hashlib.sha256(repr(command).encode() + Path(zstd.__file__).read_bytes() + zstd.LOCK.read_bytes())
    work = ROOT / ".cache" / f"zstd-{key.hexdigest()[:12]}"
    if not (work / "ready").exists():
        work.mkdir(parents=True, exist_ok=True)
        zstd.compiled(work, command)
        (work / "ready").touch()
    return work / "zstd.o", zstd.source(work)
