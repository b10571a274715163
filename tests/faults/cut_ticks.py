"""Stories of power cuts during a beat: a move of files, and a move that starts a session."""

import json
import shlex
from collections.abc import Iterator
from pathlib import Path

from faults.cuts import Acks, Story, Telling
from faults.whole import Restarted, journal, steady
from looop.store import ledger, sessions
from support import tested
from support.person import Person

GOAL = "---\ngoal: be tested\n---\n\n- 2025-11-22 begun\n"
PAID = json.dumps(
    {"type": "result", "subtype": "success", "result": "done", "total_cost_usd": 0.25, "usage": {}}
)
MOVE = 'echo "- noted" >> goals/a.md; echo "- moved" >> journal.md'
LOOOP = shlex.join(tested.LOOOP)


def agent(world: Path, move: str) -> None:
    """Say what the agent does from now on, and that it cost a quarter of a dollar."""
    (world / "agent.sh").write_text(f"{move}\necho {shlex.quote(PAID)}\n")


def beaten(looop: Person, world: Path) -> None:
    """Make a profile with one goal, a scripted agent, and a first beat that did nothing."""
    for goal in looop.profile.goals.glob("*.md"):
        goal.unlink()
    runner = {"tick": f"exec /bin/sh {world / 'agent.sh'}", "output": "claude"}
    settings = {"runner": "mine", "runners": {"mine": runner}, "edit_settle": 0}
    looop.profile.config.write_text(json.dumps(settings))
    (looop.profile.goals / "a.md").write_text(GOAL)
    agent(world, "")
    looop("tick", "--force")
    agent(world, MOVE)


class Tick(Story):
    """A tick that notes something on a goal."""

    name = "tick"

    def prepare(self, looop: Person, world: Path) -> None:
        """Write the agent and the goal."""
        beaten(looop, world)

    def tell(self, looop: Person, world: Path, telling: Telling) -> None:  # noqa: ARG002
        """Do the tick."""
        assert "landed" in telling("tick", "--force", ack="landed")

    def broken(self, looop: Person, world: Path, acks: Acks) -> Iterator[str]:
        """Tick with an agent that does nothing, then with one that moves until it has landed."""
        agent(world, "")
        loop = Restarted(looop)
        yield from steady(loop, looop.profile)
        yield from landed_once(looop, acks)
        yield from self._paid(looop, acks)
        lines = journal(looop.profile).count("moved")
        agent(world, MOVE)
        report = loop.beat()
        if journal(looop.profile).count("moved") != lines + 1:
            yield f"the loop lands no more: {report.sentence()}"

    def _paid(self, looop: Person, acks: Acks) -> Iterator[str]:
        spent = [entry.usd for entry in ledger.entries(looop.profile, 0.0)]
        if "landed" in acks and (len(spent) < 2 or spent[1] != 0.25):
            yield f"the cost of an acknowledged tick is lost: {spent}"


class Starting(Story):
    """A tick whose move starts a session."""

    name = "starting"

    def prepare(self, looop: Person, world: Path) -> None:
        """Write the agent and the goal."""
        beaten(looop, world)
        command = f"echo started >> {world}/starts; exec sleep 1000"
        start = f"{LOOOP} start-session w --goal a --command {shlex.quote(command)} >&2 || exit 1"
        agent(world, f"{MOVE}\n{start}")

    def tell(self, looop: Person, world: Path, telling: Telling) -> None:  # noqa: ARG002
        """Do the tick."""
        assert "landed" in telling("tick", "--force", ack="landed")

    def broken(self, looop: Person, world: Path, acks: Acks) -> Iterator[str]:
        """Tick with an agent that does nothing, and count the starts."""
        there = [entry.id for entry in sessions.listed(looop.profile)]
        agent(world, "")
        loop = Restarted(looop)
        yield from steady(loop, looop.profile)
        yield from landed_once(looop, acks)
        if there and loop.performed:
            yield "the session is there, and would have been started again"
        if "landed" in acks and there != ["w"]:
            yield f"the session of an acknowledged landing is lost: {there}"


def landed_once(looop: Person, acks: Acks) -> Iterator[str]:
    """Compare the goal with the journal."""
    lines, noted = journal(looop.profile), (looop.profile.goals / "a.md").read_text().count("noted")
    if lines.count("moved") != noted or noted > 1:
        yield f"the goal has {noted} notes, and the journal says {lines}"
    if "landed" in acks and noted != 1:
        yield f"an acknowledged landing is lost: {lines}"
