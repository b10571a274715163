"""claude's `--output-format stream-json`: whole messages, and a `result` line that alone tells how it ended.

In: its JSON objects. Out: events and a result. A failed request is `is_error` on a result whose `subtype`
still says success; a subscription's limit comes as a `rate_limit_event` with the time at which it ends.
"""

from typing import Any

from looop.core.stream_base import Event, Fault, Result
from looop.core.stream_json import at, count_at, number_at, objects_at, text_at
from looop.core.stream_tape import Tape


class Claude:
    """Reads one run of claude."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._result: dict[str, Any] | None = None
        self._until: float | None = None

    def read(self, value: dict[str, Any]) -> list[Event]:
        """Understand one object."""
        match value.get("type"):
            case "assistant":
                return self._assistant(value)
            case "user":
                return self._outcomes(value)
            case "system":
                return self._system(value)
            case "rate_limit_event":
                return self._limit(value)
            case "result":
                self._result = value
                return self._denials(value)
        return []

    def _assistant(self, value: dict[str, Any]) -> list[Event]:
        found: list[Event] = []
        for part in objects_at(value, "message", "content"):
            if part.get("type") == "tool_use":
                found += self._tape.called(text_at(part, "name"), part.get("input"))
            elif part.get("type") != "text":
                continue
            elif text_at(value, "error"):  # it speaks for the API here, not for the model
                found += self._tape.stumble(text_at(part, "text"), until=self._until)
            else:
                self._tape.recover()
                found += self._tape.said(text_at(part, "text"))
        return found

    def _outcomes(self, value: dict[str, Any]) -> list[Event]:
        found: list[Event] = []
        for part in objects_at(value, "message", "content"):
            if part.get("type") == "tool_result" and part.get("is_error") is True:
                found += self._tape.note(f"a tool failed: {text_at(part, 'content')}")
        return found

    def _system(self, value: dict[str, Any]) -> list[Event]:
        if value.get("subtype") == "init":
            version, model = text_at(value, "claude_code_version"), text_at(value, "model")
            return self._tape.note(f"claude {version} with {model or 'an unnamed model'}")
        if value.get("subtype") == "api_retry":
            status = count_at(value, "error_status")
            tries = f"{count_at(value, 'attempt')} of {count_at(value, 'max_retries')}"
            shown = f" ({status})" if status else ""
            return self._tape.stumble(f"retry {tries}: {text_at(value, 'error')}{shown}", status)
        return []

    def _limit(self, value: dict[str, Any]) -> list[Event]:
        state = text_at(value, "rate_limit_info", "status")
        if state == "rejected":
            self._until = number_at(value, "rate_limit_info", "resetsAt")
        kind = text_at(value, "rate_limit_info", "rateLimitType").replace("_", " ")
        return [] if state == "allowed" else self._tape.note(f"the {kind or 'usage'} limit: {state}")

    def _denials(self, value: dict[str, Any]) -> list[Event]:
        found: list[Event] = []
        for denied in objects_at(value, "permission_denials"):
            found += self._tape.note(f"not permitted: {text_at(denied, 'tool_name') or 'a tool'}")
        return found

    def end(self, code: int | None, stderr: bytes) -> Result:
        """Tell how it ended: by its result line, without one by its troubles."""
        if self._result is None:
            return self._tape.broke_off(code, stderr)
        self._pay(self._result)
        subtype = text_at(self._result, "subtype")
        if self._result.get("is_error") is True or subtype.startswith("error"):
            status = count_at(self._result, "api_error_status")
            said = text_at(self._result, "result")
            return self._tape.failed(said or subtype.replace("_", " "), status, self._until)
        if code not in {0, None}:
            return self._tape.broke_off(code, stderr, Fault.FAILED)
        return self._tape.ended_well()

    def _pay(self, result: dict[str, Any]) -> None:
        # The last line's figures cover the whole run; those of single messages are known to be wrong.
        usage = at(result, "usage")
        self._tape.spend(
            number_at(result, "total_cost_usd"),
            (
                count_at(usage, "input_tokens"),
                count_at(usage, "cache_creation_input_tokens"),
                count_at(usage, "cache_read_input_tokens"),
            ),
            (count_at(usage, "output_tokens"),),
        )
