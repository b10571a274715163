"""The guard as an engine has it: the shims written before each start, and whether they come first after it.

In: a profile and CONFIG. Out: the folder for PATH, and a `Standing` that is remembered for a while. It joins
`guard` with `loop` and `session`, which don't know it.
"""

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from looop.child.environ import own_binary
from looop.core.digest import digest
from looop.core.rules import Shims, Standing
from looop.guard import shims, standing
from looop.store.config import Config
from looop.store.paths import Profile

FRESH = 3600.0
"""Seconds that an answer of the same shell in the same environment holds: start files change, but rarely."""

_MOST = 64


HIDDEN = Path("/run/looop")
"""Where a cell keeps the programs that shims stand before; outside there is no such folder."""


def shims_of(profile: Profile, env: Mapping[str, str]) -> Callable[[Config, bool], Shims | None]:
    """Give the function that writes a profile's shims as CONFIG wants them; OSError of the disk.

    Its second argument is whether they are for a cell; then a full path leads to the shim as well.
    """

    def write(config: Config, celled: bool) -> Shims | None:
        hidden = HIDDEN if celled else None
        folder = shims.write(profile, config.guard, own_binary(), hidden=hidden)
        if folder is None:
            return None
        found = shims.bound(folder, hidden, env.get("PATH", os.defpath)) if hidden else ()
        pairs = (((it.real, it.hidden), (it.shim, it.real)) for it in found)
        return Shims(folder, tuple((str(source), str(place)) for both in pairs for source, place in both))

    return write


class Guarding:
    """The guard around sessions; `settings` reads CONFIG."""

    def __init__(self, profile: Profile, env: Mapping[str, str], settings: Callable[[], Config]) -> None:
        self._profile = profile
        self._settings = settings
        self._write = shims_of(profile, env)
        self._known: dict[str, tuple[float, Standing]] = {}

    def shims(self, *, celled: bool) -> Shims | None:
        """Bring the shims up to date, those of a cell or others. Problem, OSError."""
        return self._write(self._settings(), celled)

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
