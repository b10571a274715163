"""The terminal's side of `attach`, on a real pty, against an engine that plays a script."""

import os
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from looop.core import wire
from looop.core.wire import Frame
from looop.session.screen import Modes
from support.launching import RUN_IT_HERE
from support.scripted import ROOT, Line, Scripted, scripted
from support.terminal import ATTACH, Terminal, attached
from support.waiting import until

pytestmark = pytest.mark.process

PAIR = b"\x1c\x1c"
ALL_MODES = (
    b"\x1b[?1049h\x1b[?1h\x1b=\x1b[?2004h\x1b[?1004h\x1b[?1003h\x1b[?1006h\x1b[>7u\x1b[?25l\x1b[31m"
    b"\x1b[3;5r\x1b[?6h\x1b[4h\x1b[?7l"
)


@pytest.fixture
def sock(tmp_path: Path) -> Path:
    return tmp_path / ".sock"


@pytest.fixture
def engine(sock: Path) -> Iterator[Scripted]:
    with scripted(sock) as it:
        yield it


def begin(it: Terminal, line: Line) -> None:
    """Take the verb, and have the terminal made raw."""
    line.run()
    line.say(Frame(wire.RAW))
    it.is_raw()


def show(it: Terminal, line: Line, data: bytes = b"") -> None:
    line.say(Frame(wire.OUT, data + b"\x1b[Hshown"))
    it.shows("shown")


def restored(it: Terminal) -> None:
    """The terminal's settings, its modes, its margins and its screen are as before."""
    assert it.settings() == it.before
    screen = it.screen()
    assert screen.modes == Modes()
    assert not screen.cursor.hidden
    assert screen.hand.region is None
    assert not screen.hand.origin
    assert not screen.hand.insert
    assert screen.hand.pen.fg == "default"


def test_keys_travel_as_they_are_typed_and_output_comes_back(engine: Scripted, sock: Path) -> None:
    with attached(sock) as it, engine.accept() as line:
        begin(it, line)
        for key in (b"a", b"\r", b"\x03", b"\x1a", b"\x1b", b"\x1b[A"):
            it.type(key)
            assert line.hear() == Frame(wire.STDIN, key)
        line.say(Frame(wire.OUT, b"answer\r\n"))
        it.shows("answer")


def test_nothing_is_raw_before_the_engine_says_so(engine: Scripted, sock: Path) -> None:
    with attached(sock) as it, engine.accept() as line:
        line.run()
        line.say(Frame(wire.ERR, b"looop: there is no session tea.\n"))
        line.end(3)
        assert it.ended() == (3, "looop: there is no session tea.\n")
        assert it.output() == b""
        assert it.settings() == it.before


def test_what_was_typed_ahead_arrives(engine: Scripted, sock: Path) -> None:
    with attached(sock) as it, engine.accept() as line:
        line.run()
        it.type(b"early\r")
        line.say(Frame(wire.RAW))
        heard = b""
        while not heard.endswith((b"\r", b"\n")):
            frame = line.hear()
            assert frame is not None
            heard += frame.data
        assert heard.strip() == b"early"


def test_the_engine_learns_the_size_and_every_new_one(engine: Scripted, sock: Path) -> None:
    with attached(sock, size=(91, 33)) as it, engine.accept() as line:
        run = line.run()
        assert (run.tty.stdin, run.tty.stdout, run.tty.columns, run.tty.lines) == (True, True, 91, 33)
        line.say(Frame(wire.RAW))
        it.is_raw()
        it.resized(50, 20)
        assert line.hear() == Frame(wire.WINCH, b"50 20")


