"""A program on a new terminal: fork, what the child sets right before it executes, its surroundings.

In: a command for `/bin/sh`, a folder, an environment. Out: a leader that was executed, and the master of its
terminal. For `engine.pty`, in keeper alone: after a fork nothing may be imported or locked.
"""

import contextlib
import functools
import os
import resource
import signal
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ptyprocess import PtyProcess

from looop.child import scope, tree
from looop.child.inside import SHELL

FILES = 65536  # descriptors that keeper allows itself, if it may
SACRIFICE = 200  # by how much likelier than us the kernel shall kill a session when memory runs out
_OOM = "/proc/self/oom_score_adj"

Limits = tuple[int, int]
_made: list["Master"] = []  # by the present `start`


@dataclass(frozen=True, slots=True)
class Order:
    """What to run, where. `limits` are those of descriptors that the child gets, soft and hard.

    `scoped`: it and all that it starts are restricted as `child.scope` says.
    """

    command: str
    cwd: str
    env: Mapping[str, str]
    columns: int
    lines: int
    limits: Limits
    scoped: bool = False


class Master(PtyProcess):  # type: ignore[misc]  # the package has no types
    """A terminal's master and its leader's pid. Closing it closes the descriptor and does nothing else.

    The package's own way waits, signals the leader and collects its status, even when it is merely forgotten.
    """

    fd: int

    def __init__(self, pid: int, fd: int) -> None:
        super().__init__(pid, fd)
        _made.append(self)

    def close(self, force: bool = True) -> None:  # noqa: ARG002 - the package's signature
        """Close the descriptor; nothing on a second call."""
        fd, self.fd, self.closed = self.fd, -1, True
        if fd >= 0:
            self.fileobj.close()


def start(order: Order) -> Master:
    """Start a program; return once it was executed. OSError or another Exception with the reason why not."""
    _check(order)
    changed = _changed()  # here, since all that a child touches it has to copy first
    me = os.getpid()
    _made.clear()
    try:
        master: Master = Master.spawn(
            [*SHELL, order.command],
            env=dict(order.env),
            preexec_fn=lambda: _prepare(order, changed),
            dimensions=(order.lines, order.columns),
        )
    except BaseException as error:
        if os.getpid() != me:  # the child, where nobody foresaw an error: it must never be a second keeper
            os._exit(127)
        for failed in _made:  # the error holds it, and itself, for who knows how long
            failed.close()
        if not _made:
            _close_pipe(error)
        raise
    finally:
        _made.clear()
    adopt(master)
    return master


def _close_pipe(error: BaseException) -> None:
    """Close what the package leaves open when there is no terminal or no process to be had."""
    trace = error.__traceback__
    while trace is not None:
        found = trace.tb_frame.f_locals
        for name in ("exec_err_pipe_read", "exec_err_pipe_write"):
            if name in found:
                os.close(found[name])
        trace = trace.tb_next


def _check(order: Order) -> None:
    """Raise now what would go wrong between fork and exec, where nobody could tell it."""
    for text in (order.command, order.cwd, *order.env, *order.env.values()):
        if b"\0" in os.fsencode(text):
            raise ValueError("a NUL byte in the command or its environment")


def adopt(master: Master) -> None:
    """Make a master ours: no child inherits it, and nothing waits for it."""
    os.set_inheritable(master.fd, False)  # noqa: FBT003 - the standard library's own signature
    os.set_blocking(master.fd, False)


def raise_limit() -> Limits:
    """Allow ourselves more descriptors than a hundred terminals need; the limits as they were."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    set_limit((max(before[0], min(FILES, before[1])), before[1]))
    return before


def set_limit(limits: Limits) -> None:
    """Set our own limits of descriptors; nothing where that is not allowed."""
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


@functools.cache
def _changed() -> tuple[signal.Signals, ...]:
    """Tell the signals that are not as a program expects them: keeper sets its own before it starts any."""
    ours = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}
    return tuple(number for number in ours if signal.getsignal(number) is not signal.SIG_DFL)


def _prepare(order: Order, changed: Iterable[signal.Signals]) -> None:
    """Set right what a child of Python and of keeper would inherit. Runs between fork and exec."""
    signal.set_wakeup_fd(-1)
    for number in changed:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    # Not as the package would: there an error in this would let the child go on as keeper.
    os.chdir(order.cwd)
    tree.become_subreaper()
    set_limit(order.limits)
    if order.scoped:
        scope.enter()
    with contextlib.suppress(OSError, ValueError):
        _offer()


def _offer() -> None:
    fd = os.open(_OOM, os.O_RDWR)
    try:
        os.write(fd, str(min(1000, int(os.read(fd, 16)) + SACRIFICE)).encode())
    finally:
        os.close(fd)
