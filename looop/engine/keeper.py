"""The keeper: one small process per profile that keeps an engine alive, and must never fail itself.

In: the profile's `.keeper.lock`, taken by `up` and inherited; signals; one byte whenever the engine pats.
Out: an engine that runs, is restarted when it dies or hangs, and whose leftovers are killed. One loop,
standard library only; all is imported at the start, nothing is opened from the program's files later.
"""

import contextlib
import os
import selectors
import signal
import socket
import sys
import time
import traceback
from collections import deque
from collections.abc import Sequence
from enum import Enum
from pathlib import Path

from looop.child import tree
from looop.engine import holder
from looop.engine.signals import CHLD, HUP, INT, TERM, Signals
from looop.engine.timing import Timing

LOCK = 3  # the descriptor on which `up` hands the lock over
LINE = 3  # the descriptor on which the engine finds its line to us
LOG_LIMIT = 1 << 20  # bytes of our log; then it begins anew
DELAYS = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0)  # seconds before a restart
CALM = 1.0  # seconds after an error that nobody foresaw
SWEEP = 5.0  # seconds that the killing of leftovers may take


class State(Enum):
    """What keeper waits for; each has one deadline."""

    DOWN = "an engine to be started"
    UP = "a pat"
    SUSPECT = "a sign of life, stacks being saved"
    ENDING = "the engine's own end"
    OVER = "nothing"

    def __str__(self) -> str:
        return self.value