@pytest.mark.parametrize(
    "pair",
    [
        PAIR,
        b"\x1b[92;5u\x1b[92;5u",
        b"\x1b[92;5:1u\x1b[92;5:3u\x1b[92;5:1u",
        b"\x1b[92::92;5u\x1c",
        b"\x1b[92;133u\x1b[92;69u",
        b"\x1b[27;5;92~\x1b[27;5;92~",
        b"\x1b[57442;5u\x1b[92;5u\x1b[57442;1:3u\x1b[92;5u",
    ],
)
def test_two_presses_leave_with_0_and_a_restored_terminal(engine: Scripted, sock: Path, pair: bytes) -> None:
    with attached(sock) as it, engine.accept() as line:
        begin(it, line)
        show(it, line, ALL_MODES)
        it.type(pair)
        assert it.ended() == (0, "looop: left the session, which goes on.\n")
        restored(it)


@pytest.mark.parametrize("press", [b"\x1c", b"\x1b[92;5u"])
def test_one_press_goes_to_the_program_with_the_next_key(engine: Scripted, sock: Path, press: bytes) -> None:
    with attached(sock) as it, engine.accept() as line:
        begin(it, line)
        it.type(press + b"x")
        assert line.hear() == Frame(wire.STDIN, press + b"x")


def test_one_press_goes_to_the_program_after_a_second(engine: Scripted, sock: Path) -> None:
    with attached(sock) as it, engine.accept() as line:
        begin(it, line)
        it.type(b"\x1c")
        assert line.hear() == Frame(wire.STDIN, b"\x1c")


def test_the_ends_code_and_words_come_after_the_terminal_is_restored(engine: Scripted, sock: Path) -> None:
    with attached(sock) as it, engine.accept() as line:
        begin(it, line)
        show(it, line, ALL_MODES)
        line.say(Frame(wire.ERR, b"looop: tea ended with exit code 7.\n"))
        line.end(7)
        assert it.ended() == (7, "looop: tea ended with exit code 7.\n")
        restored(it)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT])
def test_a_signal_restores_the_terminal(engine: Scripted, sock: Path, number: signal.Signals) -> None:
    with attached(sock) as it, engine.accept() as line:
        begin(it, line)
        show(it, line, ALL_MODES)
        it.process.send_signal(number)
        assert it.ended() == (128 + number, "")
        restored(it)


def test_a_terminal_that_goes_away_ends_it(engine: Scripted, sock: Path) -> None:
    with attached(sock) as it, engine.accept() as line:
        begin(it, line)
        show(it, line)
        it.close()
        assert it.process.wait() == 128 + signal.SIGHUP
        while line.hear() is not None:
            pass


def test_an_error_of_our_own_restores_the_terminal(engine: Scripted, sock: Path) -> None:
    with attached(sock, settings="PAUSE=-1") as it:  # such a pause is a mistake that only Python notices
        with engine.accept() as line:
            begin(it, line)
            show(it, line, ALL_MODES)
            line.say(Frame(wire.RESUME, wire.pack_fields(["attach", "tea"])))
        engine.close()
        code, said = it.ended()
        assert code == 1
        assert "ValueError" in said
        restored(it)


def test_an_engine_that_talks_nonsense_leaves_the_terminal_as_it_was(engine: Scripted, sock: Path) -> None:
    with attached(sock) as it, engine.accept() as line:
        begin(it, line)
        show(it, line, ALL_MODES)
        line.say(Frame(wire.RESUME, b"a field without its end"))
        assert it.ended()[0] == 4
        restored(it)


def test_without_the_alternate_screen_the_prompt_comes_below_what_was_shown(
    engine: Scripted, sock: Path
) -> None:
    with attached(sock) as it, engine.accept() as line:
        begin(it, line)
        show(it, line, b"\x1b[24;1Hthe last line\x1b[1;1H")
        it.type(PAIR)
        it.ended()
        assert it.screen().text()[-2:] == ("the last line", "")
        assert it.screen().cursor.line == 23


