"""Stories of a beat in the foreground: `looop tick` and the tick after it, killed anywhere."""

import json
import shlex
from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path

from looop.child import tree
from looop.store import runs
from support import tested
from support.person import Person
from support.supervised import Change
from support.waiting import until
from sweep import whole
from sweep.sweep import Story, Trap, supervised

GOAL = "---\ngoal: be tested\n---\n\n- 2025-11-22 begun\n"
NOTED = f"{GOAL}- noted\n"
PAID = json.dumps({"type": "result", "subtype": "success", "result": "done", "total_cost_usd": 0.25})
PATIENCE = 60.0


class Beaten(Story):
    """A profile with one goal and an agent whose move is `move`, a shell script in the tick's folder."""

    move: str
    said: str
    """What the tick that may be struck has printed."""

    _verb = "looop tick"
    _edited = False
    _root: int
    _found: tuple[str, ...]

    def prepare(self, looop: Person) -> None:
        """Write the agent, the goal, and a first beat, which finds nothing to do."""
        for goal in looop.profile.goals.glob("*.md"):
            goal.unlink()
        runner = {"tick": f"exec /bin/sh {_agent(looop)}", "output": "claude"}
        settings = {"runner": "mine", "runners": {"mine": runner}, "edit_settle": 0}
        looop.profile.config.write_text(json.dumps(settings))
        (looop.profile.goals / "a.md").write_text(GOAL)
        self.agent(looop, "")
        looop("tick", "--force")
        self.agent(looop, self.move)

    def agent(self, looop: Person, move: str) -> None:
        """Say what the agent does from now on."""
        _agent(looop).write_text(f"{move}\necho {shlex.quote(PAID)}\n")

    def counts(self, looop: Person, change: Change) -> bool:  # noqa: ARG002 - the same in any profile
        """Count what the two processes of a foreground tick do: the one that works, and its guard."""
        self._root = self._root or change.pid  # the first change of all is the start of the program
        found = tree.proc(change.pid)
        return found is not None and self._root in {found.pid, found.ppid} and self._verb in change.command

    def tell(self, looop: Person, trap: Trap) -> None:
        """Do the tick. An engine that its landing has started is asked for the next one."""
        self._root, self._found = 0, ()
        with supervised(looop, trap, "tick", "--force") as it:
            self.said, _ = it.process.communicate(timeout=PATIENCE)
            trap.disarm()
            self.agent(looop, "")
            if looop.lives():
                self._found = tuple(self.with_engine(looop))

    def with_engine(self, looop: Person) -> Iterator[str]:
        """Have the next beat where an engine lives that the landing has started."""
        yield from whole.next_beat(looop)

    def broken(self, looop: Person) -> Iterator[str]:
        """Tick again, with an agent that does nothing, and look."""
        yield from self._found
        yield from whole.next_beat(looop, edited=self._edited)
        yield from whole.broken(looop)
        yield from self._lines(looop)
        yield from self._move(looop)

    def _lines(self, looop: Person) -> Iterator[str]:
        """Look for one line of each run."""
        count = len(runs.list_runs(looop.profile))
        journal = whole.journal(looop.profile)
        # A run whose record was never written has not begun: nothing was asked, and nothing is told of it.
        begun = sum(runs.read_record(run) is not None for run in runs.list_runs(looop.profile))
        if len(journal) != begun + self._verdicts(looop):
            yield f"{begun} of {count} runs began, and the journal has {len(journal)} lines: {journal}"

    def _verdicts(self, looop: Person) -> int:  # noqa: ARG002 - some stories have people who say something
        """Give how many lines are no run's."""
        return 0

    @abstractmethod
    def _move(self, looop: Person) -> Iterator[str]:
        """Look at what was moved."""

    def landed(self, looop: Person) -> bool:
        """Whether the journal says that the move landed; a second time is a violation of its own."""
        return "moved" in whole.journal(looop.profile)


class Tick(Beaten):
    """A tick whose move takes one file away and writes another."""

    name = "tick"
    move = "mv goals/a.md goals/archive/a.md; echo '- moved' >> journal.md"

    def _move(self, looop: Person) -> Iterator[str]:
        goal, archived = (
            path.read_text() if path.exists() else None
            for path in (looop.profile.goals / "a.md", looop.profile.archive / "a.md")
        )
        wanted = (None, GOAL) if self.landed(looop) else (GOAL, None)
        if (goal, archived) != wanted:
            yield f"landed is {self.landed(looop)}, and the goal is {goal!r}, archived {archived!r}"
        if " landed\n" in self.said and not self.landed(looop):
            yield f"it said that it landed, and it did not: {self.said}"


class Recovery(Tick):
    """The tick after one that was killed when its landing was staged."""

    name = "recovery"
    points = 4

    def prepare(self, looop: Person) -> None:
        """Have a tick killed right before it writes the first file of its landing."""
        super().prepare(looop)
        trap = Trap(1, lambda change: _ends_at(looop, change))
        with supervised(looop, trap, "tick", "--force") as it:
            it.process.communicate(timeout=PATIENCE)
        assert trap.hit, "the landing never came to its first file"
        self.agent(looop, "")

    def _move(self, looop: Person) -> Iterator[str]:
        yield from super()._move(looop)
        if not self.landed(looop):
            yield "a landing that was staged was not finished"


class Landing(Beaten):
    """A tick whose move is a file and a session that is started at its landing."""

    name = "landing"
    points = 3

    @property
    def move(self) -> str:  # type: ignore[override]
        """Note it, and have a session started whose command notes each of its runs."""
        looop = shlex.join(tested.LOOOP)
        command = shlex.quote('echo started >> "$HOME/starts"; exec sleep 1000')
        return (
            f"echo '- noted' >> goals/a.md; echo '- moved' >> journal.md\n"
            f"{looop} start-session a --goal a --command {command} >&2 || exit 1"
        )

    def with_engine(self, looop: Person) -> Iterator[str]:
        """Wait for the start that was told of; then, as ever."""
        if " landed\n" in self.said:
            until(lambda: self._starts(looop), "the start that was told of")
        yield from super().with_engine(looop)

    def _move(self, looop: Person) -> Iterator[str]:
        goal = (looop.profile.goals / "a.md").read_text()
        if goal != (NOTED if self.landed(looop) else GOAL):
            yield f"landed is {self.landed(looop)}, and the goal is {goal!r}"
        starts = self._starts(looop)
        if len(starts) > int(self.landed(looop)):
            yield f"landed is {self.landed(looop)}, and the session was started {len(starts)} times"
        if " landed\n" in self.said and (not self.landed(looop) or not starts):
            yield f"it said that it landed, and it did not: {self.said}"

    def _starts(self, looop: Person) -> list[str]:
        return whole.lines(Path(looop.env["HOME"]) / "starts")


class Agent(Tick):
    """The same tick, whose agent is killed."""

    name = "agent"
    points = 2
    move = f"set -e\n{Tick.move}"

    def counts(self, looop: Person, change: Change) -> bool:
        """Count what the agent's own process does."""
        return str(_agent(looop)) in change.command and "looop tick" not in change.command


def _agent(looop: Person) -> Path:
    return looop.profile.data.parent / "agent.sh"


def _ends_at(looop: Person, change: Change) -> bool:
    """Whether this puts a file in place among the archived goals."""
    return change.name == "rename" and change.path.startswith(str(looop.profile.archive))
