"""Claims of live sessions: taken, ended, and waited for.

In: a session's wish. Out: `claims/<name>.json` (`store.claims`). Whoever waits looks again whenever a lease
ended here, and every few seconds, because a file can be removed by hand.
"""

from collections.abc import Callable

import trio

from looop.core.problem import Exit, Problem
from looop.core.world import Claim
from looop.session.bell import Bell
from looop.store import claims, files
from looop.store.paths import Profile

LOOK_AGAIN = 2.0
"""Seconds between two looks at a lease that is waited for."""


class Leases:
    """The claims of one profile. `living` maps the id of each live session to its generation."""

    def __init__(
        self, profile: Profile, living: Callable[[], dict[str, str]], poke: Callable[[], None]
    ) -> None:
        self._profile = profile
        self._living = living
        self._poke = poke
        self._ended = Bell()

    async def claim(self, lease: str, name: str) -> Claim:
        """Take a lease for a live session; whose it is afterwards. One's own is left as it is."""
        generation = self._living().get(name)
        if generation is None:
            raise Problem(Exit.NO, "over", f"{name} does not live, and only a live session claims.")
        held = await files.aside(claims.take, self._profile, lease, name, generation)
        if (held.session, held.generation) in self._living().items():
            return held
        await self.tidy()
        return await files.aside(claims.take, self._profile, lease, name, generation)

    async def freed(self, lease: str) -> None:
        """Return when a lease may have become free."""
        claims.check_name(lease)
        with trio.move_on_after(LOOK_AGAIN):
            await self._ended.wait()

    async def unclaim(self, lease: str, name: str | None = None) -> Claim | None:
        """End a lease: a session's own, or for a person anybody's."""
        ended = await files.aside(claims.end, self._profile, lease, name)
        self._rung()
        return ended

    async def release(self, name: str, generation: str) -> tuple[str, ...]:
        """End all leases of a generation that is over; a second time there are none."""
        released = await files.aside(claims.release, self._profile, name, generation)
        self._rung()
        return released

    async def tidy(self) -> tuple[str, ...]:
        """End all leases of generations that do not live."""
        dropped = await files.aside(claims.drop_dead, self._profile, set(self._living().items()))
        if dropped:
            self._rung()
        return dropped

    def _rung(self) -> None:
        self._ended.ring()
        self._poke()
