"""The process table, and the ending of whole trees."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from looop.child import tree
from looop.child.proc import Proc
from support.waiting import until

pytestmark = pytest.mark.process

TWO_LEVELS = "sleep 60 & sh -c 'trap \"\" TERM; sleep 60 & wait' & echo ready; wait"
SLEEPER = Path(shutil.which("sleep") or "/bin/sleep")


@contextmanager
def started(*argv: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, start_new_session=True)
    try:
        yield process
    finally:
        for entry in tree.table().values():
            if entry.session == process.pid:
                tree.send(entry, signal.SIGKILL)
        process.communicate()


def proc(pid: int) -> Proc:
    found = tree.proc(pid)
    assert found is not None
    return found


def test_a_process_is_found_with_its_parent_group_and_session() -> None:
    with started("sleep", "60") as process:
        found = proc(process.pid)
    assert (found.ppid, found.pgrp, found.session) == (os.getpid(), process.pid, process.pid)


def test_a_program_whose_name_looks_like_a_row_of_the_table_confuses_nobody(tmp_path: Path) -> None:
    name = tmp_path / "x) Z 1 (y"
    shutil.copy(SLEEPER, name)
    with started(str(name), "60") as process:
        until(lambda: b"Z 1" in Path(f"/proc/{process.pid}/comm").read_bytes(), "the program to start")
        found = proc(process.pid)
    assert (found.ppid, found.dead) == (os.getpid(), False)


def test_a_dead_child_is_not_alive() -> None:
    with started("true") as process:
        start = proc(process.pid).start
        until(lambda: proc(process.pid).dead, "its end")
        assert not tree.alive(process.pid, start)


FIRST_THREAD_ENDS = """
import _thread, ctypes, platform, time
_thread.start_new_thread(time.sleep, (60,))
ctypes.CDLL(None).syscall({"x86_64": 60, "aarch64": 93}[platform.machine()], 0)  # exit(2): this thread alone
"""


def test_a_process_that_looks_dead_but_lives_on_in_another_thread_is_alive_until_it_is_killed() -> None:
    with started(sys.executable, "-c", FIRST_THREAD_ENDS) as process:
        start = proc(process.pid).start
        until(lambda: b") Z " in Path(f"/proc/{process.pid}/stat").read_bytes(), "its first thread to end")
        assert tree.alive(process.pid, start)
        assert tree.kill_tree(process.pid)
        assert not tree.alive(process.pid, start)


def test_another_process_with_the_same_pid_is_not_the_same() -> None:
    with started("sleep", "60") as process:
        found = proc(process.pid)
        assert tree.alive(process.pid, found.start)
        assert not tree.alive(process.pid, found.start - 1)


def test_no_process_has_no_start_time() -> None:
    with started("true") as process:
        process.wait()
    assert tree.start_time(process.pid) is None


def test_a_recycled_pid_is_never_signalled() -> None:
    with started("sleep", "60") as process:
        found = proc(process.pid)
        former = Proc(found.pid, found.ppid, found.pgrp, found.session, found.start - 1, found.state)
        assert not tree.send(former, signal.SIGKILL)
        assert process.poll() is None


def test_descendants_are_told_parents_first() -> None:
    with started("sh", "-c", TWO_LEVELS) as process:
        until(lambda: len(tree.descendants(process.pid)) == 3, "three descendants")
        found = tree.descendants(process.pid)
    assert [entry.ppid == process.pid for entry in found] == [True, True, False]


def test_a_circle_in_a_table_read_while_pids_were_recycled_ends() -> None:
    circle = {2: Proc(2, 3, 2, 2, 1, "S"), 3: Proc(3, 2, 2, 2, 1, "S")}
    assert [entry.pid for entry in tree.descendants(2, circle)] == [3, 2]


def test_a_whole_tree_is_killed_the_deaf_and_the_stopped_too() -> None:
    with started("sh", "-c", TWO_LEVELS) as process:
        until(lambda: len(tree.descendants(process.pid)) == 3, "three descendants")
        below = tree.descendants(process.pid)
        tree.send(below[0], signal.SIGSTOP)
        assert tree.kill_tree(process.pid)
        assert not [entry for entry in below if tree.alive(entry.pid, entry.start)]
        assert process.wait() == -signal.SIGKILL


def test_killing_what_is_gone_is_done_at_once() -> None:
    with started("true") as process:
        process.wait()
    assert tree.kill_tree(process.pid, limit=0.0)


def test_a_child_that_nobody_knows_is_a_stray() -> None:
    with started("sleep", "60") as one, started("sleep", "60") as other:
        found = {entry.pid for entry in tree.strays(os.getpid(), {one.pid})}
    assert other.pid in found
    assert one.pid not in found


def test_a_process_carries_the_environment_that_it_was_started_with() -> None:
    argv = ["env", "MARK=one", "sleep", "60"]
    with started(*argv) as process:
        until(lambda: tree.carries(process.pid, "MARK=one"), "env to start sleep")
        assert not tree.carries(process.pid, "MARK=on")
        assert process.pid in tree.bearers("MARK=one")


def test_this_boot_has_one_name() -> None:
    assert tree.boot_id() == tree.boot_id() != ""


SWEEP = """
import os, subprocess, sys, time
from looop.child import tree
assert not tree.is_subreaper()
assert tree.become_subreaper()
assert tree.is_subreaper()
known = subprocess.Popen(["sleep", "60"])
subprocess.run(["sh", "-c", "setsid sh -c 'trap \\"\\" TERM; sleep 60 & wait' & sleep 60 &"])
while len(tree.children(os.getpid())) < 3:
    time.sleep(0.01)
done = tree.sweep({known.pid})
left = tree.children(os.getpid())
known.kill()
known.wait()
print(done, left == (known.pid,))
"""


def test_a_subreaper_sweeps_away_and_reaps_what_it_did_not_start_and_nothing_else() -> None:
    done = subprocess.run([sys.executable, "-c", SWEEP], capture_output=True, check=True, timeout=60)
    assert done.stdout.split() == [b"True", b"True"]


SPARE = """
import os, subprocess, trio
from pathlib import Path
from looop.child import spawn, tree
tree.become_subreaper()
async def run(script):
    return await spawn.run(["sh", "-c", script], cwd=Path("/"), env=dict(os.environ), deadline=30, max_out=0)
async def main():
    own = subprocess.Popen(["sleep", "60"])
    subprocess.run(["sh", "-c", "setsid sleep 60 & echo $! > pid"], cwd=os.environ["FOLDER"])
    keeper = int(Path(os.environ["FOLDER"], "pid").read_text())
    spawn.spare(keeper)
    await run("setsid sleep 60 &")
    print(sorted(tree.children(os.getpid())) == sorted([own.pid, keeper]))
    dead = subprocess.Popen(["true"])
    while not tree.proc(dead.pid).dead:
        await trio.sleep(0.01)
    await run("true")
    print(dead.wait())
    for pid in (own.pid, keeper):
        os.kill(pid, 9)
trio.run(main)
"""


def test_a_spared_process_and_our_own_session_outlive_a_run(tmp_path: Path) -> None:
    env = os.environ | {"FOLDER": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", SPARE], capture_output=True, check=True, timeout=60, env=env)
    assert done.stdout.split() == [b"True", b"0"]
