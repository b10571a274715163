"""The guard as an engine has it: the shims written before each start, and whether they come first after it.

In: a profile and CONFIG. Out: the folder for PATH, and a `Standing` that is remembered for a while. It joins
`guard` with `loop` and `session`, which don't know it.
"""

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from looop.child.environ import own_binary
from looop.core.digest import digest
from looop.core.rules import Standing
from looop.guard import shims, standing
from looop.store.config import Config
from looop.store.paths import Profile

FRESH = 3600.0
"""Seconds that an answer of the same shell in the same environment holds: start files change, but rarely."""

_MOST = 64


def shims_of(profile: Profile) -> Callable[[Config], Path | None]:
    """Give the function that writes a profile's shims as CONFIG wants them; OSError of the disk."""
    return lambda config: shims.write(profile, config.guard, own_binary())


class Guarding:
    """The guard around sessions; `settings` reads CONFIG."""

    def __init__(self, profile: Profile, settings: Callable[[], Config]) -> None:
        self._profile = profile
        self._settings = settings
        self._write = shims_of(profile)
        self._known: dict[str, tuple[float, Standing]] = {}

    def shims(self) -> Path | None:
        """Bring the shims up to date; the folder that is to come first in PATH. Problem, OSError."""
        return self._write(self._settings())

    async def standing(self, folder: Path, env: Mapping[str, str]) -> Standing:
        """Tell whether a session's agent would meet the shims."""
        key = digest([standing.shell_of(env), sorted(it for it in env.items() if it[0][:6] != "LOOOP_")])
        since, found = self._known.get(key, (0.0, None))
        if found is not None and time.monotonic() - since < FRESH:
            return found
        found = await standing.look(folder, env, self._profile.data)
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[key] = time.monotonic(), found
        return found
