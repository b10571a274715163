"""Holding the sessions by the day's money: frozen when it is spent, till a person or midnight frees them.

In: what sessions have spent, the loop's own spend, CONFIG, what a person allowed. Out: sessions frozen for
money or not, one flag a day. It compares each time and remembers nothing that matters, so a crash between a
limit and its sessions changes nothing. Neighbours: `loop.reins` holds the beat by the same judgement.
"""

import time
from collections.abc import Awaitable, Callable

import trio

from looop.core.allowance import LIMIT, Standing
from looop.core.problem import Problem
from looop.core.stream_faults import Finding
from looop.core.usage import day_of
from looop.session import holding
from looop.session.host import Host
from looop.session.life import Life
from looop.session.spending import EVERY
from looop.store import files, flags, ledger, money
from looop.store.config import Config
from looop.store.faults import CorruptLedger
from looop.store.paths import Profile

GAP = 1.0
"""Seconds between two looks that hints ask for, at least."""


class Purse:
    """The purse of one engine's sessions. `tell` reaches a person outside the terminal."""

    def __init__(
        self,
        profile: Profile,
        host: Host,
        *,
        settings: Callable[[], Config],
        now: Callable[[], float],
        tell: Callable[[str], Awaitable[object]],
        say: Callable[[str], None],
    ) -> None:
        self._profile = profile
        self._host = host
        self._settings = settings
        self._now = now
        self._tell = tell
        self._say = say
        self._held: set[str] = set()  # generations that this engine has stopped
        self._limited = {it.cause for it in flags.open_flags(profile) if it.cause.startswith(LIMIT)}
        self._hinted = trio.Event()
        self._turn = trio.Lock()

    def hint(self) -> None:
        """Hint that a session has news, or a person has spoken."""
        self._hinted.set()

    async def serve(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Look now and again until cancelled; the first look comes before anything else is done."""
        await self.look()
        task_status.started()
        day = ""
        while True:
            if day != (day := day_of(self._now())):
                await self._compact()
            with trio.move_on_after(EVERY):
                await self._hinted.wait()
            self._hinted = trio.Event()
            await self.look()
            await trio.sleep(GAP)

    async def look(self) -> None:
        """Read what was spent, hold or release the sessions by it. Raises nothing of a disk or CONFIG."""
        try:
            async with self._turn:
                await self._look()
        except (OSError, Problem) as error:
            self._say(f"the day's money could not be looked at ({error})")

    async def _compact(self) -> None:
        """Once a day: a session that works for hours is written down again each minute."""
        try:
            await files.aside(ledger.compact, self._profile)
        except (OSError, CorruptLedger) as error:
            self._say(f"the ledger could not be made smaller ({error})")

    async def _look(self) -> None:
        lives = tuple(self._host.lives.values())
        await self._host.spending.survey(lives)
        await self._tell_of_limits()
        settings = self._settings()
        if not (lives or settings.max_daily_usd):
            return
        found = await files.aside(money.look, self._profile, settings, self._now())
        await self._hold(lives, found)
        if sentence := await files.aside(money.tell, self._profile, found, self._now()):
            self._say(f"⚑ {sentence}")
            await self._tell(sentence)

    async def _tell_of_limits(self) -> None:
        """Flag a session whose agent is at its limit or not logged in, as long as that lasts."""
        now = self._now()
        wanted = {
            f"{LIMIT}{name}": _sentence(name, it)
            for name, it in self._host.spending.limits.items()
            if it.until is None or now < it.until
        }
        for cause in [it for it in self._limited if it not in wanted]:
            await files.aside(flags.clear, self._profile, cause)
        for cause in [it for it in wanted if it not in self._limited]:
            if await files.aside(flags.raise_flag, self._profile, cause, wanted[cause]) is not None:
                self._say(f"⚑ {wanted[cause]}")
                await self._tell(wanted[cause])
        self._limited = set(wanted)

    async def _hold(self, lives: tuple[Life, ...], found: Standing) -> None:
        if not found.spent:
            self._held.clear()
            for life in lives:
                await holding.release(life)
            return
        for life in lives:
            if life.key not in self._held or not life.known.unpaid:
                await holding.hold(life)
                self._held.add(life.key)


def _sentence(name: str, found: Finding) -> str:
    until = f" until {time.strftime('%Y-%m-%d %H:%M', time.localtime(found.until))}" if found.until else ""
    return f"the agent of session {name} can't work{until}: {found.fault}"
