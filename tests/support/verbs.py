"""Verbs in tests: called on a real profile, as a person, an agent or a child, with or without an engine.

In: an argument list. Out: what was said and the exit code. No process is started.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from looop.cli import app
from looop.cli.console import FakeCall
from looop.core.act import Act
from looop.core.phase import Doing, Phase
from looop.core.problem import Exit, Problem
from looop.engine.call import Call, Caller, Kind
from looop.engine.fake_sessions import FakeSessions
from looop.engine.live import Lateness, Live
from looop.store.paths import Profile


@dataclass
class Said:
    """What a call came to."""

    code: int
    call: FakeCall

    @property
    def out(self) -> str:
        return self.call.stdout

    @property
    def err(self) -> str:
        return self.call.stderr

    @property
    def value(self) -> Any:
        """The one JSON line on stdout."""
        assert self.out.count("\n") == 1
        return json.loads(self.out)

    @property
    def problem(self) -> tuple[int, str]:
        """The exit code and the kind, of a call with --json that went wrong."""
        assert self.out == ""
        told = json.loads(self.err)
        assert told.keys() == {"v", "kind", "error"}
        return self.code, told["kind"]


@dataclass
class FakeEngine:
    """An engine that remembers what it was told."""

    shown: Phase = field(default_factory=lambda: Phase(doing=Doing.SLEEPING))
    pokes: int = 0
    acts: list[Act] = field(default_factory=list)
    forced: list[bool] = field(default_factory=list)
    sessions: FakeSessions = field(default_factory=FakeSessions)
    questions: Any = None

    def leaders(self) -> dict[int, str]:
        return {}

    async def settled(self) -> None:
        """Start none."""

    def phase(self) -> Phase:
        return self.shown

    def lateness(self) -> Lateness:
        return Lateness(p99_ms=1.5, worst_ms=4.0, worst_at=0.0, offender="a test", samples=100)

    def poke(self) -> None:
        self.pokes += 1

    async def tick(self, call: Call, *, force: bool) -> int:
        self.forced.append(force)
        await call.out("nothing to do\n")
        return 0

    def record(self, act: Act) -> None:
        if self.acts:
            raise Problem(Exit.REFUSED, "second-verb", "A tick makes one move.")
        self.acts.append(act)

    async def start_pulse(self) -> None:
        """Nothing to start."""

    async def stop(self, *, sessions: bool = False) -> int:
        """Nothing to stop."""
        del sessions
        return 0


@dataclass
class Looop:
    """`await looop("goal", "new", "x", "text")` runs a verb; `kind` says who calls, `live` where."""

    profile: Profile
    live: Live | None = None

    async def __call__(
        self, *argv: str, kind: Kind = Kind.PERSON, call: FakeCall | None = None, given: bytes = b""
    ) -> Said:
        call = call or FakeCall(
            caller=Caller(kind, 1), given=given, env={"HOME": "/nowhere", "LOOOP_CONFINE": "off"}
        )
        return Said(await app.run(argv, call, self.profile, self.live), call)
