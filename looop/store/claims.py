"""The claims: leases on names, one small file each. Here they are read; sessions take and end them.

In: `claims/<name>.json`. Out: `Claim`s. A stray or broken file is no claim and stops nothing.
"""

import msgspec

from looop.core.world import Claim
from looop.store import files
from looop.store.paths import Profile
from looop.store.policy import Unreadable, names

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


def _claim(profile: Profile, filename: str) -> Claim | None:
    path = profile.claims / filename
    try:
        lease = msgspec.json.decode(files.read_regular(path, _LIMIT), type=_Lease)
    except (FileNotFoundError, files.NotRegular, files.TooLarge, ValueError, RecursionError):
        return None
    except OSError as error:
        raise Unreadable(path, error.strerror or type(error).__name__) from error
    if f"{lease.name}.json" != filename:
        return None
    return Claim(lease.name, lease.session, lease.generation)
