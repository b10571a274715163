"""A program whose every change can be the last: it is asked about each, and killed, refused or let go on.

In: a command, and a judge who is shown each state-changing system call of it and of all that it starts,
before it is done. Out: the program as it ran. Each call stands still while it is judged, so what the judge
sees on the disk is what was there at that moment. A call costs about 10 µs more.

    with Supervised(argv, judge, env=env, cwd=folder) as it:
        it.process.wait(60)

The judge runs in a thread of its own that lives as long as the family does, or until the block is left: then
all of the family is killed.
"""

import contextlib
import os
import select
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from looop.child import tree
from support import notify
from support.machine_calls import BY_DESCRIPTOR, BY_FOLDER, BY_PATH
from support.notify import Asked

_THREAD = 0x10000  # CLONE_THREAD
_HERE = -100  # AT_FDCWD
_PATH_MAX = 4096
PATIENCE = 60.0
"""Seconds that a killed family may take to be gone."""


@dataclass(frozen=True, slots=True)
class Change:
    """One call that waits: who made it, and what it would change."""

    asked: Asked
    pid: int

    @property
    def name(self) -> str:
        """What the kernel calls it."""
        return self.asked.name

    @property
    def path(self) -> str:
        """What it would change: a path, or `socket:[…]`, `pipe:[…]` and the like; empty for a process."""
        args = self.asked.args
        if self.name in BY_DESCRIPTOR:
            return _link(f"/proc/{self.asked.thread}/fd/{_signed(args[0])}")
        if self.name in BY_PATH:
            return self._beside(_HERE, args[BY_PATH[self.name]])
        if self.name in BY_FOLDER:
            place = BY_FOLDER[self.name]
            return self._beside(_signed(args[place]), args[place + 1])
        return ""

    @property
    def command(self) -> str:
        """The command line of who made it."""
        with contextlib.suppress(OSError):
            raw = Path(f"/proc/{self.pid}/cmdline").read_bytes()
            return raw.replace(b"\0", b" ").decode(errors="replace")
        return ""

    def data(self) -> bytes:
        """What a `write` would write."""
        return self.asked.memory(self.asked.args[1], self.asked.args[2])

    def _beside(self, folder: int, address: int) -> str:
        text = os.fsdecode(self.asked.memory(address, _page(address)).partition(b"\0")[0])
        base = f"/proc/{self.asked.thread}/" + ("cwd" if folder == _HERE else f"fd/{folder}")
        return text if text.startswith("/") else os.path.join(_link(base), text)  # noqa: PTH118 - may be no path


@dataclass(frozen=True, slots=True)
class Go:
    """Let it happen."""


@dataclass(frozen=True, slots=True)
class Kill:
    """Kill the process that made it, before it happens."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Kill the whole family, before it happens: the power is cut."""


@dataclass(frozen=True, slots=True)
class Fail:
    """Have it fail, undone."""

    errno: int


@dataclass(frozen=True, slots=True)
class Short:
    """Have a `write` write this many bytes alone."""

    length: int


Answer = Go | Kill | Cut | Fail | Short


