"""Bring an older profile up to this program's format, step by step, keeping a copy of what it was.

In: a profile whose `.format` is older. Out: the same at today's format, and `backup-format-<n>/` beside it.
Called by `paths.create` alone. Today there is one format and so no step.
"""

import contextlib
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from looop.store import files
from looop.store.paths import Profile

Step = Callable[[Profile], None]

# From this format to the next. A step may be interrupted and run again: it must be able to.
STEPS: Mapping[int, Step] = MappingProxyType({})
_FILE_BYTES = 1 << 30
_COPIED = ("PLAYBOOK.md", "journal*.md", "goals/*.md", "goals/archive/*.md", "sensors/*.sh", "reports/*")
_COPIED_TOO = (".format", ".last-world.json", ".last-tick-hash", ".loop.json", "cost.jsonl", "claims/*.json")


def migrate(profile: Profile, version: int, target: int, steps: Mapping[int, Step] = STEPS) -> None:
    """Run the steps from `version` to `target`; the format number is written after each, durably.

    Two programs that migrate at once do it one after the other, and the second finds nothing to do.
    """
    with files.lock(profile.policy_lock, block=True):
        found = int(files.read_regular(profile.format, 64) or b"0")
        _keep_copy(profile, version)
        for step in range(max(version, found), target):
            steps[step](profile)
            files.durable(profile.format, f"{step + 1}\n".encode())


def _keep_copy(profile: Profile, version: int) -> None:
    backup = profile.data / f"backup-format-{version}"
    if backup.exists():  # of an earlier, interrupted try: older and so truer than what is there now
        return
    unfinished = profile.data / f".backup-format-{version}"
    files.empty_dir(unfinished)
    for pattern in _COPIED + _COPIED_TOO:
        for source in sorted(profile.data.glob(pattern)):
            target = unfinished / source.relative_to(profile.data)
            files.private_dir(target.parent)
            with contextlib.suppress(FileNotFoundError, files.NotRegular):
                _copy(source, target)
    files.durable_rename(unfinished, backup)


def _copy(source: Path, target: Path) -> None:
    data = files.read_regular(source, _FILE_BYTES)
    files.durable(target, data, 0o700 if source.lstat().st_mode & stat.S_IXUSR else 0o600)
