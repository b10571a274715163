"""`down`: say that nobody wants the pulse any more, end what runs, and return when its end was seen.

In: a profile, even one that can't be read. Out: what was ended, and what survived. Gently, the engine is
asked and finishes a landing; `now` kills, needs neither an engine that answers, nor CONFIG, nor disk space.
Sessions go on below keeper unless they are to end too.
"""

import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from signal import SIGINT, SIGTERM

import trio

from looop.child import tree
from looop.child.proc import Proc
from looop.core.problem import Exit, Problem
from looop.engine import holder
from looop.engine.ask import STOP, STOP_ALL, ask
from looop.store import files
from looop.store.paths import Profile

PATIENCE = 60.0  # seconds for a gentle end
PAUSE = 0.03  # seconds between two looks
UNNAMED = 3.0  # seconds that a fresh keeper has for putting its name into its lock


@dataclass(frozen=True, slots=True)
class Stopped:
    """What `down` found and did. `trouble` is why `.up` could not be removed: the pulse stays wanted then.

    `sessions` is how many go on; while there are any, keeper and engine stay for them.
    """

    ran: bool
    survivors: tuple[Proc, ...] = ()
    trouble: str | None = None
    sessions: int = 0


async def down(
    profile: Profile, *, now: bool = False, sessions: bool = False, patience: float = PATIENCE
) -> Stopped:
    """End the pulse, with `sessions` those too; return when it is seen to be gone.

    Engine and keeper go with it when no session lives. Nothing runs, or no profile: `ran` is False, and that
    is no error. With `now` at once, by killing whole trees, that of a `tick` by hand too; who survives is
    named. Else Problem NO after `patience` seconds, or when somebody ran `up` meanwhile. A cancel leaves it
    half done; calling it again goes on.
    """
    trouble = await files.aside(_unwant, profile)
    if now:
        return await files.aside(_kill, profile, trouble, sessions)
    with trio.move_on_after(patience):
        theirs = await _told_to_end(profile, sessions=sessions)
        if isinstance(theirs, int):
            return Stopped(ran=True, trouble=trouble, sessions=theirs)
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


async def _told_to_end(profile: Profile, *, sessions: bool) -> tuple[Path, ...] | int:
    """Tell the engine, or keeper for it, to end; the locks that are free once it has, none for neither.

    Or how many sessions go on, once the pulse has ended: then nothing is to be waited for. A `tick` by hand
    is its caller's to end: it holds the profile's lock and takes no STOP. An engine that waits for its end
    goes, and it goes on.
    """
    both = (profile.keeper_lock, profile.lock)
    keeper = await files.aside(_named, profile.keeper_lock)
    answer = await ask(profile.sock, STOP_ALL if sessions else STOP)
    if answer is not None and answer.code == Exit.REFUSED:
        raise Problem(Exit.REFUSED, "not-yours", answer.err.removeprefix("looop: ").strip())
    if answer is not None and answer.code is not None:
        return int(answer.out or "0") or both
    if keeper is not None:  # its engine starts, hangs, waits for a tick by hand, or was just lost
        going_on = 0 if sessions else len(_leaders(keeper))
        if going_on:
            await _end_engine(keeper)
            return going_on
        tree.send(keeper, SIGTERM)
        return both[:1] if answer is not None and answer.left_to_us else both
    if answer is not None and answer.deaf:
        raise Problem(
            Exit.NO,
            "deaf",
            "An engine without a keeper holds this profile and does not answer: `looop down --now` ends it.",
        )
    return ()


async def _end_engine(keeper: Proc) -> None:
    """Have keeper end its engine and nothing else; returns when that engine is gone."""
    engines = await files.aside(_engines, keeper)
    tree.send(keeper, SIGINT)
    while True:
        if not await files.aside(_living, engines):
            return
        await trio.sleep(PAUSE)


def _runs(profile: Profile, locks: tuple[Path, ...]) -> bool:
    """Tell whether keeper or an engine is there still; clear away the socket of one that was killed."""
    if any(holder.living(lock) for lock in locks):
        return True
    _unlink_socket(profile)
    return False


def _unlink_socket(profile: Profile) -> None:
    """Remove a socket that nobody listens on: its owner would hold the lock."""
    with suppress(OSError, files.Held), files.lock(profile.lock):
        for place in (profile.sock, *profile.doors.glob("*/sock")):
            place.unlink(missing_ok=True)


def _kill(profile: Profile, trouble: str | None, sessions: bool) -> Stopped:
    keeper, engine = (_held_by(lock) for lock in (profile.keeper_lock, profile.lock))
    going_on = 0 if sessions or keeper is None else len(_leaders(keeper))
    heads = (keeper,) if keeper is None or not going_on else _engines(keeper)
    roots = list(dict.fromkeys(process for process in (*heads, engine) if process is not None))
    seen = dict.fromkeys(roots) | {below: None for root in roots for below in tree.descendants(root.pid)}
    for root in roots:
        tree.kill_tree(root.pid)
    survivors = _living(seen)
    if not going_on:
        _unlink_socket(profile)
    return Stopped(bool(roots), survivors, trouble, going_on)


def _living(processes: Iterable[Proc]) -> tuple[Proc, ...]:
    return tuple(process for process in processes if tree.alive(process.pid, process.start))


def _held_by(lock: Path) -> Proc | None:
    found = _named(lock)
    return found if found is not None and _held(lock) else None


def _leaders(keeper: Proc) -> tuple[Proc, ...]:
    """Give the first processes of live sessions: keeper's children that lead a session, as no engine does."""
    return tuple(
        child for child in tree.strays(keeper.pid, ()) if child.session == child.pid and not child.dead
    )


def _engines(keeper: Proc) -> tuple[Proc, ...]:
    """Give keeper's other children: its engine, and for a moment what an engine before that left."""
    return tuple(
        child for child in tree.strays(keeper.pid, ()) if child.session != child.pid and not child.dead
    )


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
