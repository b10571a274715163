"""`looop attach` as a person has it: a real profile, real programs, real terminals."""

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from looop.session.screen import Modes
from support.terminal import Terminal, terminal
from support.tested import ENVIRONMENT, LOOOP
from support.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.slow]

PAIR = b"\x1c\x1c"
BASH = "PS1='ready> ' exec bash --norc --noprofile"


class Home:
    """One profile with an engine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        inherited = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        self.env = {
            **inherited,
            "HOME": str(folder),
            **ENVIRONMENT,
            "LOOOP_DATA_DIR": str(folder / "data"),
            "LOOOP_CONFIG": str(folder / "looop.json"),
            "LOOOP_MAX_SESSIONS": "0",
        }

    def run(self, *argv: str) -> tuple[int, str, str]:
        ran = subprocess.run(
            [*LOOOP, *argv],
            check=False,
            capture_output=True,
            env=self.env,
            stdin=subprocess.DEVNULL,
            text=True,
        )
        return ran.returncode, ran.stdout, ran.stderr

    def start(self, name: str, command: str = BASH) -> None:
        code, _, said = self.run("start-session", name, "a prompt", "--command", command)
        assert code == 0, said

    def attach(self, *argv: str, size: tuple[int, int] = (80, 24)) -> AbstractContextManager[Terminal]:
        return terminal("attach", *argv, program=LOOOP, size=size, env=self.env)

    def shot(self, name: str) -> tuple[str, ...]:
        """Give the session's screen."""
        return tuple(self.run("shot", name)[1].splitlines())

    def has_size(self, name: str, columns: int, lines: int) -> None:
        """Wait until the session has a size."""

        def size() -> tuple[int, int]:
            shot = json.loads(self.run("shot", name, "--json")[1])
            return shot["columns"], shot["lines"]

        until(lambda: size() == (columns, lines), f"{columns}x{lines}")

    def engine(self) -> int | None:
        """Give the pid of the engine that answers."""
        found = json.loads(self.run("status", "--json")[1])["engine"]
        return None if found is None else int(found)


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    with tempfile.TemporaryDirectory() as folder:
        it = Home(Path(folder))
        code, _, said = it.run("up")
        assert code == 0, said
        it.run("pause")
        try:
            yield it
        finally:
            it.run("down", "--all", "--now")


def leave(it: Terminal) -> None:
    it.type(PAIR)
    assert it.ended() == (0, "looop: left the session, which goes on.\n")
    assert it.settings() == it.before
    assert it.screen().modes == Modes()


def test_a_shell_is_typed_into_and_goes_on_when_its_terminal_leaves(home: Home) -> None:
    home.start("shell")
    with home.attach("shell") as it:
        it.shows("ready>")
        it.type(b"echo the sum is $((20+3)); sleep 1000\r")
        it.shows("the sum is 23")
        it.type(b"\x03echo again $((30+4))\r")
        it.shows("again 34")
        leave(it)
    assert "again 34" in home.shot("shell")
    with home.attach("shell") as it:
        it.shows("again 34")
        leave(it)


def test_the_program_has_the_terminals_size_and_hears_of_new_ones(home: Home) -> None:
    home.start("sizes")
    with home.attach("sizes", size=(91, 33)) as it:
        it.shows("ready>")
        it.type(b"stty size\r")
        it.shows("33 91")
        it.resized(60, 20)
        home.has_size("sizes", 60, 20)
        it.type(b"clear; stty size\r")
        it.shows("20 60")
        leave(it)


def test_the_programs_exit_code_is_attaches_own(home: Home) -> None:
    home.start("ending")
    with home.attach("ending") as it:
        it.shows("ready>")
        it.type(b"exit 7\r")
        assert it.ended() == (7, "looop: ending ended with exit code 7; `looop log ending` has its output.\n")
        assert it.settings() == it.before


def test_vim_is_painted_driven_and_left_without_a_trace(home: Home) -> None:
    home.start("vim", "exec vim -u NONE -i NONE -n -c 'set mouse=a'")
    with home.attach("vim") as it:
        it.shows("~")
        it.type(b"ihello from here\x1b")
        it.shows("hello from here")
        leave(it)
    with home.attach("vim", size=(70, 20)) as it:
        it.shows("hello from here")
        it.type(b":q!\r")
        assert it.ended()[0] == 0
        assert it.settings() == it.before
        assert it.screen().modes == Modes()


def test_what_a_terminal_shows_is_what_a_shot_shows(home: Home) -> None:
    home.start("less", "seq -f 'line %g of many' 500 | LESS= exec less -S")
    with home.attach("less") as it:
        it.shows("line 23 of many")
        it.type(b"33\x67")
        it.shows("line 55 of many")
        until(lambda: home.shot("less") == it.screen().text(), "the same screen")
        leave(it)


def test_a_program_draws_itself_anew_although_the_size_is_the_same(home: Home) -> None:
    home.start("winch", "trap 'echo drawn again' WINCH; echo begun; while :; do sleep 0.05; done")
    with home.attach("winch", size=(120, 40)) as it:
        it.shows("drawn again")
        leave(it)


def test_one_types_while_others_watch_at_their_own_sizes(home: Home) -> None:
    home.start("many")
    with (
        home.attach("many", size=(60, 20)) as writer,
        home.attach("many", "--observe", size=(60, 20)) as same,
        home.attach("many", "--observe", size=(30, 8)) as small,
    ):
        writer.shows("ready>")
        for watcher in (same, small):
            watcher.shows("ready>")
            watcher.type(b"echo nonsense\r")
        writer.type(b"echo seen by all\r")
        for it in (writer, same, small):
            it.shows("\nseen by all")
        assert "nonsense" not in "".join(home.shot("many"))
        for it in (same, small, writer):
            leave(it)


def test_the_newest_terminal_takes_over_and_gives_back(home: Home) -> None:
    home.start("two")
    with home.attach("two", size=(60, 20)) as first:
        first.shows("ready>")
        with home.attach("two", size=(50, 10)) as second:
            first.shows("another terminal types now")
            home.has_size("two", 50, 10)
            second.type(b"stty size\r")
            second.shows("10 50")
            leave(second)
        home.has_size("two", 60, 20)
        first.type(b"clear; stty size\r")
        first.shows("20 60")
        leave(first)


def test_detach_throws_a_terminal_off(home: Home) -> None:
    home.start("thrown")
    with home.attach("thrown") as it:
        it.shows("ready>")
        assert home.run("detach", "thrown")[1] == "Threw 1 terminal off thrown.\n"
        assert it.ended() == (0, "looop: thrown off thrown by `looop detach`; the session goes on.\n")
        assert it.settings() == it.before
    assert home.run("detach", "thrown")[:2] == (0, "Nobody is attached to thrown.\n")


def test_a_killed_engine_is_not_missed(home: Home) -> None:
    home.start("engine")
    with home.attach("engine") as it:
        it.shows("ready>")
        before = home.engine()
        assert before is not None
        os.kill(before, signal.SIGKILL)
        until(lambda: home.engine() not in {before, None}, "the next engine")
        assert it.settings() != it.before
        it.type(b"echo and $((50+6)) now\r")
        it.shows("and 56 now")
        leave(it)


def test_one_that_is_over_is_told_with_what_to_do_instead(home: Home) -> None:
    home.start("over", "exit 3")
    home.run("wait", "over")
    with home.attach("over") as it:
        code, said = it.ended()
    assert code == 1
    assert "`looop shot over`" in said


def test_an_unknown_one_is_no_such_thing(home: Home) -> None:
    with home.attach("nobody") as it:
        assert it.ended()[0] == 3
