"""The native file in an empty root: no Python, no libc, no shell, no /proc and no /dev."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from looop import __version__
from support.frozen import file

pytestmark = [pytest.mark.binary, pytest.mark.process]

APART = () if os.geteuid() == 0 else ("unshare", "-r")
CLOSED = 'exec "$@" <&- >&- 2>&-'


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give a root with a home and the file, where a profile was made."""
    folder = tmp_path_factory.mktemp("root")
    (folder / "home").mkdir()
    shutil.copy(file(), folder / "looop")
    made = run(folder, "init", "--runner", "rehearsal", "--yes")
    assert made.returncode == 0, made.stderr
    yield folder
    shutil.rmtree(folder)


def run(
    root: Path, *argv: str, program: str = "/looop", around: tuple[str, ...] = ()
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*around, *APART, shutil.which("chroot") or "chroot", str(root), program, *argv],
        env={"HOME": "/home", "PATH": "/bin"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_nothing_but_what_it_made_itself_is_there(root: Path) -> None:
    assert {path.name for path in root.iterdir()} == {"home", "looop"}


@pytest.mark.parametrize("program", ["/looop", "./looop", "home/../looop"])
def test_its_version_and_its_manual_are_told_however_it_is_called(root: Path, program: str) -> None:
    assert run(root, "version", program=program).stdout == f"looop {__version__}\n"
    assert run(root, "help", program=program).stdout.startswith(f"looop {__version__}")


@pytest.mark.parametrize(
    "argv",
    [("status",), ("journal",), ("ls", "--json"), ("goals",), ("tick", "--dry-run"), ("doctor",), ("down",)],
)
def test_verbs_that_start_nothing_do_well(root: Path, argv: tuple[str, ...]) -> None:
    ran = run(root, *argv)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout != ""


@pytest.mark.parametrize("argv", [("up",), ("tick",), ("start-session", "s", "--command", "true")])
def test_verbs_that_start_something_say_what_is_missing(root: Path, argv: tuple[str, ...]) -> None:
    ran = run(root, *argv)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith("looop: There is no /proc/self/stat here")
    assert ran.stderr.count("\n") == 1


def test_closed_streams_without_a_dev_null_do_no_harm(root: Path) -> None:
    """What is said goes nowhere, and into no file above all."""

    def files() -> dict[Path, int]:
        return {path: path.stat().st_size for path in root.rglob("*") if path.is_file()}

    run(root, "status")
    before = files()
    for argv in (("version",), ("help",), ("status",), ("journal", "--no-such-flag")):
        ran = run(root, *argv, around=("/bin/sh", "-c", CLOSED, "sh"))
        assert ran.returncode in {0, 1, 2}
    assert files() == before
