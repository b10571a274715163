"""A person at a shell: the real program in a profile of their own, with a HOME of their own.

In: a folder. Out: verbs run as real processes; at the end everything that was started is gone, or the test
has failed.
"""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from looop.child import tree
from looop.child.proc import Proc
from looop.engine import holder
from looop.store.paths import Profile
from support.tested import ENVIRONMENT, LOOOP
from support.waiting import until

PATIENCE = 60.0
DYING = 10.0
"""Seconds that a process which `down --now` has killed may take to be gone."""


@dataclass(frozen=True)
class Person:
    """Who types. `env` is what their shell has."""

    profile: Profile
    env: dict[str, str]
    program: tuple[str, ...] = LOOOP

    def call(
        self, *argv: str, stdin: str = "", timeout: float = PATIENCE, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a verb; its output and exit code."""
        return subprocess.run(
            [*self.program, *argv],
            env=self.env | (env or {}),
            cwd=self.profile.data.parent,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def start(self, *argv: str, **env: str) -> subprocess.Popen[str]:
        """Begin a verb that waits."""
        return subprocess.Popen(
            [*self.program, *argv],
            env=self.env | env,
            cwd=self.profile.data.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *argv: str, stdin: str = "", timeout: float = PATIENCE) -> str:
        """Run a verb that must do well; what it printed."""
        done = self.call(*argv, stdin=stdin, timeout=timeout)
        assert done.returncode == 0, f"looop {' '.join(argv)}: {done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout

    def json(self, *argv: str) -> Any:
        """Run a verb with --json; its value."""
        return json.loads(self(*argv, "--json"))

    def session(self, name: str) -> Any:
        """Give what `ls --json` says of one session."""
        return next(one for one in self.json("ls")["sessions"] if one["id"] == name)

    def state(self, name: str) -> str:
        """Give a session's state."""
        return str(self.session(name)["state"])

    def becomes(self, name: str, *states: str) -> None:
        """Wait until a session is in one of these states."""
        until(lambda: self.state(name) in states, f"{name} to be {' or '.join(states)}")

    def shows(self, name: str, text: str) -> None:
        """Wait until a session's screen shows a text."""
        until(lambda: text in self("shot", name), f"{text!r} on the screen of {name}")

    @property
    def keeper(self) -> Proc:
        found = holder.living(self.profile.keeper_lock)
        assert found is not None
        return found

    @property
    def engine(self) -> Proc:
        found = holder.living(self.profile.lock)
        assert found is not None
        return found

    def lives(self) -> bool:
        """Whether keeper or an engine is there."""
        return any(holder.living(lock) for lock in (self.profile.keeper_lock, self.profile.lock))


@contextmanager
def person(folder: Path, *, program: tuple[str, ...] = LOOOP, **env: str) -> Iterator[Person]:
    """Give a profile that rehearses, and end all that lives in it."""
    home = folder / "home"
    home.mkdir()
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    kept |= {"HOME": str(home), "TERM": "xterm-256color", "SHELL": "/bin/sh", **ENVIRONMENT}
    kept["LOOOP_CONFINE"] = "off"  # most stories meet outside what their programs may change
    profile = Profile(data=folder / "data", config=folder / "looop.json")
    places = {"LOOOP_DATA_DIR": str(profile.data), "LOOOP_CONFIG": str(profile.config)}
    them = Person(profile, kept | places | env, program)
    them("init", "--runner", "rehearsal", "--yes")
    met: set[Proc] = set()
    try:
        yield them
        met |= _all_of(profile)
        them.call("down", "--all")
    finally:
        met |= _all_of(profile)
        with suppress(subprocess.TimeoutExpired):
            them.call("down", "--all", "--now")
        left = _left(met)
        for process in left:
            tree.kill_tree(process.pid)
    assert left == []


def _all_of(profile: Profile) -> set[Proc]:
    heads = [head for lock in (profile.keeper_lock, profile.lock) if (head := holder.living(lock))]
    return {process for head in heads for process in (head, *tree.descendants(head.pid))}


def _left(met: set[Proc]) -> list[Proc]:
    """Give those that do not end."""
    deadline = time.monotonic() + DYING
    while left := [process for process in met if tree.alive(process.pid, process.start)]:
        if time.monotonic() > deadline:
            break
        time.sleep(0.02)
    return left
