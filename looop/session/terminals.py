"""The terminals, as sessions see them: the one door to keeper, who owns every PTY.

In: orders. Out: what came of them, and hints that a log has grown. `engine.leash` implements it over the line
to keeper; `session.fake` in memory. Keeper outlives the engine, so nothing here is lost when we are killed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Spawn:
    """One program to start on a new PTY. `folder` gets `output.log` and `pty.jsonl`; `env` is all of it.

    `log_max` is in bytes, 0 for no limit. `key` is the generation and names the terminal from now on.
    `scoped`: restricted as `child.scope` says.
    """

    key: str
    folder: Path
    command: str
    cwd: Path
    columns: int
    lines: int
    env: Mapping[str, str] = field(default_factory=dict)
    log_max: int = 0
    scoped: bool = False


@dataclass(frozen=True, slots=True)
class Alive:
    """A terminal that keeper has. `pid` and `start` name its leader; `ending`: somebody ends it already."""

    key: str
    pid: int
    start: int
    ending: bool = False


@dataclass(frozen=True, slots=True)
class Then:
    """What is typed behind something else, whoever dies meanwhile.

    It is asked for by a write of the name `once`. Where nobody asks, keeper types it `within` so many seconds
    after what was before. What others type waits behind it.
    """

    data: bytes
    once: str
    within: float


Hint = Callable[[], None]
"""Called when a log has grown or the terminal has ended; carries nothing, may come too often, never waits."""


class Terminals(Protocol):
    """Keeper, from the engine. Every call raises Problem UNREACHABLE `no-keeper` when keeper has gone."""

    async def spawn(self, order: Spawn) -> Alive:
        """Start a program; returns once it was executed. Problem NO `not-started` with the reason.

        A cancel leaves it started or not; `alive` tells. The same key twice: Problem REFUSED `exists`.
        """

    async def write(self, key: str, data: bytes, *, once: str = "", then: Then | None = None) -> int:
        """Give the program input; the log's offset right before. Problem MISSING `no-terminal` once it ended.

        Returns when the terminal has taken all of it. Problem NO `input-full` when the program reads nothing
        and more than 1 MiB waits. A name in `once` that was written before is not written again: the offset
        of the first time is given. The name is kept in `pty.jsonl`. `then` is queued in the same moment.
        """

    async def resize(self, key: str, columns: int, lines: int, *, redraw: bool = False) -> int:
        """Set the size; the log's offset at which it holds. `redraw`: signal even if it is the same."""

    async def end(self, key: str, grace: float) -> None:
        """Begin to end the whole tree: TERM, after `grace` seconds KILL. Returns at once; 0: kill now.

        Goes on without us. A second call may only shorten the grace. Nothing when it has ended.
        """

    async def alive(self) -> tuple[Alive, ...]:
        """Tell of every terminal whose program has not ended or whose log is not complete."""

    def listen(self, key: str, hint: Hint | None) -> None:
        """Be told of news of one terminal; None ends that."""

    def seen(self, key: str) -> None:
        """Say that the log will be read from now to its end: only then comes another hint."""
