"""The tick's folder replaced, a stray among the runs, a disk without any room: the loop goes on."""

from pathlib import Path

import pytest

from looop.loop import tick
from looop.loop.beat import Outcome
from looop.store import files, flags
from support.looping import NOTE, Looping

GIB = 1 << 30


@pytest.mark.parametrize("put", ['ln -s "{elsewhere}" "$PWD"', 'echo file >"$PWD"'])
async def test_what_an_agent_put_in_place_of_its_folder_is_no_move_and_in_nobodys_way(
    tmp_path: Path, put: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine.txt").write_text("kept\n")
    loop = Looping(tmp_path, f'rm -rf "$PWD"; {put.format(elsewhere=elsewhere)}')
    ticked = (await loop.beat()).ticked
    assert ticked is not None
    assert ticked.outcome is tick.Outcome.FAILED
    assert len(loop.journal()) == 1
    assert (elsewhere / "mine.txt").read_text() == "kept\n"
    loop.agent(NOTE)
    loop.goal("a", "---\ngoal: be tested again\n---\n")
    ticked = (await loop.beat()).ticked
    assert ticked is not None
    assert ticked.outcome is tick.Outcome.LANDED
    assert [path.name for path in elsewhere.iterdir()] == ["mine.txt"]


async def test_a_stray_file_named_like_a_run_stops_no_beat(tmp_path: Path) -> None:
    loop = Looping(tmp_path, NOTE)
    (loop.profile.runs / "tick-20200101-000000-aaaaaa").write_text("stray")
    assert (await loop.beat()).outcome is Outcome.TICKED


async def test_a_disk_without_room_for_a_beats_own_files_parks_the_loop_and_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = tmp_path / "told"
    loop = Looping(tmp_path, NOTE, notify=f"cat >>{told}")
    loop.sensor("s", "1")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(files, "scratch", full)
        disk.setattr(files, "durable", full)
        disk.setattr(files, "free_bytes", lambda _: (0, 100 * GIB))
        for _ in range(2):
            report = await loop.beat()
            assert report.outcome is Outcome.IDLE
            assert "the disk is full" in str(report.trouble)
            assert ["the disk is full" in hold.reason for hold in loop.beats.phase.holds] == [True]
    assert told.read_text().count("\n") == 1
    assert (await loop.beat()).outcome is Outcome.TICKED
    assert flags.open_flags(loop.profile) == ()
