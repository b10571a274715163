"""Ticks against a model, over crashes: one line of the journal a run, at most one move, and nothing lost.

The loop dies at any change of the disk: while it senses, while it lands, while it finishes what an earlier
death had left. A person edits in between.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trio
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from looop.child.spawn import Ended
from looop.loop.beat import Beats, Report
from looop.store import files, ledger, runs
from looop.store.ledger import RUNNING
from looop.store.runs import MoveRecord
from support.dying import Dying, bounds
from support.looping import GOAL, Looping

MOMENTS = st.sampled_from([None, *range(110)])
"""A whole beat with a landing has some ninety moments."""

Edits = Mapping[str, str]
AGENTS: Mapping[str, Edits] = {
    "note": {"goals/a.md": "- noted {n}\n"},
    "groom": {"PLAYBOOK.md": "rule {n}\n"},
    "nothing": {},
    "two moves": {"goals/a.md": "- noted {n}\n", "goals/b.md": "- noted {n}\n"},
    "fails": {"goals/a.md": "- noted {n}\n"},
}
"""What each adds to which files; every one writes its line in the journal."""

MOVES = ("note", "groom")


@dataclass(frozen=True)
class Turn:
    """One call of the agent: which of `AGENTS` it was, and its number."""

    kind: str
    number: int


class Ticks(Dying):
    """What the policy files hold, and how many runs have begun."""

    def __init__(self) -> None:
        super().__init__()
        (self.folder / "loop").mkdir()
        self.loop = Looping(self.folder / "loop", max_decides_per_hour=0, max_decides_per_day=0)
        self.loop.goal("b")
        self.policy = {"goals/a.md": GOAL, "goals/b.md": GOAL, "PLAYBOOK.md": "rules\n"}
        self.count = 0
        self.kind = "nothing"
        self.maybe: Turn | None = None

    async def agent(self, _argv: Sequence[str], *, cwd: Path, **_terms: Any) -> Ended:
        """Take the agent's turn, without a process: what it starts is not what is tried here."""
        for name, line in {**AGENTS[self.kind], "journal.md": "- did {n}\n"}.items():
            with (cwd / name).open("a") as file:
                file.write(line.format(n=self.count))
        code = 3 if self.kind == "fails" else 0
        return Ended(code, None, timed_out=False, oversized=False, out=b"", err=b"", strays=0)

    def beat(self, moments: int | None, *, force: bool) -> Report | None:
        """Do one beat of a process of its own; None if it died."""
        loop = self.loop
        loop.beats = Beats(
            loop.profile,
            env=loop.env,
            say=loop.said.append,
            fleet=loop.fleet,
            clock=loop.clock,
            run=self.agent,
        )
        tried = self.tries(moments, lambda: trio.run(self.one, force))
        return tried.value

    async def one(self, force: bool) -> Report:
        return await self.loop.beat(force=force)

    @rule(kind=st.sampled_from(sorted(AGENTS)), dies=MOMENTS)
    def tick(self, kind: str, dies: int | None) -> None:
        self.count += 1
        turn = Turn(kind, self.count)
        self.kind = kind
        report = self.beat(dies, force=True)
        self.maybe = turn
        if report is not None:
            assert report.ticked is not None, report
            self.settle()

    @rule(dies=MOMENTS)
    def recover(self, dies: int | None) -> None:
        """Begin anew, perhaps to die of that as well."""
        self.kind = "fails"
        if self.beat(dies, force=False) is not None:
            self.settle()

    @rule(name=st.sampled_from(["goals/a.md", "goals/b.md"]))
    def edit(self, name: str) -> None:
        """A person adds a line; whatever waits to land on that file meanwhile has lost."""
        self.count += 1
        line = f"- person {self.count}\n"
        path = self.loop.profile.data / name
        path.write_text(path.read_text() + line)
        if self.maybe is not None:
            self.look()
        self.policy[name] = path.read_text()

    def look(self) -> None:
        """See whether the move of a process that died has landed: whole, or not at all."""
        turn = self.maybe
        there = {name: (self.loop.profile.data / name).read_text() for name in self.policy}
        if turn is not None and turn.kind in MOVES:
            ((name, line),) = AGENTS[turn.kind].items()
            line = line.format(n=turn.number)
            if line in there[name]:
                assert there[name].count(line) == 1
                assert there[name].replace(line, "") == self.policy[name].replace(line, "") or (
                    "- person" in there[name].rpartition(line)[2]
                )
                self.policy[name] = there[name]

    def settle(self) -> None:
        """Check what holds once a process has lived on."""
        self.look()
        for record in self.records():  # a folder without one never asked the agent
            assert record.outcome != RUNNING
            assert record.ended is not None
        self.maybe = None
        assert len(self.loop.journal()) == len(self.records())
        self.check_money()

    def records(self) -> list[MoveRecord]:
        found = [runs.read_record(run) for run in runs.list_runs(self.loop.profile)]
        return [record for record in found if record is not None]

    def check_money(self) -> None:
        entered = {it.run: it.outcome for it in ledger.entries(self.loop.profile, 0.0)}
        assert entered == {it.run: it.outcome for it in self.records()}

    @invariant()
    def nothing_is_lost_or_torn(self) -> None:
        """Hold before anybody has recovered, too."""
        self.look()
        for name, text in self.policy.items():
            assert (self.loop.profile.data / name).read_text() == text
        assert len(self.loop.journal()) <= len(self.records())
        landed = [it for it in self.records() if it.outcome == "landed"]
        written = [line for text in self.policy.values() for line in text.splitlines() if "- noted" in line]
        assert len(written) == len(set(written))
        assert len(landed) <= self.count
        assert files.present(self.loop.profile.playbook)


TestTicks = Ticks.TestCase
TestTicks.settings = bounds(12, 12)
