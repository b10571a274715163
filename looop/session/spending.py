"""What all sessions cost, read when it may have changed: at news, at their end, now and then while they work.

In: live sessions and ends. Out: the ledger. What can't be read now is read at the next look: nothing here
raises for a transcript or a disk. Neighbours: `meter` reads one, `engine.purse` holds all by the sum.
"""

from collections.abc import Callable, Iterable, Mapping
from math import inf
from pathlib import Path
from typing import Protocol

import trio

from looop.core.problem import Problem
from looop.core.sessions import Known, Meta
from looop.core.stream_base import Fault
from looop.core.stream_faults import Finding, classify
from looop.core.usage import Trouble
from looop.session.around import Around, Ended
from looop.session.meter import Meter, metered
from looop.store import files
from looop.store.config import Config
from looop.store.faults import CorruptLedger
from looop.store.paths import Profile

EVERY = 60.0
"""Seconds between two looks at the transcripts of a session that works."""


class Spends(Protocol):
    """What is asked of a live session."""

    meta: Meta
    known: Known
    last_output: float | None

    @property
    def folder(self) -> Path:
        """Its folder."""


class Spending:
    """The meters of one engine's sessions. `limits`: why those can't work whose agents said so, by id."""

    def __init__(
        self, profile: Profile, around: Around, env: Mapping[str, str], settings: Callable[[], Config]
    ) -> None:
        self._profile = profile
        self._around = around
        self._env = env
        self._settings = settings
        self.limits: dict[str, Finding] = {}
        self._meters: dict[str, Meter] = {}
        self._seen: dict[str, tuple[int, float]] = {}  # by generation: its news, and the look's moment
        self._turn = trio.Lock()

    async def survey(self, lives: Iterable[Spends]) -> bool:
        """Look at those that have news, or worked a while; whether any has spent more."""
        due = [life for life in lives if self._due(life)]
        return any([await self.look(life) for life in due])

    async def look(self, life: Spends) -> bool:
        """Look at one now; whether it has spent more."""
        self._seen[life.meta.generation] = (life.known.news, self._around.steady())
        return await self._look(life.meta, life.folder, over=False)

    async def settle(self, ended: Ended) -> None:
        """Look at one for the last time; a second time finds nothing new."""
        await self._look(ended.meta, ended.folder, over=True)
        self.limits.pop(ended.meta.id, None)
        self._meters.pop(ended.meta.generation, None)
        self._seen.pop(ended.meta.generation, None)

    def _due(self, life: Spends) -> bool:
        news, at = self._seen.get(life.meta.generation, (0, -inf))
        if life.known.news != news:
            return True
        worked = at == -inf or (life.last_output is not None and life.last_output >= at)
        return self._around.steady() - at >= EVERY and worked

    async def _look(self, meta: Meta, folder: Path, *, over: bool) -> bool:
        if not (metered(meta) or files.present(folder / "spent.json")):
            return False
        meter = self._meters.setdefault(
            meta.generation, Meter(self._profile, meta, folder, {**self._env, **meta.env})
        )
        try:
            async with self._turn:
                more = await files.aside(_look, meter, self._settings(), self._around.now(), over)
        except (OSError, CorruptLedger, Problem) as error:
            self._around.say(f"{meta.id}: what it costs could not be read ({error})")
            return False
        self._note(meta.id, meter.trouble)
        return more

    def _note(self, name: str, trouble: Trouble | None) -> None:
        """Remember a limit or a lost login that no answer has followed yet."""
        found = classify(trouble.text, trouble.status, trouble.at) if trouble else None
        if found and found.fault in {Fault.USAGE_LIMIT, Fault.LOGIN}:
            self.limits[name] = found
        else:
            self.limits.pop(name, None)


def _look(meter: Meter, settings: Config, now: float, over: bool) -> bool:
    return meter.look(settings, now, over=over)
