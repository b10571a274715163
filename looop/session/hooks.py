"""Making an agent report of itself: the hooks of claude, which say what no screen says as surely.

In: a generation's folder and the command that it will run. Out: `hook.json` there, and the command with it.
The hooks call `looop hook`, whose words `core.hooks` knows; `core.states` weighs them.
"""

import json
import shlex
from pathlib import Path

from looop.store import files
from looop.store.paths import Profile

NAME = "hook.json"

_OURS = "claude --dangerously-skip-permissions "

_PATIENCE = 10
"""Seconds after which claude gives a hook up. The engine answers in milliseconds or is not there."""

# An exit code of 2 would stop the agent, and what a hook prints goes into the agent's prompt.
_CALL = '"$LOOOP_BIN" hook {} >/dev/null 2>&1 || :'

_MATCHERS = {
    "SessionStart": "",
    "UserPromptSubmit": "",
    # Only tools that wait for a person: each call holds the agent up, and of other tools the title tells.
    "PreToolUse": "AskUserQuestion|ExitPlanMode",
    "PostToolUse": "AskUserQuestion|ExitPlanMode",
    "PermissionRequest": "",
    "Notification": "",
    "Stop": "",
    "StopFailure": "",
    "SessionEnd": "",
}


def prepare(profile: Profile, folder: Path, runner: str, command: str) -> str:
    """Give the command that also reports; it is unchanged for any but our own commands of claude.

    Writes `hook.json` (0600) into the folder, which is the same for every session: OSError of the disk.
    A person's own command is theirs, with whatever settings it names.
    """
    del profile  # the same for all profiles
    if runner != "claude" or not command.startswith(_OURS):
        return command
    path = folder / NAME
    files.scratch(path, settings())
    return f"claude --settings {shlex.quote(str(path))} {command.removeprefix('claude ')}"


def settings() -> bytes:
    """Give claude's settings as JSON: hooks alone, so all of a person's own settings stay in force."""
    hooks = {event: [_entry(event, matcher)] for event, matcher in _MATCHERS.items()}
    return json.dumps({"hooks": hooks}, indent=1).encode() + b"\n"


def _entry(event: str, matcher: str) -> dict[str, object]:
    call = {"type": "command", "command": _CALL.format(event), "timeout": _PATIENCE}
    return {"matcher": matcher, "hooks": [call]} if matcher else {"hooks": [call]}
