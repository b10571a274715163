"""The pause: a person's "not now", kept until it is over or taken back.

In: a profile. Out: the `Pause` in force, if any; the loop turns it into a hold. Who writes: `looop pause`
and `looop unpause` alone. What can't be read counts as a pause without end: doubt never starts an agent.
"""

from contextlib import suppress

import msgspec

from looop.core.parsed import parsed
from looop.core.phase import Hold
from looop.store import files
from looop.store.paths import Profile

_LARGEST = 4096


class Pause(msgspec.Struct, frozen=True):
    """Since when, and until when; epoch seconds, None for "until a person says so"."""

    v: int = 1
    since: float = 0.0
    until: float | None = None
    trouble: str | None = None

    def over(self, now: float) -> bool:
        """Whether its time has passed."""
        return self.until is not None and now >= self.until

    def hold(self) -> Hold:
        """Give what `status` and the loop say of it."""
        return Hold(self.trouble or "paused by a person (`looop unpause` ends it)", self.until)


def read(profile: Profile) -> Pause | None:
    """Read the pause, over or not; None when there is none. Never raises: trouble is a pause too."""
    try:
        return parsed(files.read_regular(profile.pause, _LARGEST), Pause)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it holds no pause"
        return Pause(
            trouble=f"paused, since {profile.pause} can't be read ({why}): `looop unpause` removes it"
        )


def in_force(profile: Profile, now: float) -> Pause | None:
    """Read the pause unless it is over."""
    pause = read(profile)
    return None if pause is None or pause.over(now) else pause


def write(profile: Profile, pause: Pause) -> None:
    """Pause, durably; a second one replaces the first.

    On a disk without a byte left it is an empty file, which needs none and is a pause without end.
    """
    try:
        files.durable(profile.pause, msgspec.json.encode(pause))
    except OSError:
        with suppress(FileExistsError):
            files.exclusive(profile.pause, b"")


def clear(profile: Profile) -> bool:
    """End the pause, durably; False when there was none."""
    return files.durable_remove(profile.pause)
