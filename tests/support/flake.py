"""Nix over a copy of the checkout, as a flake sees it: the files that git tracks, and a stand-in for nixpkgs.

In: a folder of its own, in which everything stays: store, state, cache, home. Out: what `nix` says, without a
network, a daemon or a lock file. Where no `nix` is installed its tests are skipped, which CI forbids.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from support.source import ROOT

STAND_IN = ROOT / "tests/nix/stand-in"
CONFIGURATION = "sandbox = false\nbuild-users-group =\nexperimental-features = nix-command flakes\n"


def tracked(*folders: str, others: bool = False) -> list[str]:
    """Give the files below the folders that git tracks, or the others that it would; in a tarball, all."""
    if not (ROOT / ".git").exists():
        return [] if others else sorted(_unpacked())
    which = ["--others", "--exclude-standard"] if others else ["--cached"]
    command = ["git", "ls-files", "-z", *which, "--", *folders]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return sorted(name for name in listing.split("\0") if name and (ROOT / name).is_file())


def _unpacked() -> Iterator[str]:
    for path in ROOT.rglob("*"):
        parts = path.relative_to(ROOT).parts
        made = "__pycache__" in parts or (parts[0].startswith(".") and parts[0] not in {".ci", ".gitignore"})
        if path.is_file() and not made:
            yield "/".join(parts)


def copy(target: Path, names: list[str]) -> Path:
    """Copy files of the checkout, so that anybody may read them; give the folder."""
    for name in names:
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, path)
    return target


class Nix:
    """One private Nix: `folder` is all that it writes to."""

    def __init__(self, folder: Path) -> None:
        if shutil.which("nix") is None:
            pytest.skip("the flake can't be evaluated: install nix (Debian's package is nix-bin)")
        self.folder = folder
        for name in ("store", "state", "log", "conf", "home", "tmp"):
            (folder / name).mkdir()
        (folder / "conf/nix.conf").write_text(CONFIGURATION)

    def environment(self) -> dict[str, str]:
        """Give the whole environment of `nix`: nothing of a person's own Nix reaches it."""
        own = {
            f"NIX_{name}_DIR": str(self.folder / name.lower()) for name in ("STORE", "STATE", "LOG", "CONF")
        }
        home = str(self.folder / "home")
        return own | {"PATH": os.environ["PATH"], "HOME": home, "TMPDIR": str(self.folder / "tmp")}

    def run(self, *args: str, nixpkgs: Path = STAND_IN) -> subprocess.CompletedProcess[str]:
        """Run `nix` with the stand-in; whatever happens, it asks no network and writes no lock file."""
        offline = ["--offline", "--no-write-lock-file", "--override-input", "nixpkgs", f"path:{nixpkgs}"]
        return subprocess.run(
            ["nix", *args, *offline],
            env=self.environment(),
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )

    def evaluate(self, tree: Path, output: str, function: str, *, nixpkgs: Path = STAND_IN) -> Any:
        """Give what a Nix function makes of an output of the flake in `tree`; a failure fails the test."""
        done = self.run("eval", "--json", f"path:{tree}#{output}", "--apply", function, nixpkgs=nixpkgs)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def refusal(self, tree: Path, *, nixpkgs: Path = STAND_IN) -> str:
        """Give the error that evaluating the application ends with; "" if it is none."""
        done = self.run(
            "eval", "--raw", f"path:{tree}#packages.x86_64-linux.default.drvPath", nixpkgs=nixpkgs
        )
        return done.stderr if done.returncode else ""

    def remove(self) -> None:
        """Remove everything; a store is read-only."""
        for parent, _, _ in os.walk(self.folder):
            Path(parent).chmod(0o700)
        shutil.rmtree(self.folder)


def edited(tree: Path, target: Path, changes: Mapping[str, tuple[str, str]]) -> Path:
    """Copy a tree with one text replaced in each of some files; a text that is not there is an error."""
    shutil.copytree(tree, target)
    for name, (old, new) in changes.items():
        path = target / name
        text = path.read_text()
        assert old in text, f"{name} does not say {old!r}"
        path.write_text(text.replace(old, new))
    return target
