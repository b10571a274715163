"""opencode's `run --format json`, in the shapes that 1.18.33 printed."""

import json
from typing import Any

from looop.core.streams import Cost, Event, EventKind, Fault, Result, stream

CALL = {
    "type": "tool_use",
    "part": {"tool": "bash", "state": {"status": "completed", "input": {"command": "ls"}, "output": ""}},
}


def step(reason: str, cost: float = 0.0042) -> dict[str, Any]:
    tokens = {"input": 1200, "output": 40, "reasoning": 5, "cache": {"write": 0, "read": 300}}
    return {"type": "step_finish", "part": {"reason": reason, "tokens": tokens, "cost": cost}}


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "part": {"type": "text", "text": words}}


def error(words: str, status: int, **headers: str) -> dict[str, Any]:
    data = {"message": words, "statusCode": status, "responseHeaders": headers}
    return {"type": "error", "timestamp": 1795344025104, "error": {"name": "APIError", "data": data}}


def run(*lines: dict[str, Any], code: int | None = 0) -> tuple[list[Event], Result]:
    parser = stream("opencode")
    events = parser.feed(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
    return events, parser.finish(code)


def test_words_calls_and_the_sum_of_the_steps_are_told() -> None:
    events, ended = run(text("I look."), CALL, step("tool-calls"), text("Done."), step("stop", 0.0008))
    assert events == [
        Event(EventKind.SAID, "I look."),
        Event(EventKind.CALLED, "bash: ls"),
        Event(EventKind.SAID, "Done."),
    ]
    assert ended == Result(cost=Cost(0.005, 3000, 90), said="Done.", acts=("bash: ls",))


def test_a_model_without_a_price_costs_an_unknown_sum() -> None:
    assert run(step("stop", 0))[1].cost == Cost(None, 1500, 45)


def test_an_expired_login_is_told() -> None:
    _, ended = run(error("invalid x-api-key", 401), code=1)
    assert (ended.fault, ended.reason) == (Fault.LOGIN, "not logged in: invalid x-api-key")


def test_a_limit_ends_when_the_provider_said_so() -> None:
    _, ended = run(error("slow down", 429, **{"retry-after": "60"}), code=1)
    assert (ended.fault, ended.until) == (Fault.RATE_LIMITED, 1795344085.104)


def test_a_retry_after_that_is_no_number_is_no_end() -> None:
    assert run(error("slow down", 429, **{"retry-after": "²"}), code=1)[1].until is None


def test_an_overloaded_model_is_told() -> None:
    assert run(error("Overloaded", 529), code=1)[1].fault is Fault.OVERLOADED


def test_a_silent_one_that_is_killed_gave_no_result() -> None:
    assert run(code=None)[1].fault is Fault.NO_RESULT


def test_one_that_is_killed_between_two_steps_gave_no_result() -> None:
    assert run(CALL, step("tool-calls"), code=None)[1].fault is Fault.NO_RESULT


def test_a_bad_exit_code_is_a_failure() -> None:
    assert run(step("stop"), code=1)[1].fault is Fault.FAILED


def test_a_kind_of_line_that_is_not_known_is_passed_over() -> None:
    events, ended = run({"type": "step_start", "part": {}}, {"type": "new"}, text("Done."), step("stop"))
    assert (events, ended.fault) == ([Event(EventKind.SAID, "Done.")], None)


def test_a_tool_that_failed_is_told_and_one_without_arguments_by_its_name() -> None:
    broken = {"tool": "bash", "state": {"status": "error", "input": {}, "error": "no such file"}}
    events, _ = run({"type": "tool_use", "part": broken}, step("stop"))
    assert events == [Event(EventKind.CALLED, "bash"), Event(EventKind.NOTE, "a tool failed: no such file")]
