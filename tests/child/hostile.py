"""Programs that try to survive: `hostile.py KIND MARK [PAUSE]`. The mark is in all that they start."""

import os
import signal
import sys
import time
from collections.abc import Callable

KIND, MARK = sys.argv[1], sys.argv[2]
PAUSE = float(sys.argv[3]) if len(sys.argv) > 3 else 0.002  # between two forks of those that go on forking


def again(kind: str, env: dict[str, str] | None = None) -> None:
    argv = [sys.executable, "-S", __file__, kind, MARK]
    os.execve(argv[0], argv, dict(os.environ) if env is None else env)


def linger() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    while True:
        time.sleep(60)


def say(text: str) -> None:
    os.write(1, text.encode())


def silence() -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)


def double_fork(last: Callable[[], None], *, session: bool) -> None:
    """Leave a grandchild behind that has no parent of ours any more, and wait until it is so."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        if session:
            os.setsid()
        if os.fork() == 0:
            os.close(reader)
            os.write(writer, b"!")
            os.close(writer)
            last()
            os._exit(0)
        os._exit(0)
    os.wait()
    os.close(writer)
    os.read(reader, 1)


def linger_silent() -> None:
    silence()
    linger()


def daemon_holds_stdout() -> None:
    say("started a daemon\n")
    double_fork(linger, session=True)


def daemon_is_silent() -> None:
    double_fork(linger_silent, session=True)


def daemon_cleared_environment() -> None:
    double_fork(lambda: again("linger-silent", {}), session=True)


def daemon_shed_all() -> None:
    """Know how a run's own are told, and shed that, too."""
    import resource

    limit = resource.RLIMIT_RTTIME
    resource.setrlimit(limit, (resource.getrlimit(limit)[1],) * 2)
    daemon_cleared_environment()


def forks_for_ever() -> None:
    while True:
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            if os.fork() == 0:
                time.sleep(60)
            time.sleep(0.05)
            os._exit(0)
        time.sleep(PAUSE)


def chain_of_forks() -> None:
    """Never the same process for long: each link forks the next and is gone."""
    if os.fork() == 0:
        silence()
        while True:
            os.setsid()
            time.sleep(PAUSE)
            if os.fork() != 0:
                os._exit(0)


def stopped() -> None:
    if os.fork() == 0:
        os.kill(os.getpid(), signal.SIGSTOP)
        linger()
    os.kill(os.getpid(), signal.SIGSTOP)


def ignores_term() -> None:
    for _ in range(3):
        if os.fork() == 0:
            linger()
    linger()


def first_thread_ends() -> None:
    """A process that looks like a zombie while it lives on in another thread."""
    import _thread
    import ctypes

    if os.fork() == 0:
        silence()
        _thread.start_new_thread(linger_in_thread, ())
        time.sleep(0.1)
        ctypes.CDLL(None).syscall(60, 0)  # exit of this thread alone, on x86_64
    time.sleep(0.3)


def linger_in_thread() -> None:
    while True:
        time.sleep(60)


def flood() -> None:
    piece = b"x" * 65536
    for _ in range(1600):
        os.write(1, piece)


def flood_and_hold() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        os.write(1, b"y" * 65536)


def daemon_then_hang() -> None:
    double_fork(linger, session=True)
    linger()


def cleared_daemon_then_hang() -> None:
    daemon_cleared_environment()
    linger()


def gate() -> None:
    """Say that all is set up, then end when the driver says so."""
    say("ready\n")
    while not os.path.exists(os.environ["GATE"]):  # noqa: PTH110 - started hundreds of times: no pathlib
        time.sleep(0.02)


def daemon_then_gate() -> None:
    double_fork(linger, session=True)
    gate()


KINDS: dict[str, Callable[[], None]] = {
    "exits": lambda: None,
    "linger": linger,
    "linger-silent": linger_silent,
    "daemon-holds-stdout": daemon_holds_stdout,
    "daemon-is-silent": daemon_is_silent,
    "daemon-cleared-environment": daemon_cleared_environment,
    "daemon-shed-all": daemon_shed_all,
    "daemon-in-group": lambda: double_fork(linger, session=False),
    "forks-for-ever": forks_for_ever,
    "chain-of-forks": chain_of_forks,
    "stopped": stopped,
    "ignores-term": ignores_term,
    "first-thread-ends": first_thread_ends,
    "exec": lambda: again("ignores-term", {}),
    "flood": flood,
    "flood-and-hold": flood_and_hold,
    "gate": gate,
    "daemon-then-gate": daemon_then_gate,
    "daemon-then-hang": daemon_then_hang,
    "cleared-daemon-then-hang": cleared_daemon_then_hang,
}

KINDS[KIND]()
