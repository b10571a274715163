"""A profile whose sessions run a real agent, driven by verbs as a script would drive them.

In: a bench, a model's script. Out: `Driven`: verbs as real processes, what a person agreed to in claude.
Neighbours: `agents` has the bench, `fake_model` the model.
"""

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from support.agents import PATIENCE, Bench
from support.fake_model import Model, Step, playing
from support.tested import LOOOP
from support.waiting import until

KEY = "not-a-key"


class Driven:
    """A profile whose sessions are driven as a script would drive them."""

    def __init__(self, bench: Bench, model: Model) -> None:
        self.bench = bench
        self.model = model
        self.env = bench.environment(model)
        self.config: dict[str, object] = {
            "hasCompletedOnboarding": True,
            "lastOnboardingVersion": "2.1.197",
            "theme": "dark",
            "bypassPermissionsModeAccepted": True,
            "customApiKeyResponses": {"approved": [KEY], "rejected": []},
            "projects": {str(bench.data.resolve()): {"hasTrustDialogAccepted": True}},
        }
        self.agree()
        if bench.data.exists():
            for folder in (bench.data / "sessions", bench.data / "sessions" / "pulse"):
                folder.mkdir(mode=0o700)

    def agree(self) -> None:
        """Write down what a person agreed to in claude."""
        (self.bench.home / ".claude.json").write_text(json.dumps(self.config))

    def __call__(self, *argv: str) -> str:
        done = self.run(*argv)
        assert done.returncode == 0, (argv, done)
        return done.stdout

    def run(self, *argv: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*LOOOP, *argv],
            cwd=self.bench.home.parent,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def explain(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self("explain", "w", "--json"))
        return found

    def until(self, state: str) -> dict[str, Any]:
        """Wait for a state of the session, and explain it."""
        seen: list[str] = []

        def there() -> bool:
            # What `explain` judges this very moment the engine takes over a little later, news and all.
            listed = {one["id"]: one["state"] for one in json.loads(self("ls", "--json"))["sessions"]}
            seen.append(str(self.explain()["state"]))
            return (seen[-1], listed["w"]) == (state, state)

        until(there, f"{state}; it went through {list(dict.fromkeys(seen))}")
        return self.explain()


@contextmanager
def driven(
    bench: Bench, *steps: Step, scripts: Mapping[str, Sequence[Step]] | None = None, **env: str
) -> Iterator[Driven]:
    """Give a profile, empty of sessions; at the end everything in it is over."""
    with playing(*steps, scripts=scripts) as model:
        looop = Driven(bench, model)
        looop.env |= env
        try:
            yield looop
        finally:
            looop.run("down", "--all", "--now")
