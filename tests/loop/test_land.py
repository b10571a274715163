"""A landing that is cut off anywhere is finished once, whoever finds it."""

import contextlib
from pathlib import Path

import msgspec
import pytest

from looop.core.act import Act, Write
from looop.core.diff import Baseline
from looop.core.document import Document
from looop.core.edits import By, Edit
from looop.core.moves import Kind, Landing
from looop.core.problem import Exit, Problem
from looop.core.world import World
from looop.loop import journal, land
from looop.loop.clock import Clock
from looop.loop.fleet import Answer, FakeFleet
from looop.loop.landing import Record, Verb
from looop.loop.site import Site
from looop.store import config, files, history, runs
from looop.store.runs import Run
from support.profiles import GOAL, made_in

LINE = "- 2026-11-22 10:00 noted on a"
NOTE = Write("goals/a.md", GOAL.encode() + b"- noted\n")
BASELINE = Baseline.of(World(Document("PLAYBOOK.md", "", "x")), 1.0)


class Killed(BaseException):
    """Stands for SIGKILL: nothing in the code under test catches it."""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    profile = made_in(tmp_path)
    (profile.goals / "a.md").write_text(GOAL)
    settings = config.load(profile, {})
    return Site(profile, settings, {}, lambda _line: None, Clock(), FakeFleet())


@pytest.fixture
def run(site: Site) -> Run:
    return runs.start(site.profile, "tick-20261122-100000-abcdef")


def note(act: Act | None = None) -> Landing:
    return Landing(Kind.GOAL_CHANGED, "goal:a.md", (NOTE,), act)


def journal_of(site: Site) -> str:
    return site.profile.journal.read_text() if site.profile.journal.exists() else ""


def landed(site: Site) -> bool:
    """Tell whether everything that a landing does has been done, once."""
    return (
        (site.profile.goals / "a.md").read_bytes() == NOTE.data
        and journal_of(site) == f"{LINE}\n"
        and site.profile.baseline.exists()
    )


def versions(site: Site) -> list[tuple[Edit, tuple[bytes | None, bytes | None]]]:
    """Give what the history has of each file: the edit, and the bytes before and after."""
    return [
        (edit, (history.content(site.profile, it.before), history.content(site.profile, it.after)))
        for edit in history.read(site.profile).edits
        for it in edit.files
    ]


async def test_a_landing_writes_files_journal_and_baseline(site: Site, run: Run) -> None:
    assert await land.land(site, run, note(), LINE, BASELINE) == ()
    assert landed(site)
    assert (run.replaced / "goals/a.md").read_text() == GOAL


async def test_a_new_sensor_lands_executable_and_a_removed_file_goes(site: Site, run: Run) -> None:
    new = Write("sensors/s.sh", b"#!/bin/sh\n", executable=True)
    await land.land(site, run, Landing(Kind.SENSOR_ADDED, "sensor:s", (new,)), LINE, None)
    assert (site.profile.sensors / "s.sh").stat().st_mode & 0o777 == 0o700
    gone = Landing(Kind.SENSOR_REMOVED, "sensor:s", (Write("sensors/s.sh", None),))
    other = runs.start(site.profile, "tick-20261122-100000-abcdff")
    await land.land(site, other, gone, LINE, None)
    assert not (site.profile.sensors / "s.sh").exists()


@pytest.mark.parametrize("dies_at", ["durable", "append_durable", "mend_tail"])
@pytest.mark.parametrize("call", range(8))
async def test_killed_at_any_write_it_is_finished_once(
    site: Site, run: Run, monkeypatch: pytest.MonkeyPatch, dies_at: str, call: int
) -> None:
    real = getattr(files, dies_at)
    count = iter(range(100))

    def dying(*args: object, **named: object) -> object:
        if next(count) == call:
            raise Killed
        return real(*args, **named)

    monkeypatch.setattr(files, dies_at, dying)
    with contextlib.suppress(Killed):
        await land.land(site, run, note(), LINE, BASELINE)
    monkeypatch.undo()
    record = land.load(run)
    if record is None:  # killed before the landing was staged: nothing has happened
        assert journal_of(site) == ""
        assert (site.profile.goals / "a.md").read_text() == GOAL
        return
    await land.finish(site, run, record)
    await land.finish(site, run, record)
    assert landed(site)
    assert [(edit.id, texts) for edit, texts in versions(site)][1:] == [(run.id, (GOAL.encode(), NOTE.data))]


