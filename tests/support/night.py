"""Virtual hours: a pulse on a clock that jumps, whose agent and sensors are functions."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trio

from looop.child.fake import FakePrograms
from looop.loop.clock import Clock, virtual
from looop.loop.pulse import Pulse
from looop.store import files
from support.looping import Looping

NIGHT = 8 * 3600.0
START = 1_795_300_000.0
Program = Callable[[Path], bytes]


def work_in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do the file work in place: a clock that jumps when every task waits would jump while a thread works."""

    async def aside(function: Callable[..., Any], *args: Any) -> Any:
        await trio.lowlevel.checkpoint()
        return function(*args)

    monkeypatch.setattr(files, "aside", aside)


def says(value: str) -> Program:
    return lambda _folder: value.encode()


def nothing(folder: Path) -> bytes:
    journal(folder, "nothing to do")
    return b"done"


def journal(folder: Path, text: str) -> None:
    with (folder / "journal.md").open("a") as file:
        file.write(f"- {text}\n")


class Night:
    """A pulse on a virtual clock, whose agent and sensors are functions."""

    def __init__(self, folder: Path, agent: Program, sensors: dict[str, Program], **config: Any) -> None:
        self.clock: Clock = virtual(START, trio.current_time)
        self.loop = Looping(folder, clock=self.clock, **config)
        for name in sensors:
            self.loop.sensor(name, "faked")
        self.programs = FakePrograms(
            {"agent.sh": agent, **{f"{name}.sh": run for name, run in sensors.items()}}
        )
        self.pulse = Pulse(
            self.loop.profile,
            env={"PATH": "/usr/bin:/bin"},
            fleet=self.loop.fleet,
            clock=self.clock,
            run=self.programs,
        )

    @property
    def asks(self) -> int:
        return self.programs.ran.count("agent.sh")

    async def run(self, seconds: float = NIGHT) -> int:
        """Let it live so long; gives how often the AI was asked."""
        async with trio.open_nursery() as nursery:
            await nursery.start(self.pulse.serve)
            await trio.sleep(seconds)
            nursery.cancel_scope.cancel()
        return self.asks
