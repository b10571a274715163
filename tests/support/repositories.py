"""Repositories for tests: small ones, with a person's name in them, and no settings but their own."""

import os
import subprocess
from pathlib import Path


def variables(home: Path) -> dict[str, str]:
    """Give an environment in which git finds neither settings nor a person."""
    return {"PATH": os.environ["PATH"], "HOME": str(home)}


def run(place: Path, *argv: str) -> str:
    """Run git as a person would; what it printed."""
    names = ("-c", "user.name=x", "-c", "user.email=x@y", "-c", "protocol.file.allow=always")
    env = variables(place.parent) | {"LC_ALL": "C"}
    command = ["git", "-C", str(place), *names, *argv]
    return subprocess.run(command, check=True, env=env, capture_output=True, text=True).stdout.strip()


def commit(place: Path, name: str, text: str = "x") -> str:
    """Commit a file; the commit."""
    (place / name).write_text(text)
    run(place, "add", "--", name)
    run(place, "commit", "-q", "-m", f"add {name}")
    return run(place, "rev-parse", "HEAD")


def made(place: Path) -> Path:
    """Make one on branch `main`, with one commit."""
    place.mkdir()
    run(place, "init", "-q", "-b", "main")
    commit(place, "first")
    return place
