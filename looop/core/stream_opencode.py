"""opencode's `run --format json`: steps with their parts, each step's tokens and dollars at its finish.

In: its JSON objects. Out: events and a result. An `error` carries the provider's answer, headers included,
and is the end; waiting for a `retry-after` it says nothing at all.
"""

from typing import Any

from looop.core.stream_base import Event, Fault, Result
from looop.core.stream_json import at, count_at, number_at, text_at
from looop.core.stream_tape import Tape


class OpenCode:
    """Reads one run of opencode."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._finish = ""
        self._error: dict[str, Any] | None = None

    def read(self, value: dict[str, Any]) -> list[Event]:
        """Understand one object."""
        if value.get("type") == "error":
            self._error = value
            return self._tape.note(_message(value))
        part = at(value, "part")
        match value.get("type"):
            case "text":
                return self._tape.said(text_at(part, "text"))
            case "tool_use":
                return self._tool(part)
            case "step_finish":
                self._finish = text_at(part, "reason")
                self._pay(part)
        return []

    def _tool(self, part: Any) -> list[Event]:
        found = self._tape.called(text_at(part, "tool"), at(part, "state", "input"))
        if text_at(part, "state", "status") == "error":
            found += self._tape.note(f"a tool failed: {text_at(part, 'state', 'error')}")
        return found

    def _pay(self, part: Any) -> None:
        tokens = at(part, "tokens")
        cache = at(tokens, "cache")
        self._tape.spend(
            number_at(part, "cost"),
            (count_at(tokens, "input"), count_at(cache, "read"), count_at(cache, "write")),
            (count_at(tokens, "output"), count_at(tokens, "reasoning")),
        )

    def end(self, code: int | None, stderr: bytes) -> Result:
        """Tell how it ended: by its error, else by its last step."""
        if self._error is not None:
            status = count_at(self._error, "error", "data", "statusCode")
            return self._tape.failed(_message(self._error), status, self._retry(self._error))
        if self._finish in {"", "tool-calls"}:
            return self._tape.broke_off(code, stderr)
        if code not in {0, None}:
            return self._tape.broke_off(code, stderr, Fault.FAILED)
        return self._tape.ended_well()

    @staticmethod
    def _retry(value: dict[str, Any]) -> float | None:
        after = text_at(value, "error", "data", "responseHeaders", "retry-after")
        stamp = number_at(value, "timestamp")
        return stamp / 1000 + int(after) if stamp and after.isdecimal() and len(after) < 8 else None  # noqa: PLR2004


def _message(value: dict[str, Any]) -> str:
    said = text_at(value, "error", "data", "message") or text_at(value, "error", "message")
    return said or text_at(value, "error", "name")
