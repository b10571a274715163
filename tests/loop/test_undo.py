"""Undo puts back exactly what was, drops nothing that was not agreed to, and survives a crash."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from looop.core.act import Act, Write
from looop.core.digest import digest_bytes
from looop.core.moves import Kind, Landing
from looop.core.problem import Exit, Problem
from looop.loop import land, past, undo
from looop.loop.clock import Clock
from looop.loop.fleet import FakeFleet
from looop.loop.site import Site
from looop.store import config, files, history, runs, written
from looop.store.runs import MoveRecord, Run
from support.profiles import GOAL, made_in

SCRIPT = b"#!/bin/sh\necho 1\n"
LINE = "- 2026-11-22 10:00 a move"


class Killed(BaseException):
    """Stands for SIGKILL: nothing in the code under test catches it."""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    profile = made_in(tmp_path)
    profile.playbook.write_text("rules\n")
    (profile.goals / "a.md").write_text(GOAL)
    return Site(profile, config.load(profile, {}), {}, lambda _line: None, Clock(), FakeFleet())


async def landed(site: Site, *writes: Write, name: str = "tick-20261122-100000-abcdef") -> Run:
    run = runs.start(site.profile, name)
    await land.land(site, run, Landing(Kind.GOAL_CHANGED, "goal:a.md", writes), LINE, None)
    return run


async def undone(site: Site, name: str | None = None) -> undo.Undone:
    return await undo.perform(site, undo.plan(site.profile, name))


def standing(site: Site) -> dict[str, tuple[bytes, bool]]:
    """Give the bytes of all policy files, and whether they can be run."""
    at = site.profile
    found = [at.playbook, *at.goals.rglob("*.md"), *at.sensors.iterdir()]
    there = [path for path in found if path.exists()]
    return {str(it.relative_to(at.data)): (it.read_bytes(), os.access(it, os.X_OK)) for it in there}


def journal(site: Site) -> list[str]:
    return [line[19:] for line in site.profile.journal.read_text().splitlines()]


ARCHIVED = (Write("goals/a.md", None), Write("goals/archive/a.md", GOAL.encode()))
MOVES = {
    "a changed file": (Write("PLAYBOOK.md", b"other\n"),),
    "a created goal": (Write("goals/b.md", GOAL.encode()),),
    "an archived goal": ARCHIVED,
    "a new sensor": (Write("sensors/s.sh", SCRIPT, executable=True),),
}


@pytest.mark.parametrize("writes", MOVES.values(), ids=MOVES)
async def test_what_landed_is_put_back_and_an_undo_of_that_brings_it_again(
    site: Site, writes: tuple[Write, ...]
) -> None:
    before = standing(site)
    run = await landed(site, *writes)
    after = standing(site)
    assert after != before
    done = await undone(site)
    assert (done.of, standing(site)) == (run.id, before)
    assert journal(site)[-1] == f"undid {run.id}: {', '.join(write.path for write in writes)}"
    assert (await undone(site, done.id)).of == done.id
    assert standing(site) == after


async def test_a_removed_script_comes_back_with_its_mode(site: Site) -> None:
    script = site.profile.sensors / "s.sh"
    script.write_bytes(SCRIPT)
    script.chmod(0o700)
    before = standing(site)
    await landed(site, Write("sensors/s.sh", None))
    await undone(site)
    assert standing(site) == before


async def test_what_an_undo_brings_back_keeps_its_author(site: Site) -> None:
    (site.profile.sensors / "s.sh").write_bytes(SCRIPT)
    theirs = SCRIPT + b"# better\n"
    await landed(site, Write("sensors/s.sh", theirs, executable=True))
    assert [piece.run for piece in written.awaited(site.profile).values()] == ["tick-20261122-100000-abcdef"]
    again = await undone(site)
    assert digest_bytes(SCRIPT) not in written.awaited(site.profile)
    await undone(site, again.id)
    assert digest_bytes(theirs) in written.awaited(site.profile)


async def test_undo_goes_back_step_by_step(site: Site) -> None:
    for number in range(3):
        await landed(site, Write("PLAYBOOK.md", b"%d" % number), name=f"tick-20261122-10000{number}-abcdef")
    for number in (1, 0):
        await undone(site)
        assert site.profile.playbook.read_bytes() == b"%d" % number
    await undone(site)
    assert site.profile.playbook.read_text() == "rules\n"
    with pytest.raises(Problem, match="No landing is left"):
        undo.plan(site.profile, None)


async def test_a_persons_edit_is_not_the_last_landing_but_can_be_named(site: Site) -> None:
    await past.begin(site)
    await landed(site, Write("goals/b.md", GOAL.encode()))
    site.profile.playbook.write_text("a person's\n")
    await past.seen(site, {"PLAYBOOK.md": "x"}, {"PLAYBOOK.md": "y"})
    assert undo.plan(site.profile, None).edit.files[0].path == "goals/b.md"
    await undone(site, history.read(site.profile).edits[-1].id)
    assert site.profile.playbook.read_text() == "rules\n"


async def test_a_newer_edit_is_shown_and_survives_in_the_history(site: Site) -> None:
    run = await landed(site, Write("PLAYBOOK.md", b"other\n"))
    site.profile.playbook.write_text("a person's\n")
    plan = undo.plan(site.profile, run.id)
    (newer,) = plan.newer
    assert (newer.path, newer.by) == ("PLAYBOOK.md", "a person")
    assert "-a person's\n+rules\n" in newer.diff
    await undo.perform(site, plan)
    kept = [history.content(site.profile, it.after) for it in history.read(site.profile).edits[-2].files]
    assert kept == [b"a person's\n"]


async def test_a_later_tick_that_changed_the_file_is_named(site: Site) -> None:
    first = await landed(site, Write("PLAYBOOK.md", b"one\n"))
    later = await landed(site, Write("PLAYBOOK.md", b"two\n"), name="tick-20261122-110000-abcdef")
    assert [newer.by for newer in undo.plan(site.profile, first.id).newer] == [later.id]


async def test_an_edit_made_after_a_person_agreed_is_not_dropped(site: Site) -> None:
    await landed(site, Write("PLAYBOOK.md", b"other\n"))
    plan = undo.plan(site.profile, None)
    site.profile.playbook.write_text("just saved\n")
    with pytest.raises(Problem) as caught:
        await undo.perform(site, plan)
    assert (caught.value.exit_code, caught.value.kind) == (Exit.REFUSED, "changed-meanwhile")
    assert site.profile.playbook.read_text() == "just saved\n"
    assert len(journal(site)) == 1


async def test_what_cant_be_undone_says_why(site: Site) -> None:
    await past.begin(site)
    await past.seen(site, {}, {"PLAYBOOK.md": "x"})
    run = await landed(site, Write("PLAYBOOK.md", b"other\n"))
    first = history.read(site.profile).edits[0]
    nothing = runs.start(site.profile, "tick-20261122-100000-000000")
    for name, kind in (
        (first.id, "not-undone"),
        (nothing.id, "nothing-to-undo"),
        ("tick-1", "no-edit"),
    ):
        with pytest.raises(Problem) as caught:
            undo.plan(site.profile, name)
        assert caught.value.kind == kind
    await undone(site)
    with pytest.raises(Problem, match="nothing to undo"):
        undo.plan(site.profile, run.id)


async def test_a_link_in_a_files_place_is_not_written_through(site: Site) -> None:
    await landed(site, Write("PLAYBOOK.md", b"other\n"))
    site.profile.playbook.unlink()
    site.profile.playbook.symlink_to("/etc/passwd")
    with pytest.raises(Problem, match="not a regular file: move it away"):
        undo.plan(site.profile, None)


async def test_bytes_that_are_lost_undo_nothing(site: Site) -> None:
    run = await landed(site, Write("PLAYBOOK.md", b"other\n"))
    for path in (site.profile.history / "objects").iterdir():
        path.unlink()
    with pytest.raises(Problem, match="are kept no more"):
        undo.plan(site.profile, run.id)


async def test_an_index_that_was_tampered_with_writes_nowhere_else(site: Site) -> None:
    run = await landed(site, Write("goals/b.md", GOAL.encode()))
    index = site.profile.history / "index.jsonl"
    index.write_text(index.read_text().replace("goals/b.md", "../outside"))
    (site.profile.data.parent / "outside").write_bytes(GOAL.encode())
    with pytest.raises(Problem, match="no policy file"):
        undo.plan(site.profile, run.id)


async def test_it_says_what_it_could_not_take_back(site: Site) -> None:
    run = runs.start(site.profile, "tick-20261122-100000-abcdef")
    act = Act(("start-session", "a", "do it"), "goal:a.md")
    await land.land(
        site, run, Landing(Kind.GOAL_CHANGED, "goal:a.md", (Write("goals/a.md", b"x"),), act), LINE, None
    )
    runs.write_record(run, MoveRecord(run.id, 1.0, acts=("Bash curl",)))
    done = await undone(site)
    assert done.stays == (
        "`looop start-session a`, which it called, is not undone.",
        f"What its agent did elsewhere is not undone: `looop why {run.id}` tells it.",
    )


@pytest.mark.parametrize("dies_at", ["durable", "append_durable", "durable_remove", "remove_tree"])
@pytest.mark.parametrize("call", range(8))
async def test_killed_anywhere_it_has_happened_once_or_not_at_all(
    site: Site, monkeypatch: pytest.MonkeyPatch, dies_at: str, call: int
) -> None:
    before = standing(site)
    await landed(site, Write("PLAYBOOK.md", b"other\n"), *ARCHIVED)
    after = standing(site)
    plan = undo.plan(site.profile, None)
    _die_at(monkeypatch, dies_at, call)
    with contextlib.suppress(Killed):
        await undo.perform(site, plan)
    monkeypatch.undo()
    for _ in range(2):
        await undo.recover(site)
    told = [edit.id for edit in history.read(site.profile).edits if edit.of]
    if standing(site) == after:
        assert (told, len(journal(site))) == ([], 1)
    else:
        assert (standing(site), len(told), len(journal(site))) == (before, 1, 2)
    assert list((site.profile.history / "undo").iterdir()) == []


async def test_an_undo_that_was_killed_before_its_first_file_never_was(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await landed(site, Write("PLAYBOOK.md", b"other\n"))
    plan = undo.plan(site.profile, None)
    _die_at(monkeypatch, "append_durable", 0)
    with pytest.raises(Killed):
        await undo.perform(site, plan)
    monkeypatch.undo()
    assert len(list((site.profile.history / "undo").iterdir())) == 1
    await undo.recover(site)
    assert site.profile.playbook.read_bytes() == b"other\n"
    assert len(journal(site)) == 1


async def test_an_undo_that_is_at_work_is_not_taken_for_one_that_was_cut_off(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(land, "LOCK_PATIENCE", 0.05)
    files.private_dir(site.profile.history / "undo" / "undo-20261122-100000-abcdef")
    with files.lock(site.profile.policy_lock), pytest.raises(Problem, match="is held"):
        await undo.recover(site)
    assert len(list((site.profile.history / "undo").iterdir())) == 1


def _die_at(monkeypatch: pytest.MonkeyPatch, name: str, call: int) -> None:
    real: Callable[..., object] = getattr(files, name)
    count = iter(range(100))

    def dying(*args: object, **named: object) -> object:
        if next(count) == call:
            raise Killed
        return real(*args, **named)

    monkeypatch.setattr(files, name, dying)
