"""The claims: leases on names, one small file each, taken by a session and ended by it or with it.

In: `claims/<name>.json`. Out: `Claim`s. A lease is taken by creating its file, which only one can, and ended
under a lock, so that nobody's is removed for another's. A stray or broken file is none and stops nothing.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from looop.core.ids import is_name
from looop.core.parsed import parsed
from looop.core.problem import Exit, Problem
from looop.core.world import Claim
from looop.store import files
from looop.store.faults import Unreadable
from looop.store.paths import Profile
from looop.store.policy import names

_LIMIT = 64 << 10


class _Lease(msgspec.Struct, frozen=True):
    name: str
    session: str
    generation: str
    since: float


def read(profile: Profile) -> tuple[Claim, ...]:
    """Read all claims, sorted by name. Raises Unreadable when one is there that can't be read."""
    found = (_claim(profile, name) for name in names(profile.claims) if name.endswith(".json"))
    return tuple(claim for claim in found if claim)


def take(profile: Profile, name: str, session: str, generation: str, *, now: float | None = None) -> Claim:
    """Take a lease, durably; whose it is afterwards. Taking one's own again changes no byte.

    Problem USAGE `bad-name`; REFUSED `broken-claim` when a file that is no claim has the name.
    """
    check_name(name)
    lease = _Lease(name, session, generation, time.time() if now is None else now)
    with _locked(profile):
        if (held := _claim(profile, f"{name}.json")) is not None:
            return held
        try:
            files.exclusive(_path(profile, name), msgspec.json.encode(lease))
        except FileExistsError as error:
            raise Problem(
                Exit.REFUSED, "broken-claim", f"{error.filename} is no claim: look at it and remove it."
            ) from error
    return Claim(name, session, generation)


def end(profile: Profile, name: str, session: str | None = None) -> Claim | None:
    """End a lease, durably: the session's own, or with None anybody's. What was ended, None if it is free.

    Problem REFUSED `not-yours` when another session holds it.
    """
    check_name(name)
    with _locked(profile):
        held = _claim(profile, f"{name}.json")
        if held is None:
            return None
        if session is not None and held.session != session:
            raise Problem(
                Exit.REFUSED, "not-yours", f"{name} is claimed by {held.session}: it alone ends its lease."
            )
        files.durable_remove(_path(profile, name))
    return held


def release(profile: Profile, session: str, generation: str) -> tuple[str, ...]:
    """End all leases of a generation that is over, durably; their names."""
    return _drop(profile, lambda claim: (claim.session, claim.generation) == (session, generation))


def drop_dead(profile: Profile, living: set[tuple[str, str]]) -> tuple[str, ...]:
    """End all leases of generations that do not live, durably; their names."""
    return _drop(profile, lambda claim: (claim.session, claim.generation) not in living)


def check_name(name: str) -> None:
    """Problem USAGE `bad-name` for what can't be a lease's name."""
    if not is_name(name):
        raise Problem(
            Exit.USAGE,
            "bad-name",
            f"{name[:80]!r} can't be claimed: use 1 to 64 letters, digits, '.', '_' or '-'.",
        )


def _drop(profile: Profile, dead: Callable[[Claim], bool]) -> tuple[str, ...]:
    if not any(map(dead, read(profile))):  # the usual case takes no lock
        return ()
    with _locked(profile):
        dropped = [claim.name for claim in read(profile) if dead(claim)]
        for name in dropped:
            files.durable_remove(_path(profile, name))
    return tuple(dropped)


@contextmanager
def _locked(profile: Profile) -> Iterator[None]:
    files.private_dir(profile.pulse, below=profile.data)
    files.private_dir(profile.claims, below=profile.data)
    with files.lock(profile.pulse / "claims.lock", block=True):
        yield


def _path(profile: Profile, name: str) -> Path:
    return profile.claims / f"{name}.json"


def _claim(profile: Profile, filename: str) -> Claim | None:
    path = profile.claims / filename
    try:
        lease = parsed(files.read_regular(path, _LIMIT), _Lease)
    except (FileNotFoundError, files.NotRegular, files.TooLarge, ValueError):
        return None
    except OSError as error:
        raise Unreadable(path, error.strerror or type(error).__name__) from error
    if f"{lease.name}.json" != filename:
        return None
    return Claim(lease.name, lease.session, lease.generation)
