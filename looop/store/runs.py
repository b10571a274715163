"""The runs: one folder for each beat that asked the AI, a replayable record that is pruned by age and size.

In: a run's id. Out: a `Run`, the paths within its folder, and its `MoveRecord`. Written by `loop.book`,
read by the verbs `runs` and `why`.
"""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

import msgspec

from looop.core.diff import Change
from looop.core.ids import is_run_id
from looop.core.parsed import parsed
from looop.core.streams import Cost
from looop.store import files
from looop.store.paths import Profile

KEPT_SECONDS = 14 * 86400.0
KEPT_BYTES = 500 << 20
ALWAYS_KEPT = 50
"""Runs that neither age nor size removes: the newest."""

_RECORD_BYTES = 4 << 20


class MoveRecord(msgspec.Struct, frozen=True):
    """What a run was and did, as `move.json` keeps it. Times are epoch seconds; None: it has not ended.

    A `cost` with nothing in it is unknown, not zero. `ignored` are files in the tick's folder that were no
    policy and so could not land.
    """

    run: str
    began: float
    ended: float | None = None
    why: str = ""
    changes: tuple[Change, ...] = ()
    runner: str = ""
    outcome: str = ""
    subject: str | None = None
    move: str = ""
    reason: str = ""
    line: str = ""
    cost: Cost = Cost(None, None, None)
    acts: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    v: int = 1


@dataclass(frozen=True, slots=True)
class Run:
    """One run's folder."""

    folder: Path

    @property
    def id(self) -> str:
        """The run's name."""
        return self.folder.name

    @property
    def prompt(self) -> Path:
        """What the AI was told."""
        return self.folder / "prompt.md"

    @property
    def output(self) -> Path:
        """What the AI's program printed, as it printed it."""
        return self.folder / "output.log"

    @property
    def world(self) -> Path:
        """The world as it was sensed."""
        return self.folder / "world.json"

    @property
    def move(self) -> Path:
        """The `MoveRecord`."""
        return self.folder / "move.json"

    @property
    def landing(self) -> Path:
        """What the landing was going to do."""
        return self.folder / "landing.json"

    @property
    def rejected(self) -> Path:
        """The folder of what did not land."""
        return self.folder / "rejected"

    @property
    def replaced(self) -> Path:
        """The folder of previous versions."""
        return self.folder / "replaced"


def start(profile: Profile, run_id: str) -> Run:
    """Make a run's folder, durably. FileExistsError if there is one of this name."""
    files.private_dir(profile.runs, below=profile.data)
    run = Run(profile.runs / run_id)
    run.folder.mkdir(0o700)
    files.private_dir(run.folder)  # whatever the umask
    files.sync_folder(run.folder)
    return run


def list_runs(profile: Profile) -> tuple[Run, ...]:
    """List the runs, oldest first; whatever else lies in the folder is none."""
    try:
        names = os.listdir(profile.runs)  # noqa: PTH208 - thousands of names
    except FileNotFoundError:
        return ()
    return tuple(Run(profile.runs / name) for name in sorted(names) if is_run_id(name))


def find(profile: Profile, run_id: str) -> Run | None:
    """Give the run of this name, None if there is none."""
    run = Run(profile.runs / run_id)
    return run if is_run_id(run_id) and files.present(run.folder) else None


def write_record(run: Run, record: MoveRecord) -> None:
    """Write `move.json`, durably, replacing an earlier one: it tells whether the run was cut off."""
    files.durable(run.move, msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n")


_NO_RECORD = (
    FileNotFoundError,
    NotADirectoryError,  # a stray file that is named like a run
    files.NotRegular,
    files.TooLarge,
    ValueError,
)


def read_record(run: Run) -> MoveRecord | None:
    """Read `move.json`; None if there is none, it is not one that looop wrote, or the run is no folder."""
    try:
        return parsed(files.read_regular(run.move, _RECORD_BYTES), MoveRecord)
    except _NO_RECORD:
        return None


def prune(profile: Profile, now: float) -> tuple[str, ...]:
    """Remove runs older than 14 days, then the oldest until 500 MB are left, never one of the last 50.

    Gives the names removed. It looks at every file of every run beyond the fiftieth: for after a tick, in
    a thread, not for every beat.
    """
    runs = list_runs(profile)
    kept = runs[-ALWAYS_KEPT:]
    candidates = runs[: -len(kept)] if kept else ()
    room = KEPT_BYTES - (sum(_bytes(run.folder) for run in kept) if candidates else 0)
    removed = []
    for run in reversed(candidates):
        room -= _bytes(run.folder)
        if room < 0 or _age(run, now) > KEPT_SECONDS:
            files.remove_tree(run.folder)
            removed.append(run.id)
    return tuple(reversed(removed))


def _age(run: Run, now: float) -> float:
    """Give the seconds since the folder last changed; 0 when it has just gone."""
    with contextlib.suppress(FileNotFoundError):
        return now - run.folder.lstat().st_mtime
    return 0.0


def _bytes(folder: Path) -> int:
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                total += Path(parent, name).lstat().st_size
    return total
