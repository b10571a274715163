"""Moves that a tick made and that wait for a person: what would land, whole and durable.

In: a judged `Landing` and its run. Out: `sessions/pulse/held/<run>/`, until somebody has decided. It waits as
soon as its `held.json` is there, which is written last. Neighbours: `loop.tick` lets a move wait,
`loop.verdicts` lands or drops it.
"""

from pathlib import Path

import msgspec

from looop.core.act import Write
from looop.core.diffs import CUT, unified
from looop.core.digest import digest, digest_bytes
from looop.core.moves import Kind, Landing
from looop.core.parsed import parsed
from looop.store import copies, files
from looop.store.paths import Profile
from looop.store.policy import names
from looop.store.runs import Run

LONGEST_DIFF = 16 << 10
"""Bytes of a diff that a flag carries."""

MOST = 20
"""Moves that wait at a time: a person who is away needs no pile of them."""

_LARGEST = 16 << 20
_RECORD = "held.json"


class Piece(msgspec.Struct, frozen=True):
    """One file: its digest when the move was made and after it (None: absent), its bytes in the folder."""

    path: str
    before: str | None
    after: str | None
    staged: str | None = None
    executable: bool = False


class Held(msgspec.Struct, frozen=True):
    """One move. `kind` is `core.moves.Kind` as a word, `why` the reason to wait, `at` epoch seconds."""

    run: str
    kind: str
    subject: str
    pieces: tuple[Piece, ...]
    why: str
    at: float
    v: int = 1

    @property
    def cause(self) -> str:
        """The cause of the flag that asks about it."""
        return f"waiting {self.run}"

    @property
    def digest(self) -> str:
        """What an approval is bound to."""
        return digest([self.run, [(it.path, it.before, it.after) for it in self.pieces]])

    def __str__(self) -> str:
        return f"{self.kind} ({self.subject})"


def hold(profile: Profile, run: str, landing: Landing, why: str, now: float) -> Held:
    """Keep a move, durably, while the files stand as its tick was given them: under the policy lock."""
    folder = _folder(profile, run)
    files.private_dir(folder, below=profile.data)
    pieces = tuple(_kept(profile, folder, write, place) for place, write in enumerate(landing.writes))
    held = Held(run, str(landing.kind), landing.subject or "", pieces, why, now)
    files.durable(folder / _RECORD, msgspec.json.encode(held))
    return held


def listed(profile: Profile) -> tuple[Held, ...]:
    """Give the moves that wait, oldest first; what can't be read as one is none."""
    found = (read(profile, run) for run in names(_home(profile)))
    return tuple(held for held in found if held)


def read(profile: Profile, run: str) -> Held | None:
    """Give the move of one run, if it waits."""
    try:
        held = parsed(files.read_regular(_folder(profile, run) / _RECORD, _LARGEST), Held)
    except (FileNotFoundError, NotADirectoryError, files.NotRegular, ValueError):
        return None
    return held if held.run == run else None


def landing(profile: Profile, held: Held) -> Landing:
    """Give the move as its tick made it. OSError when its bytes can't be read, ValueError if they differ."""
    writes = tuple(_write(_folder(profile, held.run), piece) for piece in held.pieces)
    return Landing(Kind(held.kind), held.subject, writes)


def torn(profile: Profile, held: Held) -> tuple[str, ...]:
    """Name the files that are not as they were when the move was made."""
    return tuple(it.path for it in held.pieces if copies.in_place(profile, it.path) != it.before)


def diff(profile: Profile, held: Held) -> str:
    """Show what would land, as lines that a terminal can be given."""
    writes = landing(profile, held).writes
    shown = (unified(it.path, _in_place(profile, it.path), it.data) for it in writes)
    return shortened("".join(shown), str(_folder(profile, held.run)))


def shortened(text: str, where: str) -> str:
    """Cut a diff to what a flag carries; where the rest can be read."""
    if len(text.encode()) <= LONGEST_DIFF:
        return text
    kept = text.encode()[:LONGEST_DIFF].decode(errors="ignore").rpartition("\n")[0]
    return f"{kept}\n{CUT}; read the rest in {where} before you approve)\n"


def settle(profile: Profile, run: str, how: str) -> None:
    """End the waiting: what was kept goes to the run's folder, as `how`, or away if that is gone."""
    folder, home = _folder(profile, run), Run(profile.runs / run).folder
    if not files.present(folder):
        return
    if files.present(home) and not files.present(home / how):
        files.durable_rename(folder, home / how)
    else:
        files.durable_remove_tree(folder)


def drop(profile: Profile, run: str) -> None:
    """Forget a move whose tick did not end."""
    if files.present(_folder(profile, run)):
        files.durable_remove_tree(_folder(profile, run))


def _kept(profile: Profile, folder: Path, write: Write, place: int) -> Piece:
    was = copies.in_place(profile, write.path)
    if write.data is None:
        return Piece(write.path, was, None)
    files.durable(folder / str(place), write.data)
    return Piece(write.path, was, digest_bytes(write.data), str(place), write.executable)


def _write(folder: Path, piece: Piece) -> Write:
    if piece.staged is None:
        return Write(piece.path, None)
    data = files.read_regular(folder / piece.staged, _LARGEST)
    if digest_bytes(data) != piece.after:
        raise ValueError(f"{folder / piece.staged} is not what its tick wrote")
    return Write(piece.path, data, piece.executable)


def _in_place(profile: Profile, path: str) -> bytes | None:
    found = copies.leaf(profile.data / path)
    return found.data if found.data or files.present(profile.data / path) else None


def _home(profile: Profile) -> Path:
    return profile.pulse / "held"


def _folder(profile: Profile, run: str) -> Path:
    return _home(profile) / run
