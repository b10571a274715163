"""The keeper with engines that a test makes up, and the words that locks and failures carry."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from looop.child import tree
from looop.engine import failure, holder, keeper
from looop.engine.link import Link
from looop.engine.timing import Timing
from looop.store import files
from looop.store.paths import Profile
from support.waiting import until

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]
_KEEPER = (
    "import os, sys; from looop.engine import keeper; "
    "os.dup2(int(sys.argv[1]), keeper.LOCK); sys.exit(keeper.main(sys.argv[2:]))"
)


@contextmanager
def kept(data: Path, *engine: str, timing: Timing | None = None) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a keeper of this engine, which is wanted as long as the test does not say otherwise."""
    (data / ".up").touch()
    with files.lock(data / ".keeper.lock") as lock, (data / "log").open("ab") as log:
        fd = lock.fileno()
        options = [str(fd), str(data), (timing or Timing()).argument(), *engine]
        process = subprocess.Popen(
            [sys.executable, "-c", _KEEPER, *options],
            stdout=log,
            stderr=log,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            pass_fds=(fd,),
        )
    with process:
        try:
            yield process
        finally:
            tree.kill_tree(process.pid)


def script(folder: Path, text: str) -> str:
    path = folder / "engine"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)
    return str(path)


def said(data: Path, words: str) -> bool:
    return words in (data / "log").read_text()


def test_an_engine_that_cannot_be_started_does_not_end_keeper(tmp_path: Path) -> None:
    with kept(tmp_path, "/nonexistent/looop") as process:
        until(lambda: said(tmp_path, "no engine could be started"), "word of it")
        assert process.poll() is None
        process.terminate()
        assert process.wait(60) == 0


def test_keeper_leaves_when_its_engine_has_left_and_nobody_wants_one(tmp_path: Path) -> None:
    engine = script(tmp_path, f"rm {tmp_path}/.up")
    with kept(tmp_path, engine) as process:
        assert process.wait(60) == 0
    assert said(tmp_path, "ended: exit code 0")


def test_an_engine_that_left_while_it_is_wanted_is_started_again(tmp_path: Path) -> None:
    engine = script(
        tmp_path, f"echo x >>{tmp_path}/starts; [ $(wc -l <{tmp_path}/starts) = 1 ] || exec sleep 1000"
    )
    with kept(tmp_path, engine):
        until(lambda: (tmp_path / "starts").exists() and (tmp_path / "starts").read_text() == "x\nx\n", "two")


def test_an_engine_finds_its_line_and_the_news_of_safe_mode_once(tmp_path: Path) -> None:
    args = tmp_path / "args"
    engine = script(tmp_path, f'echo "$@" >>{args}; [ -S /proc/$$/fd/3 ] && echo line >>{args}')
    with kept(tmp_path, engine, "__engine", timing=Timing(restarts=0)) as process:
        until(lambda: args.exists() and args.read_text().count("--safe") == 2, "safe mode twice")
        process.terminate()
        process.wait(60)
    assert args.read_text().splitlines()[:6] == [
        "__engine --line 3",
        "line",
        "__engine --line 3 --safe --tell",
        "line",
        "__engine --line 3 --safe",
        "line",
    ]


def test_a_line_that_the_engine_closed_wakes_keeper_no_more(tmp_path: Path) -> None:
    it = keeper.Keeper(tmp_path, ["/bin/true"], Timing())
    ours, theirs = socket.socketpair()
    with it.selector, theirs:
        it._signals.restore()
        it.follow(Link(ours.detach()))
        assert it.link is not None
        theirs.close()
        it._hear(it.link)
        assert it.link.fd not in it.selector.get_map()
        it.link.close()


def test_an_engine_deaf_to_the_polite_signal_is_killed_after_a_while(tmp_path: Path) -> None:
    engine = script(tmp_path, f"trap '' TERM; touch {tmp_path}/deaf; while :; do sleep 1; done")
    with kept(tmp_path, engine, timing=Timing(grace=0.2)) as process:
        until((tmp_path / "deaf").exists, "the engine")
        process.terminate()
        assert process.wait(60) == 0


