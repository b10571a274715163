"""pi's `--mode json`: every message several times over; only an assistant's `message_end` counts.

In: its JSON objects. Out: events and a result. It exits 0 whatever happened, so the last message's
`stopReason` decides, and the cost is the sum over those messages alone.
"""

from typing import Any

from looop.core.stream_base import Event, Fault, Result
from looop.core.stream_json import at, count_at, number_at, objects_at, text_at
from looop.core.stream_tape import Tape


class Pi:
    """Reads one run of pi."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._stop = ""
        self._error = ""
        self._over = False

    def read(self, value: dict[str, Any]) -> list[Event]:
        """Understand one object."""
        match value.get("type"):
            case "message_end" if at(value, "message", "role") == "assistant":
                return self._assistant(value["message"])
            case "tool_execution_end" if value.get("isError") is True:
                parts = (text_at(part, "text") for part in objects_at(value, "result", "content"))
                return self._tape.note(f"{text_at(value, 'toolName') or 'a tool'} failed: {' '.join(parts)}")
            case "auto_retry_start":
                tries = f"{count_at(value, 'attempt')} of {count_at(value, 'maxAttempts')}"
                return self._tape.note(f"retry {tries}")
            case "agent_end":
                self._over = value.get("willRetry") is not True
        return []

    def _assistant(self, message: dict[str, Any]) -> list[Event]:
        self._stop = text_at(message, "stopReason")
        self._error = text_at(message, "errorMessage") if self._stop == "error" else ""
        self._pay(message)
        found: list[Event] = []
        for part in objects_at(message, "content"):
            if part.get("type") == "text":
                found += self._tape.said(text_at(part, "text"))
            elif part.get("type") == "toolCall":
                found += self._tape.called(text_at(part, "name"), part.get("arguments"))
        if self._stop == "error":
            return found + self._tape.stumble(self._error or "an error without a message")
        self._tape.recover()
        return found

    def _pay(self, message: dict[str, Any]) -> None:
        usage = at(message, "usage")
        self._tape.spend(
            number_at(usage, "cost", "total"),
            (count_at(usage, "input"), count_at(usage, "cacheRead"), count_at(usage, "cacheWrite")),
            (count_at(usage, "output"),),
        )

    def end(self, code: int | None, stderr: bytes) -> Result:
        """Tell how it ended: by its last message."""
        if self._stop == "error" and self._error:
            return self._tape.failed(self._error)
        ended = self._stop == "stop" or (self._over and self._stop not in {"", "error", "aborted"})
        if not ended:
            return self._tape.broke_off(code, stderr)
        if code not in {0, None}:
            return self._tape.broke_off(code, stderr, Fault.FAILED)
        return self._tape.ended_well()
