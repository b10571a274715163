"""A profile that has been lived in: something of everything that a read verb shows, at one fixed time.

In: a prepared profile. Out: the same with goals, readings, runs, costs, events, flags, claims, a journal.
"""

import json
import os
from pathlib import Path

import msgspec

from looop.core.diff import Change, ChangeKind
from looop.core.edits import By, Edit, Version
from looop.core.phase import Doing, Hold, Phase
from looop.core.streams import Cost
from looop.store import events, flags, history, ledger, runs
from looop.store.ledger import Entry
from looop.store.paths import Profile
from looop.store.runs import MoveRecord
from support.profiles import sensor

NOW = 1767268800.0
"""2026-01-01 12:00:00 UTC."""

RUN = "tick-20260101-115000-abc123"
FAILED = "tick-20260101-114000-def456"


def live_in(profile: Profile) -> None:
    """Leave traces of a morning."""
    _memory(profile)
    _runs(profile)
    _history(profile)
    for entry in (
        Entry(NOW - 86400, "tick-20251231-120000-000001", "claude", 0.5, 900, 90, "landed"),
        Entry(NOW - 1200, FAILED, "codex", None, 1000, 100, "failed"),
        Entry(NOW - 600, RUN, "claude", 0.0421, 1000, 100, "landed", goal="tea.md"),
        _session("brew", "claude", 0.25, "agent", goal="tea.md"),
        _session("steep", "opencode", 0.1, "reported"),
        _session("pour", "codex", None, ""),
    ):
        ledger.record(profile, entry)
    events.emit(profile, "tick-began", at=NOW - 600, run=RUN, why="the world changed")
    events.emit(profile, "tick-ended", at=NOW - 558, run=RUN, outcome="landed")
    flags.raise_flag(profile, "money", "more than $5 was spent today (warn_daily_usd)", now=NOW - 60)
    claim = {"name": "inbox", "session": "mail", "generation": "01J", "since": NOW}
    _put(profile.claims / "inbox.json", json.dumps(claim))
    where = {"session": "mail", "name": "web", "repository": "/src/web", "common": "/src/web/.git"}
    box = {**where, "branch": "looop/mail/1", "base": "c0ffee", "made": NOW - 60, "setup": "done"}
    _put(profile.sandboxes / "mail@web.json", json.dumps(box))
    phase = Phase(
        doing=Doing.SLEEPING,
        pid=4242,
        since=NOW - 500,
        wakes_at=NOW + 40,
        waits_for="the interval",
        beats=70,
        ticks=2,
        runner="claude",
        holds=(Hold("the last tick failed (exit 1)", NOW + 60),),
        notices=("sensor:today woke 5 ticks in a row",),
    )
    _put(profile.pulse / "status.json", msgspec.json.encode(phase).decode())
    _put(profile.pulse_log, "".join(f"2026-01-01 11:5{i}:00 line {i}\n" for i in range(5)))


def _session(name: str, runner: str, usd: float | None, source: str, goal: str = "") -> Entry:
    run = f"session/{name}/01J/2026-01-01"
    return Entry(
        NOW - 300, run, runner, usd, 5000, 500, "ended", session=name, goal=goal, source=source, noted=NOW
    )


def _memory(profile: Profile) -> None:
    _put(profile.goals / "tea.md", "---\ngoal: There is always tea\n---\n\n- 2026-01-01 two bags left\n")
    _put(profile.goals / "odd.md", "no frontmatter here\n")
    _put(profile.archive / "old.md", "---\ngoal: Done with this\n---\n")
    _put(
        profile.journal,
        "- 2026-01-01 11:40 tick failed: exit 1\n- 2026-01-01 11:50 noted the tea\na stray line\n",
    )
    sensor(profile, "tea", "#!/bin/sh\n# looop: timeout=20s interval=10m\necho 2\n")
    sensor(profile, "broken", "#!/bin/sh\nexit 1\n")
    _put(profile.sensors / "quiet.sh.off", "#!/bin/sh\necho 1\n")
    _put(profile.snapshots / "sensor-tea.json", '{"signal":2}')
    _put(profile.snapshots / "sensor-broken.json", '{"error":"ended with exit code 1"}')
    _put(profile.reports / "week.md", "all well\n")


def _runs(profile: Profile) -> None:
    landed = MoveRecord(
        run=RUN,
        began=NOW - 600,
        ended=NOW - 558,
        why="the world changed",
        changes=(Change("sensor:tea", ChangeKind.CHANGED, "3", "2"),),
        runner="claude",
        outcome="landed",
        subject="goal:tea.md",
        move="changed a goal",
        line="noted the tea",
        cost=Cost(0.0421, 1000, 100),
        acts=("Read goals/tea.md", "Edit goals/tea.md"),
        ignored=("scratch.txt",),
    )
    failed = MoveRecord(
        run=FAILED,
        began=NOW - 1200,
        ended=NOW - 1190,
        why="first look",
        runner="codex",
        outcome="failed",
        move="nothing",
        reason="exit 1",
        line="tick failed: exit 1",
    )
    for record in (failed, landed):
        run = runs.start(profile, record.run)
        runs.write_record(run, record)
        _put(run.prompt, "a prompt\n")


def _history(profile: Profile) -> None:
    after = (profile.goals / "tea.md").read_bytes()
    before = after.removesuffix(b"- 2026-01-01 two bags left\n")
    both = [history.blob_of(data, runnable=False) for data in (before, after)]
    edit = Edit(RUN, NOW - 560, By.TICK, (Version("goals/tea.md", *both),))
    history.record(profile, edit, (before, after))


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (NOW - 30, NOW - 30))
