"""What the sweep stands on: each change is asked about once, in order, and what the judge says is done."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from looop.child import tree
from support.supervised import Answer, Change, Cut, Fail, Go, Kill, Short, Supervised
from support.waiting import until

pytestmark = pytest.mark.process

_WRITES = """
import os, sys, threading
folder = sys.argv[1]
def write(name):
    for index in range(50):
        with open(f"{folder}/{name}", "ab", buffering=0) as file:
            file.write(b"0123456789")
threads = [threading.Thread(target=write, args=(str(number),)) for number in range(3)]
for each in threads: each.start()
for each in threads: each.join()
"""


def run(folder: Path, judge: object, code: str = _WRITES) -> tuple[int, str]:
    with Supervised(
        [sys.executable, "-S", "-c", code, str(folder)],
        judge,  # type: ignore[arg-type]
        env={"PYTHONDONTWRITEBYTECODE": "1"},
        cwd=folder,
    ) as it:
        said, _ = it.process.communicate(timeout=60)
        assert it.gone()
    return it.process.returncode, said


def dead(pid: int) -> bool:
    found = tree.proc(pid)
    return found is None or found.dead


def sizes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def test_each_write_of_three_threads_is_seen_once(tmp_path: Path) -> None:
    seen: list[str] = []

    def judge(change: Change) -> Answer:
        if change.name == "write" and change.path.startswith(str(tmp_path)):
            seen.append(change.path)
            assert change.data() == b"0123456789"
        return Go()

    assert run(tmp_path, judge) == (0, "")
    assert len(seen) == 150
    assert sizes(tmp_path) == 1500


@pytest.mark.parametrize("at", [1, 77, 150])
def test_the_struck_write_has_not_happened(tmp_path: Path, at: int) -> None:
    count = 0

    def judge(change: Change) -> Answer:
        nonlocal count
        if change.name != "write":
            return Go()
        count += 1
        return Kill() if count == at else Go()

    code, _ = run(tmp_path, judge)
    assert code == -9
    # Of the two other threads each may have been about to do what it was let do, when the signal came.
    assert (at - 3) * 10 <= sizes(tmp_path) <= (at - 1) * 10


def test_a_write_can_fail_or_be_short(tmp_path: Path) -> None:
    def judge(change: Change) -> Answer:
        if change.name == "fsync":
            return Fail(errno.EIO)
        return Short(3) if change.name == "write" and "/file" in change.path else Go()

    code = """
import os, sys
fd = os.open(sys.argv[1] + "/file", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
print(os.write(fd, b"abcdef"), os.write(fd, b"ghi"), os.write(fd, b"jk"))
try: os.fsync(fd)
except OSError as error: print(error.errno)
"""
    assert run(tmp_path, judge, code) == (0, "3 3 2\n5\n")
    assert (tmp_path / "file").read_bytes() == b"abcghijk"


def test_a_cut_ends_the_whole_family_and_leaving_the_block_does_too(tmp_path: Path) -> None:
    def judge(change: Change) -> Answer:
        return Cut() if change.name.startswith("mkdir") else Go()

    code = """
import os, subprocess, sys
sleeper = subprocess.Popen(["sleep", "1000"], start_new_session=True)
print(sleeper.pid, flush=True)
if sys.argv[1] != "/": os.mkdir(sys.argv[1] + "/made")
"""
    returned, said = run(tmp_path, judge, code)
    assert returned == -9
    until(lambda: dead(int(said)), "the end of what it started: the filter goes a little before that")
    argv = [sys.executable, "-S", "-c", code, "/"]
    with Supervised(argv, judge, env={}, cwd=tmp_path) as it:
        assert it.process.stdout
        sleeper = int(it.process.stdout.readline())
        it.process.wait(60)
    until(lambda: dead(sleeper), "its end")
    assert subprocess.run(["ls", str(tmp_path)], capture_output=True, check=True).stdout == b""


def test_a_child_that_had_changed_nothing_when_the_family_was_cut_is_killed_at_its_first_change(
    tmp_path: Path,
) -> None:
    def judge(change: Change) -> Answer:
        return Cut() if change.path.endswith("/cut") else Go()

    code = """
import os, sys, time
parent = os.getpid()
if os.fork(): os.mkdir(sys.argv[1] + "/cut")
while os.getppid() == parent: time.sleep(0.01)
os.mkdir(sys.argv[1] + "/late")
"""
    assert run(tmp_path, judge, code) == (-9, "")
    assert list(tmp_path.iterdir()) == []


def test_what_the_judge_raises_is_raised_and_the_program_is_not_stuck(tmp_path: Path) -> None:
    def judge(change: Change) -> Answer:
        raise AssertionError(change.name)

    with pytest.raises(AssertionError, match=r"execve"):
        run(tmp_path, judge)
    assert sizes(tmp_path) == 1500
