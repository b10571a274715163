"""What tmux makes of the same output, to hold our screen against: `against_tmux.py RAW COLUMNS LINES`.

In: a program's output and a size. Out: tmux's rows, from a server of its own that is gone afterwards; and a
recorder of real programs. What was recorded may differ from run to run: both get the same bytes.
"""

import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import ptyprocess

from looop.session.pyte_screen import PyteScreen

QUIET = 0.3
PATIENCE = 20.0
Rows = tuple[str, ...]


def record(argv: Sequence[str], size: tuple[int, int], keys: Sequence[str], cwd: Path) -> bytes:
    """Run a program on a terminal and press keys, each once its output pauses; gives what it wrote."""
    env = clean() | {"HOME": str(cwd), "COLUMNS": str(size[0]), "LINES": str(size[1])}
    program = ptyprocess.PtyProcess.spawn([*argv], cwd=str(cwd), env=env, dimensions=size[::-1])
    try:
        written = b"".join(_until_quiet(program.fd))
        for key in keys:
            program.write(key.encode())
            written += b"".join(_until_quiet(program.fd))
        return written
    finally:
        program.close(force=True)


def clean() -> dict[str, str]:
    """Give an environment in which programs do the same everywhere."""
    path = os.environ.get("PATH", "/usr/bin:/bin")
    return {"PATH": path, "TERM": "xterm-256color", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}


def _until_quiet(fd: int) -> Iterator[bytes]:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and select.select([fd], [], [], QUIET)[0]:
        try:
            data = os.read(fd, 65536)
        except OSError:  # Linux says EIO when the program has ended
            return
        if not data:
            return
        yield data


class Tmux:
    """A server of our own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._env: Mapping[str, str] = clean() | {"TMUX_TMPDIR": str(folder), "SHELL": "/bin/sh"}
        (folder / "conf").write_text("set -g status off\nset -g default-terminal screen-256color\n")

    def tell(self, *words: str, check: bool = True) -> str:
        argv = ["tmux", "-u", "-L", "cmp", "-f", str(self._folder / "conf"), *words]
        done = subprocess.run(
            argv, env=self._env, capture_output=True, check=check, text=True, timeout=PATIENCE
        )
        return done.stdout

    def rows(self, raw: bytes, size: tuple[int, int], expected: Rows) -> Rows:
        """Give what tmux shows once it has read all: at once if it is as expected, else after seconds."""
        (self._folder / "raw").write_bytes(raw)
        play = f"stty raw -echo; cat {self._folder}/raw; exec sleep 100"
        self.tell("new-session", "-d", "-s", "s", "-x", str(size[0]), "-y", str(size[1]), play)
        try:
            return self._settled(expected)
        finally:
            self.tell("kill-session", "-t", "s", check=False)

    def _settled(self, expected: Rows) -> Rows:
        until = time.monotonic() + 4
        last: Rows = ()
        while time.monotonic() < until and last != expected:
            text = self.tell("capture-pane", "-p", "-t", "s").split("\n")[: len(expected)]
            last = tuple(row.rstrip() for row in text)
            time.sleep(0.05)
        return last


@contextmanager
def server() -> Iterator[Tmux]:
    """Run one, in a folder whose path is short enough for its socket."""
    with tempfile.TemporaryDirectory(prefix="tmux-") as folder:
        tmux = Tmux(Path(folder))
        tmux.tell("new-session", "-d", "-s", "keep", "sleep 600")
        try:
            yield tmux
        finally:
            pid = tmux.tell("display-message", "-p", "#{pid}", check=False).strip()
            tmux.tell("kill-server", check=False)
            _gone(pid)


def _gone(pid: str) -> None:
    until = time.monotonic() + PATIENCE
    while pid and Path(f"/proc/{pid}").exists() and time.monotonic() < until:
        time.sleep(0.02)


def ours(raw: bytes, size: tuple[int, int]) -> Rows:
    screen = PyteScreen(*size)
    screen.feed(raw)
    return tuple(row.rstrip() for row in screen.text())


def differences(tmux: Tmux, raw: bytes, size: tuple[int, int]) -> list[tuple[int, str, str]]:
    """Give each row that differs, as (line, tmux's, ours)."""
    mine = ours(raw, size)
    theirs = tmux.rows(raw, size, mine)
    both = enumerate(zip(theirs, mine, strict=True))
    return [(line, *pair) for line, pair in both if pair[0] != pair[1]]


if __name__ == "__main__":
    with server() as running:
        size = (int(sys.argv[2]), int(sys.argv[3]))
        for line, theirs, mine in differences(running, Path(sys.argv[1]).read_bytes(), size):
            sys.stdout.write(f"{line}\n  tmux {theirs!r}\n  ours {mine!r}\n")
