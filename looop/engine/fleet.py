"""The sessions as the beat sees and steers them: the loop's Fleet, over what lives in the engine.

In: the residents, and the engine that runs verbs. Out: observations, and a tick's one verb performed at its
landing by the verb itself, called by the loop instead of its agent: what it checks and says is the same.
"""

import time
from collections.abc import Awaitable, Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from looop.core.act import Act
from looop.core.problem import Exit, Problem
from looop.core.sessions import SessionView
from looop.core.world import Claim, Session
from looop.engine.call import Call, Caller, Kind, Tty
from looop.engine.offline import Offline
from looop.engine.residents import Residents
from looop.loop.fleet import Answer, NoFleet
from looop.session import retire
from looop.session.handing import Owed
from looop.store import claims, config, files, questions, sessions
from looop.store.paths import Profile


class RunsVerbs(Protocol):
    """The engine, as far as a landing needs it."""

    async def run(self, argv: Sequence[str], call: Call) -> int:
        """Run a verb."""


class LiveFleet:
    """The fleet of a running engine."""

    def __init__(self, profile: Profile, residents: Residents, engine: RunsVerbs) -> None:
        self._profile = profile
        self._residents = residents
        self._engine = engine

    def sessions(self) -> tuple[Session, ...]:
        """Tell of every session, live or ended and not yet retired."""
        return tuple(map(observed, self._residents.sessions.all()))

    def claims(self) -> tuple[Claim, ...]:
        """Tell of every lease that is held."""
        return claims.read(self._profile)

    def check(self, act: Act) -> None:
        """Nothing: the verb has checked itself before it was recorded."""

    async def perform(self, act: Act) -> None:
        """Run the verb, as the loop; Problem with what it said when it did not end well."""
        call = LandingCall()
        code = await self._engine.run(act.argv, call)
        if code != Exit.DONE:
            said = call.said.removeprefix("looop: ").strip() or f"it ended with exit code {code}"
            raise Problem(Exit.NO, "verb-failed", said)

    async def tidy(self, untold: Container[str] = ()) -> None:
        """Retire sessions that ended long ago and are not `untold`, drop claims of those that are over."""
        await self._residents.tidy(untold)

    def answers(self) -> tuple[Answer, ...]:
        """Give the answers to sessions that had ended before they could hear them."""
        return self._residents.answers()

    async def told(self, numbers: tuple[int, ...]) -> None:
        """Count answers as delivered: a tick that ended well has read them."""
        await self._residents.told(numbers)


class FilesFleet(NoFleet):
    """The fleet of a process without an engine: what is over is seen, `perform` is handed in."""

    def __init__(
        self,
        profile: Profile,
        env: Mapping[str, str],
        perform: Callable[[Act], Awaitable[None]] | None = None,
    ) -> None:
        self._profile = profile
        self._env = env
        self._perform = perform

    def sessions(self) -> tuple[Session, ...]:
        """Tell of every session that is not yet retired."""
        return tuple(map(observed, Offline(self._profile).all()))

    def claims(self) -> tuple[Claim, ...]:
        """Tell of every lease that is held."""
        return claims.read(self._profile)

    def check(self, act: Act) -> None:
        """Nothing: the verb has checked itself before it was recorded."""

    async def tidy(self, untold: Container[str] = ()) -> None:
        """Retire sessions that ended long ago and are not `untold`, drop claims of those that are over."""
        await files.aside(self._tidy, untold)

    def answers(self) -> tuple[Answer, ...]:
        """Give the answers to sessions that had ended before they could hear them."""
        living = self._living()
        return tuple(
            Answer(owed.number, owed.place.session, owed.answer.question, owed.text)
            for owed in self._owed()
            if owed.complete and (owed.place.session, owed.place.generation) not in living
        )

    async def told(self, numbers: tuple[int, ...]) -> None:
        """Count the answers to these flags as delivered."""
        for owed in await files.aside(self._owed) if numbers else ():
            if owed.number in numbers:
                await files.aside(questions.deliver, self._profile, owed.place, owed.number, "prompt")

    def _owed(self) -> tuple[Owed, ...]:
        return tuple(Owed(place, answer) for place, answer in questions.owed(self._profile))

    def _tidy(self, untold: Container[str]) -> None:
        ttl, now = config.load(self._profile, self._env).session_ttl, time.time()
        for name in retire.expired(sessions.listed(self._profile), ttl, now):
            if name not in untold:
                retire.whole(self._profile, name)
        for name in sessions.repeated(self._profile):
            retire.superseded(self._profile, name, ttl, now)
        claims.drop_dead(self._profile, self._living())

    def _living(self) -> set[tuple[str, str]]:
        """Name those that may live: of the others the files tell an end, or their keeper has gone."""
        return {(view.id, view.generation) for view in Offline(self._profile).all() if not view.over}

    async def perform(self, act: Act) -> None:
        """Perform it, where that is possible."""
        if self._perform is None:
            raise Problem(Exit.REFUSED, "no-engine", "Nothing is performed in a rehearsed beat.")
        await self._perform(act)


def observed(view: SessionView) -> Session:
    """Give a session as the loop observes it."""
    return Session(
        id=view.id,
        generation=view.generation,
        state=str(view.state),
        news=view.news,
        news_name=view.news_name,
        exit_code=view.code,
        flag=view.flag.text if view.flag else None,
        answers=view.answers,
        goal=view.goal,
        ended=view.over,
        evidence=view.evidence,
        verdict=view.verdict if view.over else "",
        said=": ".join(filter(None, [view.outcome, view.note])),
    )


@dataclass
class LandingCall:
    """A call by the loop: no terminal, no folder, no variables of anybody; what is said is kept."""

    env: Mapping[str, str] = field(default_factory=dict)
    cwd: str = "/"
    tty: Tty = field(default_factory=Tty)
    caller: Caller = field(default_factory=lambda: Caller(Kind.LOOP, 0))
    said: str = ""

    async def out(self, text: str | bytes) -> None:
        """Drop it: the journal has the tick's own line."""

    async def err(self, text: str | bytes) -> None:
        """Keep it: it is the reason of a failure."""
        self.said += text if isinstance(text, str) else text.decode(errors="replace")

    async def stdin(self, limit: int) -> bytes:  # noqa: ARG002 - the Protocol's
        """Give nothing: a recorded verb carries its text."""
        return b""

    async def resume(self, argv: Sequence[str]) -> None:
        """Nothing to resume: the landing outlives no engine."""

    async def hand_over(self, text: str | bytes, argv: Sequence[str]) -> None:
        """Drop it, as `out` does."""

    async def flushed(self) -> None:
        """Nothing waits to be written."""
