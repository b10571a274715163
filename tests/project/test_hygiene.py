"""What lies in the repository: only what belongs there, and no trace of a machine that made it."""

import re
import subprocess
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

from support.source import ROOT

TOP_LEVEL = {
    # the design's own names
    "looop",
    "seeds",
    "tests",
    "nix",
    "flake.nix",
    "flake.lock",
    "looop.spec",
    "pyproject.toml",
    "launcher",
    # the project around the code
    "benchmarks",
    "docs",
    ".ci",
    ".github",  # where a release workflow must be: docs/decisions/0011-release.md
    ".gitignore",
    "Makefile",
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "LICENSE",
}
# Regular expressions that do not match themselves.
FOREIGN = (
    r"pypi\.org",
    r"python[h]osted",
    r"npmjs\.(?:org|com)",
    r"deb\.debian\.org",
    r"crates\.io/api",
)


def tracked() -> list[str]:
    """Give the files that are in the repository, or would be after `git add .`; in a tarball, all."""
    if not (ROOT / ".git").exists():
        return sorted(_unpacked())
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    return [name for name in listing.stdout.split("\0") if name and (ROOT / name).exists()]


def _unpacked() -> Iterator[str]:
    ignored = [line.strip("/") for line in (ROOT / ".gitignore").read_text().splitlines()]
    for path in ROOT.rglob("*"):
        parts = path.relative_to(ROOT).parts
        if path.is_file() and not any(fnmatch(part, pattern) for part in parts for pattern in ignored):
            yield "/".join(parts)


def test_everything_at_the_top_is_meant_to_be_there() -> None:
    assert {name.partition("/")[0] for name in tracked()} - TOP_LEVEL == set()


@pytest.mark.parametrize("pattern", FOREIGN)
def test_no_file_names_a_registrys_host(pattern: str) -> None:
    words = re.compile(pattern.encode())
    assert [name for name in tracked() if words.search((ROOT / name).read_bytes())] == []


@pytest.mark.parametrize("folder", [ROOT, Path.home()], ids=["checkout", "home"])
def test_no_file_names_a_folder_of_this_machine(folder: Path) -> None:
    here = f"{folder}/".encode()
    assert [name for name in tracked() if here in (ROOT / name).read_bytes()] == []


def test_no_file_is_a_build_product() -> None:
    endings = (".pyc", ".so", ".whl", ".raw", ".log", ".lock", "package-lock.json")
    assert [name for name in tracked() if name.endswith(endings) and name != "flake.lock"] == []


def test_scripts_are_executable_and_say_what_runs_them() -> None:
    programs = [name for name in tracked() if not name.endswith(".txt")]
    scripts = [name for name in programs if (ROOT / name).read_bytes()[:2] == b"#!"]
    assert [name for name in scripts if not (ROOT / name).stat().st_mode & 0o100] == []
    assert {".ci/run", ".ci/demo"} <= set(scripts)
