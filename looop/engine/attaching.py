r"""The caller's end of `looop attach`: a terminal on a session, raw, until one of the two leaves.

In: the person's terminal. Out: the exit code, and the terminal as it was found. A `client.Relay` whose keys
travel as they are typed; `session.attach` is the other end. It goes on at the next engine by itself.
"""

from __future__ import annotations

import _socket
import contextlib
import os
import select
import termios
import time

from looop.core import wire
from looop.engine import client
from looop.engine.client import SIGNALLED, STDERR, STDIN, STDOUT, UNREACHABLE, Relay, say
from looop.engine.leaving import Leaving
from looop.engine.rawtty import RawTerminal
from looop.engine.signals import CONT, HUP, INT, QUIT, STOP, TERM, TSTP, WINCH

TYPE_CHECKING = False  # see core.wire
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

USAGE = 2  # core.problem.Exit, as in `client`
_LAST_WORDS = 1 << 16  # bytes of stderr that wait for the terminal to be itself again
_ENDING = frozenset({INT, TERM, HUP, QUIT})


def attach(path: str, argv: Sequence[str], env: Mapping[str, str], cwd: str) -> int | None:
    """Attach to the session that `argv` names, through the engine at `path`; see `client.relay`.

    0 when the person left or was thrown off, the session's exit code when it ended, 128 and the signal's
    number for a signal, 2 without a terminal, 4 when the engine was lost for good.
    """
    if not (os.isatty(STDIN) and os.isatty(STDOUT)):
        say("`looop attach` needs a terminal as stdin and stdout; `looop shot` and `looop log` do without.")
        return USAGE
    return client.relay(path, argv, env, cwd, Attachment)


class Attachment(Relay):
    """One terminal on a session. Until the engine says RAW it is a relay like any other."""

    HEARD = (*_ENDING, WINCH, TSTP, CONT)

    def __init__(self, path: str, argv: Sequence[str], env: Mapping[str, str], cwd: str) -> None:
        self._terminal = RawTerminal()
        self._leaving = Leaving()
        self._ahead = bytearray()  # typed while there is no engine
        self._said = bytearray()
        self._why = ""
        super().__init__(path, argv, env, cwd)

    def close(self) -> None:
        """Hang up, and give the terminal back; then say why."""
        self._terminal.leave()
        super().close()
        if self._why:
            say(self._why)
        with contextlib.suppress(OSError):
            os.write(STDERR, self._said)

    def _turn(self) -> None:
        super()._turn()
        self._pass_on(self._leaving.late(time.monotonic()))

    def _left(self) -> float | None:
        left, due = super()._left(), self._leaving.due
        if due is None:
            return left
        mine = max(0.0, due - time.monotonic())
        return mine if left is None else min(left, mine)

    def _take(self, frame: wire.Frame) -> None:
        if frame.kind == wire.RAW:
            self._begin()
        elif frame.kind == wire.ERR and self._terminal.raw:
            self._said += frame.data[: _LAST_WORDS - len(self._said)]
        else:
            if frame.kind == wire.OUT:
                self._terminal.shown(frame.data)
            super()._take(frame)

    def _begin(self) -> None:
        """Make the terminal raw, or keep it so at the next engine, which learns what was typed meanwhile."""
        try:
            self._terminal.enter()
        except (OSError, termios.error):  # it has gone
            self._code = SIGNALLED + HUP
            return
        self._wants_stdin = True
        ahead, self._ahead = self._ahead, bytearray()
        self._pass_on(bytes(ahead))

    def _read_stdin(self) -> None:
        if not self._terminal.raw:
            super()._read_stdin()
        elif typed := self._typed():
            self._pass_on(typed)

    def _typed(self) -> bytes:
        """Read keys; b"" when there are none to pass on, and with `_code` set when it is time to leave."""
        try:
            typed = os.read(STDIN, wire.CHUNK)
        except BlockingIOError:
            return b""
        except OSError:
            typed = b""
        keys = self._leaving.feed(typed, time.monotonic())
        if not typed:
            self._code = SIGNALLED + HUP
        elif keys is None:
            self._writing.clear()
            self._code, self._why = 0, "left the session, which goes on."
        return keys or b""

    def _pass_on(self, keys: bytes) -> None:
        if keys and self._deaf():
            self._ahead += keys
        elif keys:
            self._line.queue(wire.Frame(wire.STDIN, keys))

    def _deaf(self) -> bool:
        """Whether the engine is known to be gone: what is sent now would be lost without a word."""
        try:
            return not self._line.socket.recv(1, _socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def _forward(self, numbers: bytes) -> None:
        for number in numbers:
            if number in _ENDING:
                self._writing.clear()
                self._code = SIGNALLED + number
            elif number == TSTP:
                self._terminal.leave()
                os.kill(os.getpid(), STOP)
            elif number == CONT:
                self._again()
            else:
                super()._forward(bytes((number,)))

    def _again(self) -> None:
        """Take the terminal back from the shell, and have it painted."""
        if self._wants_stdin:
            self._begin()
            super()._forward(bytes((WINCH,)))

    def _pause(self) -> None:
        """Wait for the next engine, listening to signals and keys."""
        typing = self._terminal.raw and len(self._ahead) < wire.CHUNK
        read, _, _ = select.select((self._signals.fd, *((STDIN,) if typing else ())), (), (), client.PAUSE)
        self._ahead += self._leaving.late(time.monotonic())
        if STDIN in read:
            self._ahead += self._typed()
        self._forward(self._signals.arrived())

    def _given_up(self) -> int:
        self._why = "the engine ended, and no other came: the session goes on, see `looop status`."
        return UNREACHABLE
