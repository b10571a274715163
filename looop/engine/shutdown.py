"""`down`: say that nobody wants the pulse any more, end what runs, and return when its end was seen.

In: a profile, even one that can't be read. Out: what was ended, and what survived. Gently, the engine is
asked and finishes a landing; `now` kills, needs neither an engine that answers, nor CONFIG, nor disk space.
"""

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from signal import SIGTERM

import trio

from looop.child import tree
from looop.child.proc import Proc
from looop.core.problem import Exit, Problem
from looop.engine import holder
from looop.engine.ask import STOP, ask
from looop.store import files
from looop.store.paths import Profile

PATIENCE = 60.0  # seconds for a gentle end
PAUSE = 0.03  # seconds between two looks
UNNAMED = 3.0  # seconds that a fresh keeper has for putting its name into its lock


@dataclass(frozen=True, slots=True)
class Stopped:
    """What `down` found and did. `trouble` is why `.up` could not be removed: the pulse stays wanted then."""

    ran: bool
    survivors: tuple[Proc, ...] = ()
    trouble: str | None = None


async def down(profile: Profile, *, now: bool = False, patience: float = PATIENCE) -> Stopped:
    """End pulse, engine and keeper; return when they are seen to be gone.

    Nothing runs, or no profile: `ran` is False, and that is no error. With `now` at once, by killing whole
    trees, that of a `tick` by hand too; who survives is named. Else Problem NO after `patience` seconds, or
    when somebody ran `up` meanwhile. A cancel leaves it half done; calling it again goes on.
    """
    trouble = await files.aside(_unwant, profile)
    if now:
        return await files.aside(_kill, profile, trouble)
    with trio.move_on_after(patience):
        theirs = await _told_to_end(profile)
        while bool(theirs) and await files.aside(_runs, profile, theirs):
            if trouble is None and profile.up.exists():
                raise Problem(Exit.NO, "up-again", "Somebody ran `looop up` meanwhile, so the pulse goes on.")
            await trio.sleep(PAUSE)
        return Stopped(bool(theirs), trouble=trouble)
    raise Problem(
        Exit.NO,
        "still-ending",
        f"The pulse has not ended within {patience:g} s, perhaps a landing takes long: wait, or end it with "
        "`looop down --now`.",
    )


async def _told_to_end(profile: Profile) -> tuple[Path, ...]:
    """Tell the engine, or keeper for it, to end; the locks that are free once it has, none for neither.

    A `tick` by hand is its caller's to end: it holds the profile's lock and takes no STOP. An engine that
    waits for its end goes, and it goes on.
    """
    both = (profile.keeper_lock, profile.lock)
    keeper = await files.aside(_named, profile.keeper_lock)
    answer = await ask(profile.sock, STOP)
    if answer is not None and answer.code == Exit.REFUSED:
        raise Problem(Exit.REFUSED, "not-yours", answer.err.removeprefix("looop: ").strip())
    if answer is not None and answer.code is not None:
        return both
    if keeper is not None:  # its engine starts, hangs, waits for a tick by hand, or was just lost
        tree.send(keeper, SIGTERM)
        return both[:1] if answer is not None and answer.left_to_us else both
    if answer is not None and answer.deaf:
        raise Problem(
            Exit.NO,
            "deaf",
            "An engine without a keeper holds this profile and does not answer: `looop down --now` ends it.",
        )
    return ()


def _runs(profile: Profile, locks: tuple[Path, ...]) -> bool:
    """Tell whether keeper or an engine is there still; clear away the socket of one that was killed."""
    if any(holder.living(lock) for lock in locks):
        return True
    _unlink_socket(profile)
    return False


def _unlink_socket(profile: Profile) -> None:
    """Remove a socket that nobody listens on: its owner would hold the lock."""
    with suppress(OSError, files.Held), files.lock(profile.lock):
        profile.sock.unlink(missing_ok=True)


def _kill(profile: Profile, trouble: str | None) -> Stopped:
    roots = [
        process
        for lock in (profile.keeper_lock, profile.lock)
        if (process := _named(lock)) is not None and _held(lock)
    ]
    seen = dict.fromkeys(roots) | {below: None for root in roots for below in tree.descendants(root.pid)}
    for root in roots:
        tree.kill_tree(root.pid)
    survivors = tuple(process for process in seen if tree.alive(process.pid, process.start))
    _unlink_socket(profile)
    return Stopped(bool(roots), survivors, trouble)


def _named(lock: Path) -> Proc | None:
    """Give the living holder of a lock, waiting for one that has not yet put its name there."""
    until = time.monotonic() + UNNAMED
    while (found := holder.living(lock)) is None and _held(lock) and time.monotonic() < until:
        time.sleep(PAUSE)
    return found


def _held(lock: Path) -> bool:
    try:
        files.lock(lock).release()
    except files.Held:
        return True
    except OSError:  # no profile, or a disk that takes nothing: the name in the file must do
        return lock.exists()
    return False


def _unwant(profile: Profile) -> str | None:
    """Remove `.up`, which needs no space; why it could not be done."""
    try:
        files.durable_remove(profile.up)
    except OSError as error:
        return f"{profile.up} could not be removed ({error.strerror})"
    return None