def test_from_the_alternate_screen_the_cursor_returns_to_its_place(engine: Scripted, sock: Path) -> None:
    with attached(sock) as it, engine.accept() as line:
        begin(it, line)
        show(it, line, b"\x1b[?1049l\x1b[?1049h\x1b[20;20H")
        it.type(PAIR)
        it.ended()
        assert (it.screen().cursor.column, it.screen().cursor.line) == (0, 0)


def test_a_stop_gives_the_terminal_back_and_going_on_takes_it_again(engine: Scripted, sock: Path) -> None:
    with attached(sock) as it, engine.accept() as line:
        begin(it, line)
        show(it, line, ALL_MODES)
        it.process.send_signal(signal.SIGTSTP)
        state = Path(f"/proc/{it.process.pid}/stat")
        until(lambda: state.read_text().rpartition(")")[2].split()[0] == "T", "the stop")
        restored(it)
        it.process.send_signal(signal.SIGCONT)
        it.is_raw()
        assert line.hear() == Frame(wire.WINCH, b"80 24")


def test_a_lost_engine_leaves_the_terminal_raw_and_the_next_one_goes_on(sock: Path) -> None:
    with scripted(sock) as first, attached(sock, "attach", "tea", "--observe") as it:
        with first.accept() as line:
            begin(it, line)
            line.say(Frame(wire.RESUME, wire.pack_fields(["attach", "tea"])))
            show(it, line)
        first.close()
        sock.unlink()
        it.type(b"typed")
        with scripted(sock) as second, second.accept() as line:
            assert line.run().argv == ("attach", "tea")
            assert it.settings() != it.before
            line.say(Frame(wire.RAW))
            heard = b""
            while heard != b"typed":
                frame = line.hear()
                assert frame is not None
                heard += frame.data
            line.say(Frame(wire.OUT, b"\x1b[2J\x1b[Hback again"))
            it.shows("back again")
            it.type(PAIR)
            assert it.ended()[0] == 0
            restored(it)


def test_without_a_next_engine_the_terminal_is_restored_with_4(sock: Path) -> None:
    with scripted(sock) as engine, attached(sock, settings="RECONNECT=0.3") as it:
        with engine.accept() as line:
            begin(it, line)
            line.say(Frame(wire.RESUME, wire.pack_fields(["attach", "tea"])))
            show(it, line, ALL_MODES)
        engine.close()
        code, said = it.ended()
        assert code == 4
        assert "the session goes on" in said
        restored(it)


def test_two_presses_end_the_search_for_the_next_engine(sock: Path) -> None:
    with scripted(sock) as engine, attached(sock, settings="RECONNECT=3600") as it:
        with engine.accept() as line:
            begin(it, line)
            line.say(Frame(wire.RESUME, wire.pack_fields(["attach", "tea"])))
            show(it, line)
        engine.close()
        it.type(PAIR)
        assert it.ended()[0] == 0
        restored(it)


def test_without_an_engine_it_is_for_the_caller_to_say_so(sock: Path) -> None:
    with attached(sock) as it:
        assert it.ended() == (RUN_IT_HERE, "")


def test_without_a_terminal_it_is_a_mistake(sock: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", ATTACH, str(sock), "attach", "tea"],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert ran.returncode == 2
    assert b"needs a terminal" in ran.stderr


def test_a_hang_up_of_a_terminal_that_ignores_it_ends_it_all_the_same(engine: Scripted, sock: Path) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with attached(sock) as it, engine.accept() as line:
            begin(it, line)
            it.close()
            assert it.process.wait() == 128 + signal.SIGHUP
    finally:
        signal.signal(signal.SIGHUP, before)


def test_settings_of_an_odd_terminal_come_back_too(engine: Scripted, sock: Path) -> None:
    with attached(sock) as it:
        odd = it.settings()
        odd[3] &= ~termios.ECHO
        termios.tcsetattr(it.slave, termios.TCSANOW, odd)
        with engine.accept() as line:
            begin(it, line)
            it.type(PAIR)
            it.ended()
        assert it.settings() == odd
