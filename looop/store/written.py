"""What an AI wrote for looop to run by itself: digests of sensors and checks, and which a person approved.

In: a digest and what it is of. Out: `sessions/pulse/written.json`, whole and durable. A digest that is not
in it was written by a person, and runs. Neighbours: `loop.land` notes, `loop.awaiting` asks.
"""

import time
from collections.abc import Collection
from pathlib import Path

import msgspec
from msgspec.structs import replace

from looop.core.digest import digest_bytes
from looop.core.parsed import parsed
from looop.core.problem import Exit, Problem
from looop.store import files
from looop.store.faults import Unreadable
from looop.store.paths import Profile

_LIMIT = 16 << 20
_KEPT = 2000
"""Digests that are kept; approved ones go first, since to forget an unapproved one is to run it."""
FULL = 12 << 20
"""Bytes of a book that takes nothing more that is not approved: it could get too large to be read."""
TOO_MUCH = (
    "the book of what AIs wrote for looop to run is full: once each sensor and check is one that you know, "
    "remove sessions/pulse/written.json"
)


class Written(msgspec.Struct, frozen=True):
    """One piece: the `path` in DATA that it was written to, by which run, and when (epoch seconds).

    What was `denied` awaits approval still, but nobody is asked again. `text` is a check's command.
    """

    path: str
    run: str
    at: float
    approved: float | None = None
    denied: float | None = None
    text: str = ""


class _Book(msgspec.Struct, frozen=True):
    pieces: dict[str, Written] = {}
    v: int = 1


def digest_of_check(command: str) -> str:
    """Give the digest of a goal's `verify:` line, or of `--verify`: its text without the space around it."""
    return digest_bytes(b"verify: " + command.strip().encode(errors="surrogateescape"))


def note(
    profile: Profile,
    digest: str,
    path: str,
    run: str,
    *,
    text: str = "",
    approved: bool = False,
    now: float | None = None,
) -> None:
    """Write down, durably, that an AI wrote this, and a person `approved` it, if one did.

    Nothing if the same bytes are known, but for an approval that they lacked. Problem REFUSED `full` when
    the book takes no more.
    """
    at = time.time() if now is None else now
    with _locked(profile):
        book = _read(profile)
        before = book.pieces.get(digest)
        if before is None and not approved and _full(book):
            raise Problem(Exit.REFUSED, "full", f"Nothing was done: {TOO_MUCH}.")
        piece = before or Written(path, run, at, text=text)
        if approved and piece.approved is None:
            piece = replace(piece, approved=at, denied=None)
        if piece != before:
            _write(profile, _Book(_thinned({**book.pieces, digest: piece})))


def approve(profile: Profile, digest: str, *, now: float | None = None) -> bool:
    """Write down, durably, that a person approved these bytes; False if nobody knows of them."""
    at = time.time() if now is None else now
    with _locked(profile):
        book = _read(profile)
        piece = book.pieces.get(digest)
        if piece is None:
            return False
        if piece.approved is None:
            _write(profile, _Book({**book.pieces, digest: replace(piece, approved=at, denied=None)}))
    return True


def deny(profile: Profile, digest: str, *, now: float | None = None) -> None:
    """Write down, durably, that a person does not want these bytes to run."""
    at = time.time() if now is None else now
    with _locked(profile):
        book = _read(profile)
        piece = book.pieces.get(digest)
        if piece is not None and piece.approved is None and piece.denied is None:
            _write(profile, _Book({**book.pieces, digest: replace(piece, denied=at)}))


def awaited(profile: Profile) -> dict[str, Written]:
    """Give what an AI wrote and no person approved, by digest. Unreadable for a bad book."""
    return {digest: piece for digest, piece in _read(profile).pieces.items() if piece.approved is None}


def no_room(profile: Profile, digests: Collection[str]) -> bool:
    """Whether some of these are unknown, and the book takes no more. Unreadable for a bad one."""
    book = _read(profile)
    return not book.pieces.keys() >= set(digests) and _full(book)


def known(profile: Profile) -> dict[str, Written]:
    """Give all that an AI wrote, by digest. Unreadable for a bad book."""
    return _read(profile).pieces


def _full(book: _Book) -> bool:
    return len(msgspec.json.encode(book)) > FULL


def _thinned(pieces: dict[str, Written]) -> dict[str, Written]:
    spare = len(pieces) - _KEPT
    old = [digest for digest, piece in pieces.items() if piece.approved is not None][: max(0, spare)]
    return {digest: piece for digest, piece in pieces.items() if digest not in old}


def _locked(profile: Profile) -> files.Lock:
    files.private_dir(profile.pulse, below=profile.data)
    return files.lock(profile.pulse / "written.lock", block=True)


def _read(profile: Profile) -> _Book:
    """Read the book. Damage is no empty book: all that an AI ever wrote would run."""
    try:
        return parsed(files.read_regular(_path(profile), _LIMIT), _Book)
    except FileNotFoundError:
        return _Book()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise Unreadable(_path(profile), f"{why}: remove it only if all sensors are yours") from error


def _write(profile: Profile, book: _Book) -> None:
    files.durable(_path(profile), msgspec.json.encode(book))


def _path(profile: Profile) -> Path:
    return profile.pulse / "written.json"
