"""The person's streams: closed, full, left by their readers, slow; and a hundred megabytes through one."""

import fcntl
import os
import re
import signal
import socket
import subprocess
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from looop.core import wire
from looop.core.wire import Frame
from support.launching import RUN_IT_HERE, into
from support.scripted import Line, Scripted, client, output
from support.waiting import until

pytestmark = pytest.mark.process

MEGABYTE = 1_000_000


def peak(process: "subprocess.Popen[bytes]") -> int:
    """How much memory a process ever had at once, in bytes."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
    assert found
    return int(found[1]) * 1024


def synced(line: Line) -> None:
    """See that all that was said so far has been written."""
    line.say(Frame(wire.SYNC, b"1"))
    assert line.hear() == Frame(wire.SYNCED, b"1")


@pytest.mark.needs("musl-gcc")
@pytest.mark.parametrize("through", ["a file", "a pipe"])
def test_a_hundred_megabytes_take_no_more_memory_than_one_line(
    launcher: Path, engine: Scripted, sock: Path, tmp_path: Path, through: str
) -> None:
    piece = os.urandom(wire.CHUNK)
    count = 100 * MEGABYTE // wire.CHUNK + 1
    with (
        (tmp_path / "out").open("wb") as out,
        reader(through, out) as stdout,
        client(sock, "log", stdout=stdout) as process,
        engine.accept() as line,
    ):
        line.run()
        for _ in range(count):
            line.say(Frame(wire.OUT, piece))
        synced(line)
        memory = peak(process)
        line.end(0)
        assert process.wait(60) == 0
    assert (tmp_path / "out").stat().st_size == count * wire.CHUNK
    assert memory < MEGABYTE


@contextmanager
def reader(through: str, out: IO[bytes]) -> Iterator[IO[bytes]]:
    """Give a stream that ends in a file, perhaps by way of another process; at the end all is there."""
    if through == "a file":
        yield out
        return
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=out) as cat:
        assert cat.stdin is not None
        yield cat.stdin


@pytest.mark.needs("musl-gcc")
def test_stdin_of_a_hundred_megabytes_takes_no_more_memory_either(
    launcher: Path, engine: Scripted, sock: Path
) -> None:
    with subprocess.Popen(["head", "-c", "100000000", "/dev/zero"], stdout=subprocess.PIPE) as zeros:
        assert zeros.stdout is not None
        with client(sock, "goal", "new", "-", stdin=zeros.stdout) as process, engine.accept() as line:
            line.run()
            line.say(Frame(wire.WANT_STDIN))
            size = 0
            while (frame := line.hear()) and frame.data:
                size += len(frame.data)
            memory = peak(process)
            line.end(0)
            process.wait(60)
    assert size == 100 * MEGABYTE
    assert memory < MEGABYTE


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_as_good_as_dev_null(
    launcher: Path, engine: Scripted, sock: Path, tmp_path: Path, closed: str
) -> None:
    command = ["/bin/sh", "-c", f'exec "$0" journal {closed}', str(launcher)]
    pipe, null = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(
        command, env=into(sock, os.environ), stdin=null, stdout=pipe, stderr=pipe
    ) as process:
        with engine.accept() as line:
            line.run()
            line.say(Frame(wire.WANT_STDIN))
            assert line.hear() == Frame(wire.STDIN, b"")
            line.say(Frame(wire.OUT, b"out\n"), Frame(wire.ERR, b"careful\n"))
            synced(line)
            line.end(3)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (
        3,
        b"" if ">&-" in closed.split() else b"out\n",
        b"" if "2>&-" in closed else b"careful\n",
    )


def test_of_a_reader_that_has_left_a_silent_verb_learns_too(
    launcher: Path, engine: Scripted, sock: Path
) -> None:
    reading, writing = os.pipe()
    with client(sock, "wait", "tea", stdout=writing) as process, engine.accept() as line:
        os.close(writing)
        line.run()
        os.close(reading)
        assert line.hear() is None
        assert output(process)[0] == 0


def test_a_reader_behind_a_socket_that_has_left_is_missed_at_the_next_text(
    launcher: Path, engine: Scripted, sock: Path
) -> None:
    ours, theirs = socket.socketpair()
    with client(sock, "log", stdout=theirs.fileno()) as process, engine.accept() as line:
        theirs.close()
        ours.close()
        line.run()
        line.say(Frame(wire.OUT, b"text\n"))
        assert line.hear() is None
        assert (process.wait(60), output(process)[2]) == (0, b"")


def test_a_stderr_that_nobody_reads_is_no_reason_to_end(launcher: Path, engine: Scripted, sock: Path) -> None:
    reading, writing = os.pipe()
    with client(sock, "journal", stderr=writing) as process, engine.accept() as line:
        os.close(writing)
        os.close(reading)
        line.run()
        line.say(Frame(wire.ERR, b"careful\n"), Frame(wire.OUT, b"out\n"))
        line.end(5)
        out, _ = process.communicate(timeout=60)
    assert (process.returncode, out) == (5, b"out\n")


def test_a_full_disk_under_stderr_is_no_reason_to_end(launcher: Path, engine: Scripted, sock: Path) -> None:
    with Path("/dev/full").open("wb") as full, client(sock, "journal", stderr=full) as process:
        with engine.accept() as line:
            line.run()
            line.say(Frame(wire.ERR, b"careful\n"), Frame(wire.OUT, b"out\n"))
            line.end(5)
        out, _ = process.communicate(timeout=60)
    assert (process.returncode, out) == (5, b"out\n")


def test_an_output_that_takes_nothing_now_is_waited_for(launcher: Path, engine: Scripted, sock: Path) -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with client(sock, "journal", stdout=writing) as process, engine.accept() as line:
        os.close(writing)
        line.run()
        line.say(Frame(wire.OUT, b"x" * 300_000))
        until(lambda: filled(reading) >= 1 << 16, "a full pipe")
        line.end(5)
        size = 0
        while data := os.read(reading, 1 << 16):
            size += len(data)
        process.wait(60)
    os.close(reading)
    assert (size, process.returncode) == (300_000, 5)


def filled(pipe: int) -> int:
    """How many bytes wait in a pipe."""
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), "little")


def test_an_interrupt_ends_a_verb_whose_output_nobody_reads(
    launcher: Path, engine: Scripted, sock: Path
) -> None:
    reading, writing = os.pipe()
    with client(sock, "log", stdout=writing, settings="GRACE=0.1") as process, engine.accept() as line:
        os.close(writing)
        line.run()
        line.say(Frame(wire.OUT, b"x" * 300_000))
        until(lambda: filled(reading) >= 1 << 16, "a full pipe")
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    os.close(reading)


def test_a_reader_that_takes_little_at_a_time_keeps_nothing_else_waiting(
    launcher: Path, engine: Scripted, sock: Path
) -> None:
    reading, writing = os.pipe()
    stdin = subprocess.PIPE
    with client(sock, "log", stdin=stdin, stdout=writing) as process, engine.accept() as line:
        os.close(writing)
        line.run()
        line.say(Frame(wire.WANT_STDIN), Frame(wire.OUT, b"x" * 300_000))
        until(lambda: filled(reading) >= 1 << 16, "a full pipe")
        os.read(reading, 4096)  # room for a piece, and for no more
        until(lambda: filled(reading) >= 1 << 16, "a full pipe again")
        assert process.stdin is not None
        process.stdin.write(b"typed")
        process.stdin.flush()
        assert line.hear() == Frame(wire.STDIN, b"typed")
        process.kill()
        process.stdin.close()
    os.close(reading)


def test_what_python_runs_in_its_place_has_the_callers_signals(launcher: Path, tmp_path: Path) -> None:
    script = tmp_path / "signals"
    script.write_text("#!/bin/sh\nexec grep -E 'Sig(Ign|Cgt|Blk)' /proc/self/status\n")
    script.chmod(0o700)
    env = {"LAUNCHER_TEST_PYTHON": str(script)}
    direct = subprocess.run([script], capture_output=True, check=True).stdout
    assert subprocess.run([launcher, "up"], env=env, capture_output=True, check=True).stdout == direct


def test_after_a_try_at_the_engine_python_has_the_callers_signals(
    launcher: Path, engine: Scripted, sock: Path, tmp_path: Path
) -> None:
    script = tmp_path / "signals"
    script.write_text("#!/bin/sh\nexec grep -E 'Sig(Ign|Cgt|Blk)' /proc/self/status\n")
    script.chmod(0o700)
    direct = subprocess.run([script], capture_output=True, check=True).stdout
    with (
        client(sock, "journal", env={"LAUNCHER_TEST_PYTHON": str(script)}) as process,
        engine.accept() as line,
    ):
        line.run()
        line.say(Frame(wire.LOCAL))
        assert output(process) == (0, direct, b"")


def test_nothing_of_the_try_stays_open(launcher: Path, engine: Scripted, sock: Path, tmp_path: Path) -> None:
    script = tmp_path / "open"
    script.write_text("#!/bin/sh\nexec ls /proc/self/fd\n")
    script.chmod(0o700)
    direct = subprocess.run([script], capture_output=True, stdin=subprocess.DEVNULL, check=True).stdout
    with (
        client(sock, "journal", env={"LAUNCHER_TEST_PYTHON": str(script)}) as process,
        engine.accept() as line,
    ):
        line.run()
        line.say(Frame(wire.LOCAL))
        assert output(process) == (0, direct, b"")


def test_run_it_here_is_what_the_stub_says(launcher: Path) -> None:
    assert subprocess.run([launcher, "help"], env={}, check=False).returncode == RUN_IT_HERE
