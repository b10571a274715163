"""Whatever lands, is edited and is undone, in whatever order: no version is lost, and an undo is exact."""

import tempfile
from pathlib import Path

import pytest
import trio
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from looop.core import edits
from looop.core.act import Write
from looop.core.digest import digest_bytes
from looop.core.moves import Kind, Landing
from looop.core.problem import Problem
from looop.loop import land, past, undo
from looop.loop.clock import Clock
from looop.loop.fleet import NoFleet
from looop.loop.site import Site
from looop.store import history, memory, runs
from looop.store.config import Config
from support.profiles import made_in

PATHS = ("PLAYBOOK.md", "goals/a.md", "goals/archive/a.md", "sensors/s.sh")
paths = st.sampled_from(PATHS)
contents = st.sampled_from([None, b"", b"one\n", b"two\n", b"no end", b"\x00\xff\r\n"])
changes = st.dictionaries(paths, contents, min_size=1, max_size=3)


class Past(RuleBasedStateMachine):
    """Ticks, people and undos on one profile; `ever` is what was seen or landed, by path and digest."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.profile = made_in(Path(self.folder.name))
        self.now = 1.7e9
        self.site = Site(self.profile, Config(), {}, lambda _: None, Clock(lambda: self.now), NoFleet())
        self.known: dict[str, str] = {}
        self.ever: set[tuple[str, str]] = set()
        self.count = 0

    def teardown(self) -> None:
        self.folder.cleanup()

    def there(self, path: str) -> bytes | None:
        place = self.profile.data / path
        return place.read_bytes() if place.exists() else None

    def standing(self) -> dict[str, bytes | None]:
        return {path: self.there(path) for path in PATHS}

    def keep(self, *found: str) -> None:
        """Note that what these files hold now must be kept from here on."""
        self.ever |= {(it, digest_bytes(data)) for it in found if (data := self.there(it)) is not None}

    @rule(path=paths, data=contents)
    def a_person_edits(self, path: str, data: bytes | None) -> None:
        place = self.profile.data / path
        if data is None:
            place.unlink(missing_ok=True)
        else:
            place.write_bytes(data)

    @rule()
    def a_beat_looks(self) -> None:
        now = memory.policy_digests(self.profile)
        trio.run(past.seen, self.site, self.known, now)
        self.known = now
        self.keep(*now)

    @rule(wanted=changes, crash=st.booleans())
    def a_tick_lands(self, wanted: dict[str, bytes | None], *, crash: bool) -> None:
        self.keep(*wanted)
        self.count += 1
        run = runs.start(self.profile, f"tick-20260101-000000-{self.count:06x}")
        writes = tuple(Write(path, data) for path, data in wanted.items())
        landing = Landing(Kind.GOAL_CHANGED, "goal:a.md", writes)
        trio.run(land.land, self.site, run, landing, "- 2026-01-01 00:00 a move", None)
        if crash and (record := land.load(run)):
            trio.run(land.finish, self.site, run, record)
        assert {path: self.there(path) for path in wanted} == wanted
        self.keep(*wanted)

    @precondition(lambda self: history.begun(self.profile))
    @rule(data=st.data())
    def a_person_undoes(self, data: st.DataObject) -> None:
        all_ = history.read(self.profile).edits
        edit = data.draw(st.sampled_from(all_))
        before = self.standing()
        try:
            plan = undo.plan(self.profile, edit.id)
        except Problem as problem:
            assert problem.kind in {"not-undone", "nothing-to-undo"}  # noqa: PT017 - either will do
            return
        self.keep(*plan.paths)
        done = trio.run(undo.perform, self.site, plan)
        wanted = {it.path: history.content(self.profile, it.before) for it in edit.files}
        assert self.standing() == {**before, **wanted}
        trio.run(undo.perform, self.site, undo.plan(self.profile, done.id))
        assert self.standing() == before

    @invariant()
    def every_version_is_there(self) -> None:
        found = history.read(self.profile) if history.begun(self.profile) else history.History()
        kept = {
            (version.path, blob.digest): blob
            for edit in found.edits
            for version in edit.files
            for blob in (version.before, version.after)
            if blob is not None
        }
        assert self.ever <= kept.keys()
        for (_, digest), blob in kept.items():
            assert digest_bytes(history.content(self.profile, blob) or b"") == digest
        assert found.damaged == 0

    @invariant()
    def each_version_follows_the_one_before(self) -> None:
        heads = dict[str, str | None]()
        for edit in history.read(self.profile).edits:
            for version in edit.files:
                assert heads.get(version.path) == edits.digest_of(version.before)
                heads[version.path] = edits.digest_of(version.after)
            assert len({it.path for it in edit.files}) == len(edit.files)


@pytest.fixture(autouse=True)
def _no_wait_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda _: None)  # no power is cut here


TestPast = Past.TestCase
TestPast.settings = settings(
    max_examples=10,
    stateful_step_count=10,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
