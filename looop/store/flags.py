"""The loop's own flags: what it needs a person for, at most one open per cause, numbered for ever.

In: a cause (`disk`, `money`, `awaiting sensors/x.sh`) and a sentence. Out: `sessions/pulse/flags.json`. They
belong to the session id `pulse`; the flags of sessions are the session room's. One with an `offer` asks for
approval: `loop.awaiting` raises it, `loop.verdicts` hears the answer.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from looop.core.parsed import parsed
from looop.core.problem import Exit, Problem
from looop.store import files
from looop.store.paths import Profile

_LIMIT = 16 << 20
_LONGEST_TEXT = 2000

T = TypeVar("T")


class Flag(msgspec.Struct, frozen=True, omit_defaults=True):
    """One open flag; `raised` is epoch seconds. A later text on the same cause replaces the text alone.

    `offer` is the digest of what an approval of it approves, `diff` what a person is shown of that. `instead`
    is the number under which something else was shown before. `told`: a person was notified.
    """

    number: int
    cause: str
    text: str
    raised: float
    offer: str | None = None
    diff: str = ""
    instead: int | None = None
    told: bool = True


class _Book(msgspec.Struct, frozen=True):
    last: int = 0
    open: tuple[Flag, ...] = ()
    v: int = 1


def raise_flag(profile: Profile, cause: str, text: str, *, now: float | None = None) -> Flag | None:
    """Raise a flag, durably; None if the cause has one open already, whose text is updated then.

    Only what is not None is news to notify a person of.
    """
    at, text = time.time() if now is None else now, text[:_LONGEST_TEXT]

    def change(book: _Book) -> tuple[_Book, Flag | None]:
        updated = tuple(
            msgspec.structs.replace(flag, text=text) if flag.cause == cause else flag for flag in book.open
        )
        if any(flag.cause == cause for flag in book.open):
            return _Book(book.last, updated), None
        flag = Flag(book.last + 1, cause, text, at)
        return _Book(flag.number, (*book.open, flag)), flag

    return _changed(profile, change)


def offer(
    profile: Profile, cause: str, text: str, digest: str, diff: str, *, now: float | None = None
) -> Flag:
    """Raise a flag that asks for approval, durably; the open one, if it asks for the same.

    Another digest is another number: an approval is of what was shown under its own.
    """
    at, text = time.time() if now is None else now, text[:_LONGEST_TEXT]

    def change(book: _Book) -> tuple[_Book, Flag]:
        before = next((flag for flag in book.open if flag.cause == cause), None)
        if before is not None and before.offer == digest:
            return book, before
        instead = before.number if before else None
        flag = Flag(book.last + 1, cause, text, at, digest, diff, instead, told=False)
        others = tuple(flag for flag in book.open if flag is not before)
        return _Book(flag.number, (*others, flag)), flag

    return _changed(profile, change)


def tell(profile: Profile, number: int) -> None:
    """Write down, durably, that a person was notified of an offer."""

    def change(book: _Book) -> tuple[_Book, None]:
        said = (msgspec.structs.replace(it, told=True) if it.number == number else it for it in book.open)
        return _Book(book.last, tuple(said)), None

    return _changed(profile, change)


def next_number(profile: Profile, above: int = 0) -> int:
    """Take the next number, durably: for a session's flag, since all of a profile are numbered together.

    `above` is the highest number known elsewhere, should the book itself have been lost.
    """

    def change(book: _Book) -> tuple[_Book, int]:
        number = max(book.last, above) + 1
        return _Book(number, book.open), number

    return _changed(profile, change)


def open_flags(profile: Profile) -> tuple[Flag, ...]:
    """Give the open flags by number."""
    return _read(profile).open


def clear(profile: Profile, which: int | str) -> Flag | None:
    """Close the flag of this number or cause, durably; None if there is none open."""

    def change(book: _Book) -> tuple[_Book, Flag | None]:
        found = next((flag for flag in book.open if which in {flag.number, flag.cause}), None)
        return _Book(book.last, tuple(flag for flag in book.open if flag is not found)), found

    return _changed(profile, change)


def lower(profile: Profile, which: int | str) -> Flag | None:
    """Close a flag as a person asks for it. Problem REFUSED `needs-verdict` where it asks for approval."""
    found = next((it for it in open_flags(profile) if which in {it.number, it.cause}), None)
    if found is not None and found.offer is not None:
        verbs = f"`looop approve {found.number}` or `looop deny {found.number}`"
        raise Problem(Exit.REFUSED, "needs-verdict", f"⚑ {found.number} asks for approval: {verbs}.")
    return clear(profile, which)


def _changed(profile: Profile, change: Callable[[_Book], tuple[_Book, T]]) -> T:
    """Read, change and write under a lock of its own, held for moments: no two raise the same number."""
    files.private_dir(profile.pulse, below=profile.data)
    with files.lock(profile.pulse / "flags.lock", block=True):
        before = _read(profile)
        after, result = change(before)
        if after != before:
            files.durable(_path(profile), msgspec.json.encode(after))
    return result


def _read(profile: Profile) -> _Book:
    """Read the book. One that is no longer JSON counts as empty: a broken flag must not stop the loop."""
    path = _path(profile)
    try:
        return parsed(files.read_regular(path, _LIMIT), _Book)
    except (FileNotFoundError, ValueError):
        return _Book()


def _path(profile: Profile) -> Path:
    return profile.pulse / "flags.json"
