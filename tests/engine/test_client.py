"""The caller's end of the socket, as a process of its own, against an engine that plays a script."""

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from looop.core import wire
from looop.core.problem import Problem
from looop.core.wire import Frame
from looop.engine.address import dial, socket_path
from looop.store import paths
from support.launching import RUN_IT_HERE
from support.scripted import Scripted, client, going, more, out, output, scripted

pytestmark = pytest.mark.process


def test_output_errors_and_exit_code_come_through(engine: Scripted, sock: Path) -> None:
    with client(sock, "journal") as process, engine.accept() as line:
        line.run()
        line.say(out(b"one\n"), Frame(wire.ERR, b"careful\n"), out(b"two\n"))
        line.end(5)
        assert output(process) == (5, b"one\ntwo\n", b"careful\n")


def test_the_engine_learns_arguments_folder_environment_and_terminal(
    engine: Scripted, sock: Path, tmp_path: Path
) -> None:
    with (
        client(sock, "why", "caf\udce9", env={"TZ": "UTC", "SECRET": "x"}) as process,
        engine.accept() as line,
    ):
        run = line.run()
        line.end(0)
        output(process)
    assert run.argv == ("why", "caf\udce9")
    assert run.cwd == str(Path.cwd())
    assert run.env["TZ"] == "UTC"
    assert "SECRET" not in run.env
    assert (run.tty.stdin, run.tty.stdout, run.tty.stderr) == (False, False, False)


def test_no_engine_means_run_it_here(sock: Path) -> None:
    with client(sock, "journal") as process:
        assert output(process) == (RUN_IT_HERE, b"", b"")


def test_a_socket_that_nobody_listens_on_means_run_it_here(sock: Path) -> None:
    with scripted(sock) as engine:
        engine.close()
        with client(sock, "journal") as process:
            assert output(process)[0] == RUN_IT_HERE


def test_a_verb_that_the_engine_leaves_to_us_runs_here(engine: Scripted, sock: Path) -> None:
    with client(sock, "journal") as process, engine.accept() as line:
        line.hear()
        line.say(Frame(wire.LOCAL))
        assert output(process) == (RUN_IT_HERE, b"", b"")


def test_an_engine_that_takes_nothing_means_run_it_here(engine: Scripted, sock: Path) -> None:
    with client(sock, "journal", settings="PATIENCE=0.2") as process, engine.accept():
        assert output(process) == (RUN_IT_HERE, b"", b"")


def test_an_engine_lost_before_it_took_the_verb_means_run_it_here(engine: Scripted, sock: Path) -> None:
    with client(sock, "journal") as process:
        with engine.accept() as line:
            line.hear()
        assert output(process)[0] == RUN_IT_HERE


def test_an_engine_lost_in_the_middle_is_told_with_4(engine: Scripted, sock: Path) -> None:
    with client(sock, "journal") as process:
        with engine.accept() as line:
            line.run()
            line.say(out(b"half"))
        code, written, err = output(process)
    assert (code, written) == (4, b"half")
    assert err.count(b"\n") == 1
    assert b"the engine ended in the middle of `journal`" in err


def test_an_engine_that_talks_nonsense_is_told_with_4(engine: Scripted, sock: Path) -> None:
    with client(sock, "journal") as process, engine.accept() as line:
        line.run()
        line._line.sendall(b"\xff" * 40)
        assert output(process)[0] == 4


def test_stdin_travels_only_when_it_is_asked_for(engine: Scripted, sock: Path) -> None:
    with client(sock, "goal", "new", "-", stdin=subprocess.PIPE) as process, engine.accept() as line:
        assert process.stdin is not None
        process.stdin.write(b"x" * 50_000)
        process.stdin.close()
        going(process, line)
        assert line.silent()
        line.say(Frame(wire.WANT_STDIN))
        heard = b""
        while (frame := line.hear()) and frame.data:
            assert frame.kind == wire.STDIN
            heard += frame.data
        assert frame == Frame(wire.STDIN, b"")
        assert heard == b"x" * 50_000
        more(process, line)
        assert line.silent()
        line.end(0)
        process.wait()


def test_a_verb_may_take_longer_than_its_start(engine: Scripted, sock: Path) -> None:
    with client(sock, "watch", settings="PATIENCE=0.1") as process, engine.accept() as line:
        line.run()
        time.sleep(0.5)  # beyond the deadline, which must be no deadline any more
        line.end(3)
        assert output(process)[0] == 3


@pytest.mark.parametrize(("number", "name"), [(2, b"INT"), (15, b"TERM"), (1, b"HUP")])
def test_signals_are_handed_on(engine: Scripted, sock: Path, number: int, name: bytes) -> None:
    with client(sock, "watch") as process, engine.accept() as line:
        going(process, line)
        process.send_signal(number)
        assert line.hear() == Frame(wire.SIGNAL, name)
        line.end(128 + number)
        assert output(process)[0] == 128 + number


def test_a_second_interrupt_ends_the_client_of_a_deaf_engine(engine: Scripted, sock: Path) -> None:
    with client(sock, "watch", settings="GRACE=3600") as process, engine.accept() as line:
        going(process, line)
        process.send_signal(signal.SIGINT)
        assert line.hear() == Frame(wire.SIGNAL, b"INT")
        process.send_signal(signal.SIGINT)
        assert output(process)[0] == 130


