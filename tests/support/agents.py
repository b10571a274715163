"""A profile of its own in which a real agent is the runner, with a loopback model behind it.

In: which agent, a temp folder, a script. Out: `Bench.tick()`, a real `looop tick` in the foreground, and what
it left: policy files, journal lines, the run's record. Each agent has its own HOME; nothing leaves loopback.
"""

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.fake_model import Model
from support.source import ROOT
from support.tested import ENVIRONMENT, FOLDER, LOOOP
from support.waiting import until

BIN = ROOT / ".cache" / "agents" / "node_modules" / ".bin"
LINE = re.compile(r"- \d{4}-\d\d-\d\d \d\d:\d\d \S.*")
PATIENCE = 150.0

PLAYBOOK = "# PLAYBOOK\n\n1. Keep the goals true.\n"
GOALS = {
    "plan.md": "---\ngoal: a plan is written down\n---\n- nothing yet\n",
    "tidy.md": "---\ngoal: the desk is tidy\n---\n- not yet\n",
}
SENSOR = '#!/bin/sh\necho \'{"signal": "a quiet day"}\'\n'


@dataclass(frozen=True)
class Done:
    """A foreground tick that ended."""

    code: int
    out: str
    err: str

    def __str__(self) -> str:
        return f"exit {self.code}\n{self.out}\n{self.err}"


class Claude:
    """Anthropic's `claude`."""

    name = "claude"
    writes = "Write"
    cost_of_one_answer = None  # it tells its costs at its end only

    @staticmethod
    def environment(home: Path, url: str) -> dict[str, str]:
        home.mkdir(exist_ok=True)
        return {
            "ANTHROPIC_BASE_URL": url,
            "ANTHROPIC_API_KEY": "not-a-key",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_TELEMETRY": "1",
            "DISABLE_ERROR_REPORTING": "1",
        }

    @staticmethod
    def file_arguments(path: Path, content: str) -> dict[str, str]:
        return {"file_path": str(path), "content": content}


class Pi:
    """The `pi` coding agent, with a price list of its own so that its costs are known."""

    name = "pi"
    writes = "write"
    cost_of_one_answer = 0.00375  # it tells them after each answer

    @staticmethod
    def environment(home: Path, url: str) -> dict[str, str]:
        folder = home / "pi"
        folder.mkdir(parents=True, exist_ok=True)
        price = {"input": 3, "output": 15, "cacheRead": 0, "cacheWrite": 0}
        provider = {
            "baseUrl": url,
            "api": "anthropic-messages",
            "apiKey": "not-a-key",
            "models": [{"id": "scripted", "cost": price}],
        }
        (folder / "models.json").write_text(json.dumps({"providers": {"loopback": provider}}))
        settings = {"defaultProvider": "loopback", "defaultModel": "scripted"}
        (folder / "settings.json").write_text(json.dumps(settings))
        return {"PI_CODING_AGENT_DIR": str(folder), "PI_OFFLINE": "1", "PI_TELEMETRY": "0"}

    @staticmethod
    def file_arguments(path: Path, content: str) -> dict[str, str]:
        return {"path": str(path), "content": content}


Agent = type[Claude] | type[Pi]


class Bench:
    """One profile: made by hand before the first tick, so that what a tick changes is exactly known."""

    def __init__(self, agent: Agent, folder: Path, *, fresh: bool = False) -> None:
        """Make it; a `fresh` one has no DATA yet, so that looop seeds it."""
        self.agent = agent
        self.home = folder / "home"
        self.data = folder / "data"
        self.config = folder / "looop.json"
        (folder / "tmp").mkdir()
        self.configure()
        if not fresh:
            self._furnish()

    def _furnish(self) -> None:
        for path, text in {"PLAYBOOK.md": PLAYBOOK, "journal.md": "", "sensors/quiet.sh": SENSOR}.items():
            _write(self.data / path, text)
        (self.data / "sensors/quiet.sh").chmod(0o700)
        for name, text in GOALS.items():
            _write(self.data / "goals" / name, text)

    def configure(self, **settings: object) -> None:
        """Write CONFIG by hand: that names the runner, which is consent."""
        _write(self.config, json.dumps({"runner": self.agent.name, **settings}))

    def environment(self, model: Model) -> dict[str, str]:
        return {
            "PATH": f"{BIN}:{FOLDER}:{os.defpath}",
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "TMPDIR": str(self.home.parent / "tmp"),  # claude and node leave folders there
            "LOOOP_DATA_DIR": str(self.data),
            "LOOOP_CONFIG": str(self.config),
            **ENVIRONMENT,
            **self.agent.environment(self.home, model.url),
        }

    def tick(self, model: Model, *flags: str) -> Done:
        with self.ticking(model, *flags) as tick:
            out, err = tick.communicate(timeout=PATIENCE)
        return Done(tick.returncode, out, err)

    @contextmanager
    def ticking(self, model: Model, *flags: str) -> Iterator[subprocess.Popen[str]]:
        """Start a tick; whatever happens, it has ended after the block."""
        tick = subprocess.Popen(
            [*LOOOP, "tick", *flags],
            cwd=self.home.parent,
            env=self.environment(model),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with tick:
            try:
                yield tick
            finally:
                tick.kill()

    def policy(self) -> dict[str, str]:
        """Give every policy file's text by its path in DATA."""
        paths = [
            self.data / "PLAYBOOK.md",
            *(self.data / "goals").rglob("*.md"),
            *self.data.glob("sensors/*"),
        ]
        return {str(path.relative_to(self.data)): path.read_text() for path in sorted(paths)}

    def journal(self) -> list[str]:
        """Give the journal's lines; every one is one tick's, stamped by looop."""
        lines = (self.data / "journal.md").read_text().splitlines()
        assert [line for line in lines if not LINE.fullmatch(line)] == []
        return lines

    def runs(self) -> list[Path]:
        return sorted((self.data / "runs").iterdir(), key=lambda run: (run / "prompt.md").stat().st_mtime_ns)

    def record(self) -> dict[str, Any]:
        """Give the newest run's `move.json`."""
        record: dict[str, Any] = json.loads((self.runs()[-1] / "move.json").read_text())
        return record


def before() -> Mapping[str, str]:
    """Give the policy files as every bench starts with them."""
    goals = {f"goals/{name}": text for name, text in GOALS.items()}
    return {"PLAYBOOK.md": PLAYBOOK, **goals, "sensors/quiet.sh": SENSOR}


def turns(model: Model, count: int) -> None:
    """Wait until the agent asked for its `count`-th answer."""
    until(lambda: any(request.turn >= count - 1 for request in model.requests), f"turn {count} of the agent")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o600)