class Keeper:
    """The loop. `command` starts an engine; ours are added to it."""

    def __init__(self, data: Path, command: Sequence[str], timing: Timing) -> None:
        self._up, self._lock = data / ".up", data / ".keeper.lock"
        self._command = list(command)
        self._timing = timing
        self._state = State.DOWN
        self._until = 0.0
        self._engine = 0
        self._line: socket.socket | None = None
        self._starts: deque[float] = deque()
        self._safe = False
        self._told_to_end = False
        self._selector = selectors.DefaultSelector()
        self._signals = Signals((CHLD, TERM, INT, HUP), keep_ignored=False)
        self._selector.register(self._signals.fd, selectors.EVENT_READ)

    def run(self) -> int:
        """Keep an engine until nobody wants one any more; the exit code."""
        while self._state is not State.OVER:
            try:
                self._turn()
            except Exception:  # noqa: BLE001 - whatever it is, to go on is better than to leave the engine alone
                _log(traceback.format_exc())
                time.sleep(CALM)
        return 0

    def _turn(self) -> None:
        left = max(0.0, self._until - time.monotonic())
        ready = {key.fd for key, _ in self._selector.select(left)}
        if self._line is not None and self._line.fileno() in ready:
            self._hear(self._line)
        if self._signals.fd in ready:
            self._heed(self._signals.arrived())
        if time.monotonic() >= self._until:
            self._late()

    def _late(self) -> None:
        """Act on the state's deadline."""
        if self._state is State.DOWN:
            self._start()
        elif self._state is State.UP:
            _log(f"the engine (pid {self._engine}) has been silent for {self._timing.hang_after:g} s")
            self._send(signal.SIGUSR1)  # faulthandler writes its stacks, even from a hung thread
            self._become(State.SUSPECT, self._timing.second_look)
        elif self._state in {State.SUSPECT, State.ENDING}:
            _log(f"killing the engine (pid {self._engine}), which waited for {self._state}")
            tree.kill_tree(self._engine, limit=SWEEP)
            self._until = time.monotonic() + SWEEP  # its end comes as SIGCHLD; a second try if it doesn't

    def _start(self) -> None:
        """Start an engine, in safe mode after too many restarts; or leave, when nobody wants one."""
        if not self._wanted():
            self._state = State.OVER
            return
        now = time.monotonic()
        while self._starts and self._starts[0] <= now - self._timing.window:
            self._starts.popleft()
        before, self._safe = self._safe, len(self._starts) > self._timing.restarts
        self._starts.append(now)
        _trim_log()
        try:
            self._spawn(("--safe", *(() if before else ("--tell",))) if self._safe else ())
        except OSError as error:  # no memory, no processes, a program that is being replaced
            _log(f"no engine could be started: {error}")
            self._become(State.DOWN, DELAYS[-1])
            return
        _log(f"engine started (pid {self._engine}){' in safe mode' if self._safe else ''}")
        self._become(State.UP, self._timing.hang_after)

    def _spawn(self, mode: Sequence[str]) -> None:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)  # noqa: FBT003 - the standard library's own signature
        argv = [*self._command, "--line", str(LINE), *mode]
        # `theirs` is never LINE itself: that is our lock, so the copy always loses its close-on-exec.
        with theirs:
            try:
                self._engine = os.posix_spawn(
                    argv[0],
                    argv,
                    os.environ,
                    file_actions=[(os.POSIX_SPAWN_DUP2, theirs.fileno(), LINE)],
                    setpgroup=0,
                    setsigmask=(),
                    setsigdef=(signal.SIGPIPE, signal.SIGXFSZ, signal.SIGHUP, signal.SIGINT),
                )
            except BaseException:
                ours.close()
                raise
        self._line = ours
        self._selector.register(ours, selectors.EVENT_READ)

    def _hear(self, line: socket.socket) -> None:
        """Take pats. That the line ends means nothing: only the engine's death does."""
        try:
            heard = line.recv(64)
        except BlockingIOError:
            return
        except OSError:
            heard = b""
        if not heard:
            self._selector.unregister(line)
        elif self._state in {State.UP, State.SUSPECT}:
            self._become(State.UP, self._timing.hang_after)

    def _heed(self, numbers: bytes) -> None:
        if {TERM, INT, HUP} & set(numbers):
            self._end()
        if CHLD in numbers:
            self._reap()

    def _end(self) -> None:
        """End the engine gently, then leave. Twice is once: a logout sends TERM and HUP together."""
        if self._state is State.DOWN:
            self._state = State.OVER
        elif not self._told_to_end:
            self._told_to_end = True
            self._send(signal.SIGTERM)
            self._become(State.ENDING, self._timing.grace)

    def _reap(self) -> None:
        ended = False
        with contextlib.suppress(ChildProcessError):
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                if found[0] == self._engine:
                    _log(f"the engine (pid {found[0]}) ended: {_how(found[1])}")
                    ended = True
        if ended:
            self._bury()

    def _bury(self) -> None:
        """Kill what the dead engine left running, then start the next one or leave."""
        self._engine = 0
        if self._line is not None:
            with contextlib.suppress(KeyError):
                self._selector.unregister(self._line)
            self._line.close()
            self._line = None
        # Whatever is our child and was not started by us fell to us from the engine.
        if not tree.sweep((), limit=SWEEP):
            _log("something that the engine left running can't be killed")
        if self._told_to_end or not self._wanted():
            self._state = State.OVER
        else:
            self._become(State.DOWN, DELAYS[min(len(self._starts) - 1, len(DELAYS) - 1)])

    def _become(self, state: State, seconds: float) -> None:
        self._state, self._until = state, time.monotonic() + seconds

    def _send(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._engine, number)  # our child and not yet reaped: the pid can't be another's

    def _wanted(self) -> bool:
        """Whether `.up` is there, in a profile that is still ours: the same lock, not one made anew.

        Only that it is absent counts, not an error of the disk.
        """
        try:
            self._up.lstat()
            return os.path.samestat(os.fstat(LOCK), self._lock.lstat())
        except FileNotFoundError:
            return False
        except OSError:
            return True


def main(argv: Sequence[str]) -> int:
    """Be the keeper: `DATA TIMING COMMAND…`, with the lock on descriptor 3 and a log on 1 and 2."""
    data, timing, *command = argv
    os.closerange(LOCK + 1, os.sysconf("SC_OPEN_MAX"))  # what our caller forgot to close is not ours
    os.set_inheritable(LOCK, False)  # noqa: FBT003 - the standard library's own signature
    os.chdir("/")
    with contextlib.suppress(OSError):
        os.setsid()  # unless whoever started us did so already
    with contextlib.suppress(OSError):  # it is for people, and the disk may be full
        os.ftruncate(LOCK, 0)
        os.pwrite(LOCK, holder.myself(), 0)
    tree.become_subreaper()
    return Keeper(Path(data), command, Timing.parse(timing)).run()


def _how(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return f"exit code {code}" if code >= 0 else f"signal {-code}"


def _trim_log() -> None:
    with contextlib.suppress(OSError):
        if os.fstat(2).st_size > LOG_LIMIT:
            os.ftruncate(2, 0)


def _log(text: str) -> None:
    with contextlib.suppress(OSError):
        os.write(2, f"{time.strftime('%Y-%m-%d %H:%M:%S')} keeper: {text}\n".encode())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
