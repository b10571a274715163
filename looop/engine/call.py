"""One call of a verb: who calls, from where, and the streams it talks through.

A verb never touches `sys.stdout`, `os.environ` or the process's folder: inside the engine those are the
engine's. Implemented by `cli.console.LocalCall` here and by `engine.control.RemoteCall` over the socket.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol


class Kind(Enum):
    """What kind of process called, found by its parents, its terminal and its door, never by a variable.

    A STRANGER is nothing that looop started, and nothing that shows a person either: cron, a unit, a pipe.
    """

    PERSON = "a person"
    STRANGER = "a program without a terminal of its own"
    TICK = "the tick's agent"
    CHILD = "a program that looop started"
    LOOP = "the loop itself, landing a tick"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Caller:
    """The calling process; `session` is the id of the session that it runs in, if it is in one."""

    kind: Kind
    pid: int
    session: str | None = None


@dataclass(frozen=True, slots=True)
class Tty:
    """Which of the caller's three streams are terminals, and the terminal's size in cells."""

    stdin: bool = False
    stdout: bool = False
    stderr: bool = False
    columns: int = 80
    lines: int = 24


class Call(Protocol):
    """What a verb may use of the world around it."""

    @property
    def env(self) -> Mapping[str, str]:
        """The caller's environment (relayed: the listed names only)."""

    @property
    def cwd(self) -> str:
        """The caller's folder."""

    @property
    def tty(self) -> Tty:
        """The caller's terminal."""

    @property
    def caller(self) -> Caller:
        """Who calls."""

    async def out(self, text: str | bytes) -> None:
        """Write to the caller's stdout, waiting while the caller does not read."""

    async def err(self, text: str | bytes) -> None:
        """Write to the caller's stderr."""

    async def stdin(self, limit: int) -> bytes:
        """Read the caller's stdin to its end, at most `limit` bytes; more is a usage error."""

    async def resume(self, argv: Sequence[str]) -> None:
        """Say how to go on with this call at another engine, should this one die."""

    async def hand_over(self, text: str | bytes, argv: Sequence[str]) -> None:
        """Write to stdout and say how to go on from then on, in one: the caller gets both or neither.

        Of more than 512 KiB the beginning may be seen twice, should the engine die in the middle.
        """

    async def flushed(self) -> None:
        """Return once all that was written stands on the caller's streams; BrokenPipeError if it has gone."""


class RawCall(Call, Protocol):
    """A call whose terminal the verb may take over, as `attach` does."""

    async def raw(self) -> None:
        """Have the caller's terminal made raw; on stderr nothing is seen any more until the verb's end.

        Problem USAGE `no-terminal` when stdin and stdout are not both a terminal.
        """

    async def keys(self) -> bytes:
        """Give what was typed since the last call, waiting for some; b"" once nothing will follow."""

    async def resized(self) -> Tty:
        """Return when the terminal may have a new size, or must be painted anew; not only what is new."""


class RunLocally(Exception):  # noqa: N818 - a signal to the client, not a failure
    """Raised by a verb's run inside the engine: the client is told LOCAL and runs the verb itself."""
