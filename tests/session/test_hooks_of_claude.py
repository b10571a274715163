"""claude is told to report of itself, and only a command that is looop's own is changed for it."""

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from looop.core.hooks import EVENTS
from looop.core.runners import BUILT_IN, fill
from looop.session.hooks import NAME, prepare, settings
from support.profiles import profile_in


def prepared(tmp_path: Path, runner: str, command: str) -> tuple[Path, str]:
    profile = profile_in(tmp_path)
    folder = profile.data / "sessions" / "it's one"
    folder.mkdir(parents=True)
    return folder / NAME, prepare(profile, folder, runner, command)


@pytest.mark.parametrize("command", [BUILT_IN["claude"].interactive, BUILT_IN["claude"].resume])
def test_the_built_in_claude_gets_settings_of_its_own_session(tmp_path: Path, command: str) -> None:
    filled = fill(command, "/a prompt", "a-uuid")
    path, changed = prepared(tmp_path, "claude", filled)
    words = shlex.split(changed.partition(' "$(')[0])
    assert words[:3] == ["claude", "--settings", str(path)]
    assert changed.endswith(filled.removeprefix("claude "))
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes() == settings()


@pytest.mark.parametrize(
    ("runner", "command"),
    [
        ("claude", "claude --model mine"),
        ("mine", BUILT_IN["claude"].interactive),
        ("pi", "pi"),
        ("", "claude"),
    ],
)
def test_a_persons_own_command_is_left_alone(tmp_path: Path, runner: str, command: str) -> None:
    path, changed = prepared(tmp_path, runner, command)
    assert changed == command
    assert not path.exists()


def test_every_hook_is_one_that_looop_understands() -> None:
    hooks = json.loads(settings())["hooks"]
    assert set(hooks) == set(EVENTS)
    for event, (entry,) in hooks.items():
        (call,) = entry["hooks"]
        assert re.match(rf'"\$LOOOP_BIN" hook {event} ', call["command"])


@pytest.mark.process
@pytest.mark.parametrize("program", ["/bin/false", "/nowhere", "", "printf loud; exit 2; true"])
def test_a_hook_that_goes_wrong_is_silent_and_disturbs_nobody(program: str) -> None:
    call = json.loads(settings())["hooks"]["Stop"][0]["hooks"][0]["command"]
    done = subprocess.run(
        ["/bin/sh", "-c", call], env={"LOOOP_BIN": program}, input=b"{}", capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
