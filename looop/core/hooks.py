"""What agents report of themselves: the events of their hooks, and what each one says about the session.

In: an event's name and the JSON that came with it. Out: one word and a message, both short and clean; and
which state each word stands for. The names are claude's, as its version 2.1.197 sends them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from looop.core.sessions import State

LONGEST = 300
"""Characters of a message that are kept."""


@dataclass(frozen=True, slots=True)
class Hook:
    """What the agent itself reported: a word of `MEANINGS`, when, and its message."""

    event: str
    at: float
    message: str = ""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a reported event says. No state: what was reported before is void, and nothing takes its place."""

    state: State | None
    said: str


MEANINGS: Mapping[str, Meaning] = {
    "SessionStart": Meaning(None, "it has started"),
    "UserPromptSubmit": Meaning(State.WORKING, "it was given a prompt"),
    "PreToolUse": Meaning(State.WORKING, "it uses a tool"),
    "PostToolUse": Meaning(State.WORKING, "it used a tool"),
    "PermissionRequest": Meaning(State.ASKING, "it asks for permission"),
    "permission_prompt": Meaning(State.ASKING, "it asks for permission"),
    "elicitation_dialog": Meaning(State.ASKING, "it shows a dialog"),
    "AskUserQuestion": Meaning(State.ASKING, "it asks a question"),
    "ExitPlanMode": Meaning(State.ASKING, "it asks whether its plan is right"),
    "Stop": Meaning(State.IDLE, "it has finished its turn"),
    "StopFailure": Meaning(State.IDLE, "its turn failed"),
    "idle_prompt": Meaning(State.IDLE, "it waits for a prompt"),
    "SessionEnd": Meaning(None, "it is leaving"),
}

EVENTS = (
    "SessionStart",
    "UserPromptSubmit",
    "PreToolUse",
    "PostToolUse",
    "PermissionRequest",
    "Notification",
    "Stop",
    "StopFailure",
    "SessionEnd",
)
"""Events that an agent's hook may be called for."""

ASKING_TOOLS = ("AskUserQuestion", "ExitPlanMode")
"""Tools of claude that show a dialog and wait for a person."""


class _Payload(msgspec.Struct):
    message: str = ""
    notification_type: str = ""
    tool_name: str = ""
    error: str = ""


def report(event: str, raw: bytes) -> tuple[str, str] | None:
    """Give the word of `MEANINGS` and the message; None when the event says nothing about the state.

    The JSON may be missing, cut or hostile: then the event's own name counts, without a message.
    """
    payload = _read(raw)
    word = _word(event, payload)
    message = payload.message or payload.error or payload.tool_name
    return (word, _short(message)) if word in MEANINGS else None


def _read(raw: bytes) -> _Payload:
    try:
        return msgspec.json.decode(raw, type=_Payload)
    except (ValueError, RecursionError):
        return _Payload()


def _word(event: str, payload: _Payload) -> str:
    if event == "PreToolUse" and payload.tool_name in ASKING_TOOLS:
        return payload.tool_name
    if event != "Notification":
        return event
    if payload.notification_type:
        return payload.notification_type
    # Versions before the type was sent have only their words.
    return "permission_prompt" if "permission" in payload.message else "idle_prompt" * _waits(payload.message)


def _waits(message: str) -> bool:
    return "waiting for your input" in message


def _short(text: str) -> str:
    flat = " ".join("".join(char if char.isprintable() else " " for char in text[: 4 * LONGEST]).split())
    return flat if len(flat) <= LONGEST else flat[: LONGEST - 1] + "…"