def test_an_interrupt_has_a_deaf_engine_killed_and_another_started(tmp_path: Path) -> None:
    starts = tmp_path / "starts"
    engine = script(tmp_path, f"trap '' TERM; echo x >>{starts}; while :; do sleep 1; done")
    with kept(tmp_path, engine, timing=Timing(grace=0.2)) as process:
        until(starts.exists, "the engine")
        process.send_signal(signal.SIGINT)
        until(lambda: starts.read_text() == "x\nx\n", "another engine")
        (tmp_path / ".up").unlink()
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0


def test_an_interrupt_while_the_next_engine_waits_decides_at_once(tmp_path: Path) -> None:
    with kept(tmp_path, "/nonexistent/looop") as process:
        until(lambda: said(tmp_path, "no engine could be started"), "word of it")
        (tmp_path / ".up").unlink()
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0


def test_what_an_engine_left_running_is_gone_before_the_next_one_starts(tmp_path: Path) -> None:
    left, met, second = (tmp_path / name for name in ("left", "met", "second"))
    engine = script(
        tmp_path,
        f"""
        if [ -e {left} ]; then
            kill -0 $(cat {left}) 2>/dev/null && touch {met}
            touch {second}
            exec sleep 1000
        fi
        setsid sh -c 'trap "" TERM HUP; sleep 1000' &
        echo $! >{left}
        kill -9 $$""",
    )
    with kept(tmp_path, engine):
        until(second.exists, "the next engine")
        assert not met.exists()


def test_a_log_that_grew_large_begins_anew(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"x" * (keeper.LOG_LIMIT + 1))
    with kept(tmp_path, script(tmp_path, "exec sleep 1000")):
        until(lambda: said(tmp_path, "engine started"), "the start")
        assert (tmp_path / "log").stat().st_size < 1000


def test_keepers_states_say_what_they_wait_for() -> None:
    assert [str(state) for state in keeper.State] == [
        "an engine to be started",
        "a pat",
        "a sign of life, stacks being saved",
        "the engine's own end",
        "the end of what the engine left",
        "the sessions' end",
        "nothing",
    ]


# --- who holds a lock


def test_keeper_and_store_write_the_same_line(tmp_path: Path) -> None:
    me = os.getpid()
    with files.lock(tmp_path / "lock") as lock:
        lock.write_holder(holder.myself())
        assert (tmp_path / "lock").read_bytes() == holder.myself()
    found = holder.living(tmp_path / "lock")
    assert found is not None
    assert found.pid == me


@pytest.mark.parametrize(
    "line",
    [
        "",
        "nonsense\n",
        "pid {pid}, started {start}, boot another\n",
        "pid {pid}, started 1, boot {boot}\n",
        "pid 4194305, started {start}, boot {boot}\n",
        "pid {pid}, started {start}, boot {boot}",
    ],
)
def test_a_line_that_is_not_true_names_nobody(tmp_path: Path, line: str) -> None:
    me = os.getpid()
    (tmp_path / "lock").write_text(line.format(pid=me, start=tree.start_time(me), boot=tree.boot_id()))
    assert holder.living(tmp_path / "lock") is None


def test_a_lock_that_is_no_file_names_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "lock")
    assert holder.living(tmp_path / "lock") is None
    assert holder.living(tmp_path / "nothing") is None


# --- why an engine did not start


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    found = Profile(data=tmp_path, config=tmp_path / "c")
    found.pulse.mkdir(parents=True)
    return found


def test_a_reason_is_told_to_whoever_waited_before(profile: Profile) -> None:
    since = time.monotonic()
    failure.tell(profile, "CONFIG is broken.")
    assert failure.told(profile, since - 1) == "CONFIG is broken."


def test_an_old_reason_is_no_reason(profile: Profile) -> None:
    failure.tell(profile, "CONFIG is broken.")
    assert failure.told(profile, time.monotonic() + 1) is None


def test_a_reason_of_another_boot_is_no_reason(profile: Profile) -> None:
    (profile.pulse / "failure.txt").write_text("999999999 another-boot\nCONFIG is broken.\n")
    assert failure.told(profile, 0) is None


def test_a_reason_is_forgotten_once_the_engine_lives(profile: Profile) -> None:
    failure.tell(profile, "CONFIG is broken.")
    failure.forget(profile)
    failure.forget(profile)
    assert failure.told(profile, 0) is None


def test_a_reason_that_cannot_be_written_is_no_second_failure(tmp_path: Path) -> None:
    failure.tell(Profile(data=tmp_path / "nothing", config=tmp_path / "c"), "CONFIG is broken.")
