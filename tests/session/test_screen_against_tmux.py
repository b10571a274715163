"""Our screen beside tmux's, cell by cell: real programs, the same bytes, every row equal."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support import against_tmux
from support.against_tmux import Tmux

pytestmark = [pytest.mark.process, pytest.mark.needs("tmux")]

VIM = ["vim", "-u", "NONE", "-i", "NONE", "-n"]
LONG = "\n".join(
    f"{number:4} {'─┼│'[number % 3] * (number % 7)} line 字 of text é number {number}"
    for number in range(400)
)
SIZES = [(80, 24), (41, 9)]


@pytest.fixture(scope="module")
def tmux() -> Iterator[Tmux]:
    with against_tmux.server() as running:
        yield running


def compare(tmux: Tmux, raw: bytes, size: tuple[int, int]) -> list[object]:
    """Compare at the end and at two places within, which may cut a sequence."""
    cuts = (len(raw) // 3, len(raw) * 2 // 3, len(raw))
    return [(cut, found) for cut in cuts if (found := against_tmux.differences(tmux, raw[:cut], size))]


@pytest.mark.needs("vim")
@pytest.mark.parametrize("size", SIZES)
def test_vim_edits_scrolls_splits_and_substitutes(tmux: Tmux, tmp_path: Path, size: tuple[int, int]) -> None:
    (tmp_path / "long.txt").write_text(LONG)
    keys = [
        ":set number hlsearch\r",
        "5dd",
        "i字 inserted\x1b",
        "\x06\x06\x02",
        "10\x05",
        ":split\r",
        "G",
        "/7 \r",
    ]
    keys += [
        ":%s/line/LINE/\r",
        "u",
        ":syntax on\r",
        ":vsplit\r",
        "\x17=",
        "50G",
        "zz",
        "3yyP",
        ">>",
        ":set wrap!\r",
    ]
    raw = against_tmux.record([*VIM, "long.txt"], size, keys, tmp_path)
    assert b"LINE" in raw
    assert compare(tmux, raw, size) == []


@pytest.mark.needs("vim")
def test_vim_leaves_the_screen_as_it_was(tmux: Tmux, tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_text(LONG)
    shell = ["/bin/sh", "-c", "echo before; vim -u NONE -i NONE -n long.txt; echo after"]
    raw = against_tmux.record(shell, (80, 24), ["G", "ix\x1b", ":q!\r"], tmp_path)
    assert against_tmux.ours(raw, (80, 24))[:2] == ("before", "after")
    assert compare(tmux, raw, (80, 24)) == []


@pytest.mark.needs("less")
@pytest.mark.parametrize("size", SIZES)
def test_less_pages_back_and_forth_and_searches(tmux: Tmux, tmp_path: Path, size: tuple[int, int]) -> None:
    (tmp_path / "long.txt").write_text(LONG)
    keys = [" ", " ", "b", "G", "g", "/number 77\r", "n", "k", "k", "j", "50%", "-S\r", "\x1b)", "y", "u"]
    raw = against_tmux.record(["less", "long.txt"], size, keys, tmp_path)
    assert b"number 77" in raw
    assert compare(tmux, raw, size) == []


@pytest.mark.needs("htop")
def test_htop_draws_scrolls_and_opens_its_screens(tmux: Tmux, tmp_path: Path) -> None:
    keys = ["\x1b[B", "\x1b[B", "t", "\x1b[6~", "h", "q", "/", "x\x1b", "S", "\x1b"]
    raw = against_tmux.record(["htop", "-d", "5"], (100, 30), keys, tmp_path)
    assert b"PID" in raw
    assert compare(tmux, raw, (100, 30)) == []