def test_a_deaf_engine_cannot_keep_an_interrupted_client(engine: Scripted, sock: Path) -> None:
    with client(sock, "watch", settings="GRACE=0.1") as process, engine.accept() as line:
        going(process, line)
        process.send_signal(signal.SIGINT)
        assert output(process)[0] == 130


def test_an_ignored_hangup_stays_ignored(engine: Scripted, sock: Path) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with client(sock, "watch") as process, engine.accept() as line:
            going(process, line)
            process.send_signal(signal.SIGHUP)
            process.send_signal(signal.SIGTERM)
            assert line.hear() == Frame(wire.SIGNAL, b"TERM")
            line.end(0)
            output(process)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_output_nobody_reads_holds_the_engine_back(engine: Scripted, sock: Path) -> None:
    with client(sock, "log") as process, engine.accept() as line:
        going(process, line)
        assert line.flood(wire.encode(out(b"x" * wire.CHUNK))) < 4 << 20
        process.kill()


def test_a_reader_that_leaves_ends_the_client_quietly(engine: Scripted, sock: Path) -> None:
    with client(sock, "log") as process, engine.accept() as line:
        line.run()
        line.say(out(b"head\n"))
        assert process.stdout is not None
        assert process.stdout.readline() == b"head\n"
        process.stdout.close()
        assert line.hear() is None  # hung up at once: a verb that is silent has to be ended too
        assert process.wait() == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""


def test_a_full_disk_under_stdout_is_told(engine: Scripted, sock: Path) -> None:
    with (
        Path("/dev/full").open("wb") as full,
        client(sock, "log", stdout=full) as process,
        engine.accept() as line,
    ):
        line.run()
        line.say(out(b"text\n"))
        code, _, err = output(process)
    assert (code, err) == (1, b"looop: stdout can't be written: No space left on device.\n")


def test_another_users_engine_is_none(engine: Scripted, sock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = dial(str(sock), 0)
    assert line is not None
    line.close()
    me = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: me + 1)
    assert dial(str(sock), 0) is None


def test_a_resized_terminal_is_told(engine: Scripted, sock: Path) -> None:
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 132, 0, 0))
    with (
        os.fdopen(slave, "r+b", buffering=0) as terminal,
        os.fdopen(master, "r+b", buffering=0),
        client(sock, "watch", stdin=terminal, stdout=terminal, stderr=terminal) as process,
        engine.accept() as line,
    ):
        run = line.run()
        assert (run.tty.stdout, run.tty.columns, run.tty.lines) == (True, 132, 50)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 20, 40, 0, 0))
        process.send_signal(signal.SIGWINCH)
        assert line.hear() == Frame(wire.WINCH, b"40 20")
        line.end(0)
        process.wait()


def test_a_long_path_is_reached_all_the_same(tmp_path: Path, each_client: str) -> None:
    deep = tmp_path / ("d" * 90) / ("e" * 90)
    deep.mkdir(parents=True)
    folder = os.open(deep, os.O_RDONLY)
    try:
        with (
            scripted(Path(f"/proc/self/fd/{folder}/.sock")) as engine,
            client(deep / ".sock", "journal") as process,
            engine.accept() as line,
        ):
            line.run()
            line.end(9)
            assert output(process)[0] == 9
    finally:
        os.close(folder)


def test_arguments_too_long_for_a_frame_run_here(engine: Scripted, sock: Path) -> None:
    with client(sock, *["x" * 100_000] * 12) as process:
        assert output(process)[0] == RUN_IT_HERE


@pytest.mark.parametrize(
    "env",
    [
        {"HOME": "/home/x"},
        {"HOME": "/home/x", "XDG_STATE_HOME": "/state"},
        {"HOME": "/home/x", "XDG_STATE_HOME": "relative"},
        {"HOME": "/home/x", "LOOOP_DATA_DIR": "demo", "XDG_STATE_HOME": "/state"},
        {"HOME": "/home/x", "LOOOP_DATA_DIR": "../demo/"},
        {"LOOOP_DATA_DIR": "/abs", "LOOOP_CONFIG": "/c"},
        {"HOME": "/home/x", "LOOOP_DATA_DIR": ""},
    ],
)
def test_the_quick_way_to_the_socket_agrees_with_the_profile(env: dict[str, str]) -> None:
    found = socket_path(env, "/work")
    assert found is not None
    assert Path(found) == paths.locate({"LOOOP_CONFIG": "/c", **env}, "/work").sock


@pytest.mark.parametrize("env", [{"HOME": "relative"}, {}])
def test_where_the_profile_has_a_problem_the_quick_way_gives_up(env: dict[str, str]) -> None:
    assert socket_path(env, "/work") is None
    with pytest.raises(Problem):
        paths.locate({"LOOOP_CONFIG": "/c", **env}, "/work")


def test_a_relayed_verb_imports_next_to_nothing() -> None:
    code = "import sys, looop.engine; had = set(sys.modules); import looop.engine.client; "
    code += "print(*sorted(set(sys.modules) - had))"
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert set(ran.stdout.split()) <= {
        "__future__",
        "_socket",
        "errno",
        "fcntl",
        "looop.core",
        "looop.core.wire",
        "looop.engine.address",
        "looop.engine.client",
        "looop.engine.line",
        "looop.engine.signals",
        "select",
    }