class Supervised:
    """A program, and all that it starts, at the mercy of a judge. Use as a context manager."""

    def __init__(
        self,
        argv: Sequence[str],
        judge: Callable[[Change], Answer],
        *,
        env: Mapping[str, str],
        cwd: Path,
        stdin: int = subprocess.DEVNULL,
        stdout: int = subprocess.PIPE,
    ) -> None:
        """Say what to run. `judge` is called in another thread, one call at a time.

        What it raises is raised on leaving the block.
        """
        self._argv, self._env, self._cwd = list(argv), dict(env), cwd
        self._judge = judge
        self._pipes = (stdin, stdout)
        self._met: set[tuple[int, int | None]] = set()  # pids, and when they started: numbers come again
        self._over = False
        self._error: BaseException | None = None
        self._ended = threading.Event()
        self._stop, self._stopped = os.pipe()

    def __enter__(self) -> Self:
        """Start it."""
        ours, theirs = socket.socketpair()
        self._thread = threading.Thread(target=self._watch, args=(ours,), name="judge")
        self._thread.start()

        stdin, stdout = self._pipes
        with theirs:
            self.process = subprocess.Popen(
                self._argv,
                env=self._env,
                cwd=self._cwd,
                stdin=stdin,
                stdout=stdout,
                stderr=subprocess.STDOUT if stdout == subprocess.PIPE else None,
                preexec_fn=lambda: notify.listen(theirs),  # noqa: PLW1509 - all that it needs is loaded
                text=True,
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Kill what lives of the family, and raise what the judge raised."""
        self._kill_all()
        if not self._ended.wait(PATIENCE):
            os.write(self._stopped, b".")
        self._thread.join()
        with self.process as it:
            it.kill()
        os.close(self._stop)
        os.close(self._stopped)
        if self._error is not None and kind is None:
            raise self._error

    def gone(self, patience: float = PATIENCE) -> bool:
        """Wait until all of the family has ended; whether it has."""
        return self._ended.wait(patience)

    def _watch(self, ours: socket.socket) -> None:
        try:
            with ours:
                _, found, _, _ = socket.recv_fds(ours, 1, 1)
            if found:
                self._serve(found[0])
        except BaseException as error:  # noqa: BLE001 - raised where the block is left
            self._error = error
        finally:
            self._ended.set()

    def _serve(self, listener: int) -> None:
        poll = select.poll()
        poll.register(listener, select.POLLIN)
        poll.register(self._stop, select.POLLIN)
        try:
            while True:
                for descriptor, events in poll.poll():
                    if descriptor == self._stop or not events & select.POLLIN:
                        return  # told to, or all have ended
                    if asked := notify.receive(listener):
                        self._answer(listener, asked)
        finally:
            os.close(listener)

    def _answer(self, listener: int, asked: Asked) -> None:
        change = Change(asked, asked.pid)
        self._met.add((change.pid, tree.start_time(change.pid)))
        if self._over:
            _kill(change.pid)
            return
        answer: Answer = Go()
        if self._error is None and not _is_thread(asked):
            try:
                answer = self._judge(change)
            except BaseException as error:  # noqa: BLE001 - the program goes on, and the block raises it
                self._error = error
        match answer:
            case Kill():
                _kill(change.pid)
            case Cut():
                self._kill_all()
            case Fail(number):
                notify.refuse(listener, asked, number)
            case Short(length):
                notify.pretend(listener, asked, _write_some(change, length))
            case Go():
                notify.proceed(listener, asked)

    def _kill_all(self) -> None:
        """Kill all that are under the filter: who was not met yet is killed at its first change."""
        self._over = True
        for pid, start in list(self._met):
            if start is not None and tree.alive(pid, start):
                _kill(pid)


def _write_some(change: Change, length: int) -> int:
    """Write the beginning of what was to be written, through the same open file."""
    descriptor = notify.descriptor(change.pid, _signed(change.asked.args[0]))
    try:
        return os.write(descriptor, change.data()[:length])
    finally:
        os.close(descriptor)


def _is_thread(asked: Asked) -> bool:
    """Tell a new thread from a new process, which `clone3` alone keeps in memory."""
    return asked.name == "clone3" and bool(int.from_bytes(asked.memory(asked.args[0], 8), "little") & _THREAD)


def _kill(pid: int) -> None:
    if not pid:  # it has ended, and 0 would be our own group
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _link(path: str) -> str:
    try:
        return os.readlink(path)  # noqa: PTH115 - what is no path is given as it is
    except OSError:
        return ""


def _signed(value: int) -> int:
    """Give a descriptor as the int that the kernel takes it for."""
    return (value & 0xFFFFFFFF) - ((value & 0x80000000) << 1)


def _page(address: int) -> int:
    """Give how much can be read at an address without leaving its page unless a path needs it."""
    return min(_PATH_MAX, 2 * _PATH_MAX - address % _PATH_MAX)
