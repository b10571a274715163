"""One program run to its end: fed, listened to, held to its deadline, and gone with all that it started.

In: argv, folder, environment, what to say on stdin, limits. Out: `Ended`. Sensors, runners and notifications
are started here and nowhere else. `child.talk` listens, `child.tree` kills what runs, `child.stray` the rest.
"""

import errno
import math
import os
import secrets
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import trio

from looop.child import batch, stray, tree
from looop.child.capture import Capped, Tail
from looop.child.environ import environment, own_binary, own_command
from looop.child.exits import Exit
from looop.child.monitors import monitors
from looop.child.stray import spare
from looop.child.talk import OnOut, Talk

__all__ = ["Ended", "environment", "own_binary", "own_command", "run", "spare"]

_DRAIN = 0.5  # seconds that the output may stay open after the program has ended
_LIMIT = 5.0  # seconds for the killing, after the grace
_PASS = 0.005  # between two passes of it
_REAP = 20.0  # between two collections of dead orphans during a long run
_BUSY = 5  # tries to start a file that somebody still has open for writing
_HANDED_ON = 65536  # bytes kept of an output that goes to `on_out`


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended. `code` is None after a signal; both are None when even SIGKILL did not end it.

    `out` and `err` are what the limits of `run` left of its output; `strays` counts what it had left running.
    """

    code: int | None
    signal: int | None
    timed_out: bool
    oversized: bool
    out: bytes
    err: bytes
    strays: int


async def run(  # noqa: PLR0913 - one program's whole terms, each by name
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    stdin: bytes = b"",
    deadline: float,
    max_out: int,
    max_err: int = 8192,
    on_out: OnOut | None = None,
    grace: float = 2.0,
    on_started: Callable[[int], None] | None = None,
    umask: int = -1,
    scoped: bool = False,
) -> Ended:
    """Run a program in a session of its own; return when it and all that it started have ended.

    `deadline` and `grace` are seconds, of the whole run and between TERM and KILL; 0 for `deadline` or
    `max_out` is no limit. Without `stdin` it reads /dev/null. At the deadline, over `max_out` bytes of
    output, or on cancel the group gets TERM, then after `grace` the whole tree KILL, under a shield that ends
    some seconds later. Of stderr the last `max_err` bytes are kept. `on_out` gets each piece of the output,
    while the program waits, and `out` is then its last 64 KiB; an exception of a callback ends the run and is
    raised. The end of the output is not the end of the program, nor the reverse: what holds it open half a
    second after the program's end is killed. As many runs as you like may go on at once. `scoped`: see
    `child.scope`.

    Raises OSError when it can't be started: not there, not executable, no `#!`, no such folder.
    """
    output, errors = Capped(max_out, _HANDED_ON if on_out else 0), Tail(max_err)
    talk = Talk(stdin, output, errors, on_out)
    try:
        child = await _start(argv, cwd, env, talk, umask, scoped=scoped)
        try:
            await _live(child, deadline or math.inf, grace, on_started, in_nursery=on_out is not None)
            await talk.finish()
        finally:
            child.close()
    finally:
        talk.close()
    if talk.failure is not None:
        raise talk.failure
    return _ended(child, output, errors)


def _ended(child: "_Child", output: Capped, errors: Tail) -> Ended:
    code = child.popen.returncode
    return Ended(
        code=code if code is not None and code >= 0 else None,
        signal=-code if code is not None and code < 0 else None,
        timed_out=child.timed_out,
        oversized=output.oversized,
        out=output.data(),
        err=errors.data(),
        strays=child.strays,
    )


async def _live(
    child: "_Child",
    deadline: float,
    grace: float,
    on_started: Callable[[int], None] | None,
    *,
    in_nursery: bool,
) -> None:
    # Only `on_out` needs a nursery, and twenty sensors are cheaper without.
    if not in_nursery:
        await child.live(None, deadline, grace, on_started)
        return
    async with trio.open_nursery() as nursery:
        await child.live(nursery, deadline, grace, on_started)


@dataclass
class _Child:
    """A running program."""

    popen: subprocess.Popen[bytes]
    exit: Exit
    talk: Talk
    strays: int = 0
    timed_out: bool = False

    async def live(
        self,
        nursery: trio.Nursery | None,
        deadline: float,
        grace: float,
        on_started: Callable[[int], None] | None,
    ) -> None:
        """See it through to its end, and the end of all it started."""
        try:
            self.talk.begin(self.exit, nursery)
            self._introduce(on_started)
            await self._converse(trio.current_time() + deadline)
        finally:
            await self._end(grace)

    def _introduce(self, on_started: Callable[[int], None] | None) -> None:
        try:
            if on_started is not None:
                on_started(self.popen.pid)
        except Exception as error:  # noqa: BLE001 - the caller's, raised again when the tree is gone
            self.talk.stop(error)

    async def _converse(self, end: float) -> None:
        while not self._over() and trio.current_time() < end:
            await self.talk.go_on(min(end, trio.current_time() + _REAP), self._over)
            if not self._over():
                stray.reap()
        self.timed_out = not self._over()
        if self.exit.seen():
            await self.talk.go_on(trio.current_time() + _DRAIN, lambda: self.talk.silent)

    def _over(self) -> bool:
        return self.talk.stopped or self.exit.seen()

    async def _end(self, grace: float) -> None:
        with trio.CancelScope(shield=True, deadline=trio.current_time() + grace + _LIMIT):
            if not self.exit.seen():
                await self._kill(grace)
            self.strays = await stray.sweep(self.popen.pid)
        self.popen.poll()
        stray.leave(self.popen.pid)

    async def _kill(self, grace: float) -> None:
        self._ask()
        self._signal_group(signal.SIGCONT)  # a stopped program could not heed the TERM
        with trio.move_on_after(grace):
            await self.exit.wait()
        for _ in () if self.exit.seen() else tree.killing(self.popen.pid):
            await trio.sleep(_PASS)
        await self.exit.wait()

    def _ask(self) -> None:
        """Send TERM to the group; in a cell only to those within, who would end with the others at once."""
        leader = self.popen.pid
        below = tree.descendants(leader)
        around = monitors([leader], below)
        asked = [entry for entry in below if entry.pgrp == leader and entry.pid not in around]
        if not (around and asked):
            self._signal_group(signal.SIGTERM)
            return
        for entry in asked:
            tree.send(entry, signal.SIGTERM)

    def _signal_group(self, number: signal.Signals) -> None:
        with suppress(OSError):
            os.killpg(self.popen.pid, number)

    def close(self) -> None:
        """Give back the descriptor and the place among the live runs."""
        stray.leave(self.popen.pid)
        self.exit.close()


async def _start(
    argv: Sequence[str], cwd: Path, env: Mapping[str, str], talk: Talk, umask: int, *, scoped: bool
) -> _Child:
    if signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # inherited: the kernel would drop exit statuses
    mark = secrets.token_hex(8)
    terms = _Terms(argv, cwd, {**env, stray.MARK: mark}, talk.childs, umask)
    born: list[_Child] = []

    def known(popen: "subprocess.Popen[bytes]") -> None:
        stray.enter(popen.pid, mark)
        talk.handed_over()
        born.append(_Child(popen, Exit(popen.pid), talk))

    for tries in range(1, _BUSY + 1):
        try:
            # No task runs between the start and `known`: another run would take the newborn for a stray.
            await batch.scoped(terms.start, known) if scoped else known(terms.start())
            return born[0]
        except OSError as error:
            # A child that another thread is just starting holds a copy of a script being written.
            if error.errno != errno.ETXTBSY or tries == _BUSY:
                raise
        except ValueError as error:  # a NUL in the command or the environment
            raise OSError(errno.EINVAL, str(error)) from error
        await trio.sleep(0.02)
    raise AssertionError


@dataclass(frozen=True, slots=True)
class _Terms:
    """How a program is started."""

    argv: Sequence[str]
    cwd: Path
    env: Mapping[str, str]
    pipes: tuple[int, int, int]
    umask: int

    def start(self) -> "subprocess.Popen[bytes]":
        """Start it, from any thread."""
        feed, out, err = self.pipes
        blocked = signal.pthread_sigmask(signal.SIG_SETMASK, ())
        try:
            with tree.branding(self.env[stray.MARK]):
                return subprocess.Popen(
                    self.argv,
                    cwd=self.cwd,
                    env=self.env,
                    stdin=feed if feed >= 0 else subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    start_new_session=True,
                    umask=self.umask,
                )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
