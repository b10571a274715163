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

MOMENTS = st.none() | st.sampled_from(range(140))
"""Half of the beats live: one with a landing has some hundred and thirty moments to die at."""

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
        self.maybe: list[Turn] = []
        self.edited = set[str]()

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
        self.maybe.append(turn)
        report = self.beat(dies, force=True)
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
        self.look()
        path = self.loop.profile.data / name
        path.write_text(path.read_text() + line)
        self.policy[name] += line
        self.edited.add(name)

    def look(self) -> None:
        """See which moves of processes that died have landed: each once and whole, in their order, or not."""
        for name, before in self.policy.items():
            text = (self.loop.profile.data / name).read_text()
            assert text.startswith(before), "nothing that was there is lost"
            rest = text.removeprefix(before)
            for turn in self.maybe:
                if turn.kind in MOVES and name in AGENTS[turn.kind]:
                    rest = rest.removeprefix(AGENTS[turn.kind][name].format(n=turn.number))
            assert rest == "", "nothing is there that was nobody's move"
            self.policy[name] = text

    def settle(self) -> None:
        """Check what holds once a process has lived on."""
        self.look()
        for record in self.records():  # a folder without one never asked the agent
            assert record.outcome != RUNNING
            assert record.ended is not None
        told = self.loop.journal()
        for turn in self.maybe:
            for name, line in AGENTS[turn.kind].items() if turn.kind in MOVES else ():
                there = line.format(n=turn.number) in self.policy[name]
                landed = f"did {turn.number}" in told
                assert there == landed or name in self.edited, "what is told to have landed is there"
        self.maybe.clear()
        self.edited.clear()
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
        assert len(self.loop.journal()) <= len(self.records())
        written = [line for text in self.policy.values() for line in text.splitlines() if "- noted" in line]
        assert len(written) == len(set(written))
        assert files.present(self.loop.profile.playbook)


TestTicks = Ticks.TestCase
TestTicks.settings = bounds(12, 12)
