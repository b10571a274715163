"""The programs that the loop runs, as functions of a seed: sensors of a world, an agent of many faults.

In: a command line and its terms, as `child.spawn.run` gets them. Out: `Ended`, after virtual seconds.
"""

import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import trio

from looop.child.spawn import Ended
from looop.engine.call import Kind
from looop.loop.clock import Clock
from looop.store.paths import Profile
from support.verbs import Said

DOLLARS = 0.40
"""What one answer of the agent may cost at most."""

Verb = Callable[..., Awaitable[Said]]
Out = tuple[int | None, bytes]


class Outside:
    """Runs what looop would run. `asked` counts the agent's turns, `did` what it did in them."""

    def __init__(self, profile: Profile, clock: Clock, seed: int) -> None:
        self.profile = profile
        self.clock = clock
        self.asked = 0
        self.did = Counter[str]()
        self.verb: Verb | None = None
        self.inbox, self.build, self.logged_in = 3, "green", True
        self._rng = random.Random(seed)
        self._signals = random.Random(seed + 1)
        self._born = 0

    async def __call__(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        deadline: float,
        on_out: Callable[[bytes], Awaitable[None]] | None = None,
        max_out: int = 0,
        **_: Any,
    ) -> Ended:
        """Run one, for virtual seconds."""
        line = " ".join(argv)
        if "agent" in line and on_out is not None:
            return await self._turn(cwd, deadline, on_out)
        return await self._sense(Path(argv[-1]).stem, deadline, max_out)

    async def _sense(self, name: str, deadline: float, most: int) -> Ended:
        kind, rng = name.partition("-")[0], self._signals
        if kind == "slow" and rng.random() < 0.3:
            await trio.sleep(deadline)
            return _ended(None, signal=9, timed_out=True)
        await trio.sleep(rng.random())
        if kind == "flaky" and int(self.clock.now() / 86400) % 14 < 4:
            return _ended(1, err=b"no route to host")
        if kind == "big" and rng.random() < 0.2:
            return _ended(None, b"x" * most, signal=9, oversized=True)
        if kind == "junk" and rng.random() < 0.2:
            return _ended(0, b"\xff{not json")
        values = {"inbox": self.inbox, "today": f"{self.clock.local():%Y-%m-%d}", "build": self.build}
        return _ended(0, json.dumps({"signal": values.get(kind, 0), "detail": self.clock.now()}).encode())

    async def _turn(self, cwd: Path, deadline: float, hear: Callable[[bytes], Awaitable[None]]) -> Ended:
        self.asked += 1
        rng = self._rng
        what = rng.choices(list(_TURNS), list(_TURNS.values()))[0] if self.logged_in else "login"
        self.did[what] += 1
        await trio.sleep(rng.uniform(5, 120))
        if what == "hangs":
            await hear(_said("let me think"))
            await trio.sleep(deadline)
            return _ended(None, signal=9, timed_out=True)
        code, out = await getattr(self, f"_{what}")(cwd)
        await hear(out)
        return _ended(code, signal=None if code is not None else 11)

    async def _note(self, cwd: Path) -> Out:
        goal = self._rng.choice(self._goals(cwd))
        goal.write_text(f"{goal.read_text()[-4000:]}- {self.clock.local():%Y-%m-%d} looked again\n")
        return self._well(cwd, f"noted on {goal.stem}")

    async def _create(self, cwd: Path) -> Out:
        self._born += 1
        (cwd / "goals" / f"task-{self._born}.md").write_text(f"---\ngoal: Task {self._born} is done\n---\n")
        return self._well(cwd, f"made task-{self._born}")

    async def _archive(self, cwd: Path) -> Out:
        goals = [goal for goal in self._goals(cwd) if goal.stem.startswith("task-")]
        if len(goals) < 5:
            return await self._create(cwd)
        goal = self._rng.choice(goals)
        goal.rename(goal.with_name("archive") / goal.name)
        return self._well(cwd, f"archived {goal.stem}")

    async def _nothing(self, cwd: Path) -> Out:
        if self._rng.random() < 0.3:
            (cwd / ".next-interval").write_text(str(self._rng.choice((1, 60, 1800, 99999))))
        return self._well(cwd, "nothing to do")

    async def _silent(self, cwd: Path) -> Out:
        del cwd
        return 0, _said("done") + self._result("done")

    async def _playbook(self, cwd: Path) -> Out:
        (cwd / "PLAYBOOK.md").write_text(f"rules, as of {self.clock.local():%Y-%m}\n")
        return self._well(cwd, "kept the PLAYBOOK up to date")

    async def _sensor(self, cwd: Path) -> Out:
        script = f"#!/bin/sh\n# looop: interval=1h\necho {self._rng.randrange(10**9)}\n"
        (cwd / "sensors" / f"own-{self._rng.randrange(3)}.sh").write_text(script)
        return self._well(cwd, "wrote a sensor")

    async def _start(self, cwd: Path) -> Out:
        name = self._rng.choice((*_NAMES, f"job-{self.asked}"))
        return await self._calls(cwd, "start-session", name, "do what has to be done")

    async def _steer(self, cwd: Path) -> Out:
        name = self._rng.choice(_NAMES)
        verb = self._rng.choice((("send", name, "go on"), ("kill", name), ("restart", name)))
        return await self._calls(cwd, *verb)

    async def _calls(self, cwd: Path, *argv: str) -> Out:
        assert self.verb is not None
        said = await self.verb(*argv, kind=Kind.TICK)
        return self._well(cwd, f"called {argv[0]}: {'recorded' if said.code == 0 else 'refused'}")

    async def _two_moves(self, cwd: Path) -> Out:
        await self._note(cwd)
        (cwd / "PLAYBOOK.md").write_text("another\n")
        return self._well(cwd, "did two things")

    async def _two_verbs(self, cwd: Path) -> Out:
        await self._start(cwd)
        return await self._start(cwd)

    async def _garbage(self, cwd: Path) -> Out:
        del cwd
        return 0, self._rng.randbytes(3000)

    async def _fails(self, cwd: Path) -> Out:
        await self._note(cwd)
        return self._rng.choice((1, 2, 127, None)), _said("oh")

    async def _changes_and_fails(self, cwd: Path) -> Out:
        del cwd
        self.inbox += 1
        return 1, b""

    async def _limit(self, cwd: Path) -> Out:
        del cwd
        until = int(self.clock.now() + self._rng.choice((600, 5 * 3600, 7 * 86400)))
        told = {"status": "rejected", "resetsAt": until, "rateLimitType": "five_hour"}
        said = _line(type="rate_limit_event", rate_limit_info=told) if self._rng.random() < 0.7 else b""
        return 1, said + self._result("You've hit your usage limit", error=True)

    async def _busy(self, cwd: Path) -> Out:
        del cwd
        return 1, self._result("API Error: 529 overloaded", error=True)

    async def _login(self, cwd: Path) -> Out:
        del cwd
        self.logged_in = False
        return 1, self._result("Not logged in · Please run /login", error=True)

    def _goals(self, cwd: Path) -> list[Path]:
        return sorted((cwd / "goals").glob("*.md"))

    def _well(self, cwd: Path, line: str) -> Out:
        with (cwd / "journal.md").open("a") as journal:
            journal.write(f"- {line}\n")
        return 0, _said(line) + self._result(line)

    def _result(self, text: str, *, error: bool = False) -> bytes:
        usd = round(self._rng.uniform(0.01, DOLLARS), 4)
        return _line(
            type="result",
            subtype="success",
            is_error=error,
            result=text,
            total_cost_usd=usd,
            usage={"input_tokens": 9000, "output_tokens": 400},
        )


_NAMES = ("inbox", "build", "groom", "books", "letters", "trip")

_TURNS = {
    "note": 22,
    "create": 8,
    "archive": 8,
    "nothing": 20,
    "silent": 4,
    "playbook": 1,
    "sensor": 3,
    "start": 10,
    "steer": 6,
    "two_moves": 2,
    "two_verbs": 2,
    "garbage": 2,
    "fails": 4,
    "changes_and_fails": 2,
    "limit": 1.5,
    "busy": 1.5,
    "login": 0.3,
    "hangs": 1,
}
"""Every kind of turn, and how often it comes."""


def _line(**fields: Any) -> bytes:
    return json.dumps(fields).encode() + b"\n"


def _said(text: str) -> bytes:
    return _line(type="assistant", message={"content": [{"type": "text", "text": text}]})


def _ended(code: int | None, out: bytes = b"", *, err: bytes = b"", **how: Any) -> Ended:
    given = {"signal": None, "timed_out": False, "oversized": False, "strays": 0, **how}
    return Ended(code=code, out=out, err=err, **given)
