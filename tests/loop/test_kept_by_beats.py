"""Beats keep what people change before anything can land on it, and do nothing more when nothing changed."""

from pathlib import Path

import pytest

from looop.core.edits import By
from looop.engine import undoing
from looop.loop import beat, undo
from looop.store import files, flags, history
from support.looping import GOAL, NOTE, Looping

pytestmark = pytest.mark.process


def told(loop: Looping) -> list[tuple[By, str, bytes | None]]:
    """Give each file of each edit, with what it held after it."""
    return [
        (edit.by, it.path, history.content(loop.profile, it.after))
        for edit in history.read(loop.profile).edits
        for it in edit.files
    ]


async def test_the_first_beat_keeps_what_is_there(tmp_path: Path) -> None:
    loop = Looping(tmp_path)
    await loop.beat()
    assert told(loop) == [
        (By.FIRST, "PLAYBOOK.md", b"rules\n"),
        (By.FIRST, "goals/a.md", GOAL.encode()),
    ]


async def test_a_profile_that_is_older_than_its_history_is_kept_before_anybody_edits_it(
    tmp_path: Path,
) -> None:
    loop = Looping(tmp_path)
    await loop.beat()
    files.remove_tree(loop.profile.history)
    loop.beats = loop.fresh()
    await loop.beat()
    loop.profile.playbook.write_text("mine\n")
    await loop.beat()
    assert told(loop)[::2] == [
        (By.FIRST, "PLAYBOOK.md", b"rules\n"),
        (By.OUTSIDE, "PLAYBOOK.md", b"mine\n"),
    ]


async def test_an_edit_is_kept_before_a_tick_lands_on_it(tmp_path: Path) -> None:
    loop = Looping(tmp_path)
    await loop.beat()
    mine = f"{GOAL}- mine\n"
    loop.goal("a", mine)
    loop.goal("b")
    loop.agent(NOTE)
    await loop.beat()
    assert told(loop)[2:] == [
        (By.OUTSIDE, "goals/a.md", mine.encode()),
        (By.OUTSIDE, "goals/b.md", GOAL.encode()),
        (By.TICK, "goals/a.md", f"{mine}- noted\n".encode()),
    ]
    assert history.read(loop.profile).edits[-1].id == loop.record().run


async def test_a_file_that_a_person_removed_can_be_brought_back(tmp_path: Path) -> None:
    loop = Looping(tmp_path)
    await loop.beat()
    (loop.profile.goals / "a.md").unlink()
    await loop.beat()
    last = history.read(loop.profile).edits[-1]
    assert (last.by, last.files[0].after) == (By.OUTSIDE, None)
    assert undo.plan(loop.profile, last.id).writes[0].data == GOAL.encode()


async def test_an_edit_that_a_tick_ran_into_stays_and_is_kept_with_what_it_replaced(tmp_path: Path) -> None:
    loop = Looping(tmp_path)
    await loop.beat()
    loop.agent(f"{NOTE}; echo mine > {loop.profile.goals / 'a.md'}")
    await loop.beat(force=True)
    loop.agent("true")
    await loop.beat(force=True)
    assert told(loop)[1:] == [
        (By.FIRST, "goals/a.md", GOAL.encode()),
        (By.OUTSIDE, "goals/a.md", b"mine\n"),
    ]


async def test_a_beat_that_sees_no_change_does_not_look_at_the_history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = Looping(tmp_path)
    await loop.beat()
    await loop.beat()

    def looked(*_: object, **__: object) -> None:
        raise AssertionError

    for name in ("read", "seen", "begun", "record"):
        monkeypatch.setattr(history, name, looked)
    monkeypatch.setattr(files, "durable", looked)
    monkeypatch.setattr(files, "append_durable", looked)
    assert (await loop.beat()).outcome is beat.Outcome.UNCHANGED


async def test_an_undo_that_was_killed_half_way_is_finished_by_the_beat_that_sees_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = Looping(tmp_path, "mv goals/a.md goals/archive/a.md")
    await loop.beat()
    loop.agent("true")
    await loop.beat()

    def dies(path: Path) -> bool:
        raise KeyboardInterrupt(path)

    monkeypatch.setattr(files, "durable_remove", dies)
    with pytest.raises(KeyboardInterrupt):
        await undoing.perform(loop.profile, await undoing.plan(loop.profile, None))
    monkeypatch.undo()
    assert (loop.profile.archive / "a.md").exists()
    await loop.beat()
    assert not (loop.profile.archive / "a.md").exists()
    assert (loop.profile.goals / "a.md").read_text() == GOAL
    assert sum("undid tick-" in text for text in loop.journal()) == 1


async def test_a_broken_history_stops_no_beat_but_every_landing_until_it_is_mended(tmp_path: Path) -> None:
    loop = Looping(tmp_path)
    loop.profile.history.write_text("in the way")
    await loop.beat()
    loop.goal("b")
    assert (await loop.beat()).outcome is beat.Outcome.TICKED
    assert "the history could not be written" in "".join(loop.said)
    loop.agent(NOTE)
    assert "the disk fails" in ((await loop.beat(force=True)).trouble or "")
    assert (loop.profile.goals / "a.md").read_text() == GOAL
    loop.profile.history.unlink()
    loop.agent("true")
    await loop.beat()
    assert (loop.profile.goals / "a.md").read_text() == GOAL + "- noted\n"
    assert flags.open_flags(loop.profile) == ()
    assert (By.TICK, "goals/a.md", f"{GOAL}- noted\n".encode()) in told(loop)
    assert loop.journal().count("noted on a") == 1
