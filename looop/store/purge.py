"""DATA and CONFIG removed for good, as `uninstall --purge` does after a person has agreed.

In: a profile in which nothing lives. Out: what went and what stays, each with why. Only a folder that is a
profile is touched, only what looop makes in it is removed, and what marks it as a profile goes last.
"""

import os
import re

from looop.core.problem import Exit, Problem
from looop.store import config, files, paths
from looop.store.leftovers import Swept
from looop.store.paths import Profile

_MADE = re.compile(
    r"(journal|events|cost)[.-].*|\.?backup-format-\d+|\.seeding|\.looop-[0-9a-f]+\.tmp|\.sock.*", re.DOTALL
)


def strange(profile: Profile) -> tuple[str, ...]:
    """Name what lies in DATA and is not looop's own making; a purge leaves it there."""
    tops = paths.tops()
    return tuple(sorted(name for name in os.listdir(profile.data) if not _is_ours(name, tops)))  # noqa: PTH208


def remove_data(profile: Profile) -> Swept:
    """Remove a profile's memory; absent, nothing. Problem REFUSED when it is none, or something lives in it.

    Interrupted, or with something in it that is not looop's, it can be called again.
    """
    if not paths.check_folder(profile):
        return Swept()
    if not _is_profile(profile):
        raise _refused(f"{profile.data} has no file .format, so it is no profile: nothing in it was touched.")
    try:
        with files.lock(profile.keeper_lock), files.lock(profile.lock):
            left = _emptied(profile)
    except files.Held as error:
        raise _refused(f"Something lives in {profile.data} ({error}): nothing in it was touched.") from error
    if left:
        named = ", ".join(left[:3])
        return Swept(kept=((str(profile.data), f"holds what looop did not make ({named})"),))
    profile.data.rmdir()
    return Swept(gone=(str(profile.data),))


def remove_config(profile: Profile) -> Swept:
    """Remove CONFIG, if it can be read as one; of a link the link alone."""
    place = profile.config
    if not files.present(place):
        return Swept()
    try:
        config.load(profile, {})
    except Problem:
        return Swept(kept=((str(place), "can't be read as CONFIG, so it may be something else"),))
    target = place.resolve() if place.is_symlink() else None
    files.durable_remove(place)
    kept = ((str(target), "is what CONFIG was a link to"),) if target else ()
    return Swept(gone=(str(place),), kept=kept)


def _emptied(profile: Profile) -> tuple[str, ...]:
    """Remove all that is ours; the names that are left. The locks are held, and go with the mark at last."""
    last = {profile.keeper_lock.name: 0, profile.lock.name: 1, profile.format.name: 2}
    tops = paths.tops()
    names = [name for name in os.listdir(profile.data) if _is_ours(name, tops)]  # noqa: PTH208
    for name in sorted(names, key=lambda name: last.get(name, -1)):
        place = profile.data / name
        if os.path.ismount(place):
            raise _refused(f"{place} is a mount: unmount it first.")
        files.remove_tree(place)
    return tuple(sorted(os.listdir(profile.data)))  # noqa: PTH208


def _is_ours(name: str, tops: frozenset[str]) -> bool:
    return name in tops or _MADE.fullmatch(name) is not None


def _is_profile(profile: Profile) -> bool:
    try:
        return bool(files.read_regular(profile.format, 64))
    except (FileNotFoundError, files.NotRegular, files.TooLarge):
        return False


def _refused(sentence: str) -> Problem:
    return Problem(Exit.REFUSED, "not-purged", sentence)
