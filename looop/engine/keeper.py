"""The keeper: one small process per profile that owns all terminals, keeps an engine alive, and never fails.

In: the profile's `.keeper.lock`, taken by its starter and inherited; signals; the engine's requests and
pats. Out: terminals that outlive engines (`engine.ptys`), an engine that is restarted when it dies or hangs,
and no leftovers. One loop, standard library and ptyprocess; all is imported at the start.
"""

import contextlib
import math
import os
import selectors
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Sequence
from enum import Enum
from pathlib import Path

from looop.child import tree
from looop.child.environ import pinned
from looop.core.problem import Exit, Problem
from looop.engine import holder, ptychild, renewal
from looop.engine.keeperlog import log, log_error, trim
from looop.engine.link import Link, Message, Reply
from looop.engine.pty import Pty
from looop.engine.ptyend import Ending
from looop.engine.ptys import Ptys
from looop.engine.signals import CHLD, HUP, INT, TERM, Signals
from looop.engine.timing import Timing

LOCK = 3  # the descriptor on which our starter hands the lock over
LINE = 3  # the descriptor on which the engine finds its line to us
LOG_LIMIT = 1 << 20  # bytes of our log; then it begins anew, and a next keeper moves it aside
DELAYS = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0)  # seconds before a restart
CALM = 1.0  # seconds after an error that nobody foresaw
SWEEP = 5.0  # seconds that the killing of leftovers may take
FAREWELL = 5.0  # seconds that sessions have for their own end when we leave
UNHEARD = 1 << 20  # bytes that an engine may leave unread before we take no more requests from it
ONCE = "--once"  # the first engine is wanted even without `.up`: a session is to be started


class State(Enum):
    """What keeper waits for; each has one deadline."""

    DOWN = "an engine to be started"
    UP = "a pat"
    SUSPECT = "a sign of life, stacks being saved"
    ENDING = "the engine's own end"
    BURYING = "the end of what the engine left"
    CLOSING = "the sessions' end"
    OVER = "nothing"

    def __str__(self) -> str:
        return self.value


