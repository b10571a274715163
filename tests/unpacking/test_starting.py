"""The program starts as it was called: with its arguments, whatever they are, and with all its parts."""

import bisect
import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.packing import Home, ended, packed

pytestmark = [pytest.mark.process, pytest.mark.slow]


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_the_first_run_unpacks_and_the_second_finds_it(home: Home) -> None:
    first = home.run("doctor", "a b", "")
    inode = home.unpacked.stat().st_ino
    second = home.run("doctor")
    assert first.lines == (str(home.unpacked / "looop"), str(home.file), "doctor", "a b", "")
    assert (first.code, second.code, second.lines[0]) == (0, 0, first.lines[0])
    assert home.unpacked.stat().st_ino == inode


def test_all_parts_are_there_and_private(home: Home) -> None:
    home.run("doctor")
    source = home.file.with_name(f"{home.file.name}.folder")
    found = {str(path.relative_to(home.unpacked)): path for path in home.unpacked.rglob("*")}
    assert set(found) == {str(path.relative_to(source)) for path in source.rglob("*")} | {"files"}
    assert {mode(path) for path in (home.cache, home.unpacked, *found.values()) if path.is_dir()} == {0o700}
    assert {name for name, path in found.items() if path.is_file() and mode(path) != 0o600} == {"looop"}
    assert all(
        (source / name).read_bytes() == found[name].read_bytes() for name in ("lib/large", "lib/many/59")
    )


@pytest.mark.parametrize("umask", [0o777, 0o000])
def test_a_callers_umask_is_no_hindrance_and_no_hole_and_stays_its_own(
    home: Home, launcher: Path, umask: int
) -> None:
    it = Home(
        home.folder, packed(launcher, home.folder / "it", {"looop": b"#!/bin/sh\numask\n", "lib/a": b"a"})
    )
    command = ["/bin/sh", "-c", f'umask {umask:o}; exec "$0" doctor', str(it.file)]
    for _ in range(2):
        ran = subprocess.run(command, env=it.environment(), capture_output=True, text=True, check=True)
        assert int(ran.stdout, 8) == umask
    assert mode(it.unpacked) == mode(it.cache) == 0o700


def test_arguments_of_64_kilobytes_and_any_bytes_arrive(home: Home) -> None:
    words = ["x" * 65536, os.fsdecode(b"\xff\xfe\x80 \xc3"), "-", "--", "\t"]
    assert home.run("doctor", *words).lines[2:] == ("doctor", *words)


def test_more_arguments_than_the_system_takes_are_refused_in_a_sentence(home: Home) -> None:
    """The most that can be passed to the launcher is more than can be passed on with what it adds."""
    full = ["y" * 100_000] * (os.sysconf("SC_ARG_MAX") // 100_000 - 1)

    def passes(size: int) -> bool:
        try:
            home.run("doctor", *full, *["z"] * size)
        except OSError as error:
            return error.errno != errno.E2BIG
        return True

    most = bisect.bisect_left(range(100_000), 1, key=lambda size: not passes(size)) - 1
    ran = home.run("doctor", *full, *["z"] * most)
    assert (ran.code, ran.err) == (1, "looop: the arguments are too long for this system.\n")
    assert home.left() == [home.unpacked.name]


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_do_no_harm(home: Home, closed: str) -> None:
    for _ in range(2):
        command = ["/bin/sh", "-c", f'"$0" doctor {closed}', str(home.file)]
        ran = subprocess.run(command, env=home.environment(), capture_output=True, check=False)
        assert ran.stderr == b""
        assert ran.stdout in {b"", f"{home.unpacked}/looop\n{home.file}\ndoctor\n".encode()}
    assert home.left() == [home.unpacked.name]
    assert (home.unpacked / "lib/empty").stat().st_size == 0


def test_it_is_found_by_path_by_link_and_from_elsewhere(home: Home, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "tool").symlink_to(home.file)
    env = home.environment(PATH=f"{tmp_path / 'bin'}:{os.defpath}")
    ran = subprocess.run(["tool", "doctor"], env=env, cwd="/", capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines() == [str(home.unpacked / "looop"), str(home.file), "doctor"]


def test_what_looop_bin_says_is_never_believed(home: Home) -> None:
    assert home.run("doctor", LOOOP_BIN="/evil").lines[1] == str(home.file)


def test_a_file_that_was_removed_under_a_run_is_still_what_runs(home: Home, launcher: Path) -> None:
    """The kernel keeps it: what is missing is only its name, and LOOOP_BIN keeps that."""
    copy = packed(launcher, home.folder / "copy", {"lib/other": b"other"})
    opened = os.open(copy, os.O_RDONLY)
    try:
        copy.unlink()
        code = f"import os; os.execve({opened}, ['looop', 'doctor'], {home.environment()!r})"
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            pass_fds=(opened,),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        ran = ended(process)
    finally:
        os.close(opened)
    assert (ran.code, ran.lines[1:]) == (0, (str(copy), "doctor"))


def test_signals_and_their_masks_are_the_callers(home: Home, launcher: Path) -> None:
    program = b"#!/bin/sh\ngrep -E '^Sig(Blk|Ign)' /proc/self/status\n"
    other = Home(home.folder, packed(launcher, home.folder / "signals", {"looop": program}))
    ran = other.run("doctor")
    plain = subprocess.run(["/bin/sh", "-c", program], capture_output=True, text=True, check=True)
    assert ran.lines == tuple(plain.stdout.splitlines())
