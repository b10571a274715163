"""Running each generation's check, once, after it has ended well.

In: what is over, CONFIG, what awaits a person's approval. Out: a verdict in the generation's files, and news
that wakes the loop. A check that an engine's death cut off is never run again. Neighbour: `store.verdicts`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import trio

from looop.child import spawn
from looop.child.environ import environment
from looop.child.walls import CHECKS, Confined, Walls, Who
from looop.core import verdict
from looop.core.problem import Problem
from looop.core.quote import visible
from looop.core.verdict import Check, Verdict
from looop.session.past import Past
from looop.session.shelf import Shelf
from looop.store import clones, files, verdicts, written
from looop.store.config import Config
from looop.store.faults import Unreadable
from looop.store.paths import Profile
from looop.store.sessions import Entry

_AT_ONCE = 2
_SAID = 4096  # characters of its output that are kept
_AGAIN = 3.0  # seconds between two looks whether a person has approved
_LATER = 60.0  # seconds before a check is tried again that could not even be begun
_KEPT = frozenset({"PATH", "HOME", "LANG", "TZ", "TMPDIR", "USER", "LOGNAME"})
_TROUBLE = (OSError, ValueError, Unreadable, Problem)
# The two outputs as one, in their order; the command stays an argument, whatever is in it.
_SHELL = ("/bin/sh", "-c", 'exec /bin/sh -c "$1" 2>&1', "check")


@dataclass(frozen=True, slots=True)
class _Start:
    """Where a check runs, and as what."""

    folder: Path
    how: Confined


class Verifier:
    """The checks of all sessions on a shelf. `env` is the engine's environment."""

    def __init__(
        self, profile: Profile, shelf: Shelf, *, env: Mapping[str, str], settings: Callable[[], Config]
    ) -> None:
        self._profile = profile
        self._shelf = shelf
        self._env = env
        self._settings = settings
        self._scopes: dict[str, trio.CancelScope] = {}
        self._gone: set[str] = set()
        self._told: set[str] = set()
        self._room = trio.CapacityLimiter(_AT_ONCE)

    @property
    def running(self) -> int:
        """How many checks are being run, or wait for their turn."""
        return len(self._scopes)

    def stop(self) -> None:
        """Cut all checks off that are being run; their verdict is `not known`."""
        for scope in self._scopes.values():
            scope.cancel()

    async def serve(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """See to every check that is due until cancelled; a cancel cuts those off that are being run."""
        async with trio.open_nursery() as nursery:
            task_status.started()
            while True:
                news = self._shelf.around.bell.next()
                waits = await self._look(nursery)
                with trio.move_on_after(_AGAIN if waits else float("inf")):
                    await news.wait()

    async def _look(self, nursery: trio.Nursery) -> bool:
        """Start what may run, finish what an engine before us began; whether something awaits approval."""
        waits = False
        for past in tuple(self._shelf.past.values()):
            if past.meta.generation in {*self._scopes, *self._gone} or not verdict.due(past.meta, past.known):
                continue
            try:
                waits |= await self._see_to(past, nursery)
            except _TROUBLE as error:  # looked at again when anything changes
                self._tell(f"{past.meta.id}: its check is left for now ({error})")
        return waits

    async def _see_to(self, past: Past, nursery: trio.Nursery) -> bool:
        begun = await files.aside(verdicts.read, past.entry.folder)
        if begun is not None:
            await self._finish(past.entry, begun)
            return False
        if await files.aside(_awaited, self._profile, past):
            await self._show(past.entry, str(Verdict.AWAITS), final=False)
            return True
        scope = self._scopes[past.meta.generation] = trio.CancelScope()
        nursery.start_soon(self._check, past.entry, scope)
        return False

    async def _check(self, entry: Entry, scope: trio.CancelScope) -> None:
        try:
            with scope:
                async with self._room:
                    await self._once(entry)
        except _TROUBLE as error:
            self._tell(f"{entry.id}: what came of its check can't be written ({error})")
            await trio.sleep(_LATER)
        finally:
            del self._scopes[entry.meta.generation]
            self._shelf.around.bell.ring()  # who was cut off is concluded by the next look

    async def _once(self, entry: Entry) -> None:
        start = await files.aside(self._confined, entry)
        check = Check(entry.meta.verify, self._shelf.around.now())
        name, generation = entry.id, entry.meta.generation
        if not await files.aside(verdicts.begin, self._profile, name, generation, check):
            self._gone.add(generation)
            return
        await self._show(entry, check.words, final=False)
        done = await self._run(start, check)
        with trio.CancelScope(shield=True):
            await files.aside(verdicts.conclude, self._profile, name, generation, done)
            await self._finish(entry, done)

    async def _run(self, start: "_Start", check: Check) -> Check:
        try:
            ended = await spawn.run(
                start.how.argv,
                cwd=start.folder,
                env=start.how.env,
                scoped=start.how.scoped,
                deadline=self._settings().verify_timeout,
                max_out=0,
                on_out=_swallow,
            )
        except OSError as error:
            return verdicts.lost(check, f"it could not be started ({error.strerror})")
        whole = self._shelf.around.masked((ended.out + ended.err).decode(errors="replace"))
        said = visible(whole)[-_SAID:]
        now = self._shelf.around.now()
        return verdict.judged(check, ended.code, ended.signal, now, late=ended.timed_out, said=said)

    async def _finish(self, entry: Entry, check: Check) -> None:
        """Show a verdict as final; that of a check whose end nobody saw is written down first."""
        if not check.verdict.final:
            check = verdicts.lost(check, "looop ended while it was being run")
            await files.aside(verdicts.conclude, self._profile, entry.id, entry.meta.generation, check)
        await self._show(entry, check.words, final=True)
        self._shelf.around.poke()

    async def _show(self, entry: Entry, words: str, *, final: bool) -> None:
        name, generation = entry.id, entry.meta.generation
        show = partial(verdicts.show, final=final)
        known = await files.aside(show, self._profile, name, generation, words)
        past = self._shelf.past.get(name)
        if known is None or past is None or past.meta.generation != generation or known == past.known:
            return
        self._shelf.past[name] = replace(past, entry=replace(past.entry, known=known))
        self._shelf.around.bell.ring()

    def _tell(self, line: str) -> None:
        """Say it once: a bell that rings often would repeat it each time."""
        if line not in self._told:
            self._told.add(line)
            self._shelf.around.say(line)

    def _confined(self, entry: Entry) -> "_Start":
        """Give how a check is started: in a cell in which it may change its session's sandboxes alone."""
        folder, env = _folder(self._profile, entry.id), self._environment(entry)
        places = clones.living(self._profile, entry.id)
        who = Who(
            CHECKS,
            entry.id,
            write=tuple(map(str, places)),
            keep=tuple(str(place / ".git") for place in places),
        )
        walls = Walls(self._profile, self._settings(), self._env)
        return _Start(folder, walls.confined(who, [*_SHELL, entry.meta.verify], env, folder))

    def _environment(self, entry: Entry) -> dict[str, str]:
        every = {**self._env, **entry.meta.env}
        plain = {name: it for name, it in every.items() if name in _KEPT or name.startswith("LC_")}
        return environment(
            plain,
            LOOOP_DATA_DIR=str(self._profile.data),
            LOOOP_CONFIG=str(self._profile.config),
            LOOOP_SESSION_ID=entry.id,
        )


def _awaited(profile: Profile, past: Past) -> bool:
    """Tell whether an AI wrote a check and no person has approved it. Trouble of the book is raised."""
    if past.meta.verify_from == verdict.PERSON:
        return False
    return written.digest_of_check(past.meta.verify) in written.awaited(profile)


def _folder(profile: Profile, name: str) -> Path:
    """Give the folder of a session's sandbox, or the one that holds all of them, else DATA."""
    there = clones.living(profile, name)
    if not there:
        return profile.data
    return there[0] if len(there) == 1 else there[0].parent


async def _swallow(data: bytes) -> None:
    """Let it go: the end of it is kept by `spawn.run`."""
    del data
    await trio.lowlevel.checkpoint()
