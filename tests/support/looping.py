"""A loop under test: a real profile, a shell script as its agent, and one `Beats` that a test drives."""

import shutil
from pathlib import Path
from typing import Any

import msgspec

from looop.loop.beat import Beats, Order, Report
from looop.loop.clock import Clock
from looop.loop.fleet import FakeFleet
from looop.loop.site import WriteShims
from looop.store import memory, runs
from looop.store.runs import MoveRecord
from support.profiles import made_in, sensor

# Where `mv` is, too: a build by Nix has nothing but sh in /bin.
PATH = f"/usr/local/bin:/usr/bin:/bin:{Path(shutil.which('mv') or '/').parent}"
GOAL = "---\ngoal: be tested\n---\n"
NOTE = 'echo "- noted" >> goals/a.md; echo "- noted on a" >> journal.md'


class Looping:
    """A profile whose agent is `agent`, a shell script run in the tick's folder."""

    def __init__(self, folder: Path, agent: str = "true", clock: Clock | None = None, **config: Any) -> None:
        self.profile = made_in(folder)
        self.agent_file = folder / "agent.sh"
        self.clock = clock or Clock()
        self.fleet = FakeFleet()
        self.env = {"PATH": PATH, "HOME": str(folder), "LOOOP_CONFINE": "off"}
        self.said: list[str] = []
        self.profile.playbook.write_text("rules\n")
        self.goal("a")
        self.agent(agent)
        self.configure(**config)
        self.shims: WriteShims = lambda _config, _celled: None
        self.beats = self.fresh()

    def agent(self, script: str) -> None:
        """Say what the agent does from now on."""
        self.agent_file.write_text(script)

    def configure(self, **config: Any) -> None:
        runner = {"tick": f"exec /bin/sh {self.agent_file}", "output": "text"}
        settings = {"runner": "fake", "runners": {"fake": runner}, **config}
        self.profile.config.write_bytes(msgspec.json.encode(settings))
        self.profile.config.chmod(0o600)

    def goal(self, name: str, text: str = GOAL) -> Path:
        path = self.profile.goals / f"{name}.md"
        path.write_text(text)
        return path

    def sensor(self, name: str, value: str) -> Path:
        return sensor(self.profile, name, f"#!/bin/sh\necho '{value}'\n")

    def fresh(self) -> Beats:
        """Make the beats of a new process on the same files."""
        return Beats(
            self.profile,
            env=self.env,
            say=self.said.append,
            fleet=self.fleet,
            clock=self.clock,
            shims=self.shims,
        )

    async def beat(self, *, by_hand: bool = True, force: bool = False) -> Report:
        return await self.beats.beat(Order(by_hand=by_hand, force=force))

    def journal(self) -> list[str]:
        """Give the journal's texts, without date."""
        return [line[19:] for line in memory.journal_lines(self.profile, 1000)]

    def record(self) -> MoveRecord:
        """Give the newest run's record."""
        record = runs.read_record(runs.list_runs(self.profile)[-1])
        assert record is not None
        return record

    def prompt(self) -> str:
        """Give the newest run's prompt."""
        return runs.list_runs(self.profile)[-1].prompt.read_text()
