"""The seed: what a fresh profile starts from, copied once.

In: a profile that has just been created, and the `seeds/` that came with the program. Out: its policy files.
Neighbour: `paths.create` makes everything else.
"""

import contextlib
from pathlib import Path

import looop
from looop.core.problem import Exit, Problem
from looop.store import files
from looop.store.paths import Profile

_LARGEST = 1 << 20
_EXECUTABLE = ".sh"


def seed(profile: Profile) -> bool:
    """Copy the seeds if none of PLAYBOOK.md, goals/, sensors/ and journal.md exists; True if it did.

    Makes the policy folders in any case. Never replaces a file. A seeding that a crash interrupted is
    finished by the next call.
    """
    begun = profile.data / ".seeding"
    fresh = files.present(begun) or not any(files.present(path) for path in _signs(profile))
    if fresh:
        source = source_folder()
        files.durable(begun, b"")
    for folder in (profile.goals, profile.archive, profile.sensors):
        files.private_dir(folder)
    if fresh:
        for path in _seeds(source):
            _plant(path, profile.data / path.relative_to(source))
        files.durable_remove(begun)
    return fresh


def source_folder() -> Path:
    """Find the seeds: in the installed package, or beside it in a checkout. Problem MISSING `no-seeds`."""
    package = Path(looop.__file__).parent
    for folder in (package / "seeds", package.parent / "seeds"):
        if (folder / "PLAYBOOK.md").is_file():
            return folder
    raise Problem(
        Exit.MISSING,
        "no-seeds",
        f"The starter files are missing from this installation ({package / 'seeds'}): install looop again.",
    )


def _signs(profile: Profile) -> tuple[Path, ...]:
    return profile.playbook, profile.goals, profile.sensors, profile.journal


def _seeds(source: Path) -> list[Path]:
    return sorted(path for path in source.rglob("*") if path.is_file() and not path.name.startswith("."))


def _plant(source: Path, target: Path) -> None:
    files.private_dir(target.parent)
    mode = 0o700 if source.suffix == _EXECUTABLE else 0o600
    data = files.read_regular(source.resolve(), _LARGEST)  # Nix installs programs as trees of links
    with contextlib.suppress(FileExistsError):
        files.exclusive(target, data, mode)
