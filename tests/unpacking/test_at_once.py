"""Many first runs at once, runs that are killed, versions that come and go: one whole folder or a new try."""

import fcntl
import os
import random
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.packing import Home, ended, packed
from support.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.slow]

MANY = 16
KILLS = 40
CUT = 8  # of them at least must have come in the middle of the unpacking
SETTLED = 60  # seconds, in cache.c


@pytest.fixture(scope="module")
def newer(file: Path, launcher: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return packed(launcher, tmp_path_factory.mktemp("newer") / "looop", {"lib/version": b"2"})


def aged(folder: Path) -> None:
    """Have it look as if nobody had touched it for a while."""
    then = time.time() - SETTLED - 5
    os.utime(folder, (then, then))


@contextmanager
def used(folder: Path) -> Iterator[None]:
    """Hold the lock that a running program holds on its folder."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_SH)
        yield
    finally:
        os.close(opened)


def test_many_first_runs_at_once_make_one_folder(home: Home) -> None:
    runs = [ended(process) for process in [home.start("doctor", str(number)) for number in range(MANY)]]
    assert [(run.code, run.err, run.lines[3]) for run in runs] == [(0, "", str(n)) for n in range(MANY)]
    assert {run.folder for run in runs} == {home.unpacked}
    assert home.left() == [home.unpacked.name]


def test_two_places_hold_a_program_each(home: Home, tmp_path: Path) -> None:
    other = home.run("doctor", XDG_CACHE_HOME=str(tmp_path / "other"))
    assert home.run("doctor").folder == home.unpacked
    assert other.folder.is_relative_to(tmp_path / "other")
    assert other.folder.name == home.unpacked.name


def test_a_first_run_that_is_killed_leaves_nothing_that_is_used(home: Home) -> None:
    """Whenever it was: what has the program's name is whole, and the next run does well."""
    started = time.monotonic()
    assert home.run("doctor").code == 0
    whole = time.monotonic() - started
    chance = random.Random(3)
    kills = cut = 0
    while kills < KILLS or cut < CUT:
        kills += 1
        _remove(home)
        with home.start("doctor") as process:
            time.sleep(whole * chance.uniform(0, 1.1))  # no synchronisation: the moment is what is tried
            process.kill()
        left = home.left() if home.cache.exists() else []
        cut += any(name.startswith(".new-") for name in left)
        assert [name for name in left if not name.startswith(".new-")] in ([], [home.unpacked.name])
        assert home.run("doctor").folder == home.unpacked
        for name in left:
            if name.startswith(".new-"):
                aged(home.cache / name)
        home.run("doctor")
        assert home.left() == [home.unpacked.name]


def test_a_first_run_waits_for_one_that_is_stopped_and_not_for_ever(home: Home) -> None:
    """The one that waits has its answer when the other goes on."""
    home.cache.mkdir(parents=True, mode=0o700)
    with (home.cache / ".lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        waiting = home.start("doctor")
        until(lambda: _opens(waiting.pid, home.cache / ".lock"), "the first run to wait for its turn")
        assert waiting.poll() is None
        assert home.left() == []
    assert ended(waiting).folder == home.unpacked


@pytest.mark.parametrize("part", ["files", "looop", "lib/large", "lib/empty", "lib/deep/er", "lib"])
def test_a_program_of_which_a_part_was_removed_is_unpacked_anew(home: Home, part: str) -> None:
    home.run("doctor")
    subprocess.run(["rm", "-r", str(home.unpacked / part)], check=True)
    assert home.run("doctor").folder == home.unpacked
    assert (home.unpacked / part).exists()
    assert home.left() == [home.unpacked.name]


def test_a_program_of_which_a_part_was_cut_short_is_unpacked_anew(home: Home) -> None:
    home.run("doctor")
    line = len((home.unpacked / "files").read_text().partition("\n")[0])
    for part, size in (("lib/large", 5), ("files", 5), ("files", line), ("files", line + 1), ("looop", 9)):
        os.truncate(home.unpacked / part, size)
        assert home.run("doctor").lines[2:] == ("doctor",)
        assert (home.unpacked / part).stat().st_size > size


def test_an_older_program_is_removed_when_nobody_uses_it_and_not_before(home: Home, newer: Path) -> None:
    home.run("doctor")
    later = Home(home.folder, newer)
    later.run("doctor")
    both = sorted([home.unpacked.name, later.unpacked.name])
    assert later.left() == both  # it was used a moment ago
    aged(home.unpacked)
    with used(home.unpacked):
        later.run("doctor")
        assert later.left() == both
    later.run("doctor")
    assert later.left() == [later.unpacked.name]


def test_each_use_of_a_program_counts(home: Home, newer: Path) -> None:
    home.run("doctor")
    aged(home.unpacked)
    home.run("doctor")
    Home(home.folder, newer).run("doctor")
    assert home.unpacked.exists()


def test_what_a_killed_run_left_goes_with_the_next_and_nothing_else_does(home: Home) -> None:
    home.cache.mkdir(parents=True, mode=0o700)
    for name in (".new-1-2", ".old-77", "f" * 64, "notes", ".new", "f" * 63):
        (home.cache / name / "part").mkdir(parents=True)
        aged(home.cache / name)
    (home.cache / ("e" * 64)).write_text("a file\n")
    home.run("doctor")
    assert home.left() == sorted([".new", "e" * 64, "f" * 63, "notes", home.unpacked.name])


def test_a_link_in_the_cache_is_not_followed(home: Home, tmp_path: Path) -> None:
    home.cache.mkdir(parents=True, mode=0o700)
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "note").touch()
    aged(kept)
    (home.cache / ("f" * 64)).symlink_to(kept)
    inside = home.cache / ".new-1-2"
    inside.mkdir()
    (inside / "link").symlink_to(kept)
    aged(inside)
    home.run("doctor")
    assert (kept / "note").exists()
    assert not inside.exists()


def _remove(home: Home) -> None:
    subprocess.run(["rm", "-rf", str(home.cache)], check=True)


def _opens(pid: int, path: Path) -> bool:
    try:
        return str(path) in {str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir()}
    except OSError:
        return False
