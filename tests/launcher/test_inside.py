"""The first program in a cell with a terminal: by the launcher and without, it is the same."""

import os
import pty
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from looop.child import inside
from support.launching import Launchers
from support.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.timeout(120)]


@pytest.fixture(params=["python", "launcher"])
def command(request: pytest.FixtureRequest, launchers: Launchers) -> list[str]:
    if request.param == "python":
        return [sys.executable, "-I", "-S", inside.__file__]
    return [str(launchers()), "__inside"]


@pytest.fixture
def line() -> Iterator[tuple[int, int]]:
    master, side = pty.openpty()
    yield master, side
    os.close(master)
    os.close(side)


def in_foreground(side: int, *argv: str) -> subprocess.Popen[bytes]:
    """Start a program as leader of the terminal, with a child of it in the same group."""
    around = ["/bin/sh", "-c", "trap 'echo outer' INT; \"$@\"; exit $?", "sh", *argv]
    leading = "fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
    code = f"import fcntl, os, sys, termios; {leading}"
    return subprocess.Popen(
        [sys.executable, "-c", code, *around], stdin=side, stdout=side, stderr=side, start_new_session=True
    )


def reading(master: int, text: str) -> str:
    """Read until a text has come."""
    os.set_blocking(master, False)
    seen = [""]

    def come() -> bool:
        with suppress(BlockingIOError):
            seen[0] += os.read(master, 4096).decode()
        return text in seen[0]

    until(come, f"{text!r}")
    return seen[0]


def test_it_is_in_the_foreground_and_ctrl_c_is_its_alone(command: list[str], line: tuple[int, int]) -> None:
    master, side = line
    script = "trap 'echo inner; exit 5' INT; echo ready; while :; do sleep 0.05; done"
    program = in_foreground(side, *command, "/bin/sh", "-c", script)
    reading(master, "ready")
    os.write(master, b"\x03")
    assert "outer" not in reading(master, "inner")
    assert program.wait(60) == 5


def test_its_program_has_all_signals_as_they_should_be(command: list[str], tmp_path: Path) -> None:
    status = tmp_path / "status"
    subprocess.run(
        [*command, "/bin/sh", "-c", f"cat /proc/self/status > {shlex.quote(str(status))}"], check=True
    )
    masks = dict(line.split(":\t") for line in status.read_text().splitlines() if line.startswith("Sig"))
    own = dict(
        line.split(":\t") for line in Path("/proc/self/status").read_text().splitlines() if "Sig" in line
    )
    pythons = 1 << (signal.SIGPIPE - 1) | 1 << (signal.SIGXFSZ - 1)
    assert int(masks["SigBlk"], 16) == 0
    assert int(masks["SigIgn"], 16) == int(own["SigIgn"], 16) & ~pythons  # whoever started us may ignore some


def test_what_is_not_there_is_said(command: list[str]) -> None:
    done = subprocess.run([*command, "/nowhere/x"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (127, "/nowhere/x: No such file or directory\n")


def test_a_program_ended_by_a_signal_is_told_so(command: list[str]) -> None:
    done = subprocess.run([*command, "/bin/sh", "-c", "kill -TERM $$"], check=False)
    assert done.returncode == -signal.SIGTERM