class Keeper:
    """The loop. `command` starts an engine; ours are added to it. `once`: the first one in any case."""

    def __init__(self, data: Path, command: Sequence[str], timing: Timing, *, once: bool = False) -> None:
        self.data, self.command, self.timing = data, list(command), timing
        self._up, self._lock = data / ".up", data / ".keeper.lock"
        self._once = once
        self._state = State.DOWN
        self._until = 0.0
        self.engine = 0
        self.link: Link | None = None
        self.starts: deque[float] = deque()
        self.safe = False
        self._told_to_end = False
        self._replacing = False  # the engine is to end for the next one, which is no fault of it
        self._killing: Ending | None = None  # the engine, which did not end by itself
        self._renewal: Message | None = None
        self.selector = selectors.DefaultSelector()
        self._signals = Signals((CHLD, TERM, INT, HUP), keep_ignored=False)
        self.selector.register(self._signals.fd, selectors.EVENT_READ)
        self.known: set[int] = set()
        self.ptys = Ptys(self.selector, self.known, ptychild.raise_limit())

    def run(self) -> int:
        """Keep an engine until nobody wants one any more; the exit code."""
        while self._state is not State.OVER:
            try:
                self._turn()
            except Exception:  # noqa: BLE001 - whatever it is, to go on is better than to leave the engine alone
                log_error()
                time.sleep(CALM)
        return 0

    def _turn(self) -> None:
        due = min(self._until, self.ptys.due, self.ptys.sweeper.due)
        if self._killing is not None:
            due = min(due, self._killing.due)
        terminals: list[tuple[Pty, int]] = []
        ready: dict[int, int] = {}
        for key, mask in self.selector.select(max(0.0, due - time.monotonic())):
            if isinstance(key.data, Pty):
                terminals.append((key.data, mask))
            else:
                ready[key.fd] = mask
        if self.link is not None and self.link.fd in ready:
            self._hear(self.link)
        self.ptys.ready(terminals)
        if self._signals.fd in ready:
            self._heed(self._signals.arrived())
        now = time.monotonic()
        self.ptys.step(now)
        if self.ptys.sweeper.due <= now:
            self.ptys.sweeper.step(now)
        if self._killing is not None and self._killing.due <= now:
            self._killing.step(now)
        self.ptys.tidy()
        self._advance(now)
        self._arm()
        if self._renewal is not None:  # after all that came with the request
            self._renew(self._renewal)

    def _advance(self, now: float) -> None:
        """Act on the state's deadline, or as soon as what it waited for is there."""
        if self._state is State.BURYING and (now >= self._until or not self.ptys.sweeper.busy):
            self._go_on()
        elif self._state is State.CLOSING and not (self.ptys or self.ptys.sweeper.busy):
            self._state = State.OVER
        elif now >= self._until:
            self._late()

    def _late(self) -> None:
        if self._state is State.DOWN:
            self._start()
        elif self._state is State.UP:
            log(f"the engine (pid {self.engine}) has been silent for {self.timing.hang_after:g} s")
            self._send(signal.SIGUSR1)  # faulthandler writes its stacks, even from a hung thread
            self._become(State.SUSPECT, self.timing.second_look)
        elif self._state in {State.SUSPECT, State.ENDING}:
            log(f"killing the engine (pid {self.engine}), which waited for {self._state}")
            self._killing = Ending(self.engine)
            self._killing.begin(time.monotonic(), 0)
            self._until = math.inf  # its end comes as SIGCHLD; till then it is tried again and again
        elif self._state is State.CLOSING:
            log("leaving, although sessions have not ended")
            self._state = State.OVER

    def _start(self) -> None:
        """Start an engine, in safe mode after too many restarts; or leave, when nobody wants one."""
        if not self._once and not self._wanted():
            self._leave()
            return
        self._once = False
        now = time.monotonic()
        while self.starts and self.starts[0] <= now - self.timing.window:
            self.starts.popleft()
        before, self.safe = self.safe, len(self.starts) > self.timing.restarts
        self.starts.append(now)
        trim(LOG_LIMIT)
        try:
            self._spawn(("--safe", *(() if before else ("--tell",))) if self.safe else ())
        except OSError as error:  # no memory, no processes, a program that is being replaced
            log(f"no engine could be started: {error}")
            self._become(State.DOWN, DELAYS[-1])
            return
        log(f"engine started (pid {self.engine}){' in safe mode' if self.safe else ''}")
        self._become(State.UP, self.timing.hang_after)

    def _spawn(self, mode: Sequence[str]) -> None:
        ours, theirs = socket.socketpair()
        argv = [*pinned(self.command), "--line", str(LINE), *mode]
        # `theirs` is never LINE itself: that is our lock, so the copy always loses its close-on-exec.
        with ours, theirs:
            ptychild.set_limit(self.ptys.limits)
            try:
                self.engine = os.posix_spawn(
                    argv[0],
                    argv,
                    os.environ,
                    file_actions=[(os.POSIX_SPAWN_DUP2, theirs.fileno(), LINE)],
                    setpgroup=0,
                    setsigmask=(),
                    setsigdef=(signal.SIGPIPE, signal.SIGXFSZ, signal.SIGHUP, signal.SIGINT),
                )
            finally:
                ptychild.raise_limit()
            self.known.add(self.engine)
            self.follow(Link(ours.detach()))

    def follow(self, link: Link) -> None:
        """Hear this engine from now on."""
        self.link = link
        self.selector.register(link.fd, selectors.EVENT_READ)
        self.ptys.follow(link)

    def _hear(self, link: Link) -> None:
        """Take requests; each is a sign of life. The line's end means nothing, only the engine's death."""
        link.flush()
        for message in link.receive() if link.unsent < UNHEARD else ():
            if self._state in {State.UP, State.SUSPECT}:
                self._become(State.UP, self.timing.hang_after)
            number = message.get("n")
            reply = Reply(link, number if isinstance(number, int) else None)
            if message.get("do") == "renew":
                self._promise(message, reply)
            else:
                self.ptys.ask(message, reply)
        if link.gone:
            self.selector.unregister(link.fd)

    def _arm(self) -> None:
        """Wait for the line as its two ends need it."""
        link = self.link
        if link is None or link.gone:
            return
        mask = selectors.EVENT_WRITE if link.unsent else 0
        mask |= selectors.EVENT_READ if link.unsent < UNHEARD else 0
        if self.selector.get_key(link.fd).events != mask:
            self.selector.modify(link.fd, mask)

    def _heed(self, numbers: bytes) -> None:
        if {TERM, HUP} & set(numbers):
            self._end()
        elif INT in numbers:
            self._end_engine()
        if CHLD in numbers:
            self.reap()

    def _end(self) -> None:
        """End engine and sessions gently, then leave. Twice is once: a logout sends TERM and HUP together."""
        if self._told_to_end:
            return
        self._told_to_end = True
        if self._state in {State.UP, State.SUSPECT}:
            self._send(signal.SIGTERM)
            self._become(State.ENDING, self.timing.grace)
        elif self._state is State.DOWN:
            self._leave()

    def _end_engine(self) -> None:
        """End the engine alone, by force after a grace; if one is wanted still, another follows."""
        if self._state in {State.UP, State.SUSPECT}:
            self.replace_engine()
        elif self._state is State.DOWN:
            self._until = 0.0  # decided now

    def reap(self) -> None:
        """Collect the statuses of all children that have ended."""
        with contextlib.suppress(ChildProcessError):
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                self.ptys.reaped(*found)
                if found[0] == self.engine:
                    log(f"the engine (pid {found[0]}) ended: {_how(found[1])}")
                    self._bury()

    def _bury(self) -> None:
        """Kill what the dead engine left running before anything else happens."""
        self.engine, self._killing = 0, None
        if self.link is not None:
            if not self.link.gone:
                self.selector.unregister(self.link.fd)
            self.link.close()
            self.link = None
        self.ptys.follow(None)
        # Whatever is our child and was not started by us fell to us from the engine.
        self.ptys.sweeper.begin(time.monotonic())
        self._become(State.BURYING, SWEEP)

    def _go_on(self) -> None:
        """Start the next engine, or leave."""
        if self._told_to_end or not self._wanted():
            self._leave()
        elif self._replacing:
            self._replacing = False
            self._become(State.DOWN, 0)
        else:
            self._become(State.DOWN, DELAYS[min(len(self.starts) - 1, len(DELAYS) - 1)])

    def _leave(self) -> None:
        """Leave, once sessions have been asked, then made, to end: none may run with nobody to keep it."""
        self._told_to_end = True
        self.ptys.end_all(FAREWELL)
        self._become(State.CLOSING, FAREWELL + 2 * SWEEP)
        self._advance(time.monotonic())

    def _promise(self, message: Message, reply: Reply) -> None:
        if self._state is State.UP:
            self._renewal = message
            reply.done()
        else:
            reply.refuse(Problem(Exit.NO, "not-renewed", f"Keeper waits for {self._state}; try again."))

    def _renew(self, message: Message) -> None:
        """Become the program that `message` names, with all that we have; go on as before if that fails."""
        self._renewal = None
        try:
            renewal.become(self, LOCK, [*message["keeper"]], [*message["engine"]])
        except (KeyError, TypeError, ValueError, OSError) as error:
            log(f"could not be renewed: {error}")

    def replace_engine(self) -> None:
        """Have the engine end; if one is wanted still, `command` starts it at once."""
        self._replacing = True
        self._send(signal.SIGTERM)
        self._become(State.ENDING, self.timing.grace)

    def _become(self, state: State, seconds: float) -> None:
        self._state, self._until = state, time.monotonic() + seconds

    def _send(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.engine, number)  # our child and not yet reaped: the pid can't be another's

    def _wanted(self) -> bool:
        """Whether a session lives or `.up` is there, in a profile that is still ours: the same lock.

        Only that it is absent counts, not an error of the disk.
        """
        try:
            if not os.path.samestat(os.fstat(LOCK), self._lock.lstat()):
                return False
            if not self.ptys:
                self._up.lstat()
        except FileNotFoundError:
            return False
        except OSError:
            return True
        return True


def main(argv: Sequence[str]) -> int:
    """Be the keeper: `DATA TIMING [--once] COMMAND…`, with the lock on descriptor 3 and a log on 1 and 2.

    `--renewed FD` instead of `--once` is what a keeper says that became this program.
    """
    data, timing, *command = argv
    if command[0] == renewal.RENEWED:
        keeper = Keeper(Path(data), command[2:], Timing.parse(timing))
        renewal.take_over(keeper, LOCK, int(command[1]))
        return keeper.run()
    once = command[0] == ONCE
    os.closerange(LOCK + 1, os.sysconf("SC_OPEN_MAX"))  # what our caller forgot to close is not ours
    os.set_inheritable(LOCK, False)  # noqa: FBT003 - the standard library's own signature
    os.chdir("/")
    with contextlib.suppress(OSError):
        os.setsid()  # unless whoever started us did so already
    with contextlib.suppress(OSError):  # it is for people, and the disk may be full
        os.ftruncate(LOCK, 0)
        os.pwrite(LOCK, holder.myself(), 0)
    tree.become_subreaper()
    return Keeper(Path(data), command[1:] if once else command, Timing.parse(timing), once=once).run()


def _how(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return f"exit code {code}" if code >= 0 else f"signal {-code}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
