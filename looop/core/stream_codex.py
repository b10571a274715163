"""codex's `exec --json`: items that start and complete, turns that complete with tokens, or fail.

In: its JSON objects. Out: events and a result. It knows tokens but no dollars. An `error` may be a retry that
succeeds later; only `turn.failed` is final.
"""

from typing import Any

from looop.core.stream_base import Event, Fault, Result
from looop.core.stream_json import count_at, objects_at, text_at
from looop.core.stream_tape import Tape


class Codex:
    """Reads one run of codex."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._completed = False
        self._failure: str | None = None

    def read(self, value: dict[str, Any]) -> list[Event]:
        """Understand one object."""
        match value.get("type"):
            case "item.started":
                return self._started(value.get("item"))
            case "item.completed":
                return self._done(value.get("item"))
            case "error":
                return self._tape.stumble(text_at(value, "message") or "an error without a message")
            case "turn.failed":
                self._failure = text_at(value, "error", "message")
            case "turn.completed":
                self._completed = True
                self._pay(value.get("usage"))
        return []

    def _started(self, item: Any) -> list[Event]:
        match text_at(item, "type"):
            case "command_execution":
                return self._tape.called("shell", text_at(item, "command"))
            case "mcp_tool_call":
                return self._tape.called(text_at(item, "tool"), item.get("arguments"))
        return []

    def _done(self, item: Any) -> list[Event]:
        match text_at(item, "type"):
            case "agent_message":
                self._tape.recover()
                return self._tape.said(text_at(item, "text"))
            case "file_change":
                paths = (text_at(change, "path") for change in objects_at(item, "changes"))
                return self._tape.called("edit", " ".join(paths))
            case "web_search":
                return self._tape.called("web search", text_at(item, "query"))
            case "error":
                return self._tape.note(text_at(item, "message"))
            case "command_execution" if count_at(item, "exit_code"):
                return self._tape.note(f"the command ended with {count_at(item, 'exit_code')}")
        return []

    def _pay(self, usage: Any) -> None:
        # `input_tokens` includes the cached ones here.
        self._tape.spend(None, (count_at(usage, "input_tokens"),), (count_at(usage, "output_tokens"),))

    def end(self, code: int | None, stderr: bytes) -> Result:
        """Tell how it ended: by its last turn."""
        if self._failure is not None:
            return self._tape.failed(self._failure)
        if not self._completed:
            return self._tape.broke_off(code, stderr)
        if code not in {0, None}:
            return self._tape.broke_off(code, stderr, Fault.FAILED)
        return self._tape.ended_well()
