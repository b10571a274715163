"""Real shells for tests of completions: with a HOME, a PATH and a profile of their own, upon a terminal.

In: a profile. Out: a `Terminal` with the shell upon it; or what fish would offer. `looop` is found through a
wrapper in that HOME, so that a test knows which one is asked.
"""

import os
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from looop.store.paths import Profile
from support.terminal import Terminal, terminal
from support.tested import ENVIRONMENT, LOOOP
from support.waiting import until

_UPON = ("/bin/sh", "-c", 'exec "$0" "$@" 2>&1')  # prompts go to stderr
_CLEAR = b"\x15"  # Ctrl-U: what was typed goes


@dataclass(frozen=True)
class House:
    """A HOME with `bin/looop`, and a profile for it."""

    home: Path
    profile: Profile

    @property
    def env(self) -> dict[str, str]:
        return {
            "HOME": str(self.home),
            "PATH": f"{self.home}/bin:{os.environ['PATH']}",
            "LOOOP_DATA_DIR": str(self.profile.data),
            "LOOOP_CONFIG": str(self.profile.config),
            "XDG_DATA_HOME": str(self.home / "share"),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "TERM": "xterm",
            "LC_ALL": "C.UTF-8",
            "PS1": "now> ",
            "INPUTRC": "/dev/null",
            "HISTFILE": "",
            **ENVIRONMENT,
        }

    def script(self, shell: str) -> Path:
        """Write the completions as `looop config` prints them, once, and say where."""
        path = self.home / f"completions.{shell}"
        if path.exists():
            return path
        said = subprocess.run(
            [self.home / "bin" / "looop", "config", shell], check=True, capture_output=True, env=self.env
        )
        path.write_bytes(said.stdout)
        return path

    def fish(self, line: str, *, before: str = "") -> list[str]:
        """Give what fish offers for a line."""
        ask = f"source {self.script('fish')}; {before}; complete -C {_for_fish(line)}"
        said = subprocess.run(
            ["fish", "--no-config", "-c", ask],
            check=True,
            capture_output=True,
            text=True,
            env=self.env,
            cwd=self.home,
        )
        assert said.stderr == ""
        return [row.partition("\t")[0] for row in said.stdout.splitlines()]


def house_in(folder: Path, profile: Profile) -> House:
    """Make a HOME."""
    (folder / "bin").mkdir(parents=True)
    program = folder / "bin" / "looop"
    program.write_text(f'#!/bin/sh\nexec {shlex.join(LOOOP)} "$@"\n')
    program.chmod(0o755)
    return House(folder, profile)


@contextmanager
def shell(house: House, *argv: str, begin: str) -> Iterator[Terminal]:
    """Run an interactive shell, and have it run one line before it is handed on."""
    with terminal(*argv, program=_UPON, size=(120, 50), env=house.env) as it:
        _await(it, "now>")
        it.type(f"{begin}; PS1='is> '\n".encode())
        _await(it, "is>")
        yield it


def tab(it: Terminal, typed: str, becomes: str) -> None:
    """Type a line and Tab; wait until it has become what it should, and no more."""
    it.type(_CLEAR + typed.encode() + b"\t!")
    _await(it, f"is> {becomes}!")


def tabs(it: Terminal, typed: str, *offers: str) -> None:
    """Type a line and Tab twice; wait until everything is offered."""
    it.type(_CLEAR + typed.encode() + b"\t\t")
    for offer in offers:
        it.shows(offer)


def _await(it: Terminal, line: str) -> None:
    """Wait until a line is the last one on the screen."""
    try:
        until(lambda: last_line(it) == line, line)
    except AssertionError:
        shown = "\n".join(row for row in it.screen().text() if row.strip())
        raise AssertionError(f"{line!r} is not the last line of:\n{shown}") from None


def last_line(it: Terminal) -> str:
    return next((row.rstrip() for row in reversed(it.screen().text()) if row.strip()), "")


def _for_fish(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