async def test_both_versions_are_kept_before_the_file_is_touched(
    site: Site, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, seen = files.durable, list[object]()

    def watching(path: Path, data: bytes, mode: int = 0o600) -> None:
        if path.name == "a.md":
            seen.extend(texts for _, texts in versions(site))
        real(path, data, mode)

    monkeypatch.setattr(files, "durable", watching)
    await land.land(site, run, note(), LINE, BASELINE)
    assert seen[-1] == (GOAL.encode(), NOTE.data)


async def test_nothing_lands_while_the_history_cant_be_written_and_all_once_it_can(
    site: Site, run: Run
) -> None:
    site.profile.history.write_text("in the way")
    with pytest.raises(OSError, match="Not a directory"):
        await land.land(site, run, note(ACT), LINE, BASELINE)
    assert (site.profile.goals / "a.md").read_text() == GOAL
    assert (journal_of(site), fleet(site).performed) == ("", [])
    site.profile.history.unlink()
    record = land.load(run)
    assert record is not None
    await land.finish(site, run, record)
    assert landed(site)
    assert fleet(site).performed == [ACT]


@pytest.mark.parametrize("name", ["landing-7", "7"])
async def test_what_lands_on_an_answer_is_named_by_its_flag(site: Site, name: str) -> None:
    run = Run(site.profile.pulse / name)
    run.folder.mkdir(parents=True)
    await land.land(site, run, note(), LINE, None)
    edit = history.read(site.profile).edits[-1]
    assert (edit.id, edit.by) == ("flag-7", By.FLAG)


async def test_a_landing_that_writes_no_file_needs_no_history(site: Site, run: Run) -> None:
    site.profile.history.write_text("in the way")
    await land.land(site, run, Landing(Kind.NOTHING, None), LINE, BASELINE)
    assert journal_of(site) == f"{LINE}\n"


async def test_half_a_journal_line_is_completed(site: Site, run: Run) -> None:
    site.profile.journal.write_text("- earlier\n")
    size = journal.size(site.profile)
    site.profile.journal.write_text(f"- earlier\n{LINE[:12]}")
    journal.append_once(site.profile, LINE, size)
    assert journal_of(site) == f"- earlier\n{LINE}\n"


async def test_a_journal_edited_by_a_person_meanwhile_keeps_their_bytes(site: Site, run: Run) -> None:
    site.profile.journal.write_text("- earlier\n")
    size = journal.size(site.profile)
    site.profile.journal.write_text("- earlier, and a person's remark")
    journal.append_once(site.profile, LINE, size)
    journal.append_once(site.profile, LINE, size)
    assert journal_of(site) == f"- earlier, and a person's remark\n{LINE}\n"


async def test_an_edit_between_the_crash_and_the_recovery_stays_and_is_told(site: Site, run: Run) -> None:
    await land.land(site, run, note(), LINE, None)
    record = land.load(run)
    assert record is not None
    (site.profile.goals / "a.md").write_text("a person was here")
    notices = await land.finish(site, run, record)
    assert (site.profile.goals / "a.md").read_text() == "a person was here"
    assert "goals/a.md was changed by somebody" in notices[0]


def fleet(site: Site) -> FakeFleet:
    assert isinstance(site.fleet, FakeFleet)
    return site.fleet


ACT = Act(("start-session", "a", "do it"), "goal:a.md")


async def test_a_verb_is_performed_once_at_landing(site: Site, run: Run) -> None:
    await land.land(site, run, note(ACT), LINE, BASELINE)
    record = land.load(run)
    assert record is not None
    assert record.verb is Verb.DONE
    await land.finish(site, run, record)
    assert fleet(site).performed == [ACT]


async def test_a_verb_that_may_have_happened_is_reported_and_never_repeated(site: Site, run: Run) -> None:
    async def dies(_act: Act) -> None:
        raise Killed

    fleet(site).perform = dies  # type: ignore[method-assign, assignment]
    with pytest.raises(Killed):
        await land.land(site, run, note(ACT), LINE, BASELINE)
    record = land.load(run)
    assert record is not None
    assert record.verb is Verb.STARTED
    (notice,) = await land.finish(site, run, record)
    assert "may or may not have happened" in notice
    assert landed(site)
    assert fleet(site).performed == []


async def test_a_verb_that_fails_is_told_to_the_next_tick_and_the_files_stay(site: Site, run: Run) -> None:
    async def refuses(_act: Act) -> None:
        raise Problem(Exit.REFUSED, "live", "a is live already.")

    fleet(site).perform = refuses  # type: ignore[method-assign, assignment]
    (notice,) = await land.land(site, run, note(ACT), LINE, BASELINE)
    assert "failed at landing: a is live already." in notice
    assert landed(site)


async def test_what_the_tick_was_told_is_marked_before_its_verb_begins(site: Site, run: Run) -> None:
    fleet(site).answered = (Answer(7, "a", "which?", "red"), Answer(8, "b", "when?", "now"))
    left = list[tuple[Answer, ...]]()

    async def starts(_act: Act) -> None:
        left.append(fleet(site).answered)

    fleet(site).perform = starts  # type: ignore[method-assign, assignment]
    await land.land(site, run, note(ACT), LINE, BASELINE, None, (7,))
    assert left == [(Answer(8, "b", "when?", "now"),)]


async def test_what_the_tick_was_told_is_marked_by_whoever_finishes_its_landing(
    site: Site, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dies(_numbers: tuple[int, ...]) -> None:
        raise Killed

    monkeypatch.setattr(fleet(site), "told", dies)
    with pytest.raises(Killed):
        await land.land(site, run, note(ACT), LINE, BASELINE, None, (7,))
    monkeypatch.undo()
    fleet(site).answered = (Answer(7, "a", "which?", "red"),)
    record = land.load(run)
    assert record is not None
    await land.finish(site, run, record)
    assert fleet(site).answered == ()


def test_a_record_survives_its_file() -> None:
    record = Record("tick-1", (), ("start-session", "a"), "goal:a.md", Verb.WAITING, 7, LINE, BASELINE)
    assert msgspec.json.decode(msgspec.json.encode(record), type=Record) == record
