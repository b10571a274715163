"""A person's terminal: a pty pair with a program upon it, and what the program did to it."""

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from looop.session.pyte_screen import PyteScreen
from support.scripted import CLIENT, ROOT
from support.waiting import until

ATTACH = CLIENT.replace("import client", "import attaching, client").replace(
    "client.relay", "attaching.attach"
)
_CONTROLLING = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


class Terminal:
    """What a person sits at. `process` is the program upon it, the leader of a session of its own."""

    def __init__(self, argv: Sequence[str], size: tuple[int, int], env: dict[str, str]) -> None:
        self.master, self.slave = pty.openpty()
        os.set_blocking(self.master, False)
        self.resize(*size)
        self.before = self.settings()
        self.raw = b""
        self.process = subprocess.Popen(
            [sys.executable, "-c", _CONTROLLING, *argv],
            stdin=self.slave,
            stdout=self.slave,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT}/tests", **env},
            start_new_session=True,
        )

    def settings(self) -> list[Any]:
        return termios.tcgetattr(self.slave)

    def resize(self, columns: int, lines: int) -> None:
        self.size = (columns, lines)
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def resized(self, columns: int, lines: int) -> None:
        """Change the size while a program runs, who is told."""
        self.resize(columns, lines)
        self.process.send_signal(signal.SIGWINCH)

    def type(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def output(self) -> bytes:
        """Give all that was ever written to it."""
        while True:
            try:
                data = os.read(self.master, 1 << 16)
            except (BlockingIOError, OSError):
                return self.raw
            if not data:
                return self.raw
            self.raw += data

    def screen(self) -> PyteScreen:
        """Give what a person sees."""
        seen = PyteScreen(*self.size)
        seen.feed(self.output())
        return seen

    def shows(self, text: str) -> None:
        """Wait until a person sees a text."""
        until(lambda: text in "\n".join(self.screen().text()), f"{text!r} in {self.screen().text()}")

    def is_raw(self) -> None:
        until(lambda: not self.settings()[3] & (termios.ICANON | termios.ECHO), "a raw terminal")

    def ended(self) -> tuple[int, str]:
        """Wait for the program's end: its exit code, and what it said on stderr."""
        until(lambda: (self.output(), self.process.poll())[1] is not None, "the end of the program")
        assert self.process.stderr is not None
        return self.process.returncode, self.process.stderr.read().decode()

    def close(self) -> None:
        """Hang up."""
        for fd in (self.master, self.slave):
            if fd >= 0:
                os.close(fd)
        self.master = self.slave = -1


@contextmanager
def terminal(
    *argv: str,
    program: Sequence[str] = (sys.executable,),
    size: tuple[int, int] = (80, 24),
    env: dict[str, str] | None = None,
) -> Iterator[Terminal]:
    """Run a program, Python if none is named, on a terminal; it is killed at the end if it still runs."""
    it = Terminal([*program, *argv], size, env or {})
    try:
        yield it
    finally:
        if it.process.poll() is None:
            it.process.kill()
        it.close()
        it.process.communicate()


@contextmanager
def attached(
    sock: Path, *argv: str, size: tuple[int, int] = (80, 24), settings: str = ""
) -> Iterator[Terminal]:
    """Run the terminal's side of `attach` against the engine at `sock`."""
    env = {"CLIENT_SETTINGS": settings}
    with terminal("-c", ATTACH, str(sock), *(argv or ("attach", "tea")), size=size, env=env) as it:
        yield it
