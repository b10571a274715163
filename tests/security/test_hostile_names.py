"""Files of any name and kind in every folder of DATA: nothing of them runs, blocks, leaves or is obeyed."""

import os
import socket
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.person import Person, person
from support.profiles import sensor

pytestmark = [pytest.mark.process, pytest.mark.timeout(600)]

_TOUCH = "touch${IFS}pwned"
STEMS = (
    "-rf",
    "--all",
    f"$({_TOUCH})",
    f"`{_TOUCH}`",
    f";{_TOUCH};",
    "a\nb",
    "\x1b[2J\x1b]52;c;QQ==\x07",
    "\u202egpj",
    "e\u0301",
    "\udcff\udcfe",
    "%s%n{0}#{pane_id}",
    " ",
    "stray",
    "...",
    "x" * 240,
)
ENDS = ("", ".md", ".sh", ".json", ".jsonl")


def _huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


def _socket(path: Path) -> None:
    here = os.open(path.parent, os.O_RDONLY)  # a socket's path is short
    with socket.socket(socket.AF_UNIX) as it:
        it.bind(f"/proc/self/fd/{here}/{path.name[:40]}")
    os.close(here)


KINDS: tuple[Callable[[Path], object], ...] = (
    lambda path: path.write_bytes(b""),
    lambda path: path.write_bytes(b"[" * 5000),
    lambda path: path.write_bytes(b'{"id": 7, "generation": null, "\\ud800": 1e999}\n'),
    lambda path: path.write_bytes(b"\xff\xfe\x00#!/bin/sh\ntouch pwned\n"),
    lambda path: path.symlink_to("/etc/passwd"),
    lambda path: path.symlink_to(path.name),
    lambda path: path.symlink_to("/dev/zero"),
    os.mkfifo,
    Path.mkdir,
    _socket,
    _huge,
)

READS: tuple[str, ...] = ("status", "ls", "goals", "sensors", "reports", "claims", "runs", "journal")
READS += ("history", "trust", "cost", "events", "why", "", "diff", "guard rules", "doctor")


@pytest.fixture
def looop(tmp_path: Path) -> Iterator[Person]:
    with person(tmp_path) as them:
        sensor(them.profile, "tea", "#!/bin/sh\necho 1\n")
        them("start-session", "tea", "--command", "cat")
        them("flag", "tea", "Green?")
        them("tick", "--force")
        yield them
        assert list(tmp_path.rglob("pwned")) == []
        _clear(tmp_path)


def test_no_verb_and_no_beat_minds_what_lies_in_its_folders(looop: Person, tmp_path: Path) -> None:
    folders = [path for path in looop.profile.data.rglob("*") if _is_folder(path)]
    folders.append(looop.profile.data)
    assert len(folders) > 12
    for number, folder in enumerate(folders):
        _fill(folder, number)
    for served in (True, False):
        for verb in READS:
            done = looop.call(*verb.split())
            assert done.returncode in {0, 1}, (served, verb, done.returncode, done.stderr[-2000:])
            assert "Traceback" not in done.stderr
            assert not set("\x1b\u202e") & set(done.stdout + done.stderr), verb
        beaten = looop.call("tick", "--force")
        assert beaten.returncode == 0, (served, beaten)
        if served:
            looop("send", "tea", "still here")
            looop.shows("tea", "still here")
            looop("down", "--all")
    looop("prune")


def _fill(folder: Path, number: int) -> None:
    """Put one of each name there, the kinds and the ends in turns, others in each folder."""
    for place, stem in enumerate(STEMS):
        for turn, end in enumerate(ENDS):
            path = folder / f"{stem}{end}"
            if not path.exists() and not path.is_symlink():
                KINDS[(number + place * len(ENDS) + turn) % len(KINDS)](path)


def _clear(folder: Path) -> None:
    """Take away what would keep a test's folder from being removed."""
    for path in folder.rglob("*"):
        if not _is_folder(path) and not stat.S_ISREG(path.lstat().st_mode):
            path.unlink()


def _is_folder(path: Path) -> bool:
    return stat.S_ISDIR(path.lstat().st_mode)
